"""Repositories by GitHub's numbers; deployments are found by ids and commits, whatever their repository was called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "repositories",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("app", name=op.f("pk_repositories")),
    )
    op.create_index("ix_twins_remote_id", "twins", ["remote_id"])
    op.drop_index("ix_deployments_sha", table_name="deployments")
    op.drop_index("ix_deployments_remote", table_name="deployments")
    op.create_index("ix_deployments_sha", "deployments", ["sha"])
    op.create_index("ix_deployments_remote", "deployments", ["remote_id"])


def downgrade() -> None:
    op.drop_index("ix_deployments_remote", table_name="deployments")
    op.drop_index("ix_deployments_sha", table_name="deployments")
    op.create_index("ix_deployments_remote", "deployments", ["repository", "remote_id"])
    op.create_index("ix_deployments_sha", "deployments", ["repository", "sha"])
    op.drop_index("ix_twins_remote_id", table_name="twins")
    op.drop_table("repositories")
