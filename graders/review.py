"""The marks that a person gives, written into a verdict: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from graders.catalogue import Kata, Task
from graders.errors import KataError
from graders.judge.scoring import totalled
from graders.verdict import LONGEST_COMMENT, TaskResult, Verdict


class Mark(NamedTuple):
    """The points that a person gave for a task, who and when (UTC, ISO 8601), and what its author is told."""

    task: str
    points: float
    reviewer: str
    at: str
    comment: str = ""


def reviewable(kata: Kata, verdict: Verdict) -> list[Task]:
    """The tasks of a verdict that a person marks, and whose automatic tests passed; marked ones too."""
    open_ = {task.name for task in verdict.tasks if task.status == "awaiting_review" or task.reviewer}
    return [task for task in kata.tasks if task.review and task.name in open_]


def awarded(
    kata: Kata,
    verdict: Verdict,
    task: str,
    points: float | None = None,
    comment: str | None = None,
    *,
    reviewer: str,
    at: str,
) -> Verdict:
    """The verdict with a person's points for one task, a comment, or both; what is None stays as it was.

    `at` is UTC, ISO 8601. Raises KataError for what cannot be.
    """
    if verdict.kata != kata.slug:
        raise KataError(f"the verdict is of {verdict.kata}, not of {kata.slug}")
    if not reviewer.strip():
        raise KataError("a review names who gives the points: --by NAME")
    known = reviewable(kata, verdict)
    found = next((each for each in known if each.name == task), None)
    if found is None:
        raise KataError(f"{kata.slug} has no task {task!r} that awaits a person's marks{_instead(known)}")
    before = next(each for each in verdict.tasks if each.name == task)
    if points is None:
        if not before.reviewer:
            raise KataError(f"{task}: nobody has given points for it; give them too, such as --award {task}=POINTS")
        points = before.score
    if not 0 <= points <= found.points:
        raise KataError(f"{task}: {points:g} points; from 0 to {found.points:g} can be given")
    said = (before.comment or "") if comment is None else comment.strip()
    if len(said) > LONGEST_COMMENT:
        raise KataError(f"{task}: a comment of {len(said)} characters; it may have {LONGEST_COMMENT}")
    mark = Mark(task, points, reviewer, at, said)
    return totalled(verdict, tuple(_marked(each, mark) if each.name == task else each for each in verdict.tasks))


def marks_of(verdict: Verdict) -> list[Mark]:
    """What people have given in a verdict."""
    return [
        Mark(task.name, task.score, task.reviewer, task.reviewed_at or "", task.comment or "")
        for task in verdict.tasks
        if task.reviewer
    ]


def with_marks(verdict: Verdict, marks: Iterable[Mark]) -> Verdict:
    """A verdict with marks that were given before. Those it has no place for are left.

    A task whose automatic tests fail awaits nobody's marks.
    """
    given = {mark.task: mark for mark in marks}
    if not given:
        return verdict
    tasks = [
        _marked(task, given[task.name])
        if task.name in given and (task.status == "awaiting_review" or task.reviewer)
        else task
        for task in verdict.tasks
    ]
    return totalled(verdict, tuple(tasks))


def without_marks(verdict: Verdict) -> Verdict:
    """A verdict as it was before anybody gave points."""
    if not marks_of(verdict):
        return verdict
    unmarked = {"reviewer": None, "reviewed_at": None, "comment": None}
    tasks = tuple(
        msgspec.structs.replace(task, status="awaiting_review", score=0.0, **unmarked) if task.reviewer else task
        for task in verdict.tasks
    )
    return totalled(verdict, tasks)


def _marked(task: TaskResult, mark: Mark) -> TaskResult:
    points = min(mark.points, task.max_score)
    return msgspec.structs.replace(
        task,
        status="passed" if points == task.max_score else "partial" if points else "failed",
        score=points,
        reviewer=mark.reviewer,
        reviewed_at=mark.at,
        comment=mark.comment or None,
    )


def _instead(known: Sequence[Task]) -> str:
    return f"; there is {', '.join(task.name for task in known)}" if known else ""
