"""Finds the known misconception that behaves exactly like a submission.

The submission and every wrong variant of the kata run the same tests on the same inputs. The inputs are generated
from a fixed seed, so they reveal nothing about the grading run's own seed. Meanwhile, checks do not fail, and all
returned values are recorded. If exactly one variant always returns the same values as the submission, its sentence is
the diagnosis.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graders import intake
from graders.catalogue import Kata, Variant
from graders.checks.draw import Draw
from graders.checks.mismatch import observing
from graders.errors import NotPlain, WorkerError
from graders.pytest_plugin.handle import CallLog, Handle, Side
from graders.pytest_plugin.observation_cache import Fingerprint, ObservationCache, digest, largest, weight

SEED = b"the inputs that diagnosis looks at"
CASES = 8  # the number of cases of each test, in addition to the failing one; worked examples have only one
NOISE = 1e-9  # relative; two ways to write a difference quotient differ by 1e-11, and misconceptions by far more
MOST_BYTES = 8 << 20  # the limit on a submission's recorded values; no misconception needs more
BUDGET_S = 3.0  # if a kata's tests take longer, the diagnosis is abandoned
BUSY = 4  # the wall time may be this many times longer, because other processes use the machine too


@dataclass(frozen=True)
class Case:
    """A test function, the name that determines its inputs, and the numbers of the cases to observe."""

    nodeid: str
    body: Callable[[Handle, Draw], object]
    name: str
    numbers: tuple[int, ...]


def diagnose(
    kata: Kata,
    failed: Collection[str],
    cases: Sequence[Case],
    own: Side,
    load: Callable[[dict[str, bytes]], Side],
    cache: ObservationCache,
) -> str:
    """Return the explanation of the only variant that behaves like the submission, or an empty string.

    `failed` names the failed tasks. `own` runs the submission. `load` loads a variant's files into a worker. All
    variants share one worker, because they are trusted. Observations that are in `cache` are not repeated.
    """
    variants = [variant for variant in mistakes(kata) if variant.task in failed]
    found = alike(kata, variants, cases, own, load, cache, cpu_s=BUDGET_S / 2)
    return found[0].sentence if len(found) == 1 else ""


@functools.cache  # a suite server reads them before it forks judges, and is replaced when a file changes
def mistakes(kata: Kata) -> tuple[Variant, ...]:
    """Return the kata's wrong variants, which are read only once. Raises CatalogueError as `Kata.wrong` does."""
    return kata.wrong


def alike(
    kata: Kata,
    variants: Sequence[Variant],
    cases: Sequence[Case],
    own: Side,
    load: Callable[[dict[str, bytes]], Side],
    cache: ObservationCache,
    *,
    cpu_s: float,
    all_cases: bool = True,
) -> list[Variant]:
    """Return the variants that behave like the submission.

    Return none if the solution behaves like the submission, too, or if time runs out. `cpu_s` limits the CPU seconds of
    this process. Pass `all_cases=False` if more cases will follow, because the solution may agree until then.
    """
    deadline, own_deadline = time.monotonic() + BUSY * BUDGET_S, time.process_time() + cpu_s
    observed_cases = [(case, number) for case in cases for number in case.numbers]
    submission = Behaviour(kata, observed_cases, lambda: own, MOST_BYTES)
    solution = intake.solved(kata)

    def agrees(files: dict[str, bytes]) -> bool:
        other = CachedBehaviour(kata, observed_cases, files, load, cache)
        return all(other.agrees(place, submission) for place in range(len(observed_cases)))

    if all_cases and agrees(solution):
        return []  # these cases do not reveal the mistake
    found = []
    for variant in variants:
        if time.monotonic() > deadline or time.process_time() > own_deadline:
            return []
        if agrees(variant.submission(solution)):
            found.append(variant)
    return found


@dataclass
class Behaviour:
    """The values that a program returns in each case. A case runs on demand, after all earlier cases.

    Raises NotPlain if more than `most_bytes` would have to be recorded.
    """

    kata: Kata
    cases: Sequence[tuple[Case, int]]
    open: Callable[[], Side]
    most_bytes: float = float("inf")
    observed: list[list[Any]] = field(default_factory=list)
    fingerprints: dict[int, Fingerprint] = field(default_factory=dict)
    _side: Side | None = None

    def at(self, place: int) -> list[Any]:
        """Return the values of the case at `place`."""
        if self._side is None:
            self._side = self.open()
        while len(self.observed) <= place:
            case, number = self.cases[len(self.observed)]
            self.observed.append(observe(case, number, self.kata, self._side))
            self.most_bytes -= weight(self.observed[-1])
            if self.most_bytes < 0:
                raise NotPlain("the submission returned more than a diagnosis records")
        return self.observed[place]

    def fingerprint(self, place: int) -> Fingerprint:
        """Return the fingerprint of the values of the case at `place`."""
        if place not in self.fingerprints:
            self.fingerprints[place] = Fingerprint.of(self.at(place))
        return self.fingerprints[place]


class CachedBehaviour:
    """The behaviour of a solution or a variant. Parts of it may be cached from an earlier run."""

    def __init__(
        self,
        kata: Kata,
        cases: Sequence[tuple[Case, int]],
        files: dict[str, bytes],
        load: Callable[[dict[str, bytes]], Side],
        cache: ObservationCache,
    ) -> None:
        self._cache = cache
        self._live = Behaviour(kata, cases, lambda: load(files))
        self._cases = cases
        self._keys = [digest(b"", *(part for name in sorted(files) for part in (name.encode(), files[name])))]

    def agrees(self, place: int, submission: Behaviour) -> bool:
        """Return whether these files and the submission return the same values in the case at `place`."""
        key = self._key(place)
        cached = self._cache.fingerprints.get(key)
        if cached is None:
            self._cache.add(key, self._live.fingerprint(place))
        elif cached.whole:
            return same(submission.at(place), cached.value)
        elif not same(submission.fingerprint(place).value, cached.value):
            return False
        return same(submission.at(place), self._live.at(place))

    def _key(self, place: int) -> bytes:
        """Return the cache key for these files, this case and all cases before it."""
        while len(self._keys) <= place + 1:
            case, number = self._cases[len(self._keys) - 1]
            self._keys.append(digest(self._keys[-1], case.nodeid.encode(), str(number).encode()))
        return self._keys[place + 1]


def observe(case: Case, number: int, kata: Kata, side: Side) -> list[Any]:
    """Return the value of each call in one case, or the type of the exception that the call raised."""
    call_log = CallLog(recorded=[])
    try:
        with observing():
            case.body(Handle(kata, side, None, call_log), Draw(SEED, case.name, number))
    except WorkerError:
        raise
    except Exception:  # noqa: BLE001 (the test ended early; the calls until then are recorded)
        pass
    return [_trace(call.value, call.fault) for call in call_log.recorded or []]


def _trace(value: Any, fault: Exception | None) -> Any:
    if fault is not None:  # this is a RemoteFault from a worker, or the exception itself in this process
        return type(fault).__name__, getattr(fault, "type_name", "")
    return value


def same(left: Any, right: Any) -> bool:
    """Return whether two observations agree in type, dtype and shape, and in value up to rounding.

    A Python float and a NumPy float64 agree, because both count as floats.
    """
    if isinstance(left, float) and isinstance(right, float):
        return _near(np.asarray(left), np.asarray(right))
    if type(left) is not type(right):
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
        return bool(np.allclose(left, right, rtol=tolerance, atol=tolerance * largest(left), equal_nan=True))
