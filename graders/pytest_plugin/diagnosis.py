"""Finds the known misconception that behaves exactly like a submission.

The submission and every wrong variant of the kata run the same tests on the same inputs, from a fixed seed, so they
reveal nothing about the grading run's own. Meanwhile, checks do not fail, and all returned values are recorded.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from graders import intake
from graders.catalogue import Kata, Variant
from graders.checks.draw import Draw
from graders.checks.mismatch import Mismatch, observing
from graders.checks.relations import relations
from graders.errors import JudgeError, WorkerError
from graders.pytest_plugin.explanation import observed
from graders.pytest_plugin.handle import Call, CallLog, Handle, Side, parameters
from graders.pytest_plugin.observation_cache import Fingerprint, ObservationCache, digest, same, weight

SEED = b"the inputs that diagnosis looks at"
CASES = 8  # the number of cases of each test, in addition to the failing one; worked examples have only one
MOST_BYTES = 8 << 20  # the limit on a submission's recorded values; cases that would exceed it aren't compared
MOST_TEXT = 100_000  # the length of the longest text in which times are replaced
_REAL = re.compile(r"\d{1,9}(?:\.\d{1,25}(?:e[+-]?\d{1,3})?|e[+-]?\d{1,3})")
LEAST = 3  # the number of cases in which a misconception must show that explains only a part of the tests
CPU_S = 6.0  # of this process, for all comparisons; if a kata's tests take longer, the diagnosis is abandoned
WALL_S = 15.0  # in which the workers run, too, and other processes use the machine


@dataclass(frozen=True)
class Case:
    """A test function, its task, the name that determines its inputs, and the numbers of the cases to observe."""

    nodeid: str
    task: str
    body: Callable[[Handle, Draw], object]
    name: str
    numbers: tuple[int, ...]


class Budget:
    """What the comparisons with a submission may use."""

    def __init__(self) -> None:
        self.deadline, self.cpu_deadline = time.monotonic() + WALL_S, time.process_time() + CPU_S

    def is_spent(self) -> bool:
        return time.monotonic() > self.deadline or time.process_time() > self.cpu_deadline


def diagnose(
    kata: Kata,
    failed: Sequence[str],
    cases: Sequence[Case],
    own: Program,
    load: Callable[[dict[str, bytes]], Side],
    cache: ObservationCache,
    budget: Budget,
) -> tuple[str, str]:
    """Return the explanation of the only variant of the `failed` tasks that behaves like the submission, or "".

    The first failed task's cases are compared first. If they don't decide, all cases are. If no variant behaves like
    the submission in these, the reason may be a second mistake, or a function that builds on the wrong one. Then the
    first task's variants count, and if there are none, one kind of call at a time is compared (`explaining`). Only in
    that case, the first text is the test to explain. `own` is the submission. `load` loads a variant's files into a
    worker, which all (trusted) variants share.
    """
    cases = sorted(cases, key=lambda case: case.task != failed[0])
    first = [case for case in cases if case.task == failed[0]]
    # Another number of a family may fail an earlier task, so that the variant's own task is blocked.
    variants = [variant for variant in mistakes(kata) if variant.task in failed or variant.family]
    find = functools.partial(alike, kata, own=own, load=load, cache=cache, budget=budget)
    found = find(variants, first)
    if len(first) < len(cases):
        # There are many reasons to raise exceptions alone.
        answers = any(seen.answers for (case, _), seen in own.seen.items() if case.task == failed[0])
        near = [variant for variant in found or [] if answers and variant.task == failed[0]]
        if found is None or len(near) < len(found) or len({variant.sentence for variant in near}) > 1:
            found = find(variants if found is None else found, cases) or ([] if budget.is_spent() else near)
    if found:
        return "", found[0].sentence if len({variant.sentence for variant in found}) == 1 else ""
    return explaining(kata, cases, own, load, cache, budget)


@functools.cache  # a suite server reads them before it forks judges, and is replaced when a file changes
def mistakes(kata: Kata) -> tuple[Variant, ...]:
    """Return the kata's wrong variants with their families, read once. Raises CatalogueError as `Kata.wrong` does."""
    return tuple(member for variant in kata.wrong for member in variant.members())


