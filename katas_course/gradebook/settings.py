"""The rules of katas and of the whole course, people's own deadlines, and the daily limit on attempts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from katas_course.clock import UTC, Clock
from katas_course.gradebook import people
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.groups import Groups
from katas_course.gradebook.people import Directory, IdKey
from katas_course.gradebook.tables import CategoryRow, CourseRow, ExtensionRow, KataRow
from katas_course.rules import Rule, day_of, described, spends_attempt
from katas_course.submissions import KataSubmission
from katas_course.totals import Category, Course


def rules(transaction: Transaction) -> dict[str, Rule]:
    """Return the katas' rules by slug."""
    return {row.slug: row.rule for row in transaction.session.scalars(sa.select(KataRow))}


def set_rule(transaction: Transaction, slug: str, /, **changes: Any) -> Rule:
    """Change settings in a kata's rule, and return the new rule.

    An empty `due_at` removes the deadline, and negative `late_days` or a negative `weight` remove that setting.
    """
    row = transaction.kata(slug)
    before = described(row.rule)
    for name, value in changes.items():
        removed = value == "" if name == "due_at" else name in ("late_days", "weight") and value < 0
        setattr(row, name, None if removed else value)
    after = row.rule
    if described(after) != before:
        transaction.note("rule", kata=slug, before=before, after=described(after))
    return after


def extend(transaction: Transaction, person: str, slug: str, due_at: str) -> str:
    """Set one person's deadline for a kata, or with an empty `due_at` withdraw it. Return the deadline until now.

    A person on the roster needs no submission.
    """
    transaction.kata(slug)
    row = people.row_for(transaction, person)
    keys = [(name.id, slug) for name in people.rows_of(transaction, person)]
    own = [each for key in keys if (each := transaction.session.get(ExtensionRow, key))]
    before = max((each.due_at for each in own), default="")
    for each in own:
        transaction.session.delete(each)
    transaction.session.flush()
    if due_at:
        transaction.session.add(ExtensionRow(person_id=row.id, kata=slug, due_at=due_at))
    if before != due_at:
        transaction.note("extension", row.name, slug, before, due_at or "withdrawn")
    return before


def extensions(transaction: Transaction, directory: Directory | None = None) -> dict[IdKey, str]:
    """Return everyone's own deadlines. If names of one person differ, the latest one counts."""
    directory = directory or Directory(transaction)
    result: dict[IdKey, str] = {}
    for row in transaction.session.scalars(sa.select(ExtensionRow).options(selectinload(ExtensionRow.person))):
        key = directory.id_of(row.person.name), row.kata
        result[key] = max(row.due_at, result.get(key, ""))
    return result


def may_be_graded(transaction: Transaction, submission: KataSubmission) -> str:
    """Return why the daily limit on attempts forbids grading a submission, or an empty string if it does not.

    A submission that is already in the gradebook does not count as a new attempt.
    """
    limit = submission.kata.attempts_per_day
    if not limit or submission.files is None:
        return ""
    day = day_of(submission.entry.submitted_at)
    directory = Directory(transaction)
    person = directory.id_of(submission.entry.person)
    row = transaction.session.get(KataRow, submission.kata.slug)
    mates = Groups(directory.roster, ()).mates(person) if row is not None and row.in_groups else []
    names = {submission.entry.person, *(name for each in (person, *mates) for name in directory.names_of(each))}
    of_day = [
        each
        for each in transaction.submissions(submission.kata.slug, names)
        if day_of(each.submitted_at) == day and each.is_graded
    ]
    if any(each.sha256 == submission.files.sha256 for each in of_day):
        return ""
    different = {(each.sha256, each.submitted_at): each for each in of_day}  # a group's may be there once per member
    spent = sum(spends_attempt(each.current_verdict()) for each in different.values())
    if spent < limit:
        return ""
    return f"attempt {spent + 1} on {day}, but only {limit} a day are graded (days start at 0:00 UTC)"


# ----------------------------------------------------------------------------------------- the course


def course(transaction: Transaction) -> Course:
    """Return the settings of the course: the bank of late days, the pass mark, the categories, and the time zone."""
    row = transaction.session.get(CourseRow, 1)
    rows = transaction.session.scalars(sa.select(CategoryRow).order_by(CategoryRow.name))
    categories = tuple(Category(each.name, each.weight, each.drop_lowest) for each in rows)
    if row is None:
        return Course(categories=categories)
    return Course(row.late_day_bank, row.pass_percent, categories, row.zone)


def clock(transaction: Transaction) -> Clock:
    """Return what writes times in the time zone of the course."""
    return Clock(course(transaction).zone)


def set_course(
    transaction: Transaction,
    *,
    late_day_bank: int | None = None,
    pass_percent: float | None = None,
    zone: str | None = None,
) -> None:
    """Change the settings of the course. None leaves a setting unchanged; -1 removes the pass mark."""
    row = transaction.session.get(CourseRow, 1) or CourseRow(id=1, late_day_bank=0, pass_percent=None, zone=UTC)
    _set(transaction, row, {"late_day_bank": late_day_bank, "pass_percent": pass_percent, "zone": zone})


def set_category(
    transaction: Transaction, name: str, *, weight: float | None = None, drop_lowest: int | None = None
) -> None:
    """Change a category of katas, and add it if it is missing. The empty name means the katas without a category."""
    row = transaction.session.get(CategoryRow, name) or CategoryRow(name=name, weight=1.0, drop_lowest=0)
    _set(transaction, row, {"weight": weight, "drop_lowest": drop_lowest})


def _set(transaction: Transaction, row: CourseRow | CategoryRow, given: Mapping[str, Any]) -> None:
    """Set the values that are not None, where a negative number removes the setting, and note the change."""
    before = described_course(course(transaction))
    transaction.session.add(row)
    for name, value in given.items():
        if value is not None:
            setattr(row, name, None if not isinstance(value, str) and value < 0 else value)
    transaction.session.flush()
    after = described_course(course(transaction))
    if after != before:
        transaction.note("course", before=before, after=after)


def described_course(course: Course) -> str:
    """Describe the settings of the course in one line."""
    words = [f"late days: {course.late_day_bank} a person"] if course.late_day_bank else ["no late-day bank"]
    words.append("no pass mark" if course.pass_percent is None else f"pass mark {course.pass_percent:g} %")
    for each in course.categories:
        drop = f", without the lowest {each.drop_lowest}" if each.drop_lowest else ""
        words.append(f"category {each.name}: weight {each.weight:g}{drop}" if each.name else f"all katas{drop}")
    words += [f"times in {course.zone}"] * (course.zone != UTC)
    return "; ".join(words)
