"""Cache the latest result of each task, so that a save regrades only the tasks that the saved file can affect."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from msgspec.structs import replace

from graders.catalogue import Kata
from graders.scoring import blocking, totalled
from graders.verdict import Verdict


@dataclass
class TaskCache:
    """The latest result of each task.

    `due` holds the tasks that have no result, or whose files were saved after the result.
    """

    kata: Kata
    verdict: Verdict | None = None
    due: frozenset[str] = field(init=False)
    first: frozenset[str] = frozenset()  # the due tasks affected by the latest save

    def __post_init__(self) -> None:
        self.due = frozenset(task.name for task in self.kata.tasks)

    def saved(self, files: Collection[str]) -> None:
        """Mark the tasks that the saved files affect as due. `files` are relative to the kata's folder."""
        self.first = affected_by(self.kata, files)
        self.due |= self.first

    def asked(self) -> frozenset[str]:
        """Return the tasks to grade now, which are the due tasks that the latest save affects, or else all due tasks.

        Tasks that are still blocked by a failed task outside this set are left out.
        """
        asked = self.first & self.due or self.due
        failed = {task.name for task in self.verdict.tasks if task.status == "failed"} if self.verdict else set()
        known = {task.name for task in self.verdict.tasks} if self.verdict else set()
        still = {name for name in asked & known if blocking(self.kata, failed - asked, name)}
        return asked - still or self.kata.with_earlier(asked)

    def take(self, verdict: Verdict, asked: frozenset[str]) -> Verdict:
        """Merge a verdict on these tasks, complete or partial, into the known results. Return all results.

        A verdict without tasks (the submission cannot be imported, or the judge failed) is returned unchanged.
        """
        if verdict.status in ("ungradable", "error") and not verdict.tasks:
            return verdict
        decided = {task.name for task in verdict.tasks}
        self.verdict = combined(self.kata, self.verdict, verdict, asked)
        self.due -= decided
        return self.verdict

    def close(self, asked: frozenset[str]) -> None:
        """Record that the verdict on these tasks is complete.

        After that, neither these tasks nor the tasks that they block are due.
        """
        self.due -= asked
        if self.verdict is not None:
            failed = {task.name for task in self.verdict.tasks if task.status == "failed"}
            known = {task.name for task in self.verdict.tasks}
            self.due -= {name for name in self.due & known if blocking(self.kata, failed, name)}


def affected_by(kata: Kata, files: Collection[str]) -> frozenset[str]:
    """Return the tasks that the files affect, and the tasks that build on them.

    A file that belongs to no task affects all tasks.
    """
    every = frozenset(task.name for task in kata.tasks)
    if not all(kata.declares(name) for name in files):
        return every
    found = {task.name for task in kata.tasks if any(map(task.needs, files))}
    later = {task.name for task in kata.tasks if found & kata.with_earlier([task.name])}
    return frozenset(found | later) or every


def combined(kata: Kata, before: Verdict | None, after: Verdict, asked: Collection[str]) -> Verdict:
    """Return `after`, with results from `before` added for the tasks that `after` does not decide."""
    places = {task.name: place for place, task in enumerate(kata.tasks)}
    decided = {task.name for task in after.tasks}
    kept = [task for task in before.tasks if task.name not in decided] if before else []
    tests = [test for test in before.tests if test.task not in asked] if before else []
    tests += after.tests
    tests.sort(key=lambda test: places[test.task])  # a stable sort, so the suite's order is kept within a task
    tasks = sorted([*kept, *after.tasks], key=lambda task: places[task.name])
    return totalled(replace(after, tests=tuple(tests)), tasks)
