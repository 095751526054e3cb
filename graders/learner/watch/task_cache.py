"""Cache the latest result of each task, so that a save regrades only the tasks that the saved file can affect."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from graders.catalogue import Kata
from graders.scoring import blocking, totalled
from graders.verdict import Verdict


class TaskCache:
    """The latest result of each task."""

    def __init__(self, kata: Kata) -> None:
        self.kata = kata
        self.verdict: Verdict | None = None
        self.due = frozenset(task.name for task in kata.tasks)  # without a result, or saved after it
        self.first: frozenset[str] = frozenset()  # those that the latest save affects

    def saved(self, files: Collection[str]) -> None:
        """Mark the tasks that the saved files affect as due. `files` are relative to the kata's folder."""
        self.first = affected_by(self.kata, files)
        self.due |= self.first

    def asked(self) -> frozenset[str]:
        """Return the due tasks that the latest save affects, or else all due tasks, but none that is still blocked."""
        asked = self.first & self.due or self.due
        return asked - self._blocked(asked, without=asked) or self.kata.with_earlier(asked)

    def take(self, verdict: Verdict, asked: frozenset[str]) -> Verdict:
        """Merge a verdict on these tasks, complete or partial, into the known results. Return all results.

        A verdict without tasks (the submission cannot be imported, or the judge failed) is returned unchanged.
        """
        if verdict.status in ("ungradable", "error") and not verdict.tasks:
            return verdict
        places = {task.name: place for place, task in enumerate(self.kata.tasks)}
        tasks, tests = list(verdict.tasks), list(verdict.tests)
        if self.verdict is not None:
            tasks += [task for task in self.verdict.tasks if task.name not in asked]
            tests = [test for test in self.verdict.tests if test.task not in asked] + tests
        tests.sort(key=lambda test: places[test.task])  # a stable sort, so the suite's order is kept within a task
        tasks.sort(key=lambda task: places[task.name])
        self.verdict = totalled(replace(verdict, tests=tuple(tests)), tasks)
        self.due -= {task.name for task in verdict.tasks}
        return self.verdict

    def close(self, asked: frozenset[str]) -> None:
        """Record that the verdict on these tasks is complete: neither they nor the tasks that they block are due."""
        known = {task.name for task in self.verdict.tasks} if self.verdict else set()
        self.due -= asked
        self.due -= self._blocked(self.due & known)

    def _blocked(self, names: frozenset[str], without: frozenset[str] = frozenset()) -> set[str]:
        """Return those of these tasks that a failed task blocks, other than one of `without`."""
        tasks = self.verdict.tasks if self.verdict else ()
        failed = {task.name for task in tasks if task.status == "failed"} - without
        return {name for name in names if blocking(self.kata, failed, name)}


def affected_by(kata: Kata, files: Collection[str]) -> frozenset[str]:
    """Return the tasks that the files affect, and those that build on them. A file of no task affects all."""
    found = {task.name for task in kata.tasks if any(map(task.needs, files))}
    if not found or not all(map(kata.declares, files)):
        return frozenset(task.name for task in kata.tasks)
    return frozenset(task.name for task in kata.tasks if found & kata.with_earlier([task.name]))
