"""Deliveries on their way in: stored once, taken by one process at a time, and kept until they are handled.

Of what was handled the row stays, to know a repeat by; what it said goes, unless it was set aside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.adapters.decoding import decode
from bot.adapters.storage import serialization, tables
from bot.adapters.storage.compression import unpacked
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new
from bot.core.events import Event
from bot.core.events.external import ApiRequested, CommandGiven
from bot.core.ports.chat import Delivery
from bot.core.stored import stored_name

_IN = tables.deliveries.c
_OTHER = tables.deliveries.alias("other").c
_SAME = sa.exists().where(_OTHER.person == _IN.person, _OTHER.handled_at.is_(None))
_EARLIER = sa.tuple_(_OTHER.due_at, _OTHER.seq) < sa.tuple_(_IN.due_at, _IN.seq)
_TURN = sa.or_(_IN.person.is_(None), ~_SAME.where(sa.or_(_OTHER.due_at.is_(None), _EARLIER)))
"""No other command of the same person is in hand, which has no moment, or comes first. Of two processes that look at
the same instant both find the same one, and the row's lock says whose it is."""
_AT: sa.BindParameter[Any] = sa.bindparam("at")
# Statements are made once: to make one costs more than to execute it.
_ROW = sa.select(tables.deliveries).where(_IN.id == sa.bindparam("id"))
NEXT_COMMAND = sa.select(sa.func.min(_IN.due_at)).where(_IN.due_at.isnot(None), _IN.person.isnot(None), _TURN)
NEXT_OTHER = sa.select(sa.func.min(_IN.due_at)).where(_IN.due_at.isnot(None), _IN.person.is_(None))
_NEXT = sa.select(_IN.due_at).where(_IN.due_at.isnot(None), _TURN).order_by(_IN.due_at, _IN.seq).limit(1)
_DUE = sa.select(_IN.id, _IN.tries, _IN.name, _IN.body, _IN.person, _IN.repeats, _IN.joins).where(_IN.due_at <= _AT)
_FIRST = _DUE.order_by(_IN.due_at, _IN.seq).limit(sa.bindparam("most")).with_for_update(skip_locked=True)
_COMMANDS = _FIRST.where(_IN.person.isnot(None), _TURN)
_OTHERS = _FIRST.where(_IN.person.is_(None))
_IDS = _IN.id.in_(sa.bindparam("ids", expanding=True))
_TAKE = sa.update(tables.deliveries).where(_IDS).values(due_at=None, taken_by=sa.bindparam("owner"))
_SAYING = _IN.repeats.in_(sa.bindparam("said", expanding=True))
_REPEATS = sa.select(_IN.seq).where(_IN.due_at <= _AT, _SAYING).with_for_update(skip_locked=True)
_JOINING = sa.select(_IN.id, _IN.joins).where(_IN.joins.in_(sa.bindparam("subjects", expanding=True)), _IN.tries == 0)
_JOINING = _JOINING.where(_IN.due_at <= _AT).order_by(_IN.seq).limit(200).with_for_update(skip_locked=True)
_THESE = sa.select(tables.deliveries).where(_IDS, _IN.handled_at.is_(None)).order_by(_IN.seq)
_LET_GO = sa.update(tables.deliveries).where(_IDS, _IN.handled_at.is_(None), _IN.due_at.is_(None))
_LET_GO = _LET_GO.values(due_at=_AT, tries=_IN.tries + 1, taken_by=None)
_OVER = sa.update(tables.deliveries).values(handled_at=_AT, due_at=None)
# What was said is needed no more: of most rows it is the larger part.
_DONE = _OVER.values(body=b"")
_SETTLE = _DONE.where(_IN.seq.in_(sa.bindparam("over", expanding=True))).values(failure=None)
_HANDLED = _DONE.where(_IN.id == sa.bindparam("of")).values(failure=sa.bindparam("why"))
_ALL_HANDLED = _DONE.where(_IDS)
_ASIDE = _OVER.where(_IN.id == sa.bindparam("of"), _IN.handled_at.is_(None))
_ASIDE = _ASIDE.values(failure=sa.bindparam("why"), set_aside_at=_AT)
_ASIDE = _ASIDE.returning(sa.case((_IN.person.isnot(None), _IN.body)).label("said"))
_ADDRESS = re.compile(rb'("respond": ?)"[^"]*"')
CUT_OFF: dict[str, Any] = {"tries": _IN.tries + 1, "faults": _IN.faults + 1, "taken_by": None}
"""What is written of an attempt that came to no end."""


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that somebody is about to handle; ``tries`` counts the earlier, postponed attempts.

    ``person`` has given it where it is a command. ``joined`` are the ids of others of the same subject that were taken
    with it, to be decided on together.
    """

    id: str
    tries: int
    name: str
    body: bytes
    person: str | None = None
    repeats: str | None = None
    joins: str | None = None
    joined: tuple[str, ...] = ()


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

    def delivery(self, delivery_id: str) -> tuple[Delivery, datetime | None, int, int] | None:
        """The delivery, when it was handled, how often it was postponed but for refused credentials, and how often at
        all."""
        rows = self._database.select(_ROW, id=delivery_id)
        if not rows:
            return None
        row = rows[0]
        return _delivery_in(row), row.handled_at, row.tries - row.refused, row.tries

    def unhandled(self, ids: Sequence[str]) -> list[Delivery]:
        """Those of them that nobody has handled, in the order in which they came."""
        return [_delivery_in(row) for row in self._database.select(_THESE, ids=list(ids))] if ids else []

    def let_go(self, ids: Sequence[str]) -> None:
        """Those of them that are not handled are to be taken again, each by itself."""
        if ids:
            with self._database.writing() as connection:
                connection.execute(_LET_GO, {"ids": list(ids), "at": self._database.clock.now()})

    def take(self, limit: int, owner: str = "", *, commands: int | None = None) -> list[ClaimedDelivery]:
        """Deliveries whose turn it is; nobody else gets them until they are postponed or handed on.

        First the people's commands (as many as ``commands``, or ``limit``), of each person the oldest, and none while
        another one of theirs is in hand: so each person's are decided in their order, and nobody waits for what others
        sent. Then, oldest first, everything else; of those that say the same one is taken, and the others that
        wait with it are over with that; those of one subject are taken together.
        """
        with self._database.writing() as connection:
            now = self._database.clock.now()
            first = connection.execute(_COMMANDS, {"at": now, "most": limit if commands is None else commands})
            taken = [ClaimedDelivery(*row) for row in first]
            left = limit if commands is not None else limit - len(taken)
            if left:
                others = connection.execute(_OTHERS, {"at": now, "most": left})
                taken += _joined(connection, now, _first_of_each([ClaimedDelivery(*row) for row in others]))
            if not taken:
                return []
            ids = [id for one in taken for id in (one.id, *one.joined)]
            connection.execute(_TAKE, {"ids": ids, "owner": owner})
            _settle_repeats(connection, now, [one.repeats for one in taken if one.repeats is not None])
        return taken

    def retake(self, owner: str | None = None, except_for: Sequence[str] = ()) -> int:
        """What was taken (by ``owner``, or by anybody) and is not in hand is to be taken again. Returns how many.

        Whatever became of the attempt was not written down, so it counts as one that failed.
        """
        lost: list[sa.ColumnElement[bool]] = [_IN.handled_at.is_(None), _IN.due_at.is_(None), _IN.id.not_in(except_for)]
        if owner is not None:
            lost.append(_IN.taken_by == owner)
        with self._database.writing() as connection:
            change = {"due_at": self._database.clock.now(), **CUT_OFF}
            return connection.execute(sa.update(tables.deliveries).where(*lost).values(change)).rowcount

    def postpone(self, delivery_id: str, delay: timedelta, reason: str, *, refused: bool = False) -> None:
        """``refused``: by the bot's own credentials, so that this try does not count."""
        change = {"due_at": self._database.clock.now() + delay, "tries": _IN.tries + 1, "failure": reason}
        if refused:
            change["refused"] = _IN.refused + 1
        # Whoever took over from this process may have handled it meanwhile.
        still = sa.update(tables.deliveries).where(_IN.id == delivery_id, _IN.handled_at.is_(None))
        with self._database.writing() as connection:
            connection.execute(still.values(change))

    def handled(self, delivery_id: str, failure: str | None = None, *, joined: Sequence[str] = ()) -> None:
        with self._database.writing() as connection:
            mark_handled(connection, delivery_id, self._database.clock.now(), failure, joined)

    def count_fault(self, delivery_id: str) -> int:
        """Note that an attempt failed by a fault of the bot's own; how many have by now."""
        count = sa.update(tables.deliveries).where(_IN.id == delivery_id).values(faults=_IN.faults + 1)
        with self._database.writing() as connection:
            return connection.execute(count.returning(_IN.faults)).scalar() or 0

    def faults(self, delivery_id: str) -> int:
        """How many attempts failed by a fault of the bot's own, or were cut off."""
        rows = self._database.select(sa.select(_IN.faults).where(_IN.id == delivery_id))
        return int(rows[0].faults) if rows else 0

    def set_aside(self, delivery_id: str, reason: str) -> None:
        """It is not tried again until somebody says so (``SetAside.retry``), and nobody waits for it."""
        with self._database.writing() as connection:
            given = {"of": delivery_id, "at": self._database.clock.now(), "why": reason}
            row = connection.execute(_ASIDE, given).first()
            # An address for answers is a capability: the effects have it, and forget it when they are done.
            if row is not None and row.said is not None and (bare := without_address(row.said)) != row.said:
                connection.execute(sa.update(tables.deliveries).where(_IN.id == delivery_id).values(body=bare))

    def backlog(self) -> int:
        """Deliveries that nobody has handled yet."""
        return int(self._database.select(sa.select(sa.func.count()).where(_IN.handled_at.is_(None)))[0][0])

    def next_due(self) -> datetime | None:
        """When the first delivery that may be taken wants to be looked at."""
        rows = self._database.select(_NEXT)
        return rows[0].due_at if rows else None


