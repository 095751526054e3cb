"""Override points, exclude submissions, and keep requests to regrade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from graders.errors import KataError
from graders.report.text import clean_line
from katas_course.gradebook import people
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.people import Directory, IdKey
from katas_course.gradebook.tables import DecisionRow, PersonRow, RequestRow
from katas_course.rules import Decision
from katas_course.submissions import now

LONGEST_REASON = 1_000  # characters


def by_person(transaction: Transaction, directory: Directory) -> Mapping[IdKey, tuple[Decision, ...]]:
    """Return the decisions, sorted by task. If names of one person disagree, the newest counts."""
    wanted = sa.select(DecisionRow).options(selectinload(DecisionRow.person)).order_by(DecisionRow.at)
    result: dict[IdKey, dict[str, Decision]] = {}
    for row in transaction.session.scalars(wanted):
        result.setdefault((directory.id_of(row.person.name), row.kata), {})[row.task] = row.decision
    return {key: tuple(each[task] for task in sorted(each)) for key, each in result.items()}


def override(transaction: Transaction, person: str, slug: str, points: float, reason: str, task: str = "") -> None:
    """Set a person's points for a kata, or for one task of it."""
    _decide(transaction, person, slug, task, "override", points, reason)


def exclude(transaction: Transaction, person: str, slug: str, reason: str) -> None:
    """Give a person no points for a kata."""
    _decide(transaction, person, slug, "", "exclude", 0.0, reason)


def _decide(transaction: Transaction, person: str, slug: str, task: str, kind: str, points: float, reason: str) -> None:
    """Record a decision, which replaces an earlier one on the same kata or task."""
    reason = checked_reason(reason)
    transaction.kata(slug)
    row = people.row_for(transaction, person)
    before = "; ".join(described(each.decision) for each in _removed(transaction, person, slug, task))
    decision = Decision(kind, task, points, clean_line(transaction.who), now(), reason)
    transaction.session.add(DecisionRow(person_id=row.id, kata=slug, **asdict(decision)))
    transaction.note(kind, row.name, slug, before, described(decision))


def withdraw(transaction: Transaction, person: str, slug: str, task: str = "") -> str:
    """Withdraw the decision on a kata or a task, and describe it. Raises KataError if there is none."""
    rows = _removed(transaction, person, slug, task)
    if not rows:
        where = f"{slug}, task {task}" if task else slug
        raise KataError(
            f"{person}, {where}: there is no override or exclusion. `katas gradebook show {person}` lists them."
        )
    before = "; ".join(described(each.decision) for each in rows)
    transaction.note("withdrawn", rows[0].person.name, slug, before)
    return before


def _removed(transaction: Transaction, person: str, slug: str, task: str) -> list[DecisionRow]:
    """Delete and return the decisions on a kata or task under all names of a person."""
    ids = [row.id for row in people.rows_of(transaction, person)]
    wanted = sa.select(DecisionRow).options(selectinload(DecisionRow.person))
    wanted = wanted.where(DecisionRow.person_id.in_(ids), DecisionRow.kata == slug, DecisionRow.task == task)
    rows = list(transaction.session.scalars(wanted))
    for row in rows:
        transaction.session.delete(row)
    transaction.session.flush()
    return rows


def described(decision: Decision) -> str:
    """Describe a decision in one line, without its author."""
    what = f"{decision.task} {decision.points:g}" if decision.task else f"{decision.points:g}"
    return f"{'excluded' if decision.kind == 'exclude' else what}: {decision.reason}"


def checked_reason(reason: str, option: str = "--reason") -> str:
    """Return a reason as one line. Raises KataError if it is empty or too long."""
    found = clean_line(reason.strip(), LONGEST_REASON + 1)
    if not found:
        raise KataError(f"{option}: it is empty. Say why, because everyone who sees the points sees it too.")
    if len(found) > LONGEST_REASON:
        raise KataError(f"{option}: it has more than {LONGEST_REASON} characters. Shorten it.")
    return found


# ---------------------------------------------------------------------------------------------- requests


def add_request(transaction: Transaction, person: str, slug: str, reason: str) -> int:
    """Add a request to regrade, and return its number."""
    reason = checked_reason(reason)
    transaction.kata(slug)
    row = people.row_for(transaction, person)
    request = RequestRow(person_id=row.id, kata=slug, reason=reason)
    request.opened_at, request.opened_by = now(), clean_line(transaction.who)
    transaction.session.add(request)
    transaction.session.flush()
    transaction.note("request", row.name, slug, after=f"{request.id}: {reason}")
    return request.id


def close_request(transaction: Transaction, number: int, answer: str) -> IdKey:
    """Close a request with an answer, and return whose it is. Raises KataError if it is unknown or already closed."""
    row = transaction.session.get(RequestRow, number)
    if row is None:
        raise KataError(f"{number}: no such request. `katas gradebook request list --all` lists them.")
    if row.closed_at is not None:
        raise KataError(f"{number}: {row.closed_by} closed this request on {row.closed_at}: {row.answer}")
    row.answer = checked_reason(answer, "--answer")
    row.closed_at, row.closed_by = now(), clean_line(transaction.who)
    transaction.note("request closed", row.person.name, row.kata, f"{row.id}: {row.reason}", row.answer)
    return Directory(transaction).id_of(row.person.name), row.kata


def requests(
    transaction: Transaction, person: str | None = None, *, closed: bool = False
) -> list[tuple[str, RequestRow]]:
    """Return the open requests in the order in which they were added, each with the id of the person.

    With `closed`, return the closed ones too.
    """
    directory = Directory(transaction)
    wanted = sa.select(RequestRow).join(PersonRow).options(selectinload(RequestRow.person)).order_by(RequestRow.id)
    if not closed:
        wanted = wanted.where(RequestRow.closed_at.is_(None))
    if person is not None:
        wanted = wanted.where(PersonRow.name.in_(directory.names(person)))
    found = [(directory.id_of(row.person.name), row) for row in transaction.session.scalars(wanted)]
    transaction.session.expunge_all()
    return found
