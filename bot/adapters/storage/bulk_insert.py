"""Inserts deliveries in groups: one statement is one transaction, and one wait for the disk, for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import sqlalchemy as sa
import structlog

from bot.adapters.storage import tables
from bot.adapters.storage.clock import seconds_passed
from bot.adapters.storage.engine import Database, reason_of
from bot.core.errors import Rejected, ShipmateError, Unavailable
from bot.core.ports.chat import NOBODY, About

if TYPE_CHECKING:
    from psycopg import AsyncCursor

log = structlog.get_logger(__name__)

Row: TypeAlias = tuple[Any, ...]
Stored: TypeAlias = Literal["waits", "settled", "known"]
"""What became of a delivery: it waits for somebody to handle it, it concerns nobody, or it has come before."""
Outcome: TypeAlias = Stored | ShipmateError
"""… or why it is not stored."""


@dataclass(slots=True, eq=False)
class Arrival:
    """A delivery that is to be stored; ``body`` is as it will be kept, ``at`` when it came."""

    id: str
    source: str
    name: str
    body: bytes
    at: datetime
    about: About | None
    repeats: str | None
    joins: str | None


class Inserts(Protocol):
    """One connection to a database, and how deliveries get into it."""

    @property
    def is_open(self) -> bool: ...

    async def insert(self, rows: Sequence[Row]) -> dict[str, Stored]:
        """The ids that were new, and what became of them; all rows are committed when this returns."""

    async def close(self) -> None: ...


class Writer:
    """Inserts deliveries through one connection of its own, on whichever database the store has.

    For one caller at a time; nobody else of the event loop waits for the database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inserts: Inserts = OnSqlite(database) if database.is_sqlite else OnPostgres(database)

    async def store(self, together: Sequence[Arrival]) -> list[Outcome]:
        """What became of each: all in one transaction, or one by one where one of them is refused. Never raises."""
        try:
            return await self._insert([row(one) for one in together])
        except Unavailable as error:
            return [error] * len(together)
        except Rejected as error:
            if len(together) == 1:
                return [error]
            return [outcome for one in together for outcome in await self.store([one])]
        except Exception:  # a fault of ours must not end the task that everybody waits for
            log.exception("deliveries not stored", deliveries=len(together))
            await self.close()
            return [Unavailable("The delivery could not be stored.")] * len(together)

    async def _insert(self, rows: Sequence[Row]) -> list[Outcome]:
        """Once more where an open connection is dead: after a restart of a database server every one is."""
        again = self._inserts.is_open and not self._database.is_sqlite
        try:
            return await self._commit(rows)
        except Unavailable:
            if not again:
                raise
        return await self._commit(rows)

    async def _commit(self, rows: Sequence[Row]) -> list[Outcome]:
        driver = self._database.engine.dialect.loaded_dbapi
        try:
            new = await self._inserts.insert(rows)
        except (driver.DataError, driver.IntegrityError) as error:
            await self.close()
            raise Rejected(f"The database refuses the delivery: {error}") from error
        except (driver.Error, sa.exc.SQLAlchemyError) as error:
            await self.close()
            raise self._database.away(f"The database does not answer: {reason_of(error)}.") from error
        self._database.answered()
        # The same id a second time in one group is known already.
        return [new.pop(row[0], "known") for row in rows]

    async def close(self) -> None:
        """Let go of the connection, which may be broken."""
        await self._inserts.close()


def row(one: Arrival) -> Row:
    about = one.about or NOBODY
    judged = (one.about is not None, about.repository, about.number, about.sha, about.unended, about.ours)
    return one.id, one.source, one.name, one.body, one.at, one.repeats, one.joins, *judged


