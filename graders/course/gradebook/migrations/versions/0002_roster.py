"""Add the roster, the settings of the course, instructors' decisions and requests to regrade.

Existing tables only get new columns. SQLite would have to build a table again for any other change, and dropping the
old one would delete all rows that refer to it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (
        sa.Column("grace_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("weight", sa.Double(), nullable=True),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("missing", sa.Text(), server_default="zero", nullable=False),
        sa.Column("max_points", sa.Double(), nullable=True),
    ):
        op.add_column("katas", column)
    _settings()
    _roster()
    _decisions()


def _settings() -> None:
    op.create_table(
        "course",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("late_day_bank", sa.Integer(), nullable=False),
        sa.Column("pass_percent", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
    )
    op.create_table(
        "categories",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("drop_lowest", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_categories")),
    )


def _roster() -> None:
    op.create_table(
        "roster",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("left_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
    )
    op.create_table(
        "roster_ids",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("roster_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["roster.id"], name=op.f("fk_roster_ids_roster_id_roster"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("system", "value", name=op.f("pk_roster_ids")),
    )
    op.create_index(op.f("ix_roster_ids_roster_id"), "roster_ids", ["roster_id"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kata", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["kata"], ["katas.slug"], name=op.f("fk_decisions_kata_katas")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_decisions_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "kata", "task", name=op.f("pk_decisions")),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kata", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["kata"], ["katas.slug"], name=op.f("fk_requests_kata_katas")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_requests_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_person_id"), "requests", ["person_id"])
