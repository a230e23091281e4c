"""Deployments that wait for their moment, as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.adapters.decoding import convert
from bot.adapters.storage import tables
from bot.core.deployments.model import Actor
from bot.core.events.external import Place
from bot.core.schedules.model import ScheduleEntry

_S = tables.schedules.c
_COLUMNS = [field.name for field in fields(ScheduleEntry)]


class ScheduleRowReads:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def entry(self, entry_id: int) -> ScheduleEntry | None:
        rows = self._run(sa.select(tables.schedules).where(_S.id == entry_id))
        return _entry(rows[0]) if rows else None

    def of(self, app: str | None) -> Sequence[ScheduleEntry]:
        query = sa.select(tables.schedules).order_by(_S.at, _S.id)
        return [_entry(row) for row in self._run(query if app is None else query.where(_S.app == app))]


class ScheduleRowRecords(ScheduleRowReads):
    """Writes on ``connection``; whoever opened it commits it or rolls it back."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection

    def add(self, entry: ScheduleEntry) -> ScheduleEntry:
        insert = sa.insert(tables.schedules).values(_row(entry)).returning(_S.id)
        return replace(entry, id=self._connection.execute(insert).scalar_one())

    def save(self, entry: ScheduleEntry) -> None:
        self._connection.execute(sa.update(tables.schedules).where(_S.id == entry.id).values(_row(entry)))

    def move(self, entry_id: int, at: datetime) -> None:
        self._connection.execute(sa.update(tables.schedules).where(_S.id == entry_id).values(at=at))

    def remove(self, entry_id: int) -> None:
        self._connection.execute(sa.delete(tables.schedules).where(_S.id == entry_id))


def _row(entry: ScheduleEntry) -> dict[str, Any]:
    row = {name: getattr(entry, name) for name in _COLUMNS if name != "id"}
    return row | {"by": msgspec.to_builtins(entry.by), "place": msgspec.to_builtins(entry.place)}


def _entry(row: Any) -> ScheduleEntry:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return ScheduleEntry(**values | {"by": convert(row.by, Actor), "place": convert(row.place, Place)})
