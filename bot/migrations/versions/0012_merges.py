"""Whether a merge was taken in already is asked for each pull request, however long the history is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_MERGED = sa.text("merged_at IS NOT NULL")


def upgrade() -> None:
    columns = ["app", "environment", "pull_request"]
    op.create_index("ix_deployments_merges", "deployments", columns, sqlite_where=_MERGED, postgresql_where=_MERGED)


def downgrade() -> None:
    op.drop_index("ix_deployments_merges", "deployments")
