"""What monitors are told of the database: how deployments ended, what waits, and who is alive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from bot.adapters.decoding import decode
from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.leases import EXPIRES_AFTER, last_heard
from bot.adapters.storage.upsert import insert_new
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.deployments.wording import spoken
from bot.core.measures.model import Move, Stood, Tally, move_of
from bot.core.ports.chat import Finding

LEFT_FOR = 60.0
"""Seconds that something may wait while no worker lives: a restart takes less."""
Place = tuple[str, str]
"""An app and an environment of the settings: previews are counted together."""

_KEPT = tables.kept.c
_COUNTED = sa.select(_KEPT.value).where(_KEPT.key == sa.bindparam("of")).with_for_update()
_COUNT = sa.update(tables.kept).where(_KEPT.key == sa.bindparam("of")).values(value=sa.bindparam("said"))
_TALLIES = sa.select(_KEPT.key, _KEPT.value).where(_KEPT.key.in_(sa.bindparam("keys", expanding=True)))

_IN, _OUT, _D = tables.deliveries.c, tables.effects.c, tables.deployments.c
_WAITS = sa.select(_D.waits_for, sa.func.count()).where(sa.and_(tables.UNENDED), _D.state == State.WAITING)
_WAITS = _WAITS.group_by(_D.waits_for)
_RUNS = sa.select(sa.func.count()).where(sa.and_(tables.UNENDED), _D.state.in_([State.STARTING, State.RUNNING]))
_UNDONE = {
    # In the order in which they came, which the indexes of what is undone have.
    "delivery": sa.select(_IN.received_at).where(_IN.handled_at.is_(None)).order_by(_IN.seq).limit(1),
    "effect": sa.select(sa.func.min(_OUT.created_at)).where(_OUT.done_at.is_(None)),
}
_PUT_OFF = {
    "delivery": sa.select(sa.func.count()).where(_IN.handled_at.is_(None), _IN.tries > 0),
    "effect": sa.select(sa.func.count()).where(tables.lanes.c.tries > 0, tables.lanes.c.due_at.isnot(None)),
}
_NOW = sa.select(
    *(one.scalar_subquery() for one in (_RUNS, *_UNDONE.values(), *_PUT_OFF.values())),
)


def key_of(place: Place) -> str:
    """Under this is kept what was counted in the place."""
    return f"measured:{place[0]}:{place[1]}"


class TallyTransaction:
    """Counts in the transaction of the decision that moves a deployment: exactly once, whatever is repeated.

    ``place_of`` says under which environment of the settings one of an app is counted.
    """

    def __init__(self, connection: sa.Connection, place_of: Callable[[str, str], str]) -> None:
        self._connection = connection
        self._place_of = place_of
        self._moves: dict[str, list[Move]] = {}

    def note(self, before: Stood | None, after: Deployment) -> None:
        move = move_of(before, after)
        if move is not None:
            key = key_of((after.app, self._place_of(after.app, after.environment)))
            self._moves.setdefault(key, []).append(move)

    def write(self) -> None:
        """At the end, and in one order: others count in the same rows, and nobody must wait for long, or crosswise."""
        for key in sorted(self._moves):
            tally = self._locked(key)
            for move in self._moves[key]:
                tally.count(move)
            self._connection.execute(_COUNT, {"of": key, "said": msgspec.json.encode(tally).decode()})
        self._moves.clear()

    def _locked(self, key: str) -> Tally:
        row = self._connection.execute(_COUNTED, {"of": key}).first()
        if row is None:
            insert_new(self._connection, tables.kept, [{"key": key, "value": "{}"}], "key")
            row = self._connection.execute(_COUNTED, {"of": key}).one()
        return decode(row.value, Tally)


@dataclass(frozen=True, slots=True)
class Look:
    """How things are at one moment. Ages are in seconds, 0 where nothing is undone.

    ``heard`` is how long ago a worker was last heard of, None where none was since the last one left in order;
    ``workers`` counts those that are alive. ``postponed`` counts what failed for now and is tried again.
    """

    tallies: Mapping[Place, Tally]
    waiting: Mapping[str, int]
    running: int
    oldest: Mapping[str, float]
    postponed: Mapping[str, int]
    workers: int
    heard: float | None


def look(database: Database, places: Iterable[Place]) -> Look:
    """A few small queries on indexes of what is undone, however much is done. Raises Unavailable."""
    keys = {key_of(place): place for place in places}
    kept = {row.key: row.value for row in database.select(_TALLIES, keys=list(keys))}
    waits = {row[0]: row[1] for row in database.select(_WAITS)}
    running, *found = database.select(_NOW)[0]
    now = database.clock.now()
    ages = dict(zip(_UNDONE, (_age(now, moment) for moment in found[: len(_UNDONE)]), strict=True))
    heard = last_heard(database)
    return Look(
        tallies={place: decode(kept.get(key, "{}"), Tally) for key, place in keys.items()},
        waiting={reason.value: waits.get(reason.value, 0) for reason in Waiting},
        running=running,
        oldest=ages,
        postponed=dict(zip(_PUT_OFF, found[len(_UNDONE) :], strict=True)),
        workers=sum(age < EXPIRES_AFTER for age in heard),
        heard=min(heard, default=None),
    )


def doctor(database: Database) -> Iterator[Finding]:
    """For ``python -m bot check``: whether anybody lives who works on what waits. Raises Unavailable."""
    found = look(database, ())
    longest = max(found.oldest.values())
    if found.workers or longest <= LEFT_FOR:
        return
    heard = "" if found.heard is None else f", and none was heard of for {spoken(found.heard)}"
    yield Finding(
        False,
        f"no worker is alive{heard}: what was stored {spoken(longest)} ago is not done",
        "start one (heroku ps:scale worker=1; python -m bot run where all is one process); if one runs, its log says "
        "why it cannot work",
    )


def _age(now: datetime, moment: datetime | None) -> float:
    return max(timedelta(0), now - moment).total_seconds() if moment is not None else 0.0
