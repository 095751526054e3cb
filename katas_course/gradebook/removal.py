"""Remove people and old submissions from the gradebook and its audit trail."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from katas_course.gradebook import people
from katas_course.gradebook.database import Gradebook, Transaction
from katas_course.gradebook.people import Directory
from katas_course.gradebook.tables import (
    AuditRow,
    BatchRow,
    DecisionRow,
    ExtensionRow,
    PageRow,
    PersonRow,
    RequestRow,
    RosterRow,
    SubmissionRow,
)
from katas_course.submissions import forms

FORGOTTEN = "(forgotten)"


def batches_of(transaction: Transaction, person: str) -> list[str]:
    """Return the batch folders that hold a person's submissions or pages."""
    rows = people.rows_of(transaction, person)
    of_pages = sa.select(BatchRow.folder).join(PageRow, PageRow.batch_id == BatchRow.id)  # a group may have submitted
    with_pages = transaction.session.scalars(of_pages.where(PageRow.person_id.in_([row.id for row in rows])))
    return _folders(transaction, {*with_pages, *(each.batch for row in rows for each in row.submissions)})


def before(transaction: Transaction, moment: str) -> tuple[int, list[str]]:
    """Return the number of submissions from before this moment, and the batch folders that hold their files."""
    old = _submitted_before(transaction, moment)
    return len(old), _folders(transaction, {each.batch for each in old})


def _folders(transaction: Transaction, batches: set[str]) -> list[str]:
    return [transaction.path_of(each) for each in sorted(batches) if each]


def forget(book: Gradebook, person: str, names: Collection[str] | None = None) -> None:
    """Remove a person from a gradebook and its audit trail.

    With `names`, remove exactly what is stored under these, in any Unicode form, and the id `person`.
    """
    with book.transaction(alone=True) as transaction:
        if names is None:
            directory = Directory(transaction)
            person = directory.known(person)
            names = directory.names_of(person)
        stored = set[str]().union(*map(forms, names))
        rows = list(transaction.session.scalars(sa.select(PersonRow).where(PersonRow.name.in_(stored))))
        if not rows and transaction.session.get(RosterRow, person) is None:
            return
        for name in (person, *stored):
            transaction.session.execute(sa.delete(AuditRow).where(AuditRow.person == name))
        matched = (AuditRow.what == "matched") & ((AuditRow.before == person) | (AuditRow.after == person))
        transaction.session.execute(sa.delete(AuditRow).where(matched))
        for row in rows:
            transaction.session.delete(row)
        transaction.session.execute(sa.delete(RosterRow).where(RosterRow.id == person))
        transaction.note("forgotten", FORGOTTEN)
    book.compact()


def forget_before(book: Gradebook, moment: str) -> int:
    """Remove everything submitted before this moment, including its lines in the audit trail.

    People who are left with neither a submission nor a later deadline, decision or request are removed too. People on
    the roster stay, unless they left the course before this moment. Return the number of removed submissions.
    """
    with book.transaction(alone=True) as transaction:
        old = _submitted_before(transaction, moment)
        for each in old:
            transaction.session.delete(each)
        transaction.session.flush()
        _forget_people_before(transaction, moment)
        transaction.note("expired", before=f"{len(old)} submissions", after=f"handed in before {moment}")
    book.compact()
    return len(old)


def _forget_people_before(transaction: Transaction, moment: str) -> None:
    idle = ~PersonRow.submissions.any() & ~PersonRow.extensions.any(ExtensionRow.due_at >= moment)
    idle &= ~PersonRow.decisions.any(DecisionRow.at >= moment) & ~PersonRow.requests.any(RequestRow.opened_at >= moment)
    later_pages = sa.select(PageRow.person_id).where(PageRow.written_at >= moment)  # perhaps on a group's work
    idle &= PersonRow.id.not_in(later_pages)
    directory = Directory(transaction)
    in_course = {each.id for each in directory.roster.here}
    for person in list(transaction.session.scalars(sa.select(PersonRow).where(idle))):
        is_decided = person.name in in_course or person.decisions or person.extensions or person.requests
        if is_decided and directory.id_of(person.name) in in_course:  # about someone who is still here
            continue
        transaction.session.execute(sa.delete(AuditRow).where(AuditRow.person == person.name))
        transaction.session.delete(person)
    transaction.session.flush()
    still_here = {each for name in Directory(transaction).matches.values() if (each := name.id)}
    for row in transaction.session.scalars(sa.select(RosterRow).where(RosterRow.left_at < moment)):
        if row.id not in still_here:
            transaction.session.execute(sa.delete(AuditRow).where(AuditRow.person == row.id))
            transaction.session.delete(row)


def _submitted_before(transaction: Transaction, moment: str) -> list[SubmissionRow]:
    return list(transaction.session.scalars(sa.select(SubmissionRow).where(SubmissionRow.submitted_at < moment)))
