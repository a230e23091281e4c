"""Which processes are alive: a row each with a heartbeat. Whoever finds one expired takes over its work.

All comparisons use the database's own clock, so that machines need not agree on the time.
"""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

import sqlalchemy as sa

from bot.adapters import schema
from bot.adapters.store import Store
from bot.core.errors import Rejected

BEAT_EVERY = 5.0
"""Seconds between two heartbeats."""
EXPIRES_AFTER = 30.0
"""Seconds without a heartbeat after which a process counts as dead."""
GIVEN_UP = datetime(2000, 1, 1, tzinfo=UTC)
"""The last sign of life of a process that has left in order."""

_LEASE = schema.executors.c


class Lease:
    """This process's lease. ``id`` is new at each boot: two live processes never share one."""

    def __init__(self, store: Store) -> None:
        self.id = str(uuid4())
        self._store = store
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Insert the lease; from now on others know that this process is alive.

        Raises Rejected where another process has the SQLite database: it is for one process only.
        """
        if self._store.is_sqlite:
            self._lock_file()
        with self._store.writing() as connection:
            connection.execute(sa.insert(schema.executors).values(id=self.id, seen_at=sa.func.now()))

    def _lock_file(self) -> None:
        database = self._store.engine.url.database
        if not database or database == ":memory:":
            return
        self._file = Path(f"{database}.lock").open("w", encoding="utf-8")  # noqa: SIM115 - held as long as we live
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Rejected(
                f"Another process uses {database} already, and SQLite is for one only: stop that one first, or set "
                "DATABASE_URL to a Postgres database."
            ) from error

    def beat(self) -> bool:
        """Say that this process is alive; False where the lease is gone, so that others have taken its work over."""
        with self._store.writing() as connection:
            change = sa.update(schema.executors).where(_LEASE.id == self.id).values(seen_at=sa.func.now())
            return connection.execute(change).rowcount == 1

    def release(self) -> None:
        """Give the lease up: it counts as expired at once, so that others take over what this process had in hand."""
        with self._store.writing() as connection:
            change = sa.update(schema.executors).where(_LEASE.id == self.id)
            connection.execute(change.values(seen_at=GIVEN_UP))
        if self._file is not None:
            self._file.close()

    def take_over(self, *, silent: bool = True) -> list[str]:
        """The ids of dead processes, each given to one caller only; their deliveries and lanes are free again.

        Without ``silent`` only those that gave their lease up: after an outage of the database everybody has been
        silent for long, and whoever is alive is about to say so.
        """
        with self._store.writing() as connection:
            gone = _LEASE.id != self.id
            if not self._store.is_sqlite:  # there the file lock says that nobody else is alive
                last_word = sa.func.now() - sa.text(f"interval '{EXPIRES_AFTER} seconds'") if silent else GIVEN_UP
                gone = sa.and_(gone, _LEASE.seen_at <= last_word)
            expired = sa.select(_LEASE.id).where(gone).with_for_update(skip_locked=True)
            dead = [row.id for row in connection.execute(expired)]
            if dead:
                _hand_on(connection, dead)
                connection.execute(sa.delete(schema.executors).where(_LEASE.id.in_(dead)))
        return dead


def _hand_on(connection: sa.Connection, owners: list[str]) -> None:
    deliveries, lanes = schema.deliveries.c, schema.lanes.c
    unhandled = sa.and_(deliveries.handled_at.is_(None), deliveries.due_at.is_(None), deliveries.taken_by.in_(owners))
    again = {"due_at": sa.func.now(), "tries": deliveries.tries + 1, "taken_by": None}
    connection.execute(sa.update(schema.deliveries).where(unhandled).values(again))
    free = {"owner": None, "due_at": sa.func.now(), "again": False}
    connection.execute(sa.update(schema.lanes).where(lanes.owner.in_(owners)).values(free))
