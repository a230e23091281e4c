"""Deliveries that say the same are told by a column, so that of those that wait together one is decided on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_DUE = sa.text("due_at IS NOT NULL AND repeats IS NOT NULL")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("repeats", sa.Text(), nullable=True))
    op.create_index("ix_deliveries_repeats", "deliveries", ["repeats"], sqlite_where=_DUE, postgresql_where=_DUE)


def downgrade() -> None:
    op.drop_index("ix_deliveries_repeats", "deliveries")
    op.drop_column("deliveries", "repeats")
