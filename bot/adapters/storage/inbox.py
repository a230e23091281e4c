"""Deliveries on their way in: stored once, taken by one process at a time, and kept until they are handled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import serialization, tables
from bot.adapters.storage.compression import unpacked
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new
from bot.core.events import Event
from bot.core.ports.chat import Delivery
from bot.core.stored import stored_name

_IN = tables.deliveries.c


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that somebody is about to handle; ``tries`` counts the earlier, postponed attempts."""

    id: str
    tries: int
    name: str
    body: bytes


class InboxRows:
    """The Inbox port, and what the engine needs around it. Every method is a transaction of its own.

    Raises Unavailable where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, delivery: Delivery) -> bool:
        now = self._database.clock.now()
        row = {
            "id": delivery.id,
            "source": delivery.source,
            "name": delivery.name,
            "body": delivery.body,
            "received_at": now,
            "due_at": now,
        }
        with self._database.writing() as connection:
            return insert_delivery(connection, row)

    def put_event(self, event: Event, key: str) -> bool:
        return self.put(Delivery(f"bot:{key}", "bot", stored_name(type(event)), serialization.event_to_bytes(event)))

    def delivery(self, delivery_id: str) -> tuple[Delivery, datetime | None, int] | None:
        """The delivery, when it was handled, and how often it was postponed but for refused credentials."""
        rows = self._database.select(sa.select(tables.deliveries).where(_IN.id == delivery_id))
        if not rows:
            return None
        row = rows[0]
        return Delivery(row.id, row.source, row.name, unpacked(row.body)), row.handled_at, row.tries - row.refused

    def take(self, limit: int, owner: str = "") -> list[ClaimedDelivery]:
        """Deliveries whose turn it is, oldest first; nobody else gets them until they are postponed or handed on."""
        now = self._database.clock.now()
        due = sa.select(_IN.id, _IN.tries, _IN.name, _IN.body).where(_IN.due_at <= now)
        if not self._database.select(due.limit(1)):
            return []
        with self._database.writing() as connection:
            query = due.order_by(_IN.due_at, _IN.seq).limit(limit).with_for_update(skip_locked=True)
            taken = [ClaimedDelivery(row.id, row.tries, row.name, row.body) for row in connection.execute(query)]
            mine = _IN.id.in_([one.id for one in taken])
            connection.execute(sa.update(tables.deliveries).where(mine).values(due_at=None, taken_by=owner))
        return taken

    def retake(self, owner: str | None = None, except_for: Sequence[str] = ()) -> int:
        """What was taken (by ``owner``, or by anybody) and is not in hand is to be taken again. Returns how many."""
        lost: list[sa.ColumnElement[bool]] = [_IN.handled_at.is_(None), _IN.due_at.is_(None), _IN.id.not_in(except_for)]
        if owner is not None:
            lost.append(_IN.taken_by == owner)
        with self._database.writing() as connection:
            change = {"due_at": self._database.clock.now(), "tries": _IN.tries + 1, "taken_by": None}
            return connection.execute(sa.update(tables.deliveries).where(*lost).values(change)).rowcount

    def postpone(self, delivery_id: str, delay: timedelta, reason: str, *, refused: bool = False) -> None:
        """``refused``: by the bot's own credentials, so that this try does not count."""
        change = {"due_at": self._database.clock.now() + delay, "tries": _IN.tries + 1, "failure": reason}
        if refused:
            change["refused"] = _IN.refused + 1
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.deliveries).where(_IN.id == delivery_id).values(change))

    def handled(self, delivery_id: str, failure: str | None = None) -> None:
        change = {"handled_at": self._database.clock.now(), "due_at": None, "failure": failure}
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.deliveries).where(_IN.id == delivery_id).values(change))

    def backlog(self) -> int:
        """Deliveries that nobody has handled yet."""
        return int(self._database.select(sa.select(sa.func.count()).where(_IN.handled_at.is_(None)))[0][0])

    def next_due(self) -> datetime | None:
        """When the first delivery that nobody has taken wants to be looked at."""
        moment: datetime | None = self._database.select(sa.select(sa.func.min(_IN.due_at)))[0][0]
        return moment


def insert_delivery(connection: sa.Connection, row: dict[str, Any]) -> bool:
    """Store a delivery unless its id is known; whether it was new."""
    return insert_new(connection, tables.deliveries, [row], "id") == 1
