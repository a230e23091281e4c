"""Inserts deliveries in groups: one statement is one transaction, and one wait for the disk, for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
import structlog

from bot.adapters.storage import tables
from bot.adapters.storage.clock import seconds_passed
from bot.adapters.storage.engine import Database
from bot.core.errors import Rejected, ShipmateError, Unavailable

log = structlog.get_logger(__name__)

Row: TypeAlias = tuple[str, str, str, bytes, Any, Any]
Outcome: TypeAlias = bool | ShipmateError
"""Whether the delivery was new, or why it is not stored."""


@dataclass(slots=True, eq=False)
class Arrival:
    """A delivery that is to be stored; ``body`` is as it will be kept, ``at`` when it came."""

    id: str
    source: str
    name: str
    body: bytes
    at: datetime


class Writer:
    """Inserts deliveries through one connection of its own, on whichever database the store has."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # As SQLAlchemy writes moments, so that it can read them: the driver's own way is deprecated since Python 3.12.
        dialect = database.engine.dialect
        moment = tables.deliveries.c.due_at.type.dialect_impl(dialect)
        self._moment: Callable[[Any], Any] | None = moment.bind_processor(dialect)
        self._connection: sa.PoolProxiedConnection | None = None

    def store(self, together: Sequence[Arrival]) -> list[Outcome]:
        """What became of each: all in one transaction, or one by one where one of them is refused. Never raises."""
        rows = [self._row(one) for one in together]
        try:
            return self._insert(rows)
        except Unavailable as error:
            return [error] * len(rows)
        except Rejected as error:
            if len(rows) == 1:
                return [error]
            return [outcome for one in together for outcome in self.store([one])]
        except Exception:  # a fault of ours must not end the thread that everybody waits for
            log.exception("deliveries not stored", deliveries=len(rows))
            self.close()
            return [Unavailable("The delivery could not be stored.")] * len(rows)

    def _row(self, one: Arrival) -> Row:
        at = self._moment(one.at) if self._moment else one.at
        return one.id, one.source, one.name, one.body, at, at

    def _insert(self, rows: Sequence[Row]) -> list[Outcome]:
        """Once more where an open connection is dead: after a restart of a database server every one is."""
        again = self._connection is not None and not self._database.is_sqlite
        try:
            return self._commit(rows)
        except Unavailable:
            if not again:
                raise
        return self._commit(rows)

    def _commit(self, rows: Sequence[Row]) -> list[Outcome]:
        driver = self._database.engine.dialect.loaded_dbapi
        try:
            with self._database.turn():
                new = self._execute(rows)
        except (driver.DataError, driver.IntegrityError) as error:
            self.close()
            raise Rejected(f"The database refuses the delivery: {error}") from error
        except (driver.Error, sa.exc.SQLAlchemyError) as error:
            self.close()
            raise Unavailable(f"The database does not answer: {error}") from error
        outcomes: list[Outcome] = []
        for row in rows:
            outcomes.append(row[0] in new)
            new.discard(row[0])  # the same id a second time in one group is known already
        return outcomes

    def _execute(self, rows: Sequence[Row]) -> set[str]:
        """The ids that were new; all rows are committed when this returns."""
        connection = self._open()
        cursor = connection.cursor()
        try:
            if not self._database.is_sqlite:
                began, clock = seconds_passed(), self._database.own_clock
                cursor.execute(_FOR_POSTGRES, [list(column) for column in zip(*rows, strict=True)])
                found = cursor.fetchall()
                if clock is not None and found and clock.wants_look():
                    clock.note(found[-1][1], began)
                return {id for id, _ in found}
            new: set[str] = set()
            for some in portions(rows):
                cursor.execute(_FOR_SQLITE[len(some)], [value for row in some for value in row])
                new.update(found[0] for found in cursor.fetchall())
            connection.commit()
            return new
        finally:
            cursor.close()

    def _open(self) -> sa.PoolProxiedConnection:
        if self._connection is None:
            opened = self._connection = self._database.engine.raw_connection()
            if not self._database.is_sqlite:
                # There one statement takes all rows: committing by itself, it is a single round trip.
                driver: Any = opened.driver_connection
                driver.autocommit = True
        return self._connection

    def close(self) -> None:
        """Let go of the connection, which may be broken and commits by itself: it does not go back to the others."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()


PORTIONS = (16, 4, 1)
"""How many rows one statement takes on SQLite. A few sizes only: each is kept prepared, with the values it had last."""


def portions(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """The rows in their order, in as few of those sizes as make up their number.

    >>> [len(some) for some in portions([("", "", "", b"", None, None)] * 22)]
    [16, 4, 1, 1]
    """
    found: list[Sequence[Row]] = []
    first = 0
    for size in PORTIONS:
        while len(rows) - first >= size:
            found.append(rows[first : first + size])
            first += size
    return found


# The same statement whatever the number of rows: its plan is made once.
_FOR_POSTGRES = """
    INSERT INTO deliveries (id, source, name, body, received_at, due_at)
    SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::bytea[], %b::timestamptz[], %b::timestamptz[])
    ON CONFLICT (id) DO NOTHING RETURNING id, clock_timestamp()
"""
_ONE_ROW = "(?, ?, ?, ?, ?, ?)"
_FOR_SQLITE = {
    size: f"""
    INSERT INTO deliveries (id, source, name, body, received_at, due_at) VALUES {", ".join([_ONE_ROW] * size)}
    ON CONFLICT (id) DO NOTHING RETURNING id
"""  # noqa: S608 - nothing but question marks is put in
    for size in PORTIONS
}
