"""Pure functions that add manual scores to a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from graders.catalogue import Kata, Task
from graders.errors import KataError
from graders.scoring import totalled
from graders.verdict import LONGEST_COMMENT, PASS_FROM, TaskResult, Verdict


class ManualScore(NamedTuple):
    """The points that a reviewer gave for a task, with the time (UTC, ISO 8601) and a comment for the author."""

    task: str
    points: float
    reviewer: str
    at: str
    comment: str = ""


def reviewable(kata: Kata, verdict: Verdict) -> list[Task]:
    """Return the tasks that a person can score.

    Their automatic tests have passed, or they already have a manual score.
    """
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
    """Return the verdict with new points or a new comment for one task. None leaves the current value unchanged.

    A score names only its latest reviewer, who may be another one than before. `at` is a UTC time in ISO 8601. Raises
    KataError if an argument is invalid.
    """
    if verdict.kata != kata.slug:
        raise KataError(f"the verdict is for {verdict.kata}, not for {kata.slug}")
    reviewer = _writable(reviewer, "--by", "it").strip()
    if not reviewer:
        raise KataError("no reviewer is named. Add --by NAME.")
    found = _reviewable_task(kata, verdict, task)
    before = next(each for each in verdict.tasks if each.name == task)
    if points is None:
        if not before.reviewer:
            raise KataError(f"{task}: it has no points yet. Award some too, for example with --award {task}=POINTS")
        points = before.score
    if not 0 <= points <= found.points:
        raise KataError(f"{task}: {points:g} points is out of range; award 0 to {found.points:g}")
    score = ManualScore(task, points, reviewer, at, _comment(before, comment))
    return totalled(verdict, tuple(_scored(each, score) if each.name == task else each for each in verdict.tasks))


def withdrawn(verdict: Verdict, task: str) -> Verdict:
    """Return the verdict without the manual score of a task. Raises KataError if the task has none."""
    found = next((each for each in verdict.tasks if each.name == task and each.reviewer), None)
    if found is None:
        raise KataError(f"{task}: it has no manual score to withdraw")
    return totalled(verdict, tuple(_without_score(each) if each is found else each for each in verdict.tasks))


def _reviewable_task(kata: Kata, verdict: Verdict, name: str) -> Task:
    tasks = reviewable(kata, verdict)
    found = next((task for task in tasks if task.name == name), None)
    if found is not None:
        return found
    if any(task.name == name and task.review for task in kata.tasks):
        raise KataError(f"{name}: no points can be awarded: {_why_not(verdict, name)}")
    raise KataError(f"{kata.slug}: task {name!r} cannot be marked by hand{_instead(tasks)}")


def _comment(before: TaskResult, given: str | None) -> str:
    """Return the given comment or, if it is None, the earlier one. Raises KataError if the comment is invalid."""
    text = (before.comment or "") if given is None else _writable(given, before.name, "its comment").strip()
    if len(text) > LONGEST_COMMENT:
        raise KataError(f"{before.name}: its comment has {len(text)} characters; the limit is {LONGEST_COMMENT}")
    return text


def grading_of(verdict: Verdict) -> tuple[str | None, ...]:
    """Return an identifier of a verdict's grading run, which does not change with manual scores."""
    return verdict.kata, verdict.submission_sha256, verdict.graded_at, verdict.seed


def scores_of(verdict: Verdict) -> list[ManualScore]:
    """Return the manual scores in a verdict."""
    return [score for score in map(_score_of, verdict.tasks) if score is not None]


def with_scores(verdict: Verdict, scores: Iterable[ManualScore]) -> Verdict:
    """Return the verdict with these manual scores.

    Scores for tasks that neither await review nor have a manual score are ignored.
    """
    places = {task.name for task in verdict.tasks if task.status == "awaiting_review" or task.reviewer}
    given = {score.task: score for score in scores if score.task in places}
    if not given:
        return verdict
    tasks = [_scored(task, given[task.name]) if task.name in given else task for task in verdict.tasks]
    return totalled(verdict, tuple(tasks))


def without_scores(verdict: Verdict) -> Verdict:
    """Return the verdict without its manual scores."""
    if not scores_of(verdict):
        return verdict
    return totalled(verdict, tuple(_without_score(task) if task.reviewer else task for task in verdict.tasks))


def _without_score(task: TaskResult) -> TaskResult:
    nothing = {"reviewer": None, "reviewed_at": None, "comment": None}
    return msgspec.structs.replace(task, status="awaiting_review", score=0.0, **nothing)


def _score_of(task: TaskResult) -> ManualScore | None:
    if not task.reviewer:
        return None
    return ManualScore(task.name, task.score, task.reviewer, task.reviewed_at or "", task.comment or "")


def _scored(task: TaskResult, score: ManualScore) -> TaskResult:
    by_hand = {"reviewer": score.reviewer, "reviewed_at": score.at, "comment": score.comment or None}
    return msgspec.structs.replace(with_points(task, score.points), **by_hand)


def with_points(task: TaskResult, points: float) -> TaskResult:
    """Return a task with these points, but at most its maximum, and with the status that goes with them.

    A task that a person scores passes from a share of its points on, any other one only with all of them.
    """
    points = min(points, task.max_score)
    by_person = task.status == "awaiting_review" or task.reviewer
    enough = task.max_score * ((task.pass_from or PASS_FROM) if by_person else 1)
    status = "passed" if points >= round(enough, 9) else "partial" if points else "failed"
    return msgspec.structs.replace(task, score=points, status=status)


def _writable(text: str, whose: str, what: str) -> str:
    if "\0" in text:
        raise KataError(f"{whose}: {what} contains a NUL character; remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise KataError(f"{whose}: {what} is not valid UTF-8; write it again") from None
    return text


def _why_not(verdict: Verdict, task: str) -> str:
    found = next((each for each in verdict.tasks if each.name == task), None)
    if found is None:
        return f"the verdict is {verdict.status}"
    if found.status == "failed":
        return "its automatic tests failed"
    return f"it is blocked by {', '.join(found.blocked_by)}" if found.blocked_by else f"it is {found.status}"


def _instead(tasks: Sequence[Task]) -> str:
    return f". Tasks to mark: {', '.join(task.name for task in tasks)}" if tasks else ""