def alike(
    kata: Kata,
    variants: Sequence[Variant],
    cases: Sequence[Case],
    own: Program,
    load: Callable[[dict[str, bytes]], Side],
    cache: ObservationCache,
    budget: Budget,
) -> list[Variant] | None:
    """Return the variants that behave like the submission, or none if time runs out, or None if the solution does.

    A test may end early because of a time, which is not recorded. So of the solution and the submission, either may
    make more calls. Variants must make the same calls.
    """
    places = [(case, number) for case in cases for number in case.numbers]
    submission, solution = Behaviour(own, places), intake.solved(kata)

    def agrees(files: dict[str, bytes], *, until_one_ends: bool = False) -> bool:
        """Return whether these files and the submission return the same values in all recorded cases, in time."""
        other = Known(Behaviour(Program(kata, lambda: load(files)), places), files, cache)
        for place in range(len(places)):
            if budget.is_spent():
                return False
            mine = submission.at(place)
            if submission.seen(place).too_large:
                continue
            if other.is_known_to_differ(place, submission, until_one_ends=until_one_ends):
                return False
            theirs = other.at(place, until=None if until_one_ends else mine)
            if not (all(map(same, mine, theirs)) if until_one_ends else same(mine, theirs)):
                return False
        return True

    if agrees(solution, until_one_ends=True):
        return None  # these cases do not reveal the mistake
    found = [variant for variant in variants if agrees(variant.submission(solution))]
    return [] if budget.is_spent() else found


def explaining(
    kata: Kata,
    cases: Sequence[Case],
    own: Program,
    load: Callable[[dict[str, bytes]], Side],
    cache: ObservationCache,
    budget: Budget,
) -> tuple[str, str]:
    """Return a test and the sentence of the only variant that explains what the submission gets wrong there, or "".

    A kind of call is an entry point or probe with arguments of the same kinds, such as a batch. A variant explains one
    kind if, in all calls of the kind and in at least LEAST cases, the submission gets everything wrong that the
    variant does, in the same way. The submission may get other parts of a tuple wrong, too, and other kinds of calls.
    Calls after the last one that a check rejects don't count as wrong: what differs there, no check asks for.
    """
    places = [(case, number) for case in cases for number in case.numbers]
    submission, solution = Behaviour(own, places), intake.solved(kata)
    right = Known(Behaviour(Program(kata, lambda: load(solution)), places), solution, cache)
    tasks = {case.task for case in cases}
    calls: dict[Hashable, list[tuple[int, int]]] = {}  # the place and the position of every call of a group
    wrong: dict[Hashable, set[tuple[int, int]]] = {}  # those that the submission gets wrong
    for place in range(len(places)):
        if budget.is_spent():
            return "", ""
        for position, values in enumerate(zip(submission.at(place), right.at(place), strict=False)):
            kind = submission.seen(place).kinds[position]
            for group in (kind, kind[0]):  # the calls of this kind, and all calls of the function
                calls.setdefault(group, []).append((place, position))
                if position < submission.seen(place).judged and not same(*values):
                    wrong.setdefault(group, set()).add((place, position))
    variants = {each: each.submission(solution) for each in mistakes(kata) if each.task in tasks}
    for group in sorted(wrong, key=lambda each: isinstance(each, str)):
        calls[group].sort(key=lambda call: call not in wrong[group])  # most variants are ruled out by the first call
        needed = {place: number for number, place in enumerate(dict.fromkeys(place for place, _ in calls[group]))}
        explained = {}
        for each, files in variants.items():
            if budget.is_spent():
                return "", ""
            ran = Program(kata, functools.partial(load, files))
            other = Known(Behaviour(ran, [places[place] for place in needed]), files, cache)
            theirs = (other.at(needed[place]) for place, _ in calls[group])
            explained[each] = _explained(submission, right, theirs, calls[group])
        best = max(map(len, explained.values()), default=0)
        found = [each for each, parts in explained.items() if parts and len(parts) == best]
        if len({each.sentence for each in found}) == 1:
            first = min(explained[found[0]])[0]
            return places[first][0].nodeid, found[0].sentence
    return "", ""


def _explained(
    submission: Behaviour, right: Known, others: Iterable[list[Any]], calls: Sequence[tuple[int, int]]
) -> set[tuple[int, int, int]]:
    """Return the wrong parts of these calls that a variant gets wrong in the same way. `others` are its values.

    Return none if the variant gets anything else wrong, or if too few cases are explained.
    """
    explained: set[tuple[int, int, int]] = set()
    for (place, position), theirs in zip(calls, others, strict=True):
        mine, expected = submission.at(place)[position], right.at(place)[position]
        if position >= len(theirs) or (not same(mine, expected) and same(theirs[position], expected)):
            if not explained:
                return set()  # most variants end here, at the first call that the submission gets wrong
            continue
        values = mine, theirs[position], expected
        parts = [_parts(each) for each in values]
        if len({(type(value), len(each)) for value, each in zip(values, parts, strict=True)}) > 1:
            parts = [[value] for value in values]
        for number, (here, there, wanted) in enumerate(zip(*parts, strict=True)):
            if not same(there, wanted):
                if not same(here, there):
                    return set()
                explained.add((place, position, number))
    telling = {place for place, position, _ in explained if submission.seen(place).telling[position]}
    return explained if len(telling) >= LEAST else set()


