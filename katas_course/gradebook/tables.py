"""The tables of the gradebook.

Times are in UTC, in ISO 8601 to the second, so that sorting them as text sorts them by time.
"""

from __future__ import annotations

from dataclasses import fields
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy import ForeignKey, ForeignKeyConstraint, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from graders.manual_scores import ManualScore, with_scores
from graders.verdict import Verdict, from_json
from katas_course.clock import UTC
from katas_course.rules import Decision, Rule

REVISION = "0003"  # of these tables; a database stores it
UPGRADES = {
    "0001": (
        "ALTER TABLE course ADD COLUMN zone TEXT DEFAULT 'UTC' NOT NULL",
        "ALTER TABLE katas ADD COLUMN earlier TEXT DEFAULT '' NOT NULL",
    ),
    "0002": (),
}
"""What turns the tables of an earlier revision into the current ones, in addition to the tables that are new."""

_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """The base class of all tables. It gives names to constraints, so that a later version can change them."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar = {str: Text}


# Alembic uses the same name.
REVISIONS = sa.Table("alembic_version", Table.metadata, sa.Column("version_num", Text, primary_key=True))


class KataRow(Table):
    """A kata of the course, with its rules."""

    __tablename__ = "katas"

    slug: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(default="")
    attempts_per_day: Mapped[int] = mapped_column(default=0)
    counts: Mapped[str] = mapped_column(default="best")
    due_at: Mapped[str | None] = mapped_column(default=None)
    late_percent: Mapped[float] = mapped_column(default=0.0)
    late_days: Mapped[int | None] = mapped_column(default=None)
    grace_s: Mapped[int] = mapped_column(default=0)
    weight: Mapped[float | None] = mapped_column(default=None)
    category: Mapped[str] = mapped_column(default="")
    missing: Mapped[str] = mapped_column(default="zero")
    maximum: Mapped[float] = mapped_column(default=0.0)
    in_groups: Mapped[bool] = mapped_column(default=False)
    earlier: Mapped[str] = mapped_column(default="")

    @property
    def rule(self) -> Rule:
        return Rule(**{each.name: getattr(self, each.name) for each in fields(Rule)})


class CourseRow(Table):
    """The settings of the whole course, in one row with the id 1."""

    __tablename__ = "course"

    id: Mapped[int] = mapped_column(primary_key=True)
    late_day_bank: Mapped[int] = mapped_column(default=0)
    pass_percent: Mapped[float | None] = mapped_column(default=None)
    zone: Mapped[str] = mapped_column(default=UTC)


class CategoryRow(Table):
    """A category of katas. Its weight decides its share of the total."""

    __tablename__ = "categories"

    name: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[float] = mapped_column(default=1.0)
    drop_lowest: Mapped[int] = mapped_column(default=0)


class RosterRow(Table):
    """A person on the course's roster. `left_at` is the time of the first import that lacked the person, or None."""

    __tablename__ = "roster"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    section: Mapped[str] = mapped_column(default="")
    team: Mapped[str] = mapped_column(default="")
    left_at: Mapped[str | None] = mapped_column(default=None)
    ids: Mapped[list[RosterIdRow]] = relationship(back_populates="person", cascade="all, delete-orphan")


class RosterIdRow(Table):
    """Another id of a person on the roster.

    `system` is the learning platform that the id comes from, or one of MATCHED for a submitted name.
    """

    __tablename__ = "roster_ids"

    system: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    roster_id: Mapped[str] = mapped_column(ForeignKey("roster.id", ondelete="CASCADE"), index=True)
    person: Mapped[RosterRow] = relationship(back_populates="ids")


class PersonRow(Table):
    """A person who submits, under the submitted name. Someone on the roster can submit under several names."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    submissions: Mapped[list[SubmissionRow]] = relationship(back_populates="person", cascade="all, delete-orphan")
    extensions: Mapped[list[ExtensionRow]] = relationship(back_populates="person", cascade="all, delete-orphan")
    decisions: Mapped[list[DecisionRow]] = relationship(back_populates="person", cascade="all, delete-orphan")
    requests: Mapped[list[RequestRow]] = relationship(back_populates="person", cascade="all, delete-orphan")


class SourceRow(Table):
    """An id that a download or a worksheet has given for a submitted name (see katas_course.identity).

    A platform's number is `alone` if nothing else came with it.
    """

    __tablename__ = "sources"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    alone: Mapped[bool] = mapped_column(default=False)


class ExtensionRow(Table):
    """A person's own deadline for a kata."""

    __tablename__ = "extensions"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    kata: Mapped[str] = mapped_column(ForeignKey("katas.slug"), primary_key=True)
    due_at: Mapped[str]
    person: Mapped[PersonRow] = relationship(back_populates="extensions")


