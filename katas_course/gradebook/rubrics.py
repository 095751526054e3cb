"""Keep rubric items, and the manual scores that come from them, in agreement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from graders.errors import KataError
from graders.report.text import clean, clean_line
from graders.verdict import LONGEST_COMMENT
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.storing import LONGEST_NAME, add_scores, scores_on
from katas_course.gradebook.tables import RubricItemRow, ScoreItemRow, ScoreRow, SubmissionRow
from katas_course.submissions import now


@dataclass(frozen=True)
class Item:
    """A rubric item of a task. Negative points are a deduction."""

    id: int
    label: str
    points: float
    comment: str


def score_of(chosen: Sequence[Item], maximum: float) -> tuple[float, str]:
    """Return the points and the comment that items give together.

    If all of them are deductions, they are taken from the maximum; otherwise the points count from 0.
    """
    start = 0.0 if any(item.points > 0 for item in chosen) else maximum
    points = min(max(start + sum(item.points for item in chosen), 0.0), maximum)
    return points, "\n".join(item.comment for item in chosen if item.comment)


def checked(label: str, points: float, comment: str, maximum: float) -> Item:
    """Return a new item without an id. Raises KataError if it is invalid."""
    label, comment = clean_line(label, LONGEST_NAME), comment.strip()
    if not label:
        raise KataError("the label is empty. Give a short name for the item.")
    if not math.isfinite(points) or abs(points) > maximum:
        raise KataError(f"{points:g} points is out of range; an item has {-maximum:g} to {maximum:g}")
    if len(comment) > LONGEST_COMMENT:
        raise KataError(f"the comment has {len(comment)} characters; the limit is {LONGEST_COMMENT}")
    return Item(0, label, points, clean(comment, LONGEST_COMMENT))


def items(transaction: Transaction, kata: str, task: str) -> list[Item]:
    """Return the items of a task in the order in which they were added."""
    wanted = sa.select(RubricItemRow).filter_by(kata=kata, task=task)
    return [_item(row) for row in transaction.session.scalars(wanted.order_by(RubricItemRow.id))]


def add(transaction: Transaction, kata: str, task: str, new: Item) -> Item:
    """Add an item to a task."""
    row = RubricItemRow(kata=kata, task=task, **_content(new))
    transaction.session.add(row)
    transaction.session.flush()
    transaction.note("rubric", kata=kata, after=_described(task, new))
    return _item(row)


def used(transaction: Transaction, submission: int, task: str) -> list[int]:
    """Return the ids of the items that a manual score comes from."""
    wanted = sa.select(ScoreItemRow.item_id).filter_by(submission_id=submission, task=task)
    return list(transaction.session.scalars(wanted.order_by(ScoreItemRow.item_id)))


def use(transaction: Transaction, submission: int, task: str, chosen: Iterable[int]) -> None:
    """Record the items that a manual score comes from. They replace earlier ones."""
    place = {"submission_id": submission, "task": task}
    transaction.session.execute(sa.delete(ScoreItemRow).filter_by(**place))
    for item in dict.fromkeys(chosen):
        transaction.session.execute(sa.insert(ScoreItemRow).values(**place, item_id=item))


def copy_uses(transaction: Transaction, originals: Iterable[SubmissionRow], submission: SubmissionRow) -> None:
    """Record the items of the same manual scores of other submissions for this one too."""
    own = {row.task: row.score for row in scores_on(transaction, submission.id)}
    for other in originals:
        for row in scores_on(transaction, other.id):
            chosen = used(transaction, other.id, row.task)
            if chosen and own.get(row.task) == row.score:
                use(transaction, submission.id, row.task, chosen)


def users(transaction: Transaction, item: int) -> list[tuple[SubmissionRow, ScoreRow]]:
    """Return the submissions with manual scores that come from an item."""
    of_item = (ScoreItemRow.submission_id == ScoreRow.submission_id) & (ScoreItemRow.task == ScoreRow.task)
    wanted = sa.select(SubmissionRow, ScoreRow).join(ScoreRow, ScoreRow.submission_id == SubmissionRow.id)
    wanted = wanted.join(ScoreItemRow, of_item).where(ScoreItemRow.item_id == item).order_by(SubmissionRow.id)
    return [(submission, row) for submission, row in transaction.session.execute(wanted)]


def change(transaction: Transaction, item: int, new: Item, maximum: float) -> list[SubmissionRow]:
    """Change an item and all manual scores that come from it. Return the submissions whose scores have changed."""
    row = transaction.session.get(RubricItemRow, item)
    if row is None:
        raise KataError("this rubric item no longer exists.")
    before = _item(row)
    row.label, row.points, row.comment = new.label, new.points, new.comment
    transaction.session.flush()
    transaction.note("rubric", kata=row.kata, before=_described(row.task, before), after=_described(row.task, new))
    every = {each.id: each for each in items(transaction, row.kata, row.task)}
    changed = []
    for submission, given in users(transaction, item):
        chosen = used(transaction, submission.id, given.task)
        points, _ = score_of([every[each] for each in chosen], maximum)
        comment = _replaced(given.comment, before.comment, new.comment)
        if (points, comment) != (given.points, given.comment):
            at = max(now(), given.reviewed_at)
            score = given.score._replace(points=points, comment=comment, reviewer=transaction.who, at=at)
            add_scores(transaction, submission, [score])
            use(transaction, submission.id, given.task, chosen)
            changed.append(submission)
    return changed


def count(submissions: Iterable[SubmissionRow]) -> int:
    """Return how many manual scores these are. Submissions of the same files have only one."""
    return len({(each.person_id, each.kata, each.sha256) for each in submissions})


def _replaced(comment: str, old: str, new: str) -> str:
    """Replace an item's text in the comment of a score, unless a reviewer has reworded it."""
    if old:
        return comment.replace(old, new, 1).strip()
    return f"{new}\n{comment}".strip() if new else comment


def _item(row: RubricItemRow) -> Item:
    return Item(row.id, row.label, row.points, row.comment)


def _content(item: Item) -> dict[str, Any]:
    return {"label": item.label, "points": item.points, "comment": item.comment}


def _described(task: str, item: Item) -> str:
    return f"{task}: {item.points:+g} {item.label}" + (f": {item.comment}" if item.comment else "")
