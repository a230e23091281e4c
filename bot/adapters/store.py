"""The database: deliveries in, decisions and their effects kept together, effects out in order."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as sa_event

from bot.adapters import migrations, schema, wire
from bot.adapters.records import RowReads, RowRecords, insert_delivery, insert_new
from bot.core.effects import Effect
from bot.core.errors import Unavailable
from bot.core.events import Event
from bot.core.ports import Clock, Delivery, Finding

_IN = schema.deliveries.c
_OUT = schema.effects.c
OUTPUT_LINES = 5_000
"""How many lines of a provider's output are kept; what comes later replaces nothing, it is counted and said."""


def connect(url: str, *, pool_size: int = 5) -> sa.Engine:
    """An engine for ``sqlite:///…`` or ``postgresql+psycopg://…``; nothing is opened yet."""
    if not url.startswith("sqlite"):
        return sa.create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=30,
            connect_args={"connect_timeout": 10, "application_name": "shipmate"},
        )
    engine = sa.create_engine(url, pool_size=max(pool_size, 10), max_overflow=20)

    @sa_event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # IMMEDIATE: a transaction that will write takes the lock at once instead of failing half-way.
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that somebody is about to handle; ``tries`` counts the earlier, postponed attempts."""

    id: str
    tries: int
    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Undone:
    """The next effect of a lane; ``attempted`` says that an earlier attempt may have got through."""

    id: int
    effect: Effect
    attempted: bool


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
        if not insert_new(connection, schema.decisions, [claim], "delivery_id", "handler"):
            raise AlreadyDecided
        if app is not None and environment is not None:
            insert_new(
                connection, schema.environments, [{"app": app, "environment": environment}], "app", "environment"
            )
            row = schema.environments.c
            lock = sa.select(row.app).where(row.app == app, row.environment == environment).with_for_update()
            connection.execute(lock)
        self.records = RowRecords(connection, self._delivery_id, now)
        return self.records

    def close(self, *, keep: bool) -> None:
        if keep:
            if self.records is None:
                self.begin(None, None)
            self._stack.close()
        else:
            self._stack.__exit__(*sys.exc_info())


class AlreadyDecided(Exception):
    """This decision was made before: there is nothing left to decide."""


class Store:
    """The Inbox port, and what the pipeline needs around it. Every method is a transaction of its own.

    Database errors become Unavailable where the connection is at fault.
    """

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self._writing = threading.RLock()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes. On SQLite the lock is taken at its beginning, and threads queue for it here."""
        sqlite = self.engine.dialect.name == "sqlite"
        lock = self._writing if sqlite else None
        if lock:
            lock.acquire()
        try:
            with self.engine.begin() as connection:
                if sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except sa.exc.OperationalError as error:
            raise Unavailable(f"The database does not answer: {error.orig}") from error
        finally:
            if lock:
                lock.release()

    def _select(self, query: sa.Select[Any]) -> Sequence[Any]:
        try:
            with self.engine.connect() as connection:
                return connection.execute(query).all()
        except sa.exc.OperationalError as error:
            raise Unavailable(f"The database does not answer: {error.orig}") from error

    def reads(self) -> RowReads:
        return RowReads(self._select)

    def answers(self) -> bool:
        """Whether the database can be read."""
        try:
            self._select(sa.select(sa.literal(1)))
        except Unavailable:
            return False
        return True

    def examine(self) -> list[Finding]:
        """For ``python -m bot check``."""
        try:
            self._select(sa.select(sa.literal(1)))
            current = migrations.is_current(self.engine)
        except (Unavailable, sa.exc.SQLAlchemyError) as error:
            return [Finding(False, f"the database does not answer: {error}", "compare DATABASE_URL")]
        if not current:
            return [Finding(False, "the database is not up to date", "run python -m bot migrate")]
        return [Finding(True, "the database answers and is up to date")]

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
        return self.put(Delivery(f"bot:{key}", "bot", type(event).__name__, wire.event_to_bytes(event)))

    def delivery(self, delivery_id: str) -> tuple[Delivery, datetime | None, int] | None:
        """The delivery, when it was handled, and how often it was postponed."""
        rows = self._select(sa.select(schema.deliveries).where(_IN.id == delivery_id))
        if not rows:
            return None
        row = rows[0]
        return Delivery(row.id, row.source, row.name, row.body), row.handled_at, row.tries

    def take(self, limit: int) -> list[Taken]:
        """Deliveries whose turn it is, oldest first; they are not given out again until postponed or ``retake``."""
        now = self.clock.now()
        due = sa.select(_IN.id, _IN.tries, _IN.name, _IN.body).where(_IN.due_at <= now).order_by(_IN.due_at, _IN.seq).limit(limit)
        if not self._select(due):
            return []
        with self.writing() as connection:
            rows = connection.execute(due.with_for_update(skip_locked=True)).all()
            taken = [Taken(row.id, row.tries, row.name, row.body) for row in rows]
            mine = _IN.id.in_([one.id for one in taken])
            connection.execute(sa.update(schema.deliveries).where(mine).values(due_at=None))
        return taken

    def retake(self) -> int:
        """After a restart: what was taken and never handled is to be taken again. Returns how many."""
        lost = sa.and_(_IN.handled_at.is_(None), _IN.due_at.is_(None))
        with self.writing() as connection:
            change = {"due_at": self.clock.now(), "tries": _IN.tries + 1}
            return connection.execute(sa.update(schema.deliveries).where(lost).values(change)).rowcount

    def postpone(self, delivery_id: str, delay: timedelta, reason: str) -> None:
        change = {"due_at": self.clock.now() + delay, "tries": _IN.tries + 1, "failure": reason}
        with self.writing() as connection:
            connection.execute(sa.update(schema.deliveries).where(_IN.id == delivery_id).values(change))

    def handled(self, delivery_id: str, failure: str | None = None) -> None:
        change = {"handled_at": self.clock.now(), "due_at": None, "failure": failure}
        with self.writing() as connection:
            connection.execute(sa.update(schema.deliveries).where(_IN.id == delivery_id).values(change))

    def backlog(self) -> int:
        """Deliveries that nobody has handled yet."""
        return int(self._select(sa.select(sa.func.count()).where(_IN.handled_at.is_(None)))[0][0])

    # --- decisions ----------------------------------------------------------------------------------------------

    @contextmanager
    def decision(self, delivery_id: str, handler: str) -> Iterator[Decision]:
        """A decision's transaction: opened at ``begin``, committed at the end, rolled back by an exception.

        What it writes is kept together with the note that ``handler`` has decided on the delivery.
        """
        decision = Decision(self, delivery_id, handler)
        try:
            yield decision
        except BaseException:
            decision.close(keep=False)
            raise
        decision.close(keep=True)

    def decided(self, delivery_id: str, handler: str) -> bool:
        made = schema.decisions.c
        query = sa.select(made.handler).where(made.delivery_id == delivery_id, made.handler == handler)
        return bool(self._select(query))

    # --- effects ------------------------------------------------------------------------------------------------

    def next_effect(self, lane: str) -> Undone | None:
        """The lane's first undone effect, marked as attempted from now on."""
        first = (
            sa.select(_OUT.id, _OUT.body, _OUT.attempted_at)
            .where(_OUT.lane == lane, _OUT.done_at.is_(None))
            .order_by(_OUT.id)
            .limit(1)
        )
        rows = self._select(first)
        if not rows:
            return None
        row = rows[0]
        if row.attempted_at is None:
            with self.writing() as connection:
                change = sa.update(schema.effects).where(_OUT.id == row.id)
                connection.execute(change.values(attempted_at=self.clock.now()))
        return Undone(row.id, wire.effect_from_json(row.body), row.attempted_at is not None)

    def done(self, effect_id: int, lane: str, follow_ups: Sequence[Event], failure: str | None = None) -> None:
        """The effect is done, or given up with ``failure``; the events that follow are stored with that."""
        now = self.clock.now()
        with self.writing() as connection:
            change = sa.update(schema.effects).where(_OUT.id == effect_id)
            connection.execute(change.values(done_at=now, failure=failure))
            connection.execute(sa.delete(schema.lanes).where(schema.lanes.c.lane == lane))
            records = RowRecords(connection, f"effect:{effect_id}", now)
            for n, follow_up in enumerate(follow_ups):
                records.put(follow_up, f"effect:{effect_id}:{n}")

    def untouched(self, effect_id: int) -> None:
        """An attempt that surely did nothing is forgotten, so that the next one need not look first."""
        with self.writing() as connection:
            connection.execute(sa.update(schema.effects).where(_OUT.id == effect_id).values(attempted_at=None))

    def later(self, lane: str, delay: timedelta, reason: str) -> None:
        """The lane is to be gone on with after ``delay``."""
        row = {"lane": lane, "due_at": self.clock.now() + delay, "tries": self.tries(lane) + 1, "reason": reason}
        with self.writing() as connection:
            connection.execute(sa.delete(schema.lanes).where(schema.lanes.c.lane == lane))
            connection.execute(sa.insert(schema.lanes).values(row))

    def tries(self, lane: str) -> int:
        rows = self._select(sa.select(schema.lanes.c.tries).where(schema.lanes.c.lane == lane))
        return int(rows[0].tries) if rows else 0

    def take_lanes(self) -> list[str]:
        """Lanes whose retry is due; they come again in a minute unless somebody has gone on with them by then."""
        now = self.clock.now()
        row = schema.lanes.c
        found = [one.lane for one in self._select(sa.select(row.lane).where(row.due_at <= now).order_by(row.due_at))]
        if found:
            with self.writing() as connection:
                change = sa.update(schema.lanes).where(row.lane.in_(found), row.due_at <= now)
                connection.execute(change.values(due_at=now + timedelta(minutes=1)))
        return found

    def has_undone_effects(self) -> bool:
        return bool(self._select(sa.select(_OUT.id).where(_OUT.done_at.is_(None)).limit(1)))

    def next_due(self) -> datetime | None:
        """When the first postponed delivery or lane wants to be looked at."""
        lane = self._select(sa.select(sa.func.min(schema.lanes.c.due_at)))[0][0]
        delivery = self._select(sa.select(sa.func.min(_IN.due_at)))[0][0]
        return min((moment for moment in (lane, delivery) if moment is not None), default=None)

    def unfinished_lanes(self) -> list[str]:
        """Every lane with an undone effect that does not wait for a retry."""
        waiting = sa.select(schema.lanes.c.lane)
        undone = sa.select(_OUT.lane).where(_OUT.done_at.is_(None), _OUT.lane.not_in(waiting)).distinct()
        return [row.lane for row in self._select(undone)]

    def lanes_of(self, delivery_id: str) -> list[str]:
        """Lanes in which the delivery's decisions left something to do, in the order of its effects."""
        undone = (
            sa.select(_OUT.lane, sa.func.min(_OUT.id).label("first"))
            .where(_OUT.delivery_id == delivery_id, _OUT.done_at.is_(None))
            .group_by(_OUT.lane)
            .order_by("first")
        )
        return [row.lane for row in self._select(undone)]

    def posted(self, deployment_id: int, channel: str, message_id: str, at: datetime) -> None:
        mine = schema.deployments.c.id == deployment_id
        change = {"channel": channel, "parent": message_id, "edited_at": at}
        with self.writing() as connection:
            connection.execute(sa.update(schema.deployments).where(mine).values(change))

    # --- the clock's part ---------------------------------------------------------------------------------------

    def due_deployments(self, now: datetime) -> Sequence[tuple[int, datetime]]:
        due = schema.deployments.c
        query = sa.select(due.id, due.due_at).where(due.due_at <= now).order_by(due.due_at).limit(500)
        return [(row.id, row.due_at) for row in self._select(query)]

    def ring_timers(self) -> int:
        """Turn the timers whose moment has come into deliveries, each once; how many there were."""
        row = schema.timers.c
        now = self.clock.now()
        due = sa.select(row.key, row.due_at, row.name, row.body).where(row.due_at <= now).limit(500)
        if not self._select(due):
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
            connection.execute(sa.delete(schema.timers).where(row.key.in_([one.key for one in rung])))
        return len(rung)

    def next_timer(self) -> datetime | None:
        moment: datetime | None = self._select(sa.select(sa.func.min(schema.timers.c.due_at)))[0][0]
        return moment

    def next_due_deployment(self) -> datetime | None:
        moment: datetime | None = self._select(sa.select(sa.func.min(schema.deployments.c.due_at)))[0][0]
        return moment

    def clear(self, before: datetime) -> None:
        """Delete handled deliveries and done effects that are older, and the decisions on them."""
        old = sa.select(_IN.id).where(_IN.handled_at < before)
        with self.writing() as connection:
            connection.execute(sa.delete(schema.decisions).where(schema.decisions.c.delivery_id.in_(old)))
            connection.execute(sa.delete(schema.effects).where(_OUT.done_at < before))
            connection.execute(sa.delete(schema.deliveries).where(_IN.handled_at < before))

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
            insert_new(connection, schema.output, rows, "deployment_id", "n")

    def count_output(self, deployment_id: int) -> int:
        mine = schema.output.c.deployment_id == deployment_id
        return int(self._select(sa.select(sa.func.count()).where(mine))[0][0])
