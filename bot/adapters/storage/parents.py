"""Parent messages of deployments: where they were posted, and whether they are about to be drawn again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database


class ParentRows:
    """The Parents port. Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def posted(self, deployment_id: int, channel: str, message_id: str, at: datetime) -> None:
        mine = tables.deployments.c.id == deployment_id
        change = {"channel": channel, "parent": message_id, "edited_at": at}
        # What waits for it may go on at once.
        row = tables.lanes.c
        waits = sa.and_(row.lane == f"thread:{deployment_id}", row.owner.is_(None), row.due_at > at)
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.deployments).where(mine).values(change))
            connection.execute(sa.update(tables.lanes).where(waits).values(due_at=at))

    def drawn_again(self, lane: str, effect_id: int) -> bool:
        out = tables.effects.c
        later = sa.select(out.id).where(out.lane == lane, out.id > effect_id, out.done_at.is_(None)).limit(1)
        return bool(self._database.select(later))
