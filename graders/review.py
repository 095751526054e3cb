"""The marks that a person gives, written into a verdict: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from graders.catalogue import Kata, Task
from graders.errors import KataError
from graders.judge.scoring import totalled
from graders.verdict import TaskResult, Verdict


def reviewable(kata: Kata, verdict: Verdict) -> list[Task]:
    """The tasks of a verdict that a person marks, and whose automatic tests passed; marked ones too."""
    open_ = {task.name for task in verdict.tasks if task.status == "awaiting_review" or task.reviewer}
    return [task for task in kata.tasks if task.review and task.name in open_]


def awarded(kata: Kata, verdict: Verdict, task: str, points: float, *, reviewer: str, at: str) -> Verdict:
    """The verdict with a person's points for one task. `at` is UTC, ISO 8601. Raises KataError for what cannot be."""
    if verdict.kata != kata.slug:
        raise KataError(f"the verdict is of {verdict.kata}, not of {kata.slug}")
    if not reviewer.strip():
        raise KataError("a review names who gives the points: --by NAME")
    known = reviewable(kata, verdict)
    found = next((each for each in known if each.name == task), None)
    if found is None:
        raise KataError(f"{kata.slug} has no task {task!r} that awaits a person's marks{_instead(known)}")
    if not 0 <= points <= found.points:
        raise KataError(f"{task}: {points:g} points; from 0 to {found.points:g} can be given")
    tasks = tuple(_marked(each, points, reviewer, at) if each.name == task else each for each in verdict.tasks)
    return totalled(verdict, tasks)


def with_marks(verdict: Verdict, marks: Iterable[tuple[str, float, str, str]]) -> Verdict:
    """A verdict with marks that were given before: (task, points, reviewer, when). Those it has no place for are left.

    A task whose automatic tests fail awaits nobody's marks.
    """
    given = {mark[0]: mark[1:] for mark in marks}
    if not given:
        return verdict
    tasks = []
    for task in verdict.tasks:
        open_ = task.name in given and (task.status == "awaiting_review" or task.reviewer)
        points, reviewer, at = given.get(task.name, (0.0, "", ""))
        tasks.append(_marked(task, min(points, task.max_score), reviewer, at) if open_ else task)
    return totalled(verdict, tuple(tasks))


def _marked(task: TaskResult, points: float, reviewer: str, at: str) -> TaskResult:
    status = "passed" if points == task.max_score else "partial" if points else "failed"
    return msgspec.structs.replace(task, status=status, score=points, reviewer=reviewer, reviewed_at=at)


def _instead(known: Sequence[Task]) -> str:
    return f"; there is {', '.join(task.name for task in known)}" if known else ""
