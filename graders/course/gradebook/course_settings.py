"""Read and change the settings of the whole course: the bank of late days, the pass mark, and categories."""

from __future__ import annotations

import sqlalchemy as sa

from graders.course.gradebook.tables import CategoryRow, CourseRow
from graders.course.gradebook.transaction import Transaction
from graders.course.totals import Category, Course


def settings(transaction: Transaction) -> Course:
    """Return the settings of the course."""
    row = transaction.session.get(CourseRow, 1)
    rows = transaction.session.scalars(sa.select(CategoryRow).order_by(CategoryRow.name))
    categories = tuple(Category(each.name, each.weight, each.drop_lowest) for each in rows)
    return Course(row.late_day_bank if row else 0, row.pass_percent if row else None, categories)


def change(transaction: Transaction, *, late_day_bank: int | None, pass_percent: float | None) -> None:
    """Change the bank of late days and the pass mark. None leaves a setting unchanged; -1 removes the pass mark."""
    before = described(settings(transaction))
    row = transaction.session.get(CourseRow, 1)
    if row is None:
        row = CourseRow(id=1, late_day_bank=0, pass_percent=None)
        transaction.session.add(row)
    if late_day_bank is not None:
        row.late_day_bank = late_day_bank
    if pass_percent is not None:
        row.pass_percent = None if pass_percent < 0 else pass_percent
    _note(transaction, before)


def change_category(transaction: Transaction, name: str, *, weight: float | None, drop_lowest: int | None) -> None:
    """Change a category, and add it if it is missing. None leaves a setting unchanged."""
    before = described(settings(transaction))
    row = transaction.session.get(CategoryRow, name)
    if row is None:
        row = CategoryRow(name=name, weight=1.0, drop_lowest=0)
        transaction.session.add(row)
    if weight is not None:
        row.weight = weight
    if drop_lowest is not None:
        row.drop_lowest = drop_lowest
    _note(transaction, before)


def _note(transaction: Transaction, before: str) -> None:
    transaction.session.flush()
    after = described(settings(transaction))
    if after != before:
        transaction.note("course", before=before, after=after)


def described(course: Course) -> str:
    """Describe the settings in one line."""
    words = [f"late days: {course.late_day_bank} a person"] if course.late_day_bank else ["no late-day bank"]
    words.append("no pass mark" if course.pass_percent is None else f"pass mark {course.pass_percent:g} %")
    for each in course.categories:
        drop = f", without the lowest {each.drop_lowest}" if each.drop_lowest else ""
        words.append(f"category {each.name}: weight {each.weight:g}{drop}" if each.name else f"all katas{drop}")
    return "; ".join(words)