class OnPostgres:
    """The loop goes on while the server writes: to hand rows to a thread, and the answer back, took a tenth of the time
    besides. The connection is none of the pool's, whose are for threads. One cursor keeps what it has found out about
    the values' types: a new one for each statement took 190 µs of CPU where this takes 138."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cursor: AsyncCursor | None = None

    @property
    def is_open(self) -> bool:
        return self._cursor is not None

    async def insert(self, rows: Sequence[Row]) -> dict[str, Stored]:
        """One statement takes all rows: committing by itself, it is a single round trip."""
        cursor = self._cursor = self._cursor or await self._open()
        began, clock = seconds_passed(), self._database.own_clock
        if len(rows) == 1:  # arrays cost more than what they hold
            await cursor.execute(_ONE_FOR_POSTGRES, rows[0])
        else:
            await cursor.execute(_FOR_POSTGRES, [list(column) for column in zip(*rows, strict=True)])
        found = await cursor.fetchall()
        if clock is not None and found and clock.wants_look():
            clock.note(found[-1][2], began)
        return _outcomes(found)

    async def _open(self) -> AsyncCursor:
        from psycopg import AsyncConnection

        words, named = self._database.connect_args()
        # Of this statement one plan is as good as another, and to make one takes longer than to execute it.
        opened = await AsyncConnection.connect(*words, **named, autocommit=True, prepare_threshold=0)
        await opened.execute("SET plan_cache_mode = force_generic_plan")
        return opened.cursor()

    async def close(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            await cursor.connection.close()


class OnSqlite:
    """A thread of its own waits for the disk; one that is not ``patient`` waits for no other process that writes."""

    def __init__(self, database: Database, *, patient: bool = True) -> None:
        self._database = database
        self._patient = patient
        # As SQLAlchemy writes moments, so that it can read them: the driver's own way is deprecated since Python 3.12.
        dialect = database.engine.dialect
        moment = tables.deliveries.c.due_at.type.dialect_impl(dialect)
        self._moment: Callable[[Any], Any] = moment.bind_processor(dialect) or (lambda at: at)
        self._connection: sa.PoolProxiedConnection | None = None
        self._thread = ThreadPoolExecutor(1, "intake")

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    async def insert(self, rows: Sequence[Row]) -> dict[str, Stored]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.insert_now, rows)

    def insert_now(self, rows: Sequence[Row]) -> dict[str, Stored]:
        """As ``insert``, in the caller's thread."""
        new: dict[str, Stored] = {}
        with self._database.turn():
            connection = self._connection = self._connection or self._open()
            with closing(connection.cursor()) as cursor:
                for some in portions(rows):
                    cursor.execute(_FOR_SQLITE[len(some)], [value for row in some for value in self._values(row)])
                    new.update(_outcomes(cursor.fetchall()))
                connection.commit()
        return new

    def _values(self, row: Row) -> Row:
        id, source, name, body, at, *others = row
        return id, source, name, body, self._moment(at), *others

    def _open(self) -> sa.PoolProxiedConnection:
        opened = self._database.engine.raw_connection()
        if not self._patient:
            opened.execute("PRAGMA busy_timeout=0")
        return opened

    async def close(self) -> None:
        self.close_now()

    def close_now(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()


PORTIONS = (16, 4, 1)
"""How many rows one statement takes on SQLite. A few sizes only: each is kept prepared, with the values it had last."""


def portions(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """The rows in their order, in as few of those sizes as make up their number.

    >>> [len(some) for some in portions([("",)] * 22)]
    [16, 4, 1, 1]
    """
    found: list[Sequence[Row]] = []
    first = 0
    for size in PORTIONS:
        while len(rows) - first >= size:
            found.append(rows[first : first + size])
            first += size
    return found


def _outcomes(found: Sequence[Sequence[Any]]) -> dict[str, Stored]:
    return {id: "settled" if due_at is None else "waits" for id, due_at, *_ in found}


# Whether it concerns anybody is found out in the transaction that stores it: whatever begins to wait afterwards looks
# at GitHub after that. What is live is the success that started last, as ``RowReads.last_success`` has it. SQLite 3.40
# returns a wrong ``due_at IS NOT NULL`` where a partial index has that for its condition, so the moment is returned.
_STORE = f"""
    INSERT INTO deliveries (id, source, name, body, received_at, due_at, handled_at, repeats, joins)
    {{given}}, judged_rows AS MATERIALIZED (
        SELECT given.*, NOT judged
            OR (NOT given.ours OR EXISTS (SELECT 1 FROM repositories AS r WHERE r.number = given.number)) AND (
                given.ours AND given.sha IS NULL AND NOT given.unended
                OR EXISTS (
                    SELECT 1 FROM deployments AS d WHERE d.sha = given.sha AND (
                        d.{tables.UNENDED} OR d.state = 'succeeded' AND d.task = 'deploy' AND NOT EXISTS (
                            SELECT 1 FROM deployments AS later
                            WHERE later.app = d.app AND later.environment = d.environment AND later.state = d.state
                            AND later.task = d.task AND later.started_at > d.started_at
                        )
                    )
                )
                OR given.unended AND EXISTS (SELECT 1 FROM deployments AS d WHERE d.{tables.UNENDED})
            )
            OR EXISTS (
                SELECT 1 FROM repositories AS r
                WHERE (lower(r.called) = lower(given.repository)) <> (r.number = given.number)
            ) AS waits
        FROM given
    )
    SELECT id, source, name, CASE WHEN waits THEN body ELSE {{nothing}} END, at, CASE WHEN waits THEN at END,
        CASE WHEN waits THEN NULL ELSE at END, CASE WHEN waits THEN repeats END, CASE WHEN waits THEN joins END
    FROM judged_rows
    WHERE true ON CONFLICT (id) DO NOTHING RETURNING id, due_at{{time}}
"""  # noqa: S608 - nothing but constants and places for values are put in
_TYPES = {
    "id": "text",
    "source": "text",
    "name": "text",
    "body": "bytea",
    "at": "timestamptz",
    "repeats": "text",
    "joins": "text",
    "judged": "boolean",
    "repository": "text",
    "number": "bigint",
    "sha": "text",
    "unended": "boolean",
    "ours": "boolean",
}
_COLUMNS = ", ".join(_TYPES)
_ARRAYS = ", ".join(f"%b::{kind}[]" for kind in _TYPES.values())
_ONE = ", ".join(f"%b::{kind}" for kind in _TYPES.values())
_AS_POSTGRES_SAYS = {"nothing": "''::bytea", "time": ", clock_timestamp()"}
_ONE_FOR_POSTGRES = _STORE.format(**_AS_POSTGRES_SAYS, given=f"WITH given ({_COLUMNS}) AS (VALUES ({_ONE}))")
# The same statement whatever the number of rows: its plan is made once.
_FOR_POSTGRES = _STORE.format(
    **_AS_POSTGRES_SAYS,
    given=f"WITH given ({_COLUMNS}) AS (SELECT * FROM unnest({_ARRAYS}))",  # noqa: S608 - as above
)
_ONE_ROW = f"({', '.join('?' * len(_TYPES))})"
# It begins with INSERT: before anything else the driver would open no transaction.
_FOR_SQLITE = {
    size: _STORE.format(
        nothing="x''", time="", given=f"WITH given ({_COLUMNS}) AS (VALUES {', '.join([_ONE_ROW] * size)})"
    )
    for size in PORTIONS
}
