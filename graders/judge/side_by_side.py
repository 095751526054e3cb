"""Grades the independent tasks of a kata that trains side by side, on two processors, for a learner who waits alone.

Tasks that wait for each other stay together, so each of them has the same result as in a grading of all tasks. If a
part ends with more than results, such as a file that cannot be imported, all tasks are graded together after all.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import msgspec

from graders.catalogue import Kata
from graders.judge.messages import Step
from graders.scoring import scored
from graders.unix import processors
from graders.verdict import Verdict

Ask = Callable[[tuple[str, ...], int | None, Callable[[Verdict], None], Callable[[Step], None]], Verdict]


def parts_of(kata: Kata, tasks: Collection[str] = ()) -> list[tuple[str, ...]]:
    """Return the tasks in parts that do not wait for each other, the largest first, or an empty list.

    There are none for an exercise, whose tests share a worker, and if there is one processor or one part.
    """
    if kata.kind == "exercise" or processors() < 2:
        return []
    parts: list[set[str]] = []
    for task in kata.tasks:
        linked = [part for part in parts if part & {*task.after}]
        parts = [part for part in parts if part not in linked]
        parts.append({task.name}.union(*linked))
    chosen = [tuple(sorted(part & {*tasks} if tasks else part)) for part in parts]
    chosen = sorted(filter(None, chosen), key=len, reverse=True)
    return chosen if len(chosen) > 1 else []


@dataclass
class SideBySide:
    """A grading in parts. `tell` and `at` get what they would get if all tasks were graded together."""

    kata: Kata
    parts: list[tuple[str, ...]]
    tell: Callable[[Verdict], None] | None
    at: Callable[[Step], None] | None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _verdicts: dict[tuple[str, ...], Verdict] = field(default_factory=dict)  # so far
    _begun: dict[tuple[str, ...], int] = field(default_factory=dict)  # the number of tests

    def verdict(self, ask: Ask, ask_beside: Ask, until: int | None) -> Verdict | None:
        """Return the verdict, or None if all tasks must be graded together.

        `ask` and `ask_beside` return a judge's verdict on some tasks, unless their descriptor is closed or readable.
        """
        started, waiting = time.monotonic(), list(self.parts)
        ours, theirs = socket.socketpair()
        with ours, theirs, ThreadPoolExecutor(1) as beside:
            try:
                other = beside.submit(self._work, waiting, ask_beside, theirs.fileno())
                self._work(waiting, ask, until)
                other.result()
            finally:
                waiting.clear()
                ours.close()
        verdict = self._merged(list(self._verdicts.values()))
        seconds = round(time.monotonic() - started, 6)
        return None if verdict is None else msgspec.structs.replace(verdict, duration_s=seconds)

    def _work(self, waiting: list[tuple[str, ...]], ask: Ask, until: int | None) -> None:
        while True:
            with self._lock:
                part = waiting.pop(0) if waiting else None
            if part is None:
                return
            found = ask(part, until, partial(self._told, part), partial(self._begin, part))
            with self._lock:
                self._verdicts[part] = found

    def _told(self, part: tuple[str, ...], verdict: Verdict) -> None:
        with self._lock:
            self._verdicts[part] = verdict
            if self.tell is not None:
                self.tell(self._scored(list(self._verdicts.values())))

    def _begin(self, part: tuple[str, ...], step: Step) -> None:
        is_test = step.number <= step.of
        with self._lock:
            if is_test:
                self._begun[part] = step.number
            if self.at is not None:
                self.at(Step(step.doing, sum(self._begun.values()) if is_test else step.number, step.of))

    def _merged(self, verdicts: list[Verdict]) -> Verdict | None:
        unusual = any(each.message or each.status in ("error", "ungradable") for each in verdicts)
        if unusual or sum(each.duration_s for each in verdicts) > self.kata.limits.total_s:
            return None
        return self._scored(verdicts)

    def _scored(self, verdicts: list[Verdict]) -> Verdict:
        """Return the verdict that has the tasks and the tests of all parts."""
        order = {name: number for number, name in enumerate(self.kata.in_order())}
        tests = sorted((test for each in verdicts for test in each.tests), key=lambda test: order[test.task])
        graded = {task.name for each in verdicts for task in each.tasks}
        scope = msgspec.structs.replace(self.kata, tasks=tuple(each for each in self.kata.tasks if each.name in graded))
        device = next((each.device for each in verdicts if each.device != "cpu"), "cpu")
        return scored(msgspec.structs.replace(verdicts[0], device=device), scope, tests)
