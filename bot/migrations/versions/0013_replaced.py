"""What went live after a deployment is told by a column: only what is live offers to be rolled back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OFFERS = sa.text("replaced_by IS NULL")


def upgrade() -> None:
    op.add_column("deployments", sa.Column("replaced_by", BigId, nullable=True))
    op.execute(
        "UPDATE deployments SET replaced_by = ("
        "SELECT max(later.id) FROM deployments AS later WHERE later.app = deployments.app"
        " AND later.environment = deployments.environment AND later.state = 'succeeded' AND later.task = 'deploy'"
        " AND later.id > deployments.id"
        ") WHERE finished_at IS NOT NULL"
    )
    columns = ["app", "environment", "id"]
    op.create_index("ix_deployments_offering", "deployments", columns, sqlite_where=_OFFERS, postgresql_where=_OFFERS)


def downgrade() -> None:
    op.drop_index("ix_deployments_offering", "deployments")
    op.drop_column("deployments", "replaced_by")
