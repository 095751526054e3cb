"""Add manual scores to the gradebook, and decide which score of a task is current."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from graders.course.gradebook.records import score_in
from graders.course.gradebook.review_tables import MarkItemRow
from graders.course.gradebook.tables import MarkRow, SubmissionRow
from graders.course.gradebook.transaction import Transaction
from graders.manual_scores import ManualScore
from graders.report.text import clean, clean_line
from graders.verdict import LONGEST_COMMENT

LONGEST_NAME = 200  # in characters, for the name of a task or a reviewer


def add_scores(transaction: Transaction, submission: SubmissionRow, scores: Iterable[ManualScore]) -> int:
    """Add the manual scores of a submission, and return how many were new.

    The newest score of a task is current. If two scores have the same time, the later one in `scores` is current. A
    score that has already been added is not recorded in the audit trail again.
    """
    given: defaultdict[str, list[ManualScore]] = defaultdict(list)
    for score in map(_cleaned, scores):
        given[score.task].append(score)
    new = sum(
        _add_scores_of_task(transaction, submission, task, every)
        for task, every in given.items()
        if clean_line(task, LONGEST_NAME) == task  # no kata has a task with any other name
    )
    transaction.session.flush()
    return new


def _add_scores_of_task(
    transaction: Transaction, submission: SubmissionRow, task: str, scores: Sequence[ManualScore]
) -> int:
    row = transaction.session.get(MarkRow, (submission.id, task))
    before = None if row is None else _cleaned(score_in(row))
    later = _later(scores, before)
    if before is not None and later and later[-1].points != before.points:  # it no longer comes from rubric items
        of_mark = (MarkItemRow.submission_id == submission.id) & (MarkItemRow.task == task)
        transaction.session.execute(sa.delete(MarkItemRow).where(of_mark))
    for score in later:
        if row is None:
            row = MarkRow(submission_id=submission.id, task=task)
            transaction.session.add(row)
        row.points, row.reviewer, row.reviewed_at, row.comment = score[1:]
        was = "" if before is None else _described(before)
        transaction.note_submission(submission, "marked", was, _described(score))
        before = score
    return len(later)


def _cleaned(score: ManualScore) -> ManualScore:
    """Cut a score's texts to the lengths that `katas review` allows, and remove control characters."""
    reviewer = clean_line(score.reviewer, LONGEST_NAME) or "?"
    comment = clean(score.comment, LONGEST_COMMENT)
    return score._replace(reviewer=reviewer, at=clean_line(score.at, LONGEST_NAME), comment=comment)


def _later(scores: Sequence[ManualScore], before: ManualScore | None) -> list[ManualScore]:
    """Return the scores of a task that came after `before`, sorted by time and without repetitions."""
    known = sorted(scores, key=lambda each: each.at)
    if before is not None:
        seen = max((place for place, each in enumerate(known) if each == before), default=-1)
        known = [each for each in known[seen + 1 :] if each.at >= before.at]
    return [score for score, last in zip(known, [before, *known], strict=False) if score != last]


def _described(score: ManualScore) -> str:
    return f"{score.task}: {score.points:g} by {score.reviewer}" + (f": {score.comment}" if score.comment else "")
