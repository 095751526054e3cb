"""Add which katas are done in groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("katas", sa.Column("in_groups", sa.Boolean(), server_default=sa.false(), nullable=False))
