"""What adapters have found out about the other side: the Notebook port on SQLAlchemy."""

from __future__ import annotations

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new, upsert

_FOUND = sa.select(tables.kept.c.value).where(tables.kept.c.key == sa.bindparam("wanted"))


class NotebookRows:
    """Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, key: str) -> str | None:
        rows = self._database.select(_FOUND, wanted=key)
        return str(rows[0].value) if rows else None

    def write(self, key: str, value: str) -> None:
        with self._database.writing() as connection:
            upsert(connection, tables.kept, {"key": key, "value": value}, "key")

    def settle(self, key: str, value: str) -> str:
        """Keep it unless something is kept there; what is kept: the same for all processes, whoever comes first."""
        known = self.read(key)
        if known is not None:
            return known
        with self._database.writing() as connection:
            insert_new(connection, tables.kept, [{"key": key, "value": value}], "key")
            return str(connection.execute(_FOUND, {"wanted": key}).scalar_one())