def mark_handled(
    connection: sa.Connection, delivery_id: str, now: datetime, failure: str | None = None, joined: Sequence[str] = ()
) -> None:
    connection.execute(_HANDLED, {"of": delivery_id, "at": now, "why": failure})
    if joined:
        connection.execute(_ALL_HANDLED, {"ids": list(joined), "at": now})


def without_address(body: bytes) -> bytes:
    """What a person said, without the address that came with it for answers."""
    return _ADDRESS.sub(rb"\1null", body)


def _delivery_in(row: Any) -> Delivery:
    return Delivery(row.id, row.source, row.name, unpacked(row.body))


def _first_of_each(found: Sequence[ClaimedDelivery]) -> list[ClaimedDelivery]:
    return list({one.repeats or _subject(one) or one.id: one for one in reversed(found)}.values())[::-1]


def _subject(one: ClaimedDelivery) -> str | None:
    """What others may join it for. One that was tried before is tried alone: it may be what the attempt failed of."""
    return one.joins if one.tries == 0 else None


def _joined(connection: sa.Connection, now: datetime, found: list[ClaimedDelivery]) -> list[ClaimedDelivery]:
    """Each with those of its subject that are due as well."""
    first_of = {one.joins: one.id for one in found if _subject(one)}
    if not first_of:
        return found
    joined: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(_JOINING, {"at": now, "subjects": list(first_of)}):
        if row.id != first_of[row.joins]:
            key = first_of[row.joins]
            joined[key] = (*joined.get(key, ()), row.id)
    return [replace(one, joined=joined[one.id]) if one.id in joined else one for one in found]


def _settle_repeats(connection: sa.Connection, now: datetime, said: Sequence[str]) -> None:
    """Whatever is due and says the same as what was just taken: that one looks at how things are after this."""
    if not said:
        return
    over = [row.seq for row in connection.execute(_REPEATS, {"at": now, "said": said})]
    if over:
        connection.execute(_SETTLE, {"at": now, "over": over})


def insert_delivery(connection: sa.Connection, row: dict[str, Any]) -> bool:
    """Store a delivery unless its id is known; whether it was new."""
    known = row | {
        "person": _person_of(row["name"], row["body"]),
        "repeats": serialization.repeats(row["name"], row["body"]),
    }
    return insert_new(connection, tables.deliveries, [known], "id") == 1


_COMMANDS_GIVEN = frozenset(map(stored_name, (CommandGiven, ApiRequested)))


class _Given(msgspec.Struct):
    person: str


def _person_of(name: str, body: bytes) -> str | None:
    """Who has given the command, or answers for the program that has; None where it is none, or nobody can tell."""
    if name not in _COMMANDS_GIVEN:
        return None
    try:
        return decode(body, _Given).person
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
