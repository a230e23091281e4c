"""Merges that nothing deploys by itself have a card of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "merge_cards",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("first_sha", sa.Text(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drawn", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("app", name=op.f("pk_merge_cards")),
    )
    op.create_index("ix_merge_cards_message_id", "merge_cards", ["message_id"])


def downgrade() -> None:
    op.drop_index("ix_merge_cards_message_id", "merge_cards")
    op.drop_table("merge_cards")
