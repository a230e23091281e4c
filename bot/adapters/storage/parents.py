"""Parent messages of deployments and silences as rows: the Parents port on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new, upsert
from bot.core.ports.parents import AwayCard, Posted, Silence

_A = tables.away_cards.c
_S = tables.silences.c
_ALL_AWAY = sa.select(tables.away_cards).order_by(_A.deployment_id)
_AWAY = _ALL_AWAY.where(_A.deployment_id == sa.bindparam("deployment"))
_TAKEN_BY = sa.select(_A.effect_id).where(_A.deployment_id == sa.bindparam("deployment"))
_DRAWN = sa.select(tables.deployments.c.drawn).where(tables.deployments.c.id == sa.bindparam("deployment"))
_M = tables.merge_cards.c
_MERGE = sa.select(_M.channel, _M.message_id, _M.edited_at, _M.drawn).where(_M.app == sa.bindparam("wanted"))
_R = tables.replies.c
_REPLY = sa.select(_R.channel, _R.message_id, _R.edited_at, _R.drawn).where(
    _R.deployment_id == sa.bindparam("deployment"), _R.kind == sa.bindparam("which")
)
_SILENT_CHANNELS = sa.select(_S.channel).where(_S.visible).distinct()
_SILENCE = sa.select(_S.channel, _S.reason, _S.visible).where(
    _S.channel == sa.bindparam("where"), _S.thread == sa.bindparam("under")
)


class ParentRows:
    """The Parents port. Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def posted(self, card: int, channel: str, message_id: str, at: datetime, drawn: str = "") -> None:
        there = tables.deployments.c
        theirs = sa.or_(sa.and_(there.id == card, there.card.is_(None)), there.card == card)
        change = {"channel": channel, "parent": message_id, "edited_at": at, "drawn": drawn}
        row = tables.lanes.c
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.deployments).where(theirs).values(change))
            # What waits for it may go on at once.
            shown = connection.execute(sa.select(there.id).where(theirs)).scalars().all()
            waiting = [f"{lane}:{one}" for one in shown for lane in ("thread", "asked")]
            waits = sa.and_(row.lane.in_(waiting), row.owner.is_(None), row.due_at > at)
            connection.execute(sa.update(tables.lanes).where(waits).values(due_at=at))

    def drawn(self, deployment_id: int) -> str | None:
        rows = self._database.select(_DRAWN, deployment=deployment_id)
        return rows[0].drawn if rows else None

    def merge_posted(self, app: str, posted: Posted) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.merge_cards).where(_M.app == app).values(asdict(posted)))

    def merge_drawn(self, app: str) -> Posted | None:
        rows = self._database.select(_MERGE, wanted=app)
        return Posted(**rows[0]._mapping) if rows and rows[0].message_id else None

    def reply(self, deployment_id: int, kind: str) -> Posted | None:
        rows = self._database.select(_REPLY, deployment=deployment_id, which=kind)
        return Posted(**rows[0]._mapping) if rows else None

    def replied(self, deployment_id: int, kind: str, posted: Posted) -> None:
        row = {"deployment_id": deployment_id, "kind": kind, **asdict(posted)}
        with self._database.writing() as connection:
            upsert(connection, tables.replies, row, "deployment_id", "kind")

    def drawn_again(self, lane: str, effect_id: int) -> bool:
        out = tables.effects.c
        later = sa.select(out.id).where(out.lane == lane, out.id > effect_id, out.done_at.is_(None)).limit(1)
        return bool(self._database.select(later))

    def leaves(self, card: AwayCard) -> bool:
        with self._database.writing() as connection:
            if insert_new(connection, tables.away_cards, [asdict(card)], "deployment_id"):
                return True
            taken_by = connection.execute(_TAKEN_BY, {"deployment": card.deployment_id}).scalar()
            return bool(taken_by == card.effect_id)

    def away(self, deployment_id: int) -> AwayCard | None:
        rows = self._database.select(_AWAY, deployment=deployment_id)
        return AwayCard(**rows[0]._mapping) if rows else None

    def all_away(self) -> Sequence[AwayCard]:
        return [AwayCard(**row._mapping) for row in self._database.select(_ALL_AWAY)]

    def at_home(self, deployment_id: int) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.delete(tables.away_cards).where(_A.deployment_id == deployment_id))

    def fell_silent(self, silence: Silence, at: datetime, thread: str = "") -> bool:
        row = {**asdict(silence), "thread": thread, "since": at}
        with self._database.writing() as connection:
            return insert_new(connection, tables.silences, [row], "channel", "thread") == 1

    def silence(self, channel: str, thread: str = "") -> Silence | None:
        rows = self._database.select(_SILENCE, where=channel, under=thread)
        return Silence(**rows[0]._mapping) if rows else None

    def silent_channels(self) -> Set[str]:
        return frozenset(row.channel for row in self._database.select(_SILENT_CHANNELS))

    def speaks_again(self, channel: str, thread: str = "") -> None:
        with self._database.writing() as connection:
            # A thread whose beginning was deleted stays so.
            over = sa.or_(_S.thread.in_(["", thread]), _S.visible)
            connection.execute(sa.delete(tables.silences).where(_S.channel == channel, over))
