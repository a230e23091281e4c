"""Merge cards as rows: the MergeCardReads and MergeCardRecords ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.upsert import insert_new
from bot.core.merge_cards.model import MergeCard

_M = tables.merge_cards.c
_COLUMNS = [column for column in _M if column.name not in {"edited_at", "drawn"}]


class MergeCardRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[..., Sequence[Any]]) -> None:
        self._run = run

    def of(self, app: str) -> MergeCard | None:
        return self._one(_M.app == app)

    def at(self, channel: str, message_id: str) -> MergeCard | None:
        return self._one(_M.channel == channel, _M.message_id == message_id)

    def _one(self, *where: sa.ColumnElement[bool]) -> MergeCard | None:
        rows = self._run(sa.select(*_COLUMNS).where(*where))
        return MergeCard(**rows[0]._mapping) if rows else None


class MergeCardTransaction(MergeCardRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query, **given: connection.execute(query, given).all())
        self._connection = connection

    def save(self, card: MergeCard) -> None:
        row = {key: value for key, value in asdict(card).items() if key not in {"channel", "message_id", "first_sha"}}
        if not insert_new(self._connection, tables.merge_cards, [row | {"first_sha": card.first_sha}], "app"):
            self._connection.execute(sa.update(tables.merge_cards).where(_M.app == card.app).values(row))

    def remove(self, app: str) -> None:
        self._connection.execute(sa.delete(tables.merge_cards).where(_M.app == app))
