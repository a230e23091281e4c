"""Change capture: a transaction that writes to what the board is drawn from leaves word of that, for those who look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import event as sa_event

from bot.adapters.storage import tables
from bot.adapters.storage.upsert import upsert
from bot.core.board.model import LOOKED_AT_FOR
from bot.core.events.internal import BoardChanged
from bot.core.ports.chat import Clock
from bot.core.stored import stored_name

SHOWN = frozenset({tables.deployments, tables.locks, tables.freezes})
"""The tables that the board is drawn from."""
TOLD_EVERY = timedelta(seconds=1)
"""Changes that come at once are told of together."""
TIMER = "board"
_MARK = "board changed"
_LOOKED_AT = sa.select(sa.literal(1)).where(tables.home_viewers.c.opened_at > sa.bindparam("since")).limit(1)


def watch(engine: sa.Engine) -> None:
    """Mark the connections on which something is written that the board shows, whoever writes it."""
    sa_event.listen(engine, "after_execute", _mark)


def _mark(connection: sa.Connection, statement: Any, *_: Any) -> None:
    if getattr(statement, "is_dml", False) and statement.table in SHOWN:
        connection.info[_MARK] = True


def forget(connection: sa.Connection) -> None:
    """A new transaction begins: what the one before has written was told, or rolled back."""
    connection.info.pop(_MARK, None)


def tell(connection: sa.Connection, clock: Clock) -> None:
    """Leave word in a timer, if somebody looks. The last statement of the transaction.

    The row of the timer is locked by that, so that whoever rings it does so before this transaction or after it.
    """
    if not connection.info.pop(_MARK, False):
        return
    now = clock.now()
    if connection.execute(_LOOKED_AT, {"since": now - LOOKED_AT_FOR}).first() is None:
        return
    timer = {
        "key": TIMER,
        "due_at": now + TOLD_EVERY,
        "name": stored_name(BoardChanged),
        "body": msgspec.json.encode(BoardChanged()),
    }
    sooner = tables.timers.c.due_at > timer["due_at"]
    upsert(connection, tables.timers, timer, "key", only_over=sooner)
