"""Decisions on deliveries: each in one transaction with all that follows from it, and made once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa
import structlog

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import RowReads, RowRecords
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new

PlaceOf = Callable[[str, str], str]
log = structlog.get_logger(__name__)

INSIDE = ("bot:", "clock:")
"""How the ids of deliveries begin that come from the bot itself."""
_MADE = sa.select(tables.decisions.c.handler).where(tables.decisions.c.delivery_id == sa.bindparam("delivery"))


class Decision:
    """One handler's decision on one delivery. ``begin`` may be called once.

    Where it ``ends`` the delivery, that is handled with it, and what is ``joined`` with it.
    """

    def __init__(
        self,
        database: Database,
        delivery_id: str,
        handler: str,
        place_of: PlaceOf,
        *,
        ends: bool,
        joined: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._delivery_id = delivery_id
        self._handler = handler
        self._place_of = place_of
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
        self.records = RowRecords(connection, self._delivery_id, now, self._place_of)
        if app is not None and environment is not None:
            self.records.hold(app, environment)
        return self.records

    def close(self, *, keep: bool) -> None:
        if keep:
            if self.records is not None:
                if self.ends:
                    self.records.handled(self._joined)
                self.records.tally.write()
            self._stack.close()
            if self.records is not None:
                self._tell(self.records)
        else:
            self._stack.__exit__(*sys.exc_info())

    def _tell(self, records: RowRecords) -> None:
        """A line for each decision that is kept now, as the audit has it; and where what came from outside goes on."""
        for row in records.audit.rows:
            refused = row["outcome"] == "refused"
            about = {"action": row["action"]} if refused else {"action": row["action"], "outcome": row["outcome"]}
            who = {"by": row["name"], "via": row["via"], "channel": row["channel"]}
            where = {"app": row["app"], "environment": row["environment"], "deployment": row["deployment_id"]}
            why = {"command": row["command"], "reason": row["reason"]}
            told = {name: value for name, value in {**about, **where, **who, **why}.items() if value}
            log.info("refused" if refused else "decided", **told)
        for what, then in () if self._delivery_id.startswith(INSIDE) else records.followed:
            log.info("goes on", what=what, then=then)


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
    """Opens decisions, and knows those that were made. Raises Unavailable.

    ``place_of`` says under which environment of the settings one of an app is counted, for whoever knows the settings.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.place_of: PlaceOf = lambda _, environment: environment
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
        decision = Decision(self._database, delivery_id, handler, self.place_of, ends=ends, joined=joined)
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
