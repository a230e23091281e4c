"""Effects on their way out: lane by lane, each lane in the hands of one process at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import serialization, tables
from bot.adapters.storage.deployments import RowRecords
from bot.adapters.storage.engine import Database
from bot.adapters.storage.inbox import without_address
from bot.adapters.storage.upsert import insert_new
from bot.core.effects import Effect
from bot.core.events import Event

_OUT = tables.effects.c
_LANE = tables.lanes.c
# Statements are made once: to make one costs more than to execute it.
_HERE = _LANE.lane == sa.bindparam("here")
_OWNER: sa.BindParameter[Any] = sa.bindparam("me")
_MINE = sa.and_(_HERE, _LANE.owner == _OWNER)
_UNDONE = (
    sa.select(_OUT.id, _OUT.body, _OUT.attempted_at, _OUT.faults, _LANE.tries, _OUT.delivery_id)
    .join(tables.lanes, _LANE.lane == _OUT.lane)
    .where(_OUT.lane == sa.bindparam("here"), _OUT.done_at.is_(None), _LANE.owner == _OWNER)
    .order_by(_OUT.id)
    .limit(1)
)
_ATTEMPT = sa.update(tables.effects).where(_OUT.id == sa.bindparam("key"))
_ATTEMPT = _ATTEMPT.values(attempted_at=sa.bindparam("at"))
_LET_GO = sa.delete(tables.lanes).where(_MINE, _LANE.again.is_(sa.false()))
_LOOK_AGAIN = sa.update(tables.lanes).where(_MINE).values(again=False)
_FREE = sa.update(tables.lanes).where(_HERE, sa.or_(_LANE.owner.is_(None), _LANE.owner == _OWNER))
_FREE = _FREE.values(owner=_OWNER, due_at=None, again=False)
_END = sa.update(tables.effects).where(_OUT.id == sa.bindparam("key"))
_END = _END.values(done_at=sa.bindparam("at"), failure=sa.bindparam("why"), set_aside_at=sa.bindparam("aside"))
_END = _END.values(body=sa.bindparam("left"))
_LANES_DUE = sa.select(_LANE.lane).where(_LANE.due_at <= sa.bindparam("at"), _LANE.owner.is_(None))
NEXT_LANE = sa.select(sa.func.min(_LANE.due_at)).where(_LANE.owner.is_(None))
_LANES_OF = (
    sa.select(_OUT.lane, sa.func.min(_OUT.id).label("first"))
    .where(_OUT.delivery_id == sa.bindparam("delivery"), _OUT.done_at.is_(None))
    .group_by(_OUT.lane)
    .order_by("first")
)
CLAIMS = 20
"""How often a claim is tried when the lane's owner lets go of it at the very same moment."""


@dataclass(frozen=True, slots=True)
class PendingEffect:
    """An effect whose turn it is, as it is stored. ``attempted`` says that an earlier attempt may have got through.

    ``tries`` counts how often the lane was put off because of it, ``faults`` how many attempts failed by a fault of the
    bot's own, or were cut off. ``cause`` is the delivery that was decided on.
    """

    id: int
    lane: str
    body: str
    attempted: bool
    tries: int
    faults: int
    cause: str

    @property
    def effect(self) -> Effect:
        """Raises Unreadable where this version of the bot does not know it."""
        return serialization.effect_from_json(self.body)


