"""Deliveries of one subject are told by a column, so that those that wait together are decided on at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_DUE = sa.text("due_at IS NOT NULL AND joins IS NOT NULL")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("joins", sa.Text(), nullable=True))
    op.create_index("ix_deliveries_joins", "deliveries", ["joins"], sqlite_where=_DUE, postgresql_where=_DUE)


def downgrade() -> None:
    op.drop_index("ix_deliveries_joins", "deliveries")
    op.drop_column("deliveries", "joins")
