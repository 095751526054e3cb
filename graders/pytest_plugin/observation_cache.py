"""Caches the values that a kata's own files return in a diagnosis, so that later submissions can reuse them.

After a grading run, a judge sends its new observations to the suite server. The server passes them on to its other
judges, and forks further ones, which have them from the start.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from graders import wire
from graders.errors import WireError

MEMORY_BYTES = 32 << 20
MESSAGE_BYTES = 60_000  # any socket can send this much in one message
KEY_BYTES = 16
WHOLE_BYTES = 20_000  # values that weigh no more are kept whole
LARGE_BYTES = 2048  # in others, larger arrays are sampled
ENTRIES = 64  # the number of entries in each sample
NOISE = 1e-9  # relative; two ways to write a difference quotient differ by 1e-11, and misconceptions by far more
_TRUTH, _WHOLE = (bool, np.bool_), (bool, np.bool_, int, np.integer)


class Fingerprint(NamedTuple):
    """Returned values, in which samples replace large arrays.

    They are `complete` if the test wasn't ended, and `whole` if, in addition, no array was replaced. Different arrays
    may have the same sample or beginning, so a match with a fingerprint that is not whole is checked again.
    """

    value: list[Any]
    whole: bool
    complete: bool = True

    @staticmethod
    def of(value: list[Any], complete: bool = True) -> Fingerprint:
        """Return the fingerprint of plain values."""
        kept = value if weight(value) <= WHOLE_BYTES else _sampled(value)
        return Fingerprint(kept, kept is value and complete, complete)


class ObservationCache:
    """Fingerprints of returned values. The key of an entry is a digest of the files and of the cases that ran."""

    def __init__(self) -> None:
        self.fingerprints: dict[bytes, Fingerprint] = {}
        self._new: list[bytes] = []
        self._room = MEMORY_BYTES

    def add(self, key: bytes, seen: Fingerprint) -> bool:
        """Store a fingerprint if there is room, unless there is a complete one, or one of as many values.

        Return whether it is stored.
        """
        known = self.fingerprints.get(key)
        more = known is None or (seen.complete, len(seen.value)) > (known.complete, len(known.value))
        needed = weight(seen.value) - (weight(known.value) if known else 0)
        stored = more and needed < self._room
        if stored:
            self._room -= needed
            self.fingerprints[key] = seen
            self._new.append(key)
        return stored

    def new_messages(self) -> Iterator[bytes]:
        """Yield the fingerprints that were added here as messages for a socket, except too large ones."""
        new, self._new = dict.fromkeys(self._new), []
        for key in new:
            with contextlib.suppress(WireError):
                fingerprint = self.fingerprints[key]
                message = key + b"".join(
                    map(bytes, wire.reply(0, fingerprint.whole, [fingerprint.value, fingerprint.complete]))
                )
                if len(message) <= MESSAGE_BYTES:
                    yield message

    def add_message(self, message: bytes) -> bool:
        """Add the fingerprint from another cache's message. Return whether it is stored, as `add` does."""
        reply = wire.receive_reply(wire.Reader(io.BytesIO(message[KEY_BYTES:]).read), 0)
        value: Any = reply.value
        stored = self.add(message[:KEY_BYTES], Fingerprint(value[0], reply.ok, value[1]))
        self._new.clear()
        return stored


def digest(before: bytes, *parts: bytes) -> bytes:
    """Return a digest of an earlier digest and further parts."""
    found = hashlib.blake2b(before, digest_size=KEY_BYTES)
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.digest()


def _sampled(value: Any) -> Any:
    """Return a plain value with a sample in place of every large array, or the value itself if no array is large.

    A sample includes the largest absolute value, because rounding is measured relative to it.
    """
    if isinstance(value, np.ndarray) and value.nbytes > LARGE_BYTES:
        flat = value.reshape(-1)
        kept = flat[np.linspace(0, flat.size - 1, ENTRIES).astype(int)]
        if value.dtype.kind in "fc":
            kept = np.append(kept, largest(flat)).astype(value.dtype)
        return value.dtype.name, value.shape, kept
    if isinstance(value, list | tuple):
        items = [_sampled(item) for item in value]
        changed = any(item is not before for item, before in zip(items, value, strict=True))
        return type(value)(items) if changed else value
    if isinstance(value, dict):
        entries = {key: _sampled(item) for key, item in value.items()}
        return entries if any(entries[key] is not value[key] for key in value) else value
    return value


def largest(array: np.ndarray) -> Any:
    """Return the largest finite absolute value, relative to which rounding is measured, or 0 if there is none."""
    with np.errstate(over="ignore"):
        sizes = np.abs(array)
    return np.max(sizes[np.isfinite(sizes)], initial=0.0)


def weight(value: Any) -> int:
    """Return the approximate size of a plain value in bytes."""
    if isinstance(value, list | tuple):
        return 64 + sum(map(weight, value))
    if isinstance(value, dict):
        return 64 + sum(weight(item) + 64 for item in value.values())
    if isinstance(value, np.ndarray):
        return 64 + value.nbytes
    return 64 + (len(value) if isinstance(value, str | bytes) else 0)


def same(left: Any, right: Any) -> bool:
    """Return whether two observations agree in type, dtype, shape, and value up to rounding.

    Any two floats agree in type, any two integers, and bool and numpy.bool.
    """
    if isinstance(left, _WHOLE) and isinstance(right, _WHOLE):
        return isinstance(left, _TRUTH) == isinstance(right, _TRUTH) and bool(left == right)
    if type(left) is not type(right) and not (isinstance(left, float) and isinstance(right, float)):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and _near(left, right)
    if isinstance(left, np.generic | float | complex):
        return _near(np.asarray(left), np.asarray(right))
    return bool(left == right)


def _near(left: np.ndarray, right: np.ndarray) -> bool:
    if left.dtype.kind not in "fc":
        return bool(np.array_equal(left, right))
    tolerance = max(200 * np.finfo(left.dtype).eps, NOISE)
    with np.errstate(invalid="ignore"):
        return bool(
            np.allclose(left, right, rtol=tolerance, atol=max(tolerance * largest(left), 1e-15), equal_nan=True)
        )
