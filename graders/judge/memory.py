"""What the kata's own files did when a diagnosis looked at them, kept from one grading to the next.

A judge lives for one grading, and its room forks the next; what a judge has learnt of the wrong variants it tells the
room at its end. Inputs and seeds of a diagnosis are always the same, so a variant need not be asked twice.
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

MEMORY_BYTES = 16 << 20
MESSAGE_BYTES = 60_000  # what any socket takes whole
KEY_BYTES = 16
LARGE_BYTES = 2048  # of an array that is not kept whole
ENTRIES = 64  # that are kept of it


class Impression(NamedTuple):
    """What came back, in full or by some entries of its large arrays.

    A submission may return what these are kept in: it must never be compared with them as if they were all.
    """

    value: list[Any]
    whole: bool

    @staticmethod
    def of(value: list[Any]) -> Impression:
        """The impression of plain values."""
        kept = _roughly(value)
        return Impression(kept, kept is value)


class Memory:
    """Impressions of what came back, by a digest of what was asked."""

    def __init__(self) -> None:
        self.known: dict[bytes, Impression] = {}
        self._news: list[bytes] = []
        self._room = MEMORY_BYTES

    def learn(self, key: bytes, seen: Impression) -> None:
        """Keep an impression, as long as there is room."""
        if key not in self.known and weight(seen.value) < self._room:
            self._room -= weight(seen.value)
            self.known[key] = seen
            self._news.append(key)

    def news(self) -> Iterator[bytes]:
        """What was learnt, in messages that a socket takes whole; what is too large for one is not told."""
        for key in self._news:
            with contextlib.suppress(WireError):
                message = key + b"".join(map(bytes, wire.reply(0, self.known[key].whole, self.known[key].value)))
                if len(message) <= MESSAGE_BYTES:
                    yield message

    def take_in(self, message: bytes) -> None:
        """Learn from another's news."""
        told = wire.receive_reply(wire.Reader(io.BytesIO(message[KEY_BYTES:]).read), 0)
        value: Any = told.value
        self.learn(message[:KEY_BYTES], Impression(value, told.ok))
        self._news.clear()


def digest(before: bytes, *parts: bytes) -> bytes:
    """A digest of `parts` after what `before` is the digest of."""
    found = hashlib.blake2b(before, digest_size=KEY_BYTES)
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.digest()


def _roughly(value: Any) -> Any:
    """A plain value with, in the place of every large array, some of its entries; the value itself where none is large.

    Where two values are the same up to rounding, so is this: with the entries goes the largest absolute value, which
    rounding is measured by.
    """
    if isinstance(value, np.ndarray):
        return _sketch(value) if value.nbytes > LARGE_BYTES else value
    if isinstance(value, list | tuple):
        items = [_roughly(item) for item in value]
        changed = any(item is not before for item, before in zip(items, value, strict=True))
        return type(value)(items) if changed else value
    if isinstance(value, dict):
        entries = {key: _roughly(item) for key, item in value.items()}
        return entries if any(entries[key] is not value[key] for key in value) else value
    return value


def _sketch(array: np.ndarray) -> tuple[Any, ...]:
    flat = array.reshape(-1)
    kept = flat[np.linspace(0, flat.size - 1, ENTRIES).astype(int)]
    if array.dtype.kind in "fc":
        kept = np.append(kept, largest(flat)).astype(array.dtype)
    return array.dtype.name, array.shape, kept


def largest(array: np.ndarray) -> Any:
    """The largest finite absolute value, by which rounding is measured; 0 where there is none."""
    with np.errstate(over="ignore"):
        sizes = np.abs(array)
    return np.max(sizes[np.isfinite(sizes)], initial=0.0)


def weight(value: Any) -> int:
    """About how many bytes a plain value takes."""
    if isinstance(value, list | tuple):
        return 64 + sum(map(weight, value))
    if isinstance(value, dict):
        return 64 + sum(weight(item) + 64 for item in value.values())
    return 64 + int(getattr(value, "nbytes", 0) or (len(value) if isinstance(value, str | bytes) else 0))
