"""Freezes as rows, and what was last told of an environment's windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.adapters.decoding import convert
from bot.adapters.storage import tables
from bot.adapters.storage.upsert import upsert
from bot.core.deployments.model import Actor
from bot.core.freezes.model import Freeze, WindowState

_F = tables.freezes.c
_W = tables.window_states.c


class FreezeRowReads:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def of(self, app: str, environment: str) -> Sequence[Freeze]:
        query = sa.select(tables.freezes).where(_F.app == app, _F.environment == environment).order_by(_F.id)
        return [_freeze(row) for row in self._run(query)]

    def all(self) -> Sequence[Freeze]:
        query = sa.select(tables.freezes).order_by(_F.app, _F.environment, _F.id)
        return [_freeze(row) for row in self._run(query)]

    def window_state(self, app: str, environment: str) -> WindowState | None:
        rows = self._run(sa.select(tables.window_states).where(_W.app == app, _W.environment == environment))
        return WindowState(app, environment, rows[0].closed, rows[0].changes_at) if rows else None


class FreezeRowRecords(FreezeRowReads):
    """Writes on ``connection``; whoever opened it commits it or rolls it back."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection

    def declare(self, freeze: Freeze) -> Freeze:
        row = {
            "app": freeze.app,
            "environment": freeze.environment,
            "person": freeze.by.chat_id or freeze.by.name,
            "by": msgspec.to_builtins(freeze.by),
            "reason": freeze.reason,
            "declared_at": freeze.declared_at,
            "until": freeze.until,
        }
        put = upsert(self._connection, tables.freezes, row, "app", "environment", "person")
        assert put is not None
        return replace(freeze, id=put.id)

    def remove(self, freeze_id: int) -> None:
        self._connection.execute(sa.delete(tables.freezes).where(_F.id == freeze_id))

    def save_window_state(self, state: WindowState) -> None:
        row = {
            "app": state.app,
            "environment": state.environment,
            "closed": state.closed,
            "changes_at": state.changes_at,
        }
        upsert(self._connection, tables.window_states, row, "app", "environment")

    def forget_windows(self, app: str, environment: str) -> None:
        gone = sa.delete(tables.window_states).where(_W.app == app, _W.environment == environment)
        self._connection.execute(gone)


def _freeze(row: Any) -> Freeze:
    by = convert(row.by, Actor)
    return Freeze(row.id, row.app, row.environment, by, row.reason, row.declared_at, row.until)