class LaneGuard:
    """The lanes that this process works on, one thread each; another that comes leaves word to look again.

    So a lane that is ours by the database but in nobody's hands was cut off by an error, and may be claimed once more.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._wanted_again: dict[str, bool] = {}

    def take(self, lane: str) -> bool:
        with self._guard:
            free = lane not in self._wanted_again
            self._wanted_again[lane] = not free
            return free

    def look_again(self, lane: str) -> bool:
        """Whether somebody has asked to look again; if not, the lane is let go of."""
        with self._guard:
            if self._wanted_again[lane]:
                self._wanted_again[lane] = False
                return True
            del self._wanted_again[lane]
            return False

    def drop(self, lane: str) -> None:
        with self._guard:
            self._wanted_again.pop(lane, None)


class Outbox:
    """Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, lane: str, owner: str) -> PendingEffect | None:
        """Take the lane and its first undone effect, marked as attempted from now on.

        None where there is nothing to do, or where another process has the lane: it is told to look again before it
        lets go, so no effect is left behind. A lane that ``owner`` has already is claimed anew: its threads see to it
        that only one of them works on a lane.
        """
        for _ in range(CLAIMS):
            with self._database.writing() as connection:
                if _claim(connection, lane, owner):
                    return self._next(connection, lane, owner)
                held = sa.update(tables.lanes).where(_LANE.lane == lane, _LANE.owner.isnot(None))
                if connection.execute(held.values(again=True)).rowcount:
                    return None
        return None

    def done(
        self, pending: PendingEffect, owner: str, follow_ups: Sequence[Event] = (), failure: str | None = None
    ) -> PendingEffect | None:
        """It is done, or given up with ``failure``; what follows from it is stored with that.

        Returns the lane's next effect; without one the lane is let go of.
        """
        return self._end(pending, owner, follow_ups, failure, None)

    def set_aside(self, pending: PendingEffect, owner: str, reason: str) -> PendingEffect | None:
        """It is not tried again until somebody says so (``SetAside.retry``), and its lane goes on without it."""
        return self._end(pending, owner, (), reason, self._database.clock.now())

    def _end(
        self,
        pending: PendingEffect,
        owner: str,
        follow_ups: Sequence[Event],
        failure: str | None,
        set_aside_at: datetime | None,
    ) -> PendingEffect | None:
        now = self._database.clock.now()
        # What is done is needed no more; the address for answers, which is a capability, not even for another try.
        left = without_address(pending.body.encode()).decode() if set_aside_at is not None else ""
        with self._database.writing() as connection:
            ended = {"key": pending.id, "at": now, "why": failure, "aside": set_aside_at, "left": left}
            connection.execute(_END, ended)
            records = RowRecords(connection, f"effect:{pending.id}", now)
            for n, follow_up in enumerate(follow_ups):
                records.put(follow_up, f"effect:{pending.id}:{n}")
            if pending.tries:
                connection.execute(sa.update(tables.lanes).where(_LANE.lane == pending.lane).values(tries=0))
            return self._next(connection, pending.lane, owner)

    def later(self, pending: PendingEffect, owner: str, delay: timedelta, reason: str, *, untouched: bool) -> None:
        """Let go of the lane until ``delay`` has passed. ``untouched``: the attempt surely did nothing."""
        with self._database.writing() as connection:
            ours = self._put_off(connection, pending.lane, owner, delay, reason)
            if ours and untouched and not pending.attempted:
                connection.execute(sa.update(tables.effects).where(_OUT.id == pending.id).values(attempted_at=None))

    def failed(self, pending: PendingEffect, owner: str, delay: timedelta, reason: str) -> None:
        """The attempt failed by a fault of the bot's own: count it, and let go of the lane as with ``later``."""
        with self._database.writing() as connection:
            if self._put_off(connection, pending.lane, owner, delay, reason):
                count = sa.update(tables.effects).where(_OUT.id == pending.id)
                connection.execute(count.values(faults=_OUT.faults + 1))

    def put_off(self, lane: str, owner: str, delay: timedelta, reason: str) -> None:
        """Let go of a lane whose next effect could not even be looked at."""
        with self._database.writing() as connection:
            self._put_off(connection, lane, owner, delay, reason)

    def _put_off(self, connection: sa.Connection, lane: str, owner: str, delay: timedelta, reason: str) -> bool:
        """Whether the lane was still the owner's: one that others have taken over stays in their hands."""
        change = {
            "owner": None,
            "again": False,
            "due_at": self._database.clock.now() + delay,
            "tries": _LANE.tries + 1,
            "reason": reason,
        }
        mine = sa.update(tables.lanes).where(_LANE.lane == lane, _LANE.owner == owner)
        return bool(connection.execute(mine.values(change)).rowcount)

    def _next(self, connection: sa.Connection, lane: str, owner: str) -> PendingEffect | None:
        """The first undone effect; without one the lane is let go of, unless somebody has asked to look again.

        None where the lane is not the owner's any more: others have taken over from it.
        """
        for _ in range(CLAIMS):
            row = connection.execute(_UNDONE, {"here": lane, "me": owner}).first()
            if row is not None:
                if row.attempted_at is None:
                    connection.execute(_ATTEMPT, {"key": row.id, "at": self._database.clock.now()})
                attempted = row.attempted_at is not None
                return PendingEffect(row.id, lane, row.body, attempted, row.tries, row.faults, row.delivery_id)
            if connection.execute(_LET_GO, {"here": lane, "me": owner}).rowcount:
                return None
            if not connection.execute(_LOOK_AGAIN, {"here": lane, "me": owner}).rowcount:
                return None
        return None

    # --- which lanes have something to do -------------------------------------------------------------------------

    def lanes_of(self, delivery_id: str) -> list[str]:
        """Lanes in which the delivery's decisions left something to do, in the order of its effects."""
        return [row.lane for row in self._database.select(_LANES_OF, delivery=delivery_id)]

    def take_lanes(self) -> list[str]:
        """Lanes whose retry is due; they come again in a minute unless somebody has gone on with them by then."""
        now = self._database.clock.now()
        if not self._database.select(_LANES_DUE.limit(1), at=now):
            return []
        with self._database.writing() as connection:
            rows = connection.execute(_LANES_DUE.limit(100).with_for_update(skip_locked=True), {"at": now}).all()
            found = [row.lane for row in rows]
            change = sa.update(tables.lanes).where(_LANE.lane.in_(found), _LANE.owner.is_(None))
            connection.execute(change.values(due_at=now + timedelta(minutes=1)))
        return found

    def forgotten_lanes(self) -> list[str]:
        """Lanes with an undone effect that nobody works on and no retry is set for: after a crash."""
        taken = sa.select(_LANE.lane)
        pending = sa.select(_OUT.lane).where(_OUT.done_at.is_(None), _OUT.lane.not_in(taken)).distinct().limit(1_000)
        return [row.lane for row in self._database.select(pending)]

    def has_pending(self) -> bool:
        return bool(self._database.select(sa.select(_OUT.id).where(_OUT.done_at.is_(None)).limit(1)))

    def next_due(self) -> datetime | None:
        """When the first lane that was put off wants to be looked at."""
        moment: datetime | None = self._database.select(NEXT_LANE)[0][0]
        return moment


def _claim(connection: sa.Connection, lane: str, owner: str) -> bool:
    row: dict[str, Any] = {"lane": lane, "owner": owner, "tries": 0, "reason": "", "again": False, "due_at": None}
    if insert_new(connection, tables.lanes, [row], "lane"):
        return True
    return connection.execute(_FREE, {"here": lane, "me": owner}).rowcount == 1
