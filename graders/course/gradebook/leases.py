"""Reserve a task of a submission for one reviewer, for a limited time."""

from __future__ import annotations

import datetime
import os
import socket
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from graders.course.gradebook.database import Transaction
from graders.course.gradebook.tables import LeaseRow, MarkRow
from graders.course.submissions import as_utc

MARKED = sa.select(MarkRow.submission_id, MarkRow.task)
DURATION = datetime.timedelta(minutes=15)

TaskKey = tuple[int, str]  # the id of a submission, and a task


class Lease(NamedTuple):
    """Who has reserved a task, and until when (UTC, ISO 8601). The name may be empty."""

    by: str
    until: str


def take(transaction: Transaction, submission: int, task: str, holder: str, now: str) -> bool:
    """Reserve a task for `holder`, who gives up any other one. Return False if another holder has it.

    What an earlier session of the same reviewer had open is free as soon as its process has ended (see `holders`).
    """
    row = transaction.session.get(LeaseRow, (submission, task))
    if row is not None and row.holder != holder and row.until > now and not is_gone(row.holder, holder):
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
    """Return the tasks that are reserved by others, each with who has it."""
    others = sa.select(LeaseRow).where(LeaseRow.holder != holder, LeaseRow.until > now)
    return {
        (row.submission_id, row.task): Lease(reviewer_of(row.holder), row.until)
        for row in transaction.session.scalars(others)
        if not is_gone(row.holder, holder)
    }


def marked(transaction: Transaction) -> set[TaskKey]:
    """Return the tasks that have a manual score."""
    return {(submission, task) for submission, task in transaction.session.execute(MARKED)}


def new_holder(by: str) -> str:
    """Return a name for a new session of this reviewer: a random part, the process, the user and machine, `by`."""
    return f"{os.urandom(8).hex()} {os.getpid()}.{_started(os.getpid())} {os.getuid()}@{socket.gethostname()} {by}"


def reviewer_of(holder: str) -> str:
    """Return the name of a session's reviewer."""
    return holder.split(" ", 3)[3]


def is_gone(holder: str, asking: str) -> bool:
    """Return whether `holder` was a session of the same reviewer, user and machine, and its process has ended."""
    parts, own = holder.split(" ", 3), asking.split(" ", 3)
    if parts[2:] != own[2:]:
        return False
    number, _, started = parts[1].partition(".")
    return not _is_alive(int(number), started)


def _is_alive(process: int, started: str) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(process) == started


def _started(process: int) -> str:
    """Return when a process started, in clock ticks since the boot, or an empty string if the system doesn't say it.

    A later process with the same number has another start. A zombie has ended.
    """
    try:
        state, *fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if state in "ZX" else fields[18]
