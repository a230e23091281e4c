"""Ends that are reported late, and the deployments that jobs of GitHub Actions make of ours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("deployments", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_deployments_given_up",
        "deployments",
        ["given_up_at"],
        sqlite_where=sa.text("given_up_at IS NOT NULL"),
        postgresql_where=sa.text("given_up_at IS NOT NULL"),
    )
    op.create_index(
        "ix_deployments_started", "deployments", ["app", "environment", "state", "task", "started_at", "id"]
    )
    op.create_table(
        "twins",
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deployment_id", BigId, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_status", sa.BigInteger(), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("repository", "remote_id", name=op.f("pk_twins")),
    )
    op.create_index("ix_twins_deployment_id", "twins", ["deployment_id"])


def downgrade() -> None:
    op.drop_table("twins")
    op.drop_index("ix_deployments_started", table_name="deployments")
    op.drop_index("ix_deployments_given_up", table_name="deployments")
    op.drop_column("deployments", "given_up_at")