class DecisionRow(Table):
    """An instructor's decision on a person's points for a kata, or for one `task` of it.

    `kind` is "override" or "exclude".
    """

    __tablename__ = "decisions"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    kata: Mapped[str] = mapped_column(ForeignKey("katas.slug"), primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    points: Mapped[float] = mapped_column(default=0.0)
    who: Mapped[str]
    at: Mapped[str]
    reason: Mapped[str]
    person: Mapped[PersonRow] = relationship(back_populates="decisions")

    @property
    def decision(self) -> Decision:
        return Decision(self.kind, self.task, self.points, self.who, self.at, self.reason)


class RequestRow(Table):
    """A person's request to regrade a kata. `closed_at` is None while it is open."""

    __tablename__ = "requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    kata: Mapped[str] = mapped_column(ForeignKey("katas.slug"))
    reason: Mapped[str]
    opened_at: Mapped[str]
    opened_by: Mapped[str]
    closed_at: Mapped[str | None] = mapped_column(default=None)
    closed_by: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")
    person: Mapped[PersonRow] = relationship(back_populates="requests")


class SubmissionRow(Table):
    """A person's submission for a kata. `batch` is the folder that holds its files, if any."""

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("person_id", "kata", "sha256", "submitted_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    kata: Mapped[str] = mapped_column(ForeignKey("katas.slug"), index=True)
    sha256: Mapped[str]
    submitted_at: Mapped[str]
    batch: Mapped[str] = mapped_column(default="")
    person: Mapped[PersonRow] = relationship(back_populates="submissions")
    verdicts: Mapped[list[VerdictRow]] = relationship(
        back_populates="submission", cascade="all, delete-orphan", order_by="VerdictRow.id"
    )
    scores: Mapped[list[ScoreRow]] = relationship(
        back_populates="submission", cascade="all, delete-orphan", order_by="ScoreRow.task"
    )

    @property
    def is_graded(self) -> bool:
        """Whether it has a verdict that counts. An `error` is the harness's fault and never counts."""
        return any(each.status != "error" for each in self.verdicts)

    def current_verdict(self) -> Verdict:
        """Return the newest verdict that counts on a graded submission, with its manual scores."""
        counting = [each for each in self.verdicts if each.status != "error"]
        return self._with_scores(max(counting, key=VerdictRow.age))

    def earlier_verdict(self, times: int) -> Verdict | None:
        """Return the verdict that counted so many gradings ago, with the current manual scores, or None."""
        counting = sorted((each for each in self.verdicts if each.status != "error"), key=VerdictRow.age)
        return self._with_scores(counting[-1 - times]) if times < len(counting) else None

    def last_verdict(self) -> Verdict:
        """Return the newest verdict, even if it is an `error`, with the submission's manual scores."""
        return self._with_scores(max(self.verdicts, key=VerdictRow.age))

    def _with_scores(self, row: VerdictRow) -> Verdict:
        return with_scores(row.verdict(), [row.score for row in self.scores])


class VerdictRow(Table):
    """A verdict with all details for instructors. The newest verdict on a submission is current."""

    __tablename__ = "verdicts"
    __table_args__ = (UniqueConstraint("submission_id", "graded_at", "seed"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), index=True)
    graded_at: Mapped[str]
    seed: Mapped[str]
    status: Mapped[str]
    harness_version: Mapped[str]
    kata_digest: Mapped[str]
    suite_digest: Mapped[str]
    record: Mapped[str]
    submission: Mapped[SubmissionRow] = relationship(back_populates="verdicts")

    def age(self) -> tuple[str, int]:
        """Return the sort key of verdicts. The one with the greatest key is current."""
        return self.graded_at, self.id

    def verdict(self) -> Verdict:
        """Return the verdict without manual scores."""
        return from_json(self.record.encode())


class ScoreRow(Table):
    """The points that a reviewer gave for a task. They stay when the submission is regraded."""

    __tablename__ = "marks"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[float]
    reviewer: Mapped[str]
    reviewed_at: Mapped[str]
    comment: Mapped[str] = mapped_column(default="")
    submission: Mapped[SubmissionRow] = relationship(back_populates="scores")

    @property
    def score(self) -> ManualScore:
        return ManualScore(self.task, self.points, self.reviewer, self.reviewed_at, self.comment)


class AuditRow(Table):
    """A change to the gradebook, with its author, its time, and the values before and after it.

    Rows are never changed, but they are deleted together with the person or the submission that they are about.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str]
    who: Mapped[str]
    what: Mapped[str]
    person: Mapped[str] = mapped_column(default="", index=True)
    kata: Mapped[str] = mapped_column(default="")
    before: Mapped[str] = mapped_column(default="")
    after: Mapped[str] = mapped_column(default="")
    submission_id: Mapped[int | None] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), default=None, index=True
    )


class BatchRow(Table):
    """A batch. All its seeds are derived from `seed` (64 hexadecimal digits).

    `folder` is where its files are; in the gradebook inside a batch's own folder it is ".", so that the folder can be
    moved and copied. `key` identifies the batch, wherever its folder is.
    """

    __tablename__ = "batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    folder: Mapped[str]
    seed: Mapped[str]


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
    written_at: Mapped[str]
    last_line: Mapped[int]


class LeaseRow(Table):
    """A task of a submission that one reviewer has open, so that no other reviewer is offered it.

    `holder` identifies the reviewer's session. The lease ends at the time `until`.
    """

    __tablename__ = "leases"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[str]


class PseudonymKeyRow(Table):
    """The secret key, in one row with the id 1, from which people's pseudonyms are derived."""

    __tablename__ = "pseudonym_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]


class RubricItemRow(Table):
    """A comment with points (or a deduction) that reviewers of a task can choose again and again."""

    __tablename__ = "rubric_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    kata: Mapped[str] = mapped_column(ForeignKey("katas.slug"), index=True)
    task: Mapped[str]
    label: Mapped[str]
    points: Mapped[float]
    comment: Mapped[str] = mapped_column(default="")


class ScoreItemRow(Table):
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
    task: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("rubric_items.id"), primary_key=True, index=True)
