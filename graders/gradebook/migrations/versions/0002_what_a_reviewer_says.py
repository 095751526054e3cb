"""What a reviewer says of the points."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("marks")}
    if "comment" in known:  # an earlier version could be killed between this and writing the revision down
        return
    with op.batch_alter_table("marks") as batch_op:
        batch_op.add_column(sa.Column("comment", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("marks") as batch_op:
        batch_op.drop_column("comment")
