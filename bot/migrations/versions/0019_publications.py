"""What is written on GitHub about what was deployed: on which pull requests, and which releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "deployed_pull_requests",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("pull_request", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("deployment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("changed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("drawn", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("app", "environment", "pull_request", name=op.f("pk_deployed_pull_requests")),
    )
    op.create_index(
        op.f("ix_deployed_pull_requests_app_pull_request"), "deployed_pull_requests", ["app", "pull_request"]
    )
    op.create_index(
        "ix_deployed_pull_requests_waits",
        "deployed_pull_requests",
        ["changed_by"],
        sqlite_where=sa.text("waits"),
        postgresql_where=sa.text("waits"),
    )
    op.create_table(
        "releases",
        sa.Column(
            "deployment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("deployment_id", name=op.f("pk_releases")),
    )
    op.create_index(
        op.f("ix_releases_app_environment_deployment_id"), "releases", ["app", "environment", "deployment_id"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_releases_app_environment_deployment_id"), "releases")
    op.drop_table("releases")
    op.drop_index("ix_deployed_pull_requests_waits", "deployed_pull_requests")
    op.drop_index(op.f("ix_deployed_pull_requests_app_pull_request"), "deployed_pull_requests")
    op.drop_table("deployed_pull_requests")
