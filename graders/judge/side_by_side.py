"""Grades the tasks of a kata that trains side by side, on two processors, for a learner who waits alone.

A judge that is free grades the next task. A task starts once those it builds on are done, and its judge knows which of
these failed. So it has the same result as in a grading of all tasks, with two exceptions: each task is diagnosed by
itself; and once a time limit has stopped a test, no other task starts, whatever their order. If a task ends with more
than results, such as a file that cannot be imported, or time runs out, all tasks are graded together after all.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import msgspec

from graders.catalogue import Kata
from graders.judge.messages import Step
from graders.scoring import scored, stopped_test
from graders.unix import processors
from graders.verdict import Verdict


@dataclass(frozen=True)
class Part:
    """A task to grade: which of the tasks it builds on have failed, and a test that was stopped, in words."""

    task: str
    failed: tuple[str, ...]
    stopped: str


Ends = tuple[int, ...]  # descriptors: once one is readable, or its other end closed, a grading is cancelled
Ask = Callable[[Part, Ends, Callable[[Verdict], None], Callable[[Step], None]], Verdict]


def tasks_of(kata: Kata, tasks: Collection[str] = ()) -> list[str]:
    """Return the tasks to grade, or an empty list if none is to be apart.

    That is so for an exercise, whose tests share a worker, and if there is one processor or each task needs another.
    Those on which the most others build come first, then those with the most points, which tend to take longest. What a
    person reviews takes no time.
    """
    if kata.kind == "exercise" or len(processors()) < 2:
        return []
    chosen = [each for each in kata.in_order() if not tasks or each in tasks]
    builds_on = {each: kata.with_earlier([each]) for each in chosen}
    points = {each.name: 0 if each.review else each.points for each in kata.tasks}
    chosen.sort(key=lambda name: (-sum(name in earlier for earlier in builds_on.values()), -points[name]))
    lengths = {len(earlier.intersection(chosen)) for earlier in builds_on.values()}
    return chosen if len(lengths) < len(chosen) else []


@dataclass
class SideBySide:
    """A grading in parts. `tell` and `at` get what they would get if all tasks were graded together."""

    kata: Kata
    waiting: list[str]
    tell: Callable[[Verdict], None] | None
    at: Callable[[Step], None] | None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _verdicts: dict[Part, Verdict] = field(default_factory=dict)  # so far
    _running: set[str] = field(default_factory=set)
    _begun: dict[Part, int] = field(default_factory=dict)  # the number of tests

    def verdict(self, ask: Ask, ask_beside: Ask, until: Ends) -> Verdict | None:
        """Return the verdict, or None if all tasks must be graded together.

        `ask` and `ask_beside` return a judge's verdict on a part. Raises Abandoned if the grading is cancelled.
        """
        started = time.monotonic()
        ours, theirs = socket.socketpair()
        with ours, theirs, ThreadPoolExecutor(1) as beside:
            try:
                first = self._next()  # others wait for it, and this judge is the first to be ready
                other = beside.submit(self._work, ask_beside, (theirs.fileno(), *until), [])
                self._work(ask, until, [first] if first else [])
                other.result()
            finally:
                self._give_up()
                ours.close()
        verdict = self._merged()
        seconds = round(time.monotonic() - started, 6)
        return None if verdict is None else msgspec.structs.replace(verdict, duration_s=seconds)

    def _work(self, ask: Ask, until: Ends, begun: list[Part]) -> None:
        try:
            for part in chain(begun, iter(self._next, None)):
                found = ask(part, until, partial(self._told, part), partial(self._begin, part))
                with self._changed:
                    self._running.remove(part.task)
                    self._verdicts[part] = found
                    if _is_unusual(found) or self._seconds > self.kata.limits.total_s:
                        self._give_up()
                    elif self.waiting or self._running:
                        self._told(part, found)
                    self._changed.notify()
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        with self._changed:
            self.waiting.clear()
            self._changed.notify()

    def _next(self) -> Part | None:
        """Return the next task that can begin, waiting for one if need be, or None if no other can."""
        with self._changed:
            while self.waiting:
                undone = self._running.union(self.waiting)
                ready = (each for each in self.waiting if undone.isdisjoint(self.kata.with_earlier([each]) - {each}))
                task = next(ready, None)
                if task is not None:
                    self.waiting.remove(task)
                    self._running.add(task)
                    return self._part(task)
                self._changed.wait()
        return None

    def _part(self, task: str) -> Part:
        tests = [test for each in self._verdicts.values() for test in each.tests]
        failed = {test.task for test in tests if test.status == "failed"} & self.kata.with_earlier([task])
        return Part(task, tuple(failed), stopped_test(tests))

    def _told(self, part: Part, verdict: Verdict) -> None:
        with self._changed:
            self._verdicts[part] = verdict
            if self.tell is not None:
                self.tell(self._scored(list(self._verdicts.values())))

    def _begin(self, part: Part, step: Step) -> None:
        is_test = step.number <= step.of
        with self._changed:
            if is_test:
                self._begun[part] = step.number
            if self.at is not None:
                self.at(Step(step.doing, sum(self._begun.values()) if is_test else step.number, step.of))

    @property
    def _seconds(self) -> float:
        return sum(each.duration_s for each in self._verdicts.values())

    def _merged(self) -> Verdict | None:
        verdicts = [*self._verdicts.values()]
        differ = len({each.message for each in verdicts}) > 1
        if differ or any(map(_is_unusual, verdicts)) or self._seconds > self.kata.limits.total_s:
            return None
        return self._scored(verdicts)

    def _scored(self, verdicts: list[Verdict]) -> Verdict:
        """Return the verdict that has the tasks and the tests of all parts."""
        order = {name: number for number, name in enumerate(self.kata.in_order())}
        tests = [test for each in verdicts for test in each.tests]
        tests.sort(key=lambda test: (test.reason != "files", order[test.task]))  # tasks that lack a file come first
        graded = {task.name for each in verdicts for task in each.tasks}
        scope = msgspec.structs.replace(self.kata, tasks=tuple(each for each in self.kata.tasks if each.name in graded))
        device = next((each.device for each in verdicts if each.device != "cpu"), "cpu")
        return scored(msgspec.structs.replace(verdicts[0], device=device), scope, tests)


def _is_unusual(verdict: Verdict) -> bool:
    return verdict.status in ("error", "ungradable") or (verdict.status == "ungraded" and bool(verdict.message))
