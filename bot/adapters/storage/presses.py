"""Presses as rows: the PressReads and PressRecords ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.upsert import insert_new
from bot.core.presses.model import Press


class PressRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[..., Sequence[Any]]) -> None:
        self._run = run

    def of(self, key: str) -> Press | None:
        rows = self._run(sa.select(tables.presses).where(tables.presses.c.key == key))
        return Press(**rows[0]._mapping) if rows else None


class PressTransaction(PressRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query, **given: connection.execute(query, given).all())
        self._connection = connection

    def keep(self, press: Press) -> bool:
        return insert_new(self._connection, tables.presses, [asdict(press)], "key") == 1
