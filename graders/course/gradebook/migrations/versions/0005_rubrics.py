"""Add rubric items, and which manual scores come from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "rubric_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kata", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["kata"], ["katas.slug"], name=op.f("fk_rubric_items_kata_katas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_items")),
    )
    op.create_table(
        "mark_items",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id", "task"],
            ["marks.submission_id", "marks.task"],
            name=op.f("fk_mark_items_submission_id_marks"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["item_id"], ["rubric_items.id"], name=op.f("fk_mark_items_item_id_rubric_items")),
        sa.PrimaryKeyConstraint("submission_id", "task", "item_id", name=op.f("pk_mark_items")),
    )
    op.create_index(op.f("ix_rubric_items_kata"), "rubric_items", ["kata"])
    op.create_index(op.f("ix_mark_items_item_id"), "mark_items", ["item_id"])
