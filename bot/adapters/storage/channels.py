"""Channels by the names that the settings have for them: the ChannelNames port on SQLAlchemy."""

from __future__ import annotations

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import upsert

_C = tables.channels.c
_MEANT = sa.select(_C.id).where(_C.name == sa.bindparam("wanted"))
_NAMES = sa.select(_C.name).where(_C.id == sa.bindparam("channel"))


class ChannelRows:
    """Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def meant(self, name: str) -> str | None:
        rows = self._database.select(_MEANT, wanted=name)
        return str(rows[0].id) if rows else None

    def names(self, channel: str) -> frozenset[str]:
        return frozenset(row.name for row in self._database.select(_NAMES, channel=channel))

    def learned(self, name: str, channel: str) -> None:
        with self._database.writing() as connection:
            upsert(connection, tables.channels, {"name": name, "id": channel}, "name")
