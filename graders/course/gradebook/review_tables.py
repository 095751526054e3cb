"""The tables of the queue in which reviewers score tasks."""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from graders.course.gradebook.tables import Table


class LeaseRow(Table):
    """A task of a submission that one reviewer has open, so that no other reviewer is offered it.

    `holder` identifies the reviewer's session. The lease ends at the time `until`.
    """

    __tablename__ = "leases"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True)
    task: Mapped[str] = mapped_column(Text, primary_key=True)
    holder: Mapped[str] = mapped_column(Text)
    until: Mapped[str] = mapped_column(Text)


class PseudonymKeyRow(Table):
    """The secret key, in one row with the id 1, from which people's pseudonyms are derived."""

    __tablename__ = "pseudonym_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text)


class RubricItemRow(Table):
    """A comment with points (or a deduction) that reviewers of a task can choose again and again."""

    __tablename__ = "rubric_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    kata: Mapped[str] = mapped_column(ForeignKey("katas.slug"), index=True)
    task: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    points: Mapped[float]
    comment: Mapped[str] = mapped_column(Text, default="")


class MarkItemRow(Table):
    """A rubric item that a manual score comes from."""

    __tablename__ = "mark_items"
    __table_args__ = (
        ForeignKeyConstraint(
            ["submission_id", "task"],
            ["marks.submission_id", "marks.task"],
            name="fk_mark_items_submission_id_marks",
            ondelete="CASCADE",
        ),
    )

    submission_id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(Text, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("rubric_items.id"), primary_key=True, index=True)
