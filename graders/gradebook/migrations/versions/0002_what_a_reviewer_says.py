"""What a reviewer says of the points."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("marks") as batch_op:
        batch_op.add_column(sa.Column("comment", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("marks") as batch_op:
        batch_op.drop_column("comment")
