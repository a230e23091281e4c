"""Which processes are alive: a row each with a heartbeat. Whoever finds one expired takes over its work.

All comparisons use the database's own clock, so that machines need not agree on the time.
"""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from typing import IO
from uuid import uuid4

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.clock import seconds_passed
from bot.adapters.storage.engine import Database
from bot.adapters.storage.inbox import CUT_OFF
from bot.core.errors import Rejected, Unavailable

BEAT_EVERY = 5.0
"""Seconds between two heartbeats."""
EXPIRES_AFTER = 30.0
"""Seconds without a heartbeat after which a process counts as dead."""
GIVEN_UP = datetime(2000, 1, 1, tzinfo=UTC)
"""The last sign of life of a process that has left in order."""

_LEASE = tables.executors.c


class Lease:
    """This process's lease. ``id`` is new at each boot: two live processes never share one."""

    def __init__(self, database: Database, expires_after: float = EXPIRES_AFTER) -> None:
        self.id = str(uuid4())
        self._database = database
        self._expires_after = expires_after
        self._ours_until: float | None = None
        self._renewed_at: float | None = None
        self._file: IO[str] | None = None

    def reserve(self) -> None:
        """Keep a SQLite database to this process; it is for one only. Raises Rejected where another has it,
        Unavailable where there is no place for one."""
        database = self._database.engine.url.database
        if not self._database.is_sqlite or not database or database == ":memory:" or self._file is not None:
            return
        try:
            opened = os.open(f"{database}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
            file = os.fdopen(opened, "w", encoding="utf-8")  # held as long as we live
        except OSError as error:
            raise Unavailable(f"The database does not answer: {database}: {error.strerror}.") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise Rejected(
                f"Another process uses {database} already, and SQLite is for one only: stop that one first, or set "
                "DATABASE_URL to a Postgres database."
            ) from error
        self._file = file

    def take(self) -> None:
        """Insert the lease; from now on others know that this process is alive. Raises Rejected as ``reserve``."""
        self.reserve()
        began = seconds_passed()
        with self._database.writing() as connection:
            connection.execute(sa.insert(tables.executors).values(id=self.id, seen_at=sa.func.now()))
        self._renewed(began)

    def beat(self) -> bool:
        """Say that this process is alive; False where the lease is gone, so that others have taken its work over."""
        began = seconds_passed()
        with self._database.writing() as connection:
            change = sa.update(tables.executors).where(_LEASE.id == self.id).values(seen_at=sa.func.now())
            held = connection.execute(change).rowcount == 1
        if held:
            self._renewed(began)
        return held

    def silent_for(self) -> float | None:
        """Seconds since this process last renewed its lease, None before it has one."""
        return seconds_passed() - self._renewed_at if self._renewed_at is not None else None

    def _renewed(self, began: float) -> None:
        self._renewed_at = began
        if not self._database.is_sqlite:  # nobody takes over while the file is locked
            self._ours_until = began + self._expires_after

    def check(self) -> None:
        """To be called before anything is changed in the world.

        Raises Unavailable where the last heartbeat is so old that others may have taken over: after a pause of the
        whole process its threads go on where they were, before the next heartbeat tells that the lease is gone.
        """
        if self._ours_until is not None and seconds_passed() >= self._ours_until:
            raise Unavailable("This process has not been heard of for too long; others may have taken over.")

    def release(self) -> None:
        """Give the lease up: it counts as expired at once, so that others take over what this process had in hand."""
        with self._database.writing() as connection:
            change = sa.update(tables.executors).where(_LEASE.id == self.id)
            connection.execute(change.values(seen_at=GIVEN_UP))
        if self._file is not None:
            self._file.close()

    def take_over(self, *, silent: bool = True) -> list[str]:
        """The ids of dead processes, each given to one caller only; the work of all who have no lease is free again.

        Without ``silent`` only those that gave their lease up: after an outage of the database everybody has been
        silent for long, and whoever is alive is about to say so.
        """
        with self._database.writing() as connection:
            gone = _LEASE.id != self.id
            if not self._database.is_sqlite:  # there the file lock says that nobody else is alive
                allowed = sa.text(f"interval '{self._expires_after} seconds'")
                gone = sa.and_(gone, _LEASE.seen_at <= (sa.func.now() - allowed if silent else GIVEN_UP))
            expired = sa.select(_LEASE.id).where(gone).with_for_update(skip_locked=True)
            dead = [row.id for row in connection.execute(expired)]
            if dead:
                connection.execute(sa.delete(tables.executors).where(_LEASE.id.in_(dead)))
            _free_what_nobody_holds(connection)
        return dead

    def without_one(self, ids: set[str]) -> list[str]:
        """Those among the ids of processes that have no lease any more, and so are dead."""
        alive = {row.id for row in self._database.select(sa.select(_LEASE.id))}
        return sorted(ids - alive)


def last_heard(database: Database) -> list[float]:
    """How many seconds ago each process that has not left in order was last heard of. Raises Unavailable."""
    query = sa.select(_LEASE.seen_at, sa.func.now().label("now")).where(_LEASE.seen_at > GIVEN_UP)
    return [max(0.0, (row.now - row.seen_at).total_seconds()) for row in database.select(query)]


def _free_what_nobody_holds(connection: sa.Connection) -> None:
    """By who is alive, not by who has just died: a process may still take something in its last moment."""
    alive = sa.select(_LEASE.id)
    deliveries, effects, lanes = tables.deliveries.c, tables.effects.c, tables.lanes.c
    unhandled = sa.and_(deliveries.handled_at.is_(None), deliveries.due_at.is_(None), deliveries.taken_by.not_in(alive))
    connection.execute(sa.update(tables.deliveries).where(unhandled).values({"due_at": sa.func.now(), **CUT_OFF}))
    # Whoever had the lane may have died of the effect that it was at.
    orphaned = sa.select(lanes.lane).where(lanes.owner.not_in(alive))
    tried = sa.and_(effects.lane.in_(orphaned), effects.done_at.is_(None), effects.attempted_at.isnot(None))
    connection.execute(sa.update(tables.effects).where(tried).values(faults=effects.faults + 1))
    free = {"owner": None, "due_at": sa.func.now(), "again": False}
    connection.execute(sa.update(tables.lanes).where(lanes.owner.not_in(alive)).values(free))
