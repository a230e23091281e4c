"""Locks as rows: the LockReads and LockRecords ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.adapters.decoding import convert
from bot.adapters.storage import tables
from bot.adapters.storage.upsert import insert_new, upsert
from bot.core.deployments.model import Actor
from bot.core.locks.model import Lock, Watcher

_L = tables.locks.c
_W = tables.lock_watchers.c


class LockRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def of(self, app: str, environment: str) -> Lock | None:
        rows = self._run(sa.select(tables.locks).where(_L.app == app, _L.environment == environment))
        return _lock(rows[0]) if rows else None

    def all(self) -> Sequence[Lock]:
        return [_lock(row) for row in self._run(sa.select(tables.locks).order_by(_L.app, _L.environment))]

    def watchers(self, app: str, environment: str) -> Sequence[Watcher]:
        mine = sa.select(tables.lock_watchers).where(_W.app == app, _W.environment == environment)
        return [
            Watcher(row.app, row.environment, row.person, row.asked_at) for row in self._run(mine.order_by(_W.person))
        ]


class LockTransaction(LockRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection

    def claim(self, lock: Lock) -> bool:
        return insert_new(self._connection, tables.locks, [_row(lock)], "app", "environment") == 1

    def save(self, lock: Lock) -> None:
        upsert(self._connection, tables.locks, _row(lock), "app", "environment")

    def remove(self, app: str, environment: str) -> None:
        self._connection.execute(sa.delete(tables.locks).where(_L.app == app, _L.environment == environment))
        self._connection.execute(sa.delete(tables.lock_watchers).where(_W.app == app, _W.environment == environment))

    def watch(self, watcher: Watcher) -> None:
        upsert(self._connection, tables.lock_watchers, asdict(watcher), "app", "environment", "person")

    def unwatch(self, app: str, environment: str, person: str) -> None:
        mine = (_W.app == app, _W.environment == environment, _W.person == person)
        self._connection.execute(sa.delete(tables.lock_watchers).where(*mine))


def _row(lock: Lock) -> dict[str, Any]:
    row = {field.name: getattr(lock, field.name) for field in fields(Lock)}
    return row | {"by": msgspec.to_builtins(lock.by)}


def _lock(row: Any) -> Lock:
    values = {field.name: getattr(row, field.name) for field in fields(Lock)}
    return Lock(**values | {"by": convert(row.by, Actor)})
