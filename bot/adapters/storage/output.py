"""The output of providers, as numbered lines."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new

FIRST_KEPT = 1_000
LAST_KEPT = 4_000
OUTPUT_LINES = FIRST_KEPT + LAST_KEPT
"""How many lines of a provider's output are kept: how it began, and the newest, which say what came of it.

What is left out between the two is seen by the numbers of the lines.
"""


class OutputRows:
    """Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, deployment_id: int, first: int, lines: Sequence[str]) -> None:
        """Keep lines numbered from ``first``; repeating a line after a restart changes nothing."""
        rows = [{"deployment_id": deployment_id, "n": first + n, "line": line} for n, line in enumerate(lines)]
        if not rows:
            return
        too_old = first + len(rows) - LAST_KEPT
        with self._database.writing() as connection:
            insert_new(connection, tables.output, rows, "deployment_id", "n")
            if too_old > FIRST_KEPT:
                of, number = tables.output.c.deployment_id, tables.output.c.n
                left_out = sa.delete(tables.output).where(of == deployment_id, number >= FIRST_KEPT, number < too_old)
                connection.execute(left_out)

    def next_number(self, deployment_id: int) -> int:
        """The number of the line that comes next: how many there were, those that were left out among them."""
        mine = tables.output.c.deployment_id == deployment_id
        last = self._database.select(sa.select(sa.func.max(tables.output.c.n)).where(mine))[0][0]
        return 0 if last is None else int(last) + 1
