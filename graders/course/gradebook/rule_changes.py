"""Change a kata's rule or a person's deadline, and check the daily limit on attempts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from graders.course import rules
from graders.course.gradebook import people
from graders.course.gradebook.groups import Groups
from graders.course.gradebook.people import Directory
from graders.course.gradebook.records import current_verdict, is_graded, rule_in
from graders.course.gradebook.tables import ExtensionRow, KataRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rules import Rule
from graders.course.submissions import KataSubmission


@dataclass(frozen=True)
class RuleChanges:
    """Changes to a kata's rule. Settings that are None stay unchanged.

    An empty `due_at` removes the deadline, and negative `late_days` or a negative `weight` remove that setting.
    """

    counts: str | None = None
    due_at: str | None = None
    late_percent: float | None = None
    late_days: int | None = None
    grace_s: int | None = None
    weight: float | None = None
    category: str | None = None
    missing: str | None = None
    in_groups: bool | None = None

    def given(self) -> dict[str, Any]:
        """Return the settings to change, with their new values."""
        found = {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}
        if self.due_at == "":
            found["due_at"] = None
        for name in ("late_days", "weight"):
            if found.get(name, 0) < 0:
                found[name] = None
        return found


def set_rule(transaction: Transaction, slug: str, changes: RuleChanges) -> Rule:
    """Change a kata's rule, and return the new rule."""
    row = transaction.kata(slug)
    before = rules.described(rule_in(row))
    for name, value in changes.given().items():
        setattr(row, name, value)
    after = rule_in(row)
    if rules.described(after) != before:
        transaction.note("rule", kata=slug, before=before, after=rules.described(after))
    return after


def extend(transaction: Transaction, person: str, slug: str, due_at: str) -> str:
    """Set one person's deadline for a kata, or with an empty `due_at` withdraw it. Return the deadline until now."""
    transaction.kata(slug)
    row = people.row_for(transaction, person)
    own = [
        each
        for name in people.rows_of(transaction, person)
        if (each := transaction.session.get(ExtensionRow, (name.id, slug)))
    ]
    before = max((each.due_at for each in own), default="")
    for each in own:
        transaction.session.delete(each)
    transaction.session.flush()
    if due_at:
        transaction.session.add(ExtensionRow(person_id=row.id, kata=slug, due_at=due_at))
    if before != due_at:
        transaction.note("extension", row.name, slug, before, due_at or "withdrawn")
    return before


def extensions(transaction: Transaction, directory: Directory) -> dict[tuple[str, str], str]:
    """Return everyone's own deadlines by person and kata. If names of one person differ, the latest one counts."""
    found: dict[tuple[str, str], str] = {}
    for row in transaction.session.scalars(sa.select(ExtensionRow).options(selectinload(ExtensionRow.person))):
        place = directory.id_of(row.person.name), row.kata
        found[place] = max(row.due_at, found.get(place, ""))
    return found


def attempts_exceeded(transaction: Transaction, submission: KataSubmission) -> str:
    """Return why a submission exceeds the daily limit on attempts, or an empty string if it does not.

    A submission that is already in the gradebook does not count as a new attempt.
    """
    limit = submission.kata.attempts_per_day
    if not limit or submission.taken is None:
        return ""
    day = rules.day_of(submission.entry.submitted_at)
    directory = Directory(transaction)
    person = directory.id_of(submission.entry.person)
    row = transaction.session.get(KataRow, submission.kata.slug)
    mates = Groups(directory.roster, ()).mates(person) if row is not None and row.in_groups else []
    names = {submission.entry.person, *(name for each in (person, *mates) for name in directory.names_of(each))}
    own = [
        each
        for each in transaction.submissions(submission.kata.slug, names)
        if rules.day_of(each.submitted_at) == day and is_graded(each)
    ]
    if any(each.sha256 == submission.taken.sha256 for each in own):
        return ""
    different = {(each.sha256, each.submitted_at): each for each in own}  # a group's may be there once per member
    spent = sum(rules.spends_attempt(current_verdict(each)) for each in different.values())
    if spent < limit:
        return ""
    return f"attempt {spent + 1} on {day}, but only {limit} a day are graded (days start at 0:00 UTC)"
