"""Reserve a task of a submission for one reviewer, for a limited time."""

from __future__ import annotations

import datetime
import os
from typing import NamedTuple

import sqlalchemy as sa

from katas_course.downloads import as_utc
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.tables import LeaseRow, ScoreRow

SCORED = sa.select(ScoreRow.submission_id, ScoreRow.task)
DURATION = datetime.timedelta(minutes=15)

TaskKey = tuple[int, str]  # the id of a submission, and a task


class Lease(NamedTuple):
    """Who has reserved a task, and until when (UTC, ISO 8601). The name may be empty."""

    by: str
    until: str


def take(transaction: Transaction, submission: int, task: str, holder: str, now: str) -> bool:
    """Reserve a task for `holder`, who gives up any other one. Return False if another reviewer has it.

    A reviewer takes over what their own earlier session, which may have been killed, has left reserved.
    """
    row = transaction.session.get(LeaseRow, (submission, task))
    if row is not None and reviewer_of(row.holder) != reviewer_of(holder) and row.until > now:
        return False
    release(transaction, holder)
    until = as_utc(datetime.datetime.fromisoformat(now) + DURATION)
    transaction.session.merge(LeaseRow(submission_id=submission, task=task, holder=holder, until=until))
    transaction.session.flush()
    return True


def release(transaction: Transaction, holder: str) -> None:
    """Give up everything that `holder` has reserved."""
    transaction.session.execute(sa.delete(LeaseRow).where(LeaseRow.holder == holder))


def held_by_others(transaction: Transaction, holder: str, now: str) -> dict[TaskKey, Lease]:
    """Return the tasks that are reserved by other reviewers, each with who has it."""
    return {
        (row.submission_id, row.task): Lease(reviewer_of(row.holder), row.until)
        for row in transaction.session.scalars(sa.select(LeaseRow).where(LeaseRow.until > now))
        if reviewer_of(row.holder) != reviewer_of(holder)
    }


def marked(transaction: Transaction) -> set[TaskKey]:
    """Return the tasks that have a manual score."""
    return {(submission, task) for submission, task in transaction.session.execute(SCORED)}


def new_holder(by: str) -> str:
    """Return a name for a new session of this reviewer."""
    return f"{os.urandom(8).hex()} {by}"


def reviewer_of(holder: str) -> str:
    """Return the name of a session's reviewer."""
    return holder.partition(" ")[2]
