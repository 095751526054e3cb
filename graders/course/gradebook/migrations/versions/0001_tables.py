"""Create the tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_course()
    _create_people()
    _create_submissions()
    _create_decisions()
    _create_batches()
    _create_marking()


def _key(name: str, kind: type[sa.types.TypeEngine[Any]], *more: object) -> sa.Column[Any]:
    return sa.Column(name, kind(), *more, primary_key=True)  # type: ignore[arg-type]


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _refers(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete="CASCADE")


def _create_course() -> None:
    op.create_table(
        "katas",
        _key("slug", sa.Text),
        *_text("title", "counts"),
        sa.Column("attempts_per_day", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Text()),
        sa.Column("late_percent", sa.Double(), nullable=False),
        sa.Column("late_days", sa.Integer()),
        sa.Column("grace_s", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Double()),
        *_text("category", "missing"),
        sa.Column("maximum", sa.Double(), nullable=False),
        sa.Column("in_groups", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "course",
        _key("id", sa.Integer),
        sa.Column("late_day_bank", sa.Integer(), nullable=False),
        sa.Column("pass_percent", sa.Double()),
    )
    op.create_table(
        "categories",
        _key("name", sa.Text),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("drop_lowest", sa.Integer(), nullable=False),
    )


def _create_people() -> None:
    op.create_table("people", _key("id", sa.Integer), sa.Column("name", sa.Text(), nullable=False, unique=True))
    op.create_table(
        "roster", _key("id", sa.Text), *_text("name", "email", "section", "team"), sa.Column("left_at", sa.Text())
    )
    op.create_table(
        "roster_ids",
        _key("system", sa.Text),
        _key("value", sa.Text),
        sa.Column("roster_id", sa.Text(), _refers("roster.id"), nullable=False, index=True),
    )


def _create_submissions() -> None:
    op.create_table(
        "submissions",
        _key("id", sa.Integer),
        sa.Column("person_id", sa.Integer(), _refers("people.id"), nullable=False, index=True),
        sa.Column("kata", sa.Text(), sa.ForeignKey("katas.slug"), nullable=False, index=True),
        *_text("sha256", "submitted_at", "batch"),
        sa.UniqueConstraint("person_id", "kata", "sha256", "submitted_at"),
    )
    op.create_table(
        "verdicts",
        _key("id", sa.Integer),
        sa.Column("submission_id", sa.Integer(), _refers("submissions.id"), nullable=False, index=True),
        *_text("graded_at", "seed", "status", "harness_version", "kata_digest", "suite_digest", "record"),
        sa.UniqueConstraint("submission_id", "graded_at", "seed"),
    )
    op.create_table(
        "audit",
        _key("id", sa.Integer),
        *_text("at", "who", "what"),
        sa.Column("person", sa.Text(), nullable=False, index=True),
        *_text("kata", "before", "after"),
        sa.Column("submission_id", sa.Integer(), _refers("submissions.id"), index=True),
    )


def _create_decisions() -> None:
    op.create_table(
        "extensions",
        _key("person_id", sa.Integer, _refers("people.id")),
        _key("kata", sa.Text, sa.ForeignKey("katas.slug")),
        *_text("due_at"),
    )
    op.create_table(
        "decisions",
        _key("person_id", sa.Integer, _refers("people.id")),
        _key("kata", sa.Text, sa.ForeignKey("katas.slug")),
        _key("task", sa.Text),
        *_text("kind"),
        sa.Column("points", sa.Double(), nullable=False),
        *_text("who", "at", "reason"),
    )
    op.create_table(
        "requests",
        _key("id", sa.Integer),
        sa.Column("person_id", sa.Integer(), _refers("people.id"), nullable=False, index=True),
        sa.Column("kata", sa.Text(), sa.ForeignKey("katas.slug"), nullable=False),
        *_text("reason", "opened_at", "opened_by"),
        sa.Column("closed_at", sa.Text()),
        *_text("closed_by", "answer"),
    )


def _create_batches() -> None:
    op.create_table(
        "batches",
        _key("id", sa.Integer),
        sa.Column("key", sa.Text(), nullable=False, unique=True),
        *_text("folder", "seed"),
    )
    op.create_table(
        "batch_entries",
        _key("batch_id", sa.Integer, _refers("batches.id")),
        _key("person_id", sa.Integer, _refers("people.id")),
        _key("kata", sa.Text, sa.ForeignKey("katas.slug")),
        sa.Column("submission_id", sa.Integer(), _refers("submissions.id"), nullable=False, index=True),
    )
    op.create_table(
        "pages",
        _key("batch_id", sa.Integer, _refers("batches.id")),
        _key("person_id", sa.Integer, _refers("people.id")),
        _key("kata", sa.Text, sa.ForeignKey("katas.slug")),
        sa.Column("points", sa.Double(), nullable=False),
        *_text("written_at"),
        sa.Column("last_line", sa.Integer(), nullable=False),
    )


def _create_marking() -> None:
    op.create_table(
        "marks",
        _key("submission_id", sa.Integer, _refers("submissions.id")),
        _key("task", sa.Text),
        sa.Column("points", sa.Double(), nullable=False),
        *_text("reviewer", "reviewed_at", "comment"),
    )
    op.create_table(
        "leases",
        _key("submission_id", sa.Integer, _refers("submissions.id")),
        _key("task", sa.Text),
        *_text("holder", "until"),
    )
    op.create_table("pseudonym_keys", _key("id", sa.Integer), *_text("key"))
    op.create_table(
        "rubric_items",
        _key("id", sa.Integer),
        sa.Column("kata", sa.Text(), sa.ForeignKey("katas.slug"), nullable=False, index=True),
        *_text("task", "label"),
        sa.Column("points", sa.Double(), nullable=False),
        *_text("comment"),
    )
    op.create_table(
        "mark_items",
        _key("submission_id", sa.Integer),
        _key("task", sa.Text),
        _key("item_id", sa.Integer, sa.ForeignKey("rubric_items.id")),
        sa.ForeignKeyConstraint(["submission_id", "task"], ["marks.submission_id", "marks.task"], ondelete="CASCADE"),
        sa.Index(op.f("ix_mark_items_item_id"), "item_id"),
    )
