"""Authors are told where their work is live, and people may be muted; who a login is to be told is remembered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mutes",
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_mutes")),
    )
    op.create_table(
        "reached_people",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_reached_people")),
    )
    op.create_table(
        "notices",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("pull_request", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("deployment_id", BigId, nullable=False),
        sa.Column("changed_by", BigId, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("app", "environment", "pull_request", "person", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_deployment_id_person", "notices", ["deployment_id", "person"])


def downgrade() -> None:
    op.drop_index("ix_notices_deployment_id_person", "notices")
    op.drop_table("notices")
    op.drop_table("reached_people")
    op.drop_table("mutes")
