"""Tell namesakes' submissions apart that were stored under one name before the roster showed two people with it."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa

from katas_course.gradebook.database import Transaction
from katas_course.gradebook.people import Directory
from katas_course.gradebook.tables import (
    AuditRow,
    DecisionRow,
    EntryRow,
    ExtensionRow,
    PageRow,
    PersonRow,
    RequestRow,
    SourceRow,
    SubmissionRow,
)
from katas_course.identity import NUMBER
from katas_course.roster import MATCHED

OF_KATA = (SubmissionRow, EntryRow, PageRow, ExtensionRow, DecisionRow, RequestRow)  # a person's rows about a kata


def tell_apart(transaction: Transaction, directory: Directory) -> dict[str, list[str]]:
    """Rename submissions for different katas that could come from different people on the roster with the same name.

    A platform's number, which each assignment has anew, becomes a part of the name. What came with an e-mail address or
    an id keeps the name, because that decides. Return the new names by the earlier one.
    """
    of_name: defaultdict[str, list[SourceRow]] = defaultdict(list)
    wanted = sa.select(PersonRow.name, SourceRow).join(SourceRow, SourceRow.person_id == PersonRow.id)
    for name, source in transaction.session.execute(wanted.where(SourceRow.alone).order_by(SourceRow.value)).all():
        if directory.roster.namesakes(name) and directory.roster.match(name).how not in MATCHED.values():
            of_name[name].append(source)
    renamed: dict[str, list[str]] = {}
    for name, sources in of_name.items():
        row = transaction.person(name)
        if row is not None and len({each.kata for each in row.submissions}) > 1:
            renamed[name] = [
                _renamed(transaction, row, each) for each in sources if not name.endswith(f"_{each.value}")
            ]
            transaction.session.expire_all()
            if not (row.submissions or row.extensions or row.decisions or row.requests):
                transaction.session.delete(row)
    return renamed


def _renamed(transaction: Transaction, row: PersonRow, source: SourceRow) -> str:
    """Give the submissions that came with a number a name with it, and return the name."""
    session, name, kata = transaction.session, f"{row.name}_{source.value}", source.kind.removeprefix(NUMBER)
    new = transaction.person_added(name)
    for table in OF_KATA:
        session.execute(sa.update(table).filter_by(person_id=row.id, kata=kata).values(person_id=new.id))
    session.execute(sa.update(AuditRow).filter_by(person=row.name, kata=kata).values(person=name))
    session.execute(sa.update(SourceRow).filter_by(person_id=row.id, kind=source.kind).values(person_id=new.id))
    transaction.note("told apart", name, kata, before=row.name, after=name)
    return name
