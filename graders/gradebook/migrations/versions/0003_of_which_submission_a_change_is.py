"""Of which submission a change is: its lines go with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("audit") as batch_op:
        batch_op.add_column(sa.Column("submission_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_audit_submission_id_submissions"), "submissions", ["submission_id"], ["id"], ondelete="CASCADE"
        )
        batch_op.create_index(batch_op.f("ix_audit_submission_id"), ["submission_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("audit") as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_submission_id"))
        batch_op.drop_constraint(op.f("fk_audit_submission_id_submissions"), type_="foreignkey")
        batch_op.drop_column("submission_id")
