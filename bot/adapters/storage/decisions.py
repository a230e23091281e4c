"""Decisions on deliveries: each in one transaction with all that follows from it, and made once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import RowReads, RowRecords
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new

_MADE = sa.select(tables.decisions.c.handler).where(tables.decisions.c.delivery_id == sa.bindparam("delivery"))


class Decision:
    """One handler's decision on one delivery. ``begin`` may be called once.

    Where it ``ends`` the delivery, that is handled with it, and what is ``joined`` with it.
    """

    def __init__(
        self, database: Database, delivery_id: str, handler: str, *, ends: bool, joined: Sequence[str] = ()
    ) -> None:
        self._database = database
        self._delivery_id = delivery_id
        self._handler = handler
        self.ends = ends
        self._joined = joined
        self._stack = ExitStack()
        self.records: RowRecords | None = None

    def reads(self) -> RowReads:
        return RowReads(self._database.select)

    def begin(self, app: str | None, environment: str | None) -> RowRecords:
        """Open the transaction with the environment's row locked, and claim the decision.

        Raises AlreadyDecided where another process was faster.
        """
        connection = self._stack.enter_context(self._database.writing())
        now = self._database.clock.now()
        claim = {"delivery_id": self._delivery_id, "handler": self._handler, "decided_at": now}
        if not insert_new(connection, tables.decisions, [claim], "delivery_id", "handler"):
            raise AlreadyDecided
        self.records = RowRecords(connection, self._delivery_id, now)
        if app is not None and environment is not None:
            self.records.hold(app, environment)
        return self.records

    def close(self, *, keep: bool) -> None:
        if keep:
            if self.records is not None and self.ends:
                self.records.handled(self._joined)
            self._stack.close()
        else:
            self._stack.__exit__(*sys.exc_info())


class Outside:
    """For performers: rows may be read, and written in small transactions of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, app: str | None, environment: str | None) -> RowRecords:
        del app, environment
        raise RuntimeError("An effect does not decide; it returns the events that follow from it.")

    def reads(self) -> RowReads:
        return RowReads(self._database.select)


class AlreadyDecided(Exception):
    """This decision was made before: there is nothing left to decide."""


class Decisions:
    """Opens decisions, and knows those that were made. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.kept_events: Callable[[], None] = lambda: None
        """Called when a decision is made by which there are events for outgoing webhooks."""

    @contextmanager
    def open(
        self, delivery_id: str, handler: str, *, ends: bool = False, joined: Sequence[str] = ()
    ) -> Iterator[Decision]:
        """A decision's transaction: opened at ``begin``, committed at the end, rolled back by an exception.

        What it writes is kept together with the note that ``handler`` has decided on the delivery. One that writes
        nothing may be made again, so nothing is noted of it.
        """
        decision = Decision(self._database, delivery_id, handler, ends=ends, joined=joined)
        try:
            yield decision
        except BaseException:
            decision.close(keep=False)
            raise
        try:
            decision.close(keep=True)
        except BaseException:
            decision.close(keep=False)
            raise
        if decision.records is not None and decision.records.webhooks.kept:
            self.kept_events()

    def made(self, delivery_id: str) -> frozenset[str]:
        """The handlers that have decided on the delivery."""
        return frozenset(row.handler for row in self._database.select(_MADE, delivery=delivery_id))
