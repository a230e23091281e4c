"""What buttons have started, channels by their ids, and what could not be said where it belongs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "presses",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=True),
        sa.Column("deployment_id", BigId, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_presses")),
    )
    op.create_table(
        "channels",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channels")),
    )
    op.create_index("ix_channels_id", "channels", ["id"])
    op.create_table(
        "silences",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "thread", name=op.f("pk_silences")),
    )
    op.create_table(
        "away_cards",
        sa.Column("deployment_id", BigId, autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("effect_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("deployment_id", name=op.f("pk_away_cards")),
    )
    op.create_index("ix_away_cards_channel", "away_cards", ["channel"])


def downgrade() -> None:
    op.drop_index("ix_away_cards_channel", "away_cards")
    op.drop_table("away_cards")
    op.drop_table("silences")
    op.drop_index("ix_channels_id", "channels")
    op.drop_table("channels")
    op.drop_table("presses")
