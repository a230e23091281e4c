"""What is written often is cleaned up often, so that the database does not grow by what is dead.

A delivery is written three times, an effect as often, a deployment seven times. Postgres cleans a table up once a fifth
of its rows are dead, which of a record of months is a lot.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

_BUSY = ("deliveries", "effects", "deployments", "lanes")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _BUSY:
            op.execute(
                f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200)"
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _BUSY:
            op.execute(f"ALTER TABLE {table} RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)")
