"""What is known of each task of the files as they lie there: a save asks only those again that it may decide."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from msgspec.structs import replace

from graders.catalogue import Kata
from graders.judge.scoring import blocking, totalled
from graders.verdict import Verdict


@dataclass
class Board:
    """The latest result of every task. `due` are the tasks without one, and those whose files were saved since."""

    kata: Kata
    verdict: Verdict | None = None
    due: frozenset[str] = field(init=False)
    first: frozenset[str] = frozenset()  # of the due ones those that the latest save is about

    def __post_init__(self) -> None:
        self.due = frozenset(task.name for task in self.kata.tasks)

    def saved(self, files: Collection[str]) -> None:
        """Some files were saved: names relative to the kata's folder."""
        self.first = decided_by(self.kata, files)
        self.due |= self.first

    def asked(self) -> frozenset[str]:
        """The tasks to grade now: of what was saved last, else all that are due.

        What waits for a task that is not among them, and has failed, is left: it waits still.
        """
        asked = self.first & self.due or self.due
        failed = {task.name for task in self.verdict.tasks if task.status == "failed"} if self.verdict else set()
        known = {task.name for task in self.verdict.tasks} if self.verdict else set()
        still = {name for name in asked & known if blocking(self.kata, failed - asked, name)}
        return asked - still or self.kata.with_earlier(asked)

    def take(self, verdict: Verdict, asked: frozenset[str]) -> Verdict:
        """All that is known, with a verdict on the tasks that were asked, or with what it is so far.

        One that says nothing of tasks (no submission to import, a fault of ours) is returned as it is.
        """
        if verdict.status in ("ungradable", "error") and not verdict.tasks:
            return verdict
        decided = {task.name for task in verdict.tasks}
        self.verdict = combined(self.kata, self.verdict, verdict, asked)
        self.due -= decided
        return self.verdict

    def close(self, asked: frozenset[str]) -> None:
        """A verdict on these is complete: nothing more is to be had of them, and of what waits for them."""
        self.due -= asked
        if self.verdict is not None:
            failed = {task.name for task in self.verdict.tasks if task.status == "failed"}
            known = {task.name for task in self.verdict.tasks}
            self.due -= {name for name in self.due & known if blocking(self.kata, failed, name)}


def decided_by(kata: Kata, files: Collection[str]) -> frozenset[str]:
    """The tasks that files decide, and those that build on these; all for a file that is not the learner's."""
    every = frozenset(task.name for task in kata.tasks)
    if not all(kata.declares(name) for name in files):
        return every
    found = {task.name for task in kata.tasks if not task.files or set(files) & set(task.files)}
    later = {task.name for task in kata.tasks if found & kata.with_earlier([task.name])}
    return frozenset(found | later) or every


def combined(kata: Kata, before: Verdict | None, after: Verdict, asked: Collection[str]) -> Verdict:
    """`after`, with what `before` says of other tasks; of those asked and not yet decided, their former result."""
    places = {task.name: place for place, task in enumerate(kata.tasks)}
    decided = {task.name for task in after.tasks}
    kept = [task for task in before.tasks if task.name not in decided] if before else []
    tests = [test for test in before.tests if test.task not in asked] if before else []
    tests += after.tests
    tests.sort(key=lambda test: places[test.task])  # stable: within a task as the suite has them
    tasks = sorted([*kept, *after.tasks], key=lambda task: places[task.name])
    return totalled(replace(after, tests=tuple(tests)), tasks)
