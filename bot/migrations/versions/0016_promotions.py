"""Which success a deployment carries on to the next environment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PROMOTED = sa.text("promoted_from IS NOT NULL")


def upgrade() -> None:
    op.add_column("deployments", sa.Column("promoted_from", BigId, nullable=True))
    name, columns = "ix_deployments_promoted_from", ["promoted_from"]
    op.create_index(name, "deployments", columns, sqlite_where=_PROMOTED, postgresql_where=_PROMOTED)


def downgrade() -> None:
    op.drop_index("ix_deployments_promoted_from", "deployments")
    op.drop_column("deployments", "promoted_from")
