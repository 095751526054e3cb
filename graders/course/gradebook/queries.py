"""Query the gradebook for results, titles, the audit trail, and verdicts by version."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import msgspec
import sqlalchemy as sa
from packaging.version import InvalidVersion, Version
from sqlalchemy.orm import selectinload

from graders.course import rules
from graders.course.gradebook.records import PersonKata, StoredSubmission, current_verdict, rule_in, stored
from graders.course.gradebook.tables import AuditRow, ExtensionRow, KataRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rules import Attempt
from graders.errors import KataError
from graders.report.text import clean_line
from graders.verdict import Verdict


def places(transaction: Transaction, slug: str | None, person: str | None) -> list[PersonKata]:
    """Return the results for every kata or for one, and for everyone or one person, sorted by person and kata."""
    session = transaction.session
    if person is not None:
        transaction.known_person(person)
    of_katas = {row.slug: rule_in(row) for row in session.scalars(sa.select(KataRow))}
    own = {
        (row.person.name, row.kata): row.due_at
        for row in session.scalars(sa.select(ExtensionRow).options(selectinload(ExtensionRow.person)))
    }
    grouped: dict[tuple[str, str], list[Attempt]] = {}
    for submission in transaction.submissions(slug, person):
        if submission.verdicts:
            attempt = Attempt(submission.submitted_at, _without_outputs(current_verdict(submission)))
            grouped.setdefault((submission.person.name, submission.kata), []).append(attempt)
    found = []
    for (name, kata), attempts in sorted(grouped.items()):
        rule = of_katas[kata]
        if (name, kata) in own:
            rule = dataclasses.replace(rule, due_at=own[name, kata])
        each = rules.standings(attempts, rule)
        found.append(PersonKata(name, kata, rule, tuple(each), rules.counted(each, rule)))
    return found


def titles(transaction: Transaction) -> dict[str, str]:
    """Return the titles of the gradebook's katas by slug."""
    return {row.slug: row.title for row in transaction.session.scalars(sa.select(KataRow).order_by(KataRow.slug))}


def audit(transaction: Transaction, person: str | None) -> list[AuditRow]:
    """Return the audit trail of one person or of everyone in chronological order."""
    wanted = sa.select(AuditRow).order_by(AuditRow.id)
    if person is not None:
        wanted = wanted.where(AuditRow.person == transaction.known_person(person).name)
    rows = list(transaction.session.scalars(wanted))
    transaction.session.expunge_all()
    return rows


def affected(
    transaction: Transaction, since: str | None, before: str | None, slugs: Collection[str]
) -> list[StoredSubmission]:
    """Return the submissions whose current verdict was made by one of these versions of the harness.

    The versions start with `since` and end before `before`. None means no limit. If `slugs` is not empty, only
    submissions for these katas are returned.
    """
    first, end = _version(since), _version(before)
    found = []
    for submission in transaction.submissions():
        if not submission.verdicts or (slugs and submission.kata not in slugs):
            continue
        verdict = current_verdict(submission)
        made = _version(verdict.harness_version)
        assert made is not None
        if (first is None or made >= first) and (end is None or made < end):
            found.append(stored(submission, verdict))
    return sorted(found, key=lambda each: (each.kata, each.person, each.submitted_at))


def _version(text: str | None) -> Version | None:
    try:
        return None if text is None else Version(text)
    except InvalidVersion:
        raise KataError(f"{clean_line(str(text))}: expected a version such as 0.1.0.") from None


def _without_outputs(found: Verdict) -> Verdict:
    tests = tuple(msgspec.structs.replace(test, output="") for test in found.tests)
    return msgspec.structs.replace(found, tests=tests)
