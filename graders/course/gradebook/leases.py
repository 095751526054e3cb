"""Reserve a task of a submission for one reviewer, for a limited time."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from graders.course.gradebook.holders import is_gone, reviewer_of
from graders.course.gradebook.review_tables import LeaseRow
from graders.course.gradebook.tables import MarkRow
from graders.course.gradebook.transaction import Transaction
from graders.course.submissions import as_utc

DURATION = datetime.timedelta(minutes=15)

Place = tuple[int, str]  # the id of a submission, and a task


class Lease(NamedTuple):
    """Who has reserved a task, and until when (UTC, ISO 8601). The name may be empty."""

    by: str
    until: str


def take(transaction: Transaction, submission: int, task: str, holder: str, now: datetime.datetime) -> bool:
    """Reserve a task for `holder`, who gives up any other one. Return False if another holder has it.

    What an earlier session of the same reviewer had open is free as soon as its process has ended (see `holders`).
    """
    row = transaction.session.get(LeaseRow, (submission, task))
    if row is not None and row.holder != holder and row.until > as_utc(now) and not is_gone(row.holder, holder):
        return False
    release(transaction, holder)
    transaction.session.merge(
        LeaseRow(submission_id=submission, task=task, holder=holder, until=as_utc(now + DURATION))
    )
    transaction.session.flush()
    return True


def release(transaction: Transaction, holder: str) -> None:
    """Give up everything that `holder` has reserved."""
    transaction.session.execute(sa.delete(LeaseRow).where(LeaseRow.holder == holder))


def held_by_others(transaction: Transaction, holder: str, now: datetime.datetime) -> dict[Place, Lease]:
    """Return the tasks that are reserved by others, each with who has it."""
    others = sa.select(LeaseRow).where(LeaseRow.holder != holder, LeaseRow.until > as_utc(now))
    return {
        (row.submission_id, row.task): Lease(reviewer_of(row.holder), row.until)
        for row in transaction.session.scalars(others)
        if not is_gone(row.holder, holder)
    }


def marked(transaction: Transaction, places: Collection[Place]) -> set[Place]:
    """Return which of these tasks have a manual score."""
    every = transaction.session.execute(sa.select(MarkRow.submission_id, MarkRow.task))
    return {(submission, task) for submission, task in every} & set(places)
