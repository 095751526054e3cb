"""Change a kata's rule or a person's deadline, and check the daily limit on attempts."""

from __future__ import annotations

from graders.course import rules
from graders.course.gradebook.records import current_verdict, rule_in
from graders.course.gradebook.tables import ExtensionRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rules import Rule
from graders.course.submissions import KataSubmission


def set_rule(
    transaction: Transaction,
    slug: str,
    *,
    counts: str | None,
    due_at: str | None,
    late_percent: float | None,
    late_days: int | None,
) -> Rule:
    """Change a kata's rule, and return the new rule. Settings that are None stay unchanged."""
    row = transaction.kata(slug)
    before = rules.described(rule_in(row))
    if counts is not None:
        row.counts = counts
    if due_at is not None:
        row.due_at = due_at or None
    if late_percent is not None:
        row.late_percent = late_percent
    if late_days is not None:
        row.late_days = None if late_days < 0 else late_days
    after = rule_in(row)
    if rules.described(after) != before:
        transaction.note("rule", kata=slug, before=before, after=rules.described(after))
    return after


def extend(transaction: Transaction, person: str, slug: str, due_at: str) -> None:
    """Set one person's deadline for a kata."""
    transaction.kata(slug)
    row = transaction.known_person(person)
    own = transaction.session.get(ExtensionRow, (row.id, slug))
    before = own.due_at if own else ""
    if own:
        own.due_at = due_at
    else:
        transaction.session.add(ExtensionRow(person_id=row.id, kata=slug, due_at=due_at))
    transaction.note("extension", row.name, slug, before, due_at)


def attempts_exceeded(transaction: Transaction, submission: KataSubmission) -> str:
    """Return why a submission exceeds the daily limit on attempts, or an empty string if it does not.

    A submission that is already in the gradebook does not count as a new attempt.
    """
    limit = submission.kata.attempts_per_day
    if not limit or submission.taken is None:
        return ""
    day = rules.day_of(submission.entry.submitted_at)
    own = [
        each
        for each in transaction.submissions(submission.kata.slug, submission.entry.person)
        if rules.day_of(each.submitted_at) == day and each.verdicts
    ]
    if any(each.sha256 == submission.taken.sha256 for each in own):
        return ""
    spent = sum(rules.spends_attempt(current_verdict(each)) for each in own)
    if spent < limit:
        return ""
    return f"attempt {spent + 1} on {day}, but only {limit} a day are graded (days start at 0:00 UTC)"
