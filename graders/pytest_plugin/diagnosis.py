"""Finds the known misconception that behaves exactly like a submission.

The submission and every wrong variant of the kata run the same tests on the same inputs, from a fixed seed, so they
reveal nothing about the grading run's own. Meanwhile, checks do not fail, and all returned values are recorded.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graders import intake
from graders.catalogue import Kata, Variant
from graders.checks.draw import Draw
from graders.checks.mismatch import observing
from graders.errors import NotPlain, WorkerError
from graders.pytest_plugin.handle import Call, CallLog, Handle, Side
from graders.pytest_plugin.observation_cache import Fingerprint, ObservationCache, digest, largest, weight

SEED = b"the inputs that diagnosis looks at"
CASES = 8  # the number of cases of each test, in addition to the failing one; worked examples have only one
NOISE = 1e-9  # relative; two ways to write a difference quotient differ by 1e-11, and misconceptions by far more
MOST_BYTES = 8 << 20  # the limit on a submission's recorded values; no misconception needs more
BUDGET_S = 3.0  # if a kata's tests take longer, the diagnosis is abandoned
BUSY = 4  # the wall time may be this many times longer, because other processes use the machine too


@dataclass(frozen=True)
class Case:
    """A test function, its task, the name that determines its inputs, and the numbers of the cases to observe."""

    nodeid: str
    task: str
    body: Callable[[Handle, Draw], object]
    name: str
    numbers: tuple[int, ...]


def diagnose(
    kata: Kata,
    failed: Sequence[str],
    cases: Sequence[Case],
    own: Side,
    load: Callable[[dict[str, bytes]], Side],
    cache: ObservationCache,
) -> str:
    """Return the explanation of the only variant of the `failed` tasks that behaves like the submission, or "".

    If none does, the reason may be a second mistake, or a function that builds on the wrong one. Then only the first of
    the failed tasks is compared. `own` runs the submission. `load` loads a variant's files into a worker, which all
    (trusted) variants share.
    """
    compared = functools.partial(alike, kata, own=own, load=load, cache=cache, cpu_s=BUDGET_S / 2)
    found = compared([variant for variant in mistakes(kata) if variant.task in failed], cases)
    variants, mine = within(failed[0], mistakes(kata), cases)
    if not found and len(mine) < len(cases):
        found = compared(variants, mine, answering=True)
    return found[0].sentence if len(found) == 1 else ""


def within(task: str, variants: Sequence[Variant], cases: Sequence[Case]) -> tuple[list[Variant], list[Case]]:
    """Return the variants and the cases of one task."""
    return [each for each in variants if each.task == task], [case for case in cases if case.task == task]


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
    answering: bool = False,
) -> list[Variant]:
    """Return the variants that behave like the submission, or none if the solution does, too, or if time runs out.

    `cpu_s` limits this process. Pass `all_cases=False` if more cases follow: the solution may agree until then. With
    `answering`, no variant behaves like a submission that only raises exceptions, for which there are many reasons.
    """
    deadline, own_deadline = time.monotonic() + BUSY * BUDGET_S, time.process_time() + cpu_s
    places = [(case, number) for case in cases for number in case.numbers]
    submission = Behaviour(kata, places, lambda: own, MOST_BYTES)
    solution = intake.solved(kata)

    def agrees(files: dict[str, bytes]) -> bool:
        """Return whether these files and the submission return the same values in all cases."""
        other = Behaviour(kata, places, lambda: load(files))
        key = digest(b"", *(part for name in sorted(files) for part in (name.encode(), files[name])))
        for place, (case, number) in enumerate(places):
            key = digest(key, case.nodeid.encode(), str(number).encode())  # of the files, and of all cases until here
            cached = cache.fingerprints.get(key)
            if cached is None:
                cache.add(key, other.fingerprint(place))
            elif not cached.whole and not same(submission.fingerprint(place).value, cached.value):
                return False
            if not same(submission.at(place), cached.value if cached and cached.whole else other.at(place)):
                return False
        return True

    if all_cases and agrees(solution):
        return []  # these cases do not reveal the mistake
    found = []
    for variant in variants:
        if time.monotonic() > deadline or time.process_time() > own_deadline:
            return []
        if agrees(variant.submission(solution)):
            found.append(variant)
    return found if submission.answers or not answering else []


@dataclass
class Behaviour:
    """The values of a program in each case, which runs on demand. Raises NotPlain above `most_bytes`."""

    kata: Kata
    cases: Sequence[tuple[Case, int]]
    open: Callable[[], Side]
    most_bytes: float = float("inf")
    observed: list[list[Any]] = field(default_factory=list)
    answers: bool = False  # whether an observed call returned a value
    fingerprints: dict[int, Fingerprint] = field(default_factory=dict)

    @functools.cached_property
    def side(self) -> Side:
        return self.open()

    def at(self, place: int) -> list[Any]:
        """Return the values of the case at `place`."""
        while len(self.observed) <= place:
            calls = observe(*self.cases[len(self.observed)], self.kata, self.side)
            self.answers = self.answers or any(call.fault is None for call in calls)
            self.observed.append([_outcome(call) for call in calls])
            self.most_bytes -= weight(self.observed[-1])
            if self.most_bytes < 0:
                raise NotPlain("the submission returned more than a diagnosis records")
        return self.observed[place]

    def fingerprint(self, place: int) -> Fingerprint:
        """Return the fingerprint of the values of the case at `place`."""
        if place not in self.fingerprints:
            self.fingerprints[place] = Fingerprint.of(self.at(place))
        return self.fingerprints[place]


def observe(case: Case, number: int, kata: Kata, side: Side) -> list[Call]:
    """Return the calls of one case."""
    call_log = CallLog(recorded=[])
    try:
        with observing():
            case.body(Handle(kata, side, None, call_log), Draw(SEED, case.name, number))
    except WorkerError:
        raise
    except Exception:  # noqa: BLE001 (the test ended early; the calls until then are recorded)
        pass
    return call_log.recorded or []


def _outcome(call: Call) -> Any:
    """Return the value of a call, or the type of the exception that it raised."""
    if call.fault is None:
        return call.value
    # A fault is a RemoteFault from a worker, or the exception itself in this process.
    return type(call.fault).__name__, getattr(call.fault, "type_name", "")


def same(left: Any, right: Any) -> bool:
    """Return whether two observations agree in type (any two floats do), dtype, shape, and value up to rounding."""
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
        return bool(np.allclose(left, right, rtol=tolerance, atol=tolerance * largest(left), equal_nan=True))
