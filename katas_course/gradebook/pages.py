"""The pages of feedback that a batch has written, and what has changed since then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import sqlalchemy as sa

from katas_course.gradebook import people
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.people import Directory, IdKey
from katas_course.gradebook.storing import Key
from katas_course.gradebook.tables import AuditRow, BatchRow, PageRow, PersonRow
from katas_course.submissions import now

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

OF_EVERYONE = ("rule", "course")
"""Those that apply to everyone."""

OF_SUBMISSION = ("graded", "marked", "withdrawn", "handed in")
"""Those that concern a submission, and so everyone in a group for whom it counts."""


def first_pages(transaction: Transaction, batch: BatchRow) -> dict[IdKey, PageRow]:
    """Return the first page of each person and kata.

    The name in a page's row may be any name of the person: a member of a group may have no name in this batch.
    """
    directory = Directory(transaction)
    found = sa.select(PageRow, PersonRow.name).join(PersonRow, PersonRow.id == PageRow.person_id)
    found = found.where(PageRow.batch_id == batch.id).order_by(PageRow.last_line, PageRow.person_id)
    result: dict[IdKey, PageRow] = {}
    for row, name in transaction.session.execute(found).all():
        transaction.session.expunge(row)
        result.setdefault((directory.id_of(name), row.kata), row)
    return result


def last_line(transaction: Transaction) -> int:
    """Return the number of the last line in the audit trail."""
    return transaction.session.scalar(sa.select(sa.func.max(AuditRow.id))) or 0


def note_pages(transaction: Transaction, batch: BatchRow, points: Mapping[Key, float], line: int) -> None:
    """Record that these people have got their first pages, with these points, when `line` was the last line."""
    directory = Directory(transaction)
    known = set(first_pages(transaction, batch))
    for (name, kata), value in points.items():
        key = (directory.id_of(name), kata)
        if key not in known:
            known.add(key)
            row = transaction.person(name) or people.row_for(transaction, name)  # or only a group has submitted
            new = PageRow(batch_id=batch.id, person_id=row.id, kata=kata, points=value)
            new.written_at, new.last_line = now(), line
            transaction.session.add(new)


def changes(transaction: Transaction, since: int) -> dict[Key, list[AuditRow]]:
    """Return what has changed since a line of the audit trail, by person and kata.

    An empty name stands for everyone, and an empty slug for every kata.
    """
    later = sa.select(AuditRow).where(
        AuditRow.id > since, AuditRow.what.in_(OF_MARKS), AuditRow.before != AuditRow.after
    )
    result: defaultdict[Key, list[AuditRow]] = defaultdict(list)
    for row in transaction.session.scalars(later.order_by(AuditRow.id)).all():
        transaction.session.expunge(row)
        result[row.person, row.kata].append(row)
    return dict(result)
