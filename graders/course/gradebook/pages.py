"""The pages of feedback that a batch has written, and what has changed since then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from graders.course.gradebook import people
from graders.course.gradebook.database import Transaction
from graders.course.gradebook.importing import Key
from graders.course.gradebook.people import Directory
from graders.course.gradebook.tables import AuditRow, BatchRow, PageRow, PersonRow
from graders.course.submissions import now

OF_MARKS = {
    "graded": "graded",
    "marked": "manual score",
    "withdrawn": "withdrawn",
    "handed in": "submission time",
    "rule": "rules of the kata",
    "extension": "your deadline",
    "override": "override",
    "exclude": "exclusion",
    "course": "rules of the course",
}
"""The changes in the audit trail that can change a mark, as a page names them."""

OF_SUBMISSION = {OF_MARKS[each] for each in ("graded", "marked", "withdrawn", "handed in")}
"""Those that concern a submission, and so everyone in a group for whom it counts."""


@dataclass(frozen=True)
class FirstPage:
    """The first page that a person got on a kata. The audit trail then ended with the line `last_line`."""

    points: float
    written_at: str
    last_line: int


@dataclass(frozen=True)
class Change:
    """A line of the audit trail that can have changed a mark."""

    line: int
    at: str
    what: str
    before: str
    after: str


def page_rows(transaction: Transaction, batch: BatchRow) -> list[tuple[PageRow, str]]:
    """Return the recorded pages of a batch, oldest first, each with the name in the row of its person."""
    found = sa.select(PageRow, PersonRow.name).join(PersonRow, PersonRow.id == PageRow.person_id)
    found = found.where(PageRow.batch_id == batch.id).order_by(PageRow.last_line, PageRow.person_id)
    return [(row, name) for row, name in transaction.session.execute(found)]


def first_pages(transaction: Transaction, batch: BatchRow) -> dict[Key, FirstPage]:
    """Return the first page of each person and kata, by the person's id and the kata.

    The name in a page's row may be any name of the person: a member of a group may have no name in this batch.
    """
    directory = Directory(transaction)
    result: dict[Key, FirstPage] = {}
    for row, name in page_rows(transaction, batch):
        result.setdefault((directory.id_of(name), row.kata), FirstPage(row.points, row.written_at, row.last_line))
    return result


def last_line(transaction: Transaction) -> int:
    """Return the number of the last line in the audit trail."""
    return transaction.session.scalar(sa.select(sa.func.max(AuditRow.id))) or 0


def note_pages(transaction: Transaction, batch: BatchRow, points: Mapping[Key, float], line: int) -> None:
    """Record that these people have got their first pages, with these points, when `line` was the last line."""
    directory = Directory(transaction)
    known = set(first_pages(transaction, batch))
    ids = {name: number for number, name in transaction.session.execute(sa.select(PersonRow.id, PersonRow.name))}
    for (name, kata), value in points.items():
        key = (directory.id_of(name), kata)
        if key not in known:
            known.add(key)
            if name not in ids:  # only a group has submitted for this person
                ids[name] = people.row_for(transaction, name).id
            row = PageRow(batch_id=batch.id, person_id=ids[name], kata=kata, points=value)
            row.written_at, row.last_line = now(), line
            transaction.session.add(row)


def changes(transaction: Transaction, since: int) -> dict[Key, list[Change]]:
    """Return what has changed since a line of the audit trail, by person and kata.

    An empty name stands for everyone, and an empty slug for every kata.
    """
    later = sa.select(AuditRow).where(AuditRow.id > since, AuditRow.what.in_(OF_MARKS)).order_by(AuditRow.id)
    result: defaultdict[Key, list[Change]] = defaultdict(list)
    for row in transaction.session.scalars(later.execution_options(yield_per=1000)):
        if row.before != row.after:
            change = Change(row.id, row.at, OF_MARKS[row.what], row.before, row.after)
            result[row.person, row.kata].append(change)
    return dict(result)
