"""Deliveries on their way in, and the decisions on them; with the outbox it is all that the pipeline keeps."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.adapters.storage import serialization, tables
from bot.adapters.storage.compression import unpacked
from bot.adapters.storage.deployments import RowReads, RowRecords, insert_delivery, insert_new
from bot.adapters.storage.outbox import Outbox
from bot.adapters.storage.people import IdentityRows
from bot.core.events import Event
from bot.core.ports.chat import Delivery
from bot.core.stored import stored_name

__all__ = ["AlreadyDecided", "ClaimedDelivery", "Decision", "Store"]

_IN = tables.deliveries.c
OUTPUT_LINES = 5_000
"""How many lines of a provider's output are kept; what comes later is not."""


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that somebody is about to handle; ``tries`` counts the earlier, postponed attempts."""

    id: str
    tries: int
    name: str
    body: bytes


class Decision:
    """One handler's decision on one delivery. ``begin`` may be called once; ``decided_before`` after it."""

    def __init__(self, store: Store, delivery_id: str, handler: str) -> None:
        self._store = store
        self._delivery_id = delivery_id
        self._handler = handler
        self._stack = ExitStack()
        self.records: RowRecords | None = None

    def reads(self) -> RowReads:
        return self._store.reads()

    def begin(self, app: str | None, environment: str | None) -> RowRecords:
        """Open the transaction with the environment's row locked, and claim the decision.

        Raises AlreadyDecided where another process was faster.
        """
        connection = self._stack.enter_context(self._store.writing())
        now = self._store.clock.now()
        claim = {"delivery_id": self._delivery_id, "handler": self._handler, "decided_at": now}
        if not insert_new(connection, tables.decisions, [claim], "delivery_id", "handler"):
            raise AlreadyDecided
        self.records = RowRecords(connection, self._delivery_id, now)
        if app is not None and environment is not None:
            self.records.hold(app, environment)
        return self.records

    def close(self, *, keep: bool) -> None:
        if keep:
            self._stack.close()
        else:
            self._stack.__exit__(*sys.exc_info())


class AlreadyDecided(Exception):
    """This decision was made before: there is nothing left to decide."""


