"""What keeps failing is set aside, and people's commands are told apart by who gave them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ASIDE = sa.text("set_aside_at IS NOT NULL")
_COMMANDS = sa.text("handled_at IS NULL AND person IS NOT NULL")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("person", sa.Text(), nullable=True))
    for table in ("deliveries", "effects"):
        op.add_column(table, sa.Column("faults", sa.Integer(), server_default="0", nullable=False))
        op.add_column(table, sa.Column("set_aside_at", sa.DateTime(timezone=True), nullable=True))
        op.create_index(
            f"ix_{table}_set_aside_at", table, ["set_aside_at"], sqlite_where=_ASIDE, postgresql_where=_ASIDE
        )
    op.create_index(
        "ix_deliveries_person",
        "deliveries",
        ["person", "due_at", "seq"],
        sqlite_where=_COMMANDS,
        postgresql_where=_COMMANDS,
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_person", "deliveries")
    for table in ("effects", "deliveries"):
        op.drop_index(f"ix_{table}_set_aside_at", table)
        op.drop_column(table, "set_aside_at")
        op.drop_column(table, "faults")
    op.drop_column("deliveries", "person")
