"""Whether a merge was taken in already, and whose thread something is said in, is asked however long the history is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_INDICES = {
    "merges": (["app", "environment", "pull_request"], "merged_at"),
    "parent": (["parent", "channel"], "parent"),
    "asked": (["asked_thread", "asked_channel"], "asked_thread"),
}


def upgrade() -> None:
    for name, (columns, present) in _INDICES.items():
        where = sa.text(f"{present} IS NOT NULL")
        op.create_index(f"ix_deployments_{name}", "deployments", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in _INDICES:
        op.drop_index(f"ix_deployments_{name}", "deployments")