class Store(Outbox, IdentityRows):
    """The Inbox port, and what the pipeline needs around it. Every method is a transaction of its own.

    Raises Unavailable where the database does not answer.
    """

    def reads(self) -> RowReads:
        return RowReads(self.select)

    # --- deliveries ---------------------------------------------------------------------------------------------

    def put(self, delivery: Delivery) -> bool:
        now = self.clock.now()
        row = {
            "id": delivery.id,
            "source": delivery.source,
            "name": delivery.name,
            "body": delivery.body,
            "received_at": now,
            "due_at": now,
        }
        with self.writing() as connection:
            return insert_delivery(connection, row)

    def put_event(self, event: Event, key: str) -> bool:
        return self.put(Delivery(f"bot:{key}", "bot", stored_name(type(event)), serialization.event_to_bytes(event)))

    def delivery(self, delivery_id: str) -> tuple[Delivery, datetime | None, int] | None:
        """The delivery, when it was handled, and how often it was postponed."""
        rows = self.select(sa.select(tables.deliveries).where(_IN.id == delivery_id))
        if not rows:
            return None
        row = rows[0]
        return Delivery(row.id, row.source, row.name, unpacked(row.body)), row.handled_at, row.tries

    def take(self, limit: int, owner: str = "") -> list[ClaimedDelivery]:
        """Deliveries whose turn it is, oldest first; nobody else gets them until they are postponed or handed on."""
        now = self.clock.now()
        due = sa.select(_IN.id, _IN.tries, _IN.name, _IN.body).where(_IN.due_at <= now)
        if not self.select(due.limit(1)):
            return []
        with self.writing() as connection:
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
        with self.writing() as connection:
            change = {"due_at": self.clock.now(), "tries": _IN.tries + 1, "taken_by": None}
            return connection.execute(sa.update(tables.deliveries).where(*lost).values(change)).rowcount

    def postpone(self, delivery_id: str, delay: timedelta, reason: str) -> None:
        change = {"due_at": self.clock.now() + delay, "tries": _IN.tries + 1, "failure": reason}
        with self.writing() as connection:
            connection.execute(sa.update(tables.deliveries).where(_IN.id == delivery_id).values(change))

    def handled(self, delivery_id: str, failure: str | None = None) -> None:
        change = {"handled_at": self.clock.now(), "due_at": None, "failure": failure}
        with self.writing() as connection:
            connection.execute(sa.update(tables.deliveries).where(_IN.id == delivery_id).values(change))

    def backlog(self) -> int:
        """Deliveries that nobody has handled yet."""
        return int(self.select(sa.select(sa.func.count()).where(_IN.handled_at.is_(None)))[0][0])

    # --- decisions ----------------------------------------------------------------------------------------------

    @contextmanager
    def decision(self, delivery_id: str, handler: str) -> Iterator[Decision]:
        """A decision's transaction: opened at ``begin``, committed at the end, rolled back by an exception.

        What it writes is kept together with the note that ``handler`` has decided on the delivery.
        """
        decision = Decision(self, delivery_id, handler)
        try:
            yield decision
            if decision.records is None:
                decision.begin(None, None)
        except BaseException:
            decision.close(keep=False)
            raise
        decision.close(keep=True)

    def decided(self, delivery_id: str, handler: str) -> bool:
        made = tables.decisions.c
        query = sa.select(made.handler).where(made.delivery_id == delivery_id, made.handler == handler)
        return bool(self.select(query))

    # --- what performers and the clock write -----------------------------------------------------------------------

    def posted(self, deployment_id: int, channel: str, message_id: str, at: datetime) -> None:
        mine = tables.deployments.c.id == deployment_id
        change = {"channel": channel, "parent": message_id, "edited_at": at}
        # What waits for it may go on at once.
        row = tables.lanes.c
        waits = sa.and_(row.lane == f"thread:{deployment_id}", row.owner.is_(None), row.due_at > at)
        with self.writing() as connection:
            connection.execute(sa.update(tables.deployments).where(mine).values(change))
            connection.execute(sa.update(tables.lanes).where(waits).values(due_at=at))

    def due_deployments(self, now: datetime) -> Sequence[tuple[int, datetime]]:
        due = tables.deployments.c
        query = sa.select(due.id, due.due_at).where(due.due_at <= now).order_by(due.due_at).limit(500)
        return [(row.id, row.due_at) for row in self.select(query)]

    def ring_timers(self) -> int:
        """Turn the timers whose moment has come into deliveries, each once; how many there were."""
        row = tables.timers.c
        now = self.clock.now()
        due = sa.select(row.key, row.due_at, row.name, row.body).where(row.due_at <= now).limit(500)
        if not self.select(due):
            return 0
        with self.writing() as connection:
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

    def next_timer(self) -> datetime | None:
        moment: datetime | None = self.select(sa.select(sa.func.min(tables.timers.c.due_at)))[0][0]
        return moment

    def next_due(self) -> datetime | None:
        """When the first postponed delivery or lane wants to be looked at."""
        delivery = self.select(sa.select(sa.func.min(_IN.due_at)))[0][0]
        return min((moment for moment in (self.next_due_lane(), delivery) if moment is not None), default=None)

    def next_due_deployment(self) -> datetime | None:
        moment: datetime | None = self.select(sa.select(sa.func.min(tables.deployments.c.due_at)))[0][0]
        return moment

    def clear(self, before: datetime) -> None:
        """Delete handled deliveries and done effects that are older, and the decisions on them."""
        old = sa.select(_IN.id).where(_IN.handled_at < before)
        with self.writing() as connection:
            connection.execute(sa.delete(tables.decisions).where(tables.decisions.c.delivery_id.in_(old)))
            connection.execute(sa.delete(tables.effects).where(tables.effects.c.done_at < before))
            connection.execute(sa.delete(tables.deliveries).where(_IN.handled_at < before))

    def drawn_again(self, lane: str, effect_id: int) -> bool:
        out = tables.effects.c
        later = sa.select(out.id).where(out.lane == lane, out.id > effect_id, out.done_at.is_(None)).limit(1)
        return bool(self.select(later))

    # --- output -------------------------------------------------------------------------------------------------

    def write_output(self, deployment_id: int, first: int, lines: Sequence[str]) -> None:
        """Keep lines numbered from ``first``; repeating a line after a restart changes nothing."""
        rows = [
            {"deployment_id": deployment_id, "n": first + n, "line": line}
            for n, line in enumerate(lines)
            if first + n < OUTPUT_LINES
        ]
        if not rows:
            return
        with self.writing() as connection:
            insert_new(connection, tables.output, rows, "deployment_id", "n")

    def count_output(self, deployment_id: int) -> int:
        mine = tables.output.c.deployment_id == deployment_id
        return int(self.select(sa.select(sa.func.count()).where(mine))[0][0])
