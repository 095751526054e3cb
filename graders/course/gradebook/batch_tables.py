"""The tables that let a gradebook be the store of the batches that it holds."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from graders.course.gradebook.tables import Table


class BatchRow(Table):
    """A batch. All its seeds are derived from `seed` (64 hexadecimal digits).

    `folder` is where its files are; in the gradebook inside a batch's own folder it is ".", so that the folder can be
    moved and copied. `key` identifies the batch, wherever its folder is.
    """

    __tablename__ = "batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    folder: Mapped[str] = mapped_column(Text)
    seed: Mapped[str] = mapped_column(Text)


class EntryRow(Table):
    """The submission that a batch last graded for a person and a kata."""

    __tablename__ = "batch_entries"

    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    kata: Mapped[str] = mapped_column(ForeignKey("katas.slug"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), index=True)


class PageRow(Table):
    """The first page of feedback that a person got on a kata.

    It showed these `points`, and the audit trail ended with the line `last_line`.
    """

    __tablename__ = "pages"

    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    kata: Mapped[str] = mapped_column(ForeignKey("katas.slug"), primary_key=True)
    points: Mapped[float]
    written_at: Mapped[str] = mapped_column(Text)
    last_line: Mapped[int]