def observation(kata: Kata, cases: Sequence[Case], own: Program, budget: Budget) -> tuple[list[str], str]:
    """Return what is true of all wrong answers to one kind of call (at least LEAST), or "", and the tests with them.

    An example is that the result is transposed. Once the budget is spent, only cases that have run already count.
    """
    wrong: dict[Hashable, list[tuple[str, set[str]]]] = {}
    for case in cases:
        for number in case.numbers:
            if budget.is_spent() and own.seen.get((case, number), TOO_LARGE).too_large:
                continue
            seen = own.run(case, number)
            for call, message, expected, actual in (own.run_again(case, number) if seen.too_large else seen).rejected:
                if call is not None and any(actual is part for part in (call.value, *_parts(call.value))):
                    part = re.match(r"(\w+)(?: is|:) ", message)
                    given = {} if call.probe else dict(zip(parameters(kata, call.name), call.arguments, strict=False))
                    said = relations(expected, actual, given)
                    for group in (_kind(call), call.name):
                        wrong.setdefault((group, part and part[1]), []).append((case.nodeid, said))
    for answers in wrong.values():
        common = set.intersection(*(said for _, said in answers)) if len(answers) >= LEAST else set()
        statement, sentence = observed(common)
        if statement:
            return [nodeid for nodeid, _ in answers], f"In each of {len(answers)} cases, {statement}. {sentence}"
    return [], ""


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value, key=str)]
    return list(value) if isinstance(value, tuple) else [value]


def _kind(call: Call) -> tuple[Hashable, ...]:
    """Return the name of a call, and the kinds of its arguments."""
    return call.name, *map(_kind_of, call.arguments)


def _kind_of(value: Any) -> Hashable:
    if isinstance(value, np.ndarray):
        return "array", value.ndim, value.dtype.str
    return value if isinstance(value, str | bool | None) else type(value).__name__


class Rejected(NamedTuple):
    """A value that a check rejects, and the latest call until then."""

    call: Call | None
    message: str
    expected: Any
    actual: Any


@dataclass(frozen=True)
class Seen:
    """What a program did in one case."""

    values: list[Any]  # of its calls
    kinds: list[tuple[Hashable, ...]]
    telling: list[bool]  # whether they returned more than True or False
    rejected: list[Rejected]
    judged: int  # the number of calls up to the last one that a check rejects
    answers: bool  # whether a call returned a value
    too_large: bool = False
    complete: bool = True  # whether the test wasn't ended


TOO_LARGE = Seen([], [], [], [], 0, answers=False, too_large=True)


@dataclass
class Program:
    """A program that runs each case once, when a comparison needs it. If a case was ended, it isn't asked again.

    What it does may depend on the cases that ran before. Cases whose values don't fit into the `room` are `too_large`,
    and count as cases without calls.
    """

    kata: Kata
    open: Callable[[], Side]
    room: float = float("inf")  # for values, in bytes
    seen: dict[tuple[Case, int], Seen] = field(default_factory=dict)

    @functools.cached_property
    def side(self) -> Side:
        return self.open()

    def run(self, case: Case, number: int, until: Sequence[Any] | None = None) -> Seen:
        """Return what the program does in a case, which ends after a call with another value than in `until`."""
        key = case, number  # in learner mode, two tests may have the same nodeid
        if key not in self.seen:
            found = self.run_again(case, number, until)
            size = weight(found.values)
            if size > self.room:
                found, size = TOO_LARGE, 0
            self.room -= size
            self.seen[key] = found
        return self.seen[key]

    def run_again(self, case: Case, number: int, until: Sequence[Any] | None = None) -> Seen:
        """Return what the program does in a case, however large it is, and don't keep it."""
        rejected: list[Rejected] = []

        def note(call: Call | None, fault: Mismatch) -> None:
            rejected.append(Rejected(call, fault.message, fault.expected, fault.actual))

        calls = CallsUntil(until)
        observe(case, number, self.kata, self.side, calls, note)
        wrong = [call.fault is not None or any(call is each.call for each in rejected) for call in calls]
        return Seen(
            values=[_outcome(call) for call in calls],
            kinds=[_kind(call) for call in calls],
            telling=[call.fault is None and not isinstance(call.value, bool | np.bool_) for call in calls],
            rejected=rejected,
            judged=max((place for place, each in enumerate(wrong, 1) if each), default=0),
            answers=any(call.fault is None for call in calls),
            complete=not calls.ended,
        )


