"""The output of providers, as numbered lines."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new

OUTPUT_LINES = 5_000
"""How many lines of a provider's output are kept; what comes later is not."""


class OutputRows:
    """Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, deployment_id: int, first: int, lines: Sequence[str]) -> None:
        """Keep lines numbered from ``first``; repeating a line after a restart changes nothing."""
        rows = [
            {"deployment_id": deployment_id, "n": first + n, "line": line}
            for n, line in enumerate(lines)
            if first + n < OUTPUT_LINES
        ]
        if not rows:
            return
        with self._database.writing() as connection:
            insert_new(connection, tables.output, rows, "deployment_id", "n")

    def count(self, deployment_id: int) -> int:
        mine = tables.output.c.deployment_id == deployment_id
        return int(self._database.select(sa.select(sa.func.count()).where(mine))[0][0])
