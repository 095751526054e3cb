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

    A mark has one reviewer, who touched it last: somebody else's points drop the comment that was there, and somebody
    else's comment takes the points over. `at` is UTC, ISO 8601. Raises KataError for what cannot be.
    """
    if verdict.kata != kata.slug:
        raise KataError(f"the verdict is of {verdict.kata}, not of {kata.slug}")
    reviewer = _writable(reviewer, "--by", "it").strip()
    if not reviewer:
        raise KataError("a review names who gives the points: --by NAME")
    known = reviewable(kata, verdict)
    found = next((each for each in known if each.name == task), None)
    if found is None:
        marked = next((each for each in kata.tasks if each.name == task and each.review), None)
        if marked is not None:
            raise KataError(f"{task}: no points can be given for it: {_why_not(verdict, task)}")
        raise KataError(f"{kata.slug} has no task {task!r} that awaits a person's marks{_instead(known)}")
    before = next(each for each in verdict.tasks if each.name == task)
    if points is None:
        if not before.reviewer:
            raise KataError(f"{task}: nobody has given points for it; give them too, such as --award {task}=POINTS")
        points = before.score
    if not 0 <= points <= found.points:
        raise KataError(f"{task}: {points:g} points; from 0 to {found.points:g} can be given")
    if comment is None:
        said = (before.comment or "") if before.reviewer == reviewer else ""
    else:
        said = _writable(comment, task, "its comment").strip()
    if len(said) > LONGEST_COMMENT:
        raise KataError(f"{task}: a comment of {len(said)} characters; it may have {LONGEST_COMMENT}")
    mark = Mark(task, points, reviewer, at, said)
    return totalled(verdict, tuple(_marked(each, mark) if each.name == task else each for each in verdict.tasks))


def grading_of(verdict: Verdict) -> tuple[str | None, ...]:
    """Which grading a verdict is of, whatever people have given since."""
    return verdict.kata, verdict.submission_sha256, verdict.graded_at, verdict.seed


def marks_of(verdict: Verdict) -> list[Mark]:
    """What people have given in a verdict."""
    return [mark for mark in map(_mark_of, verdict.tasks) if mark is not None]


def with_marks(verdict: Verdict, marks: Iterable[Mark]) -> Verdict:
    """A verdict with marks that were given before. Those it has no place for are left.

    A task whose automatic tests fail awaits nobody's marks, and an error has no place for any.
    """
    places = {task.name for task in verdict.tasks if task.status == "awaiting_review" or task.reviewer}
    given = {mark.task: mark for mark in marks if mark.task in places}
    if not given:
        return verdict
    tasks = [_marked(task, given[task.name]) if task.name in given else task for task in verdict.tasks]
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


class Given:
    """What people have given for one submission, by the records of it, which are taken in as they were written.

    Of each task the newest mark counts. What a later record of the same grading has no more was taken back; a record of
    another grading, such as an error of ours, takes nothing back.
    """

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._held: set[tuple[object, str]] = set()  # a grading, and a task with a mark in a record of it

    def take(self, grading: object, tasks: Iterable[TaskResult]) -> None:
        """Take in a record: which grading it is of, and its tasks."""
        for task in tasks:
            place = grading, task.name
            mark = _mark_of(task)
            if mark is not None:
                before = self._marks.get(task.name)
                if before is None or place in self._held or mark.at >= before.at:
                    self._marks[task.name] = mark
                self._held.add(place)
            elif task.status == "awaiting_review" and place in self._held:
                self._marks.pop(task.name, None)
                self._held.remove(place)

    @property
    def marks(self) -> list[Mark]:
        """What stands of it."""
        return list(self._marks.values())


def _mark_of(task: TaskResult) -> Mark | None:
    if not task.reviewer:
        return None
    return Mark(task.name, task.score, task.reviewer, task.reviewed_at or "", task.comment or "")


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


def _writable(text: str, whose: str, what: str) -> str:
    """The text, as long as a verdict can hold it. Raises KataError."""
    if "\0" in text:
        raise KataError(f"{whose}: there is a NUL in {what}; leave it out")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise KataError(f"{whose}: there is a byte in {what} that is no UTF-8; write it again") from None
    return text


def _why_not(verdict: Verdict, task: str) -> str:
    """Why a task that a person marks awaits nobody."""
    found = next((each for each in verdict.tasks if each.name == task), None)
    if found is None:
        return f"the verdict is {verdict.status}"
    if found.status == "failed":
        return "its automatic tests failed"
    return f"it waits for {', '.join(found.blocked_by)}" if found.blocked_by else f"it is {found.status}"


def _instead(known: Sequence[Task]) -> str:
    return f"; there is {', '.join(task.name for task in known)}" if known else ""
