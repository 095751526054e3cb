"""Which known misconception behaves exactly like this submission?

Every wrong variant of the kata, and the submission, run the same tests on the same inputs (drawn from a fixed seed,
so nothing of the grading's own seed shows), while checks are silent and everything that comes back is kept. If one
variant, and only one, returned the same everywhere, its sentence is the diagnosis.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graders import intake
from graders.catalogue import Kata, Variant
from graders.checks.draw import Draw
from graders.checks.mismatch import observing
from graders.errors import WorkerError
from graders.judge.handle import Handle, Journal, Side
from graders.judge.memory import Impression, Memory, digest, largest, weight
from graders.judge.worker import NotPlain

SEED = b"the inputs that diagnosis looks at"
CASES = 8  # of each test, beside the one that failed; the worked examples have one
NOISE = 1e-9  # relative: difference quotients written in two ways differ by some 1e-11, a misconception by more
MOST_BYTES = 8 << 20  # what is kept of a submission's answers; no misconception needs more
BUDGET_S = 3.0  # a kata whose tests take longer goes without a diagnosis
BUSY = 4  # times as long where the machine has other things to do, and the judge is not to blame


@dataclass(frozen=True)
class Case:
    """A test function with its name, which decides what is drawn, and the numbers of the cases to look at."""

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
    memory: Memory,
) -> str:
    """The sentence of the one variant that does exactly what the submission does; empty when there is none.

    `failed` names the tasks that failed, `own` is the submission's side, and `load` puts a variant's files into a
    worker: always the same one, since the variants are ours. What is in `memory` of them is not asked again.
    """
    variants = [variant for variant in kata.wrong if variant.task in failed]
    found = alike(kata, variants, cases, own, load, memory, cpu_s=BUDGET_S / 2)
    return found[0].sentence if len(found) == 1 else ""


def alike(
    kata: Kata,
    variants: Sequence[Variant],
    cases: Sequence[Case],
    own: Side,
    load: Callable[[dict[str, bytes]], Side],
    memory: Memory,
    *,
    cpu_s: float,
    all_cases: bool = True,
) -> list[Variant]:
    """The variants that do exactly what the submission does; none where the solution does so too, or time runs out.

    `cpu_s` are the seconds that this process may compute. Unless these are `all_cases`, the solution may do so too.
    """
    deadline, own_deadline = time.monotonic() + BUSY * BUDGET_S, time.process_time() + cpu_s
    looked_at = [(case, number) for case in cases for number in case.numbers]
    submission = Behaviour(kata, looked_at, lambda: own, MOST_BYTES)
    solution = intake.shipped(kata, kata.solution)

    def agrees(files: dict[str, bytes]) -> bool:
        other = Remembered(kata, looked_at, files, load, memory)
        return all(other.agrees(place, submission) for place in range(len(looked_at)))

    if all_cases and agrees(solution):
        return []  # what is wrong with it does not show here
    found = []
    for variant in variants:
        if time.monotonic() > deadline or time.process_time() > own_deadline:
            return []
        if agrees(variant.submission(solution)):
            found.append(variant)
    return found


@dataclass
class Behaviour:
    """What comes back from case after case, each looked at when it is asked for, but never before those ahead of it.

    Raises NotPlain when more than `most_bytes` of it would have to be kept.
    """

    kata: Kata
    cases: Sequence[tuple[Case, int]]
    open: Callable[[], Side]
    most_bytes: float = float("inf")
    found: list[list[Any]] = field(default_factory=list)
    impressions: dict[int, Impression] = field(default_factory=dict)
    _side: Side | None = None

    def at(self, place: int) -> list[Any]:
        """What came back from the case at `place`."""
        if self._side is None:
            self._side = self.open()
        while len(self.found) <= place:
            case, number = self.cases[len(self.found)]
            self.found.append(observe(case, number, self.kata, self._side))
            self.most_bytes -= weight(self.found[-1])
            if self.most_bytes < 0:
                raise NotPlain("more than is kept of a submission's answers")
        return self.found[place]

    def roughly(self, place: int) -> Impression:
        """The impression that it leaves."""
        if place not in self.impressions:
            self.impressions[place] = Impression.of(self.at(place))
        return self.impressions[place]


class Remembered:
    """The behaviour of files of our own, which an earlier grading may have seen."""

    def __init__(
        self,
        kata: Kata,
        cases: Sequence[tuple[Case, int]],
        files: dict[str, bytes],
        load: Callable[[dict[str, bytes]], Side],
        memory: Memory,
    ) -> None:
        self._memory = memory
        self._live = Behaviour(kata, cases, lambda: load(files))
        self._cases = cases
        self._keys = [digest(b"", *(part for name in sorted(files) for part in (name.encode(), files[name])))]

    def agrees(self, place: int, submission: Behaviour) -> bool:
        """Whether what comes back from the case at `place` is the same."""
        key = self._key(place)
        known = self._memory.known.get(key)
        if known is None:
            self._memory.learn(key, self._live.roughly(place))
        elif known.whole:
            return same(submission.at(place), known.value)
        elif not same(submission.roughly(place).value, known.value):
            return False
        return same(submission.at(place), self._live.at(place))

    def _key(self, place: int) -> bytes:
        """Names these files, this case and all that were looked at before it."""
        while len(self._keys) <= place + 1:
            case, number = self._cases[len(self._keys) - 1]
            self._keys.append(digest(self._keys[-1], case.nodeid.encode(), str(number).encode()))
        return self._keys[place + 1]


def observe(case: Case, number: int, kata: Kata, side: Side) -> list[Any]:
    """Everything that came back from one case: values, or the type of what was raised."""
    journal = Journal(kept=[])
    try:
        with observing():
            case.body(Handle(kata, side, None, journal), Draw(SEED, case.name, number))
    except WorkerError:
        raise
    except Exception:  # noqa: BLE001 (a test cut short by what it was given; what came back until then is kept)
        pass
    kept = journal.kept or []
    return [_trace(call.value, call.fault) for call in kept]


def _trace(value: Any, fault: Exception | None) -> Any:
    if fault is not None:  # in a worker a RemoteFault, in this process the exception itself
        return type(fault).__name__, getattr(fault, "type_name", "")
    return value


def same(left: Any, right: Any) -> bool:
    """Whether two observations are the same up to rounding: types, dtypes, shapes, values.

    A Python float and a NumPy float64 are the same: each is "a float".
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
