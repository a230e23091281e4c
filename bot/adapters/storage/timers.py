"""What is to happen at a moment: timers that ring, and deployments that wait for their time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.inbox import insert_delivery

NEXT_TIMER = sa.select(sa.func.min(tables.timers.c.due_at))
NEXT_DEPLOYMENT = sa.select(sa.func.min(tables.deployments.c.due_at))


class Timers:
    """Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ring(self) -> int:
        """Turn the timers whose moment has come into deliveries, each once; how many there were."""
        row = tables.timers.c
        now = self._database.clock.now()
        due = sa.select(row.key, row.due_at, row.name, row.body).where(row.due_at <= now).limit(500)
        if not self._database.select(due):
            return 0
        with self._database.writing() as connection:
            rung = connection.execute(due.with_for_update(skip_locked=True)).all()
            for one in rung:
                delivery = {
                    "id": f"timer:{one.key}:{one.due_at.isoformat()}",
                    "source": "bot",
                    "name": one.name,
                    "body": one.body,
                    "received_at": now,
                    "due_at": now,
                }
                insert_delivery(connection, delivery)
            connection.execute(sa.delete(tables.timers).where(row.key.in_([one.key for one in rung])))
        return len(rung)

    def next_due(self) -> datetime | None:
        moment: datetime | None = self._database.select(NEXT_TIMER)[0][0]
        return moment

    def due_deployments(self, now: datetime) -> Sequence[tuple[int, datetime]]:
        due = tables.deployments.c
        query = sa.select(due.id, due.due_at).where(due.due_at <= now).order_by(due.due_at).limit(500)
        return [(row.id, row.due_at) for row in self._database.select(query)]

    def next_due_deployment(self) -> datetime | None:
        moment: datetime | None = self._database.select(NEXT_DEPLOYMENT)[0][0]
        return moment