@dataclass
class Behaviour:
    """What a program does in each of these cases, which run in order as far as they are needed."""

    program: Program
    cases: Sequence[tuple[Case, int]]
    observed: list[Seen] = field(default_factory=list)
    fingerprints: dict[int, Fingerprint] = field(default_factory=dict)

    def seen(self, place: int, until: Sequence[Any] | None = None) -> Seen:
        """Return what the program does in the case at `place`, which ends after a call with another value."""
        while len(self.observed) <= place:
            last = len(self.observed) == place
            self.observed.append(self.program.run(*self.cases[len(self.observed)], until if last else None))
        return self.observed[place]

    def at(self, place: int) -> list[Any]:
        """Return the values of the case at `place`."""
        return self.seen(place).values

    def fingerprint(self, place: int) -> Fingerprint:
        """Return the fingerprint of the values of the case at `place`."""
        if place not in self.fingerprints:
            self.fingerprints[place] = Fingerprint.of(self.at(place))
        return self.fingerprints[place]


@dataclass
class Known:
    """The behaviour of files of the kata's own, which is run only if no earlier diagnosis has cached it."""

    behaviour: Behaviour
    files: dict[str, bytes]
    cache: ObservationCache
    keys: list[bytes] = field(default_factory=list)  # each is a digest of the files and of the cases up to a place

    def cached(self, place: int) -> Fingerprint | None:
        """Return the cached fingerprint of the case at `place`, or None."""
        while len(self.keys) <= place:
            case, number = self.behaviour.cases[len(self.keys)]
            files = (part for name in sorted(self.files) for part in (name.encode(), self.files[name]))
            before = self.keys[-1] if self.keys else digest(b"", *files)
            self.keys.append(digest(before, case.nodeid.encode(), str(number).encode()))
        return self.cache.fingerprints.get(self.keys[place])

    def is_known_to_differ(self, place: int, other: Behaviour, *, until_one_ends: bool) -> bool:
        """Return whether cached samples show that another program does something else in the case at `place`.

        With `until_one_ends`, only the calls that both of them make count.
        """
        cached, values = self.cached(place), other.at(place)
        if cached is None or cached.whole or (until_one_ends and len(values) != len(cached.value)):
            return False
        beginning = other.fingerprint(place) if cached.complete else Fingerprint.of(values[: len(cached.value)])
        return not same(beginning.value, cached.value)

    def at(self, place: int, until: Sequence[Any] | None = None) -> list[Any]:
        """Return the values of the case at `place`, or a beginning of them that has another value than `until`."""
        cached = self.cached(place)
        if cached and cached.whole:
            return cached.value
        seen = self.behaviour.seen(place, until)
        if cached is None or not cached.complete:
            self.cache.add(self.keys[place], Fingerprint.of(seen.values, seen.complete))
        return seen.values


class Ended(BaseException):
    """Ends a test."""


class CallsUntil(list[Call]):
    """The calls of a test, which ends when it makes another one after a call with a value other than in `values`."""

    def __init__(self, values: Sequence[Any] | None) -> None:
        super().__init__()
        self.values = values
        self.ended = False

    def append(self, call: Call) -> None:
        """Add the next call, or raise Ended."""
        if self.values is not None and self:
            expected = self.values[len(self) - 1 : len(self)]
            if not expected or not same(_outcome(self[-1]), expected[0]):
                self.ended = True
                raise Ended
        super().append(call)


def observe(
    case: Case,
    number: int,
    kata: Kata,
    side: Side,
    calls: list[Call],
    note: Callable[[Call | None, Mismatch], object],
) -> None:
    """Add the calls of one case. `note` gets every value that a check rejects, and the latest call until then."""
    call_log = CallLog(recorded=calls)
    try:
        with observing(lambda fault: note(call_log.last, fault)):
            case.body(Handle(kata, side, None, call_log), Draw(SEED, case.name, number))
    except (WorkerError, JudgeError, MemoryError):
        raise
    except Mismatch as fault:
        note(call_log.last, fault)
    except (Exception, Ended):  # noqa: BLE001 (the test ended early; the calls until then are recorded)
        pass


def _outcome(call: Call) -> Any:
    """Return the value of a call without what a probe measured, or the type of the exception that it raised."""
    if call.fault is None:
        return _timeless(call.value) if call.probe else call.value
    # A fault is a RemoteFault from a worker, or the exception itself in this process.
    return type(call.fault).__name__, getattr(call.fault, "type_name", "")


def _timeless(value: Any, key: str = "") -> Any:
    """Return a plain value without times, which have keys that end with "seconds" and differ in every run.

    A float becomes its sign. In a text, such as a log, numbers with a fraction or an exponent become 0.
    """
    if isinstance(value, dict):
        return {name: _timeless(item, key if key.endswith("seconds") else str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_timeless(item, key) for item in value)
    if not key.endswith("seconds"):
        return value
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return _REAL.sub("0", value) if len(value) <= MOST_TEXT else value
    return np.sign(value) if np.asarray(value).dtype.kind == "f" else value
