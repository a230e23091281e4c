"""Freezes as rows, and what was last told of an environment's windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.storage import tables
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
        put = self._put(tables.freezes, row, "app", "environment", "person").returning(_F.id)
        return replace(freeze, id=self._connection.execute(put).scalar_one())

    def remove(self, freeze_id: int) -> None:
        self._connection.execute(sa.delete(tables.freezes).where(_F.id == freeze_id))

    def save_window_state(self, state: WindowState) -> None:
        row = {
            "app": state.app,
            "environment": state.environment,
            "closed": state.closed,
            "changes_at": state.changes_at,
        }
        self._connection.execute(self._put(tables.window_states, row, "app", "environment"))

    def forget_windows(self, app: str, environment: str) -> None:
        gone = sa.delete(tables.window_states).where(_W.app == app, _W.environment == environment)
        self._connection.execute(gone)

    def _put(self, table: sa.Table, row: dict[str, Any], *key: str) -> Any:
        """In one statement, so that two who write at the same instant do not meet."""
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(table).values(row)
        change = {name: insert.excluded[name] for name in row if name not in key}
        return insert.on_conflict_do_update(index_elements=key, set_=change)


def _freeze(row: Any) -> Freeze:
    by = msgspec.convert(row.by, Actor)
    return Freeze(row.id, row.app, row.environment, by, row.reason, row.declared_at, row.until)
