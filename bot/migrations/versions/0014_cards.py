"""What a deployment waits for and how far it has got, in which thread that is told, and whose message it took over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SHARED = sa.text("card IS NOT NULL")


def upgrade() -> None:
    op.add_column("deployments", sa.Column("thread", sa.Text(), nullable=True))
    op.add_column("deployments", sa.Column("asked_message", sa.Text(), nullable=True))
    op.add_column("deployments", sa.Column("card", BigId, nullable=True))
    op.add_column("deployments", sa.Column("story", sa.JSON(), nullable=True))
    op.add_column("deployments", sa.Column("drawn", sa.Text(), nullable=True))
    op.create_index("ix_deployments_card", "deployments", ["card"], sqlite_where=_SHARED, postgresql_where=_SHARED)
    op.create_table(
        "replies",
        sa.Column("deployment_id", BigId, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deployment_id", "kind", name=op.f("pk_replies")),
    )


def downgrade() -> None:
    op.drop_table("replies")
    op.drop_index("ix_deployments_card", "deployments")
    op.drop_column("deployments", "drawn")
    op.drop_column("deployments", "story")
    op.drop_column("deployments", "card")
    op.drop_column("deployments", "asked_message")
    op.drop_column("deployments", "thread")
