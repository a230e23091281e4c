"""Deliveries on their way into the database: those that arrive together share one transaction, and its cost.

A transaction that must survive a power cut costs a wait for the disk, however many rows are in it. One task writes;
while it waits for the disk, the next deliveries gather. Nobody is answered before the commit that covers them. On
SQLite one that comes alone is written where it comes in, as long as that holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot.adapters.storage.bulk_insert import Arrival, OnSqlite, Outcome, Stored, Writer, row
from bot.adapters.storage.clock import seconds_passed
from bot.adapters.storage.compression import Packer
from bot.adapters.storage.engine import Database
from bot.core.errors import ShipmateError, Unavailable
from bot.core.ports.chat import Delivery

TOGETHER = 64
"""How many deliveries share a transaction at most."""
TOGETHER_BYTES = 8 * 1024 * 1024
WAITING = 1_000
"""How many deliveries may wait to be stored; who comes then is told to come again."""
WAITING_BYTES = 48 * 1024 * 1024
LARGE = 512 * 1024
"""Bytes from which on compressing takes so long that others would have to wait for it."""
ANSWER_WITHIN = 9.0
"""Seconds; GitHub gives up after ten: https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks"""
QUICK = 0.05
"""Seconds that all others may be kept waiting by a delivery that is written in the loop's own thread."""
CAREFUL_FOR = 10.0
"""Seconds for which nothing is, once that has taken longer or failed."""


@dataclass(slots=True, eq=False)
class Waiter(Arrival):
    """An arrival that somebody waits for."""

    answer: asyncio.Future[Stored]

    def give_up(self) -> None:
        self.resolve(Unavailable("The database is too slow."))

    def resolve(self, outcome: Outcome) -> None:
        if self.answer.done():
            return
        if isinstance(outcome, ShipmateError):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class AtOnce:
    """Stores a delivery in the event loop's own thread, where nobody else writes and the disk was quick before.

    To hand one to another thread, and the answer back, is two changes of threads that nobody needs then.
    """

    def __init__(self, database: Database, quick: float) -> None:
        self._database = database
        self._inserts = OnSqlite(database, patient=False)
        self._quick = quick
        self._careful_until = 0.0

    def store(self, one: Arrival) -> Stored | None:
        """What became of it; None where it is not stored, and to be handed to whoever may wait."""
        began = seconds_passed()
        if began < self._careful_until:
            return None
        with self._database.turn_if_free() as is_ours:
            if not is_ours:
                return None
            stored = self._try(one)
        if stored is None or seconds_passed() - began > self._quick:
            self._careful_until = began + CAREFUL_FOR
        return stored

    def _try(self, one: Arrival) -> Stored | None:
        try:
            stored = self._inserts.insert_now([row(one)]).get(one.id, "known")
        except Exception:  # noqa: BLE001 - whatever it is, who may wait meets it too, and tells it
            self.close()
            return None
        self._database.answered()
        return stored

    def close(self) -> None:
        self._inserts.close_now()


class BatchingInbox:
    """An inbox for an event loop; ``stop`` stores what has come and ends it.

    Holds one database connection from the first delivery on, and on SQLite another one for those that come alone.
    """

    def __init__(
        self,
        database: Database,
        *,
        waiting: int = WAITING,
        waiting_bytes: int = WAITING_BYTES,
        quick: float = QUICK,
    ) -> None:
        self._clock = database.clock
        self._writer = Writer(database)
        self._at_once = AtOnce(database, quick) if database.is_sqlite else None
        self._most = waiting
        self._most_bytes = waiting_bytes
        self._packer = Packer()
        self._arriving: list[Waiter] = []
        self._waiting_bytes = 0
        self._writing: asyncio.Task[None] | None = None
        self._stopped = False

    async def stop(self, patience: float = 3.0) -> None:
        """Store what has been put so far, and end. Whoever puts later is sent away."""
        self._stopped = True
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=patience)
        if self._writing is None:
            await self._writer.close()
            if self._at_once is not None:
                self._at_once.close()

    async def put(self, delivery: Delivery) -> Stored:
        """Return when the delivery is stored for good, and what became of it.

        Raises Unavailable where it is not stored, or nobody knows after nine seconds; Rejected where it cannot be.
        """
        if self._stopped:
            raise Unavailable("The listener is stopping.")
        waiting = len(self._arriving)
        if waiting >= self._most or (waiting and self._waiting_bytes + len(delivery.body) > self._most_bytes):
            raise Unavailable("Too many deliveries wait to be stored.")
        loop = asyncio.get_running_loop()
        if delivery.about is not None and delivery.about.hardly:
            body = delivery.body
        elif len(delivery.body) < LARGE:
            body = self._packer.packed(delivery.body)
        else:
            body = await asyncio.to_thread(Packer().packed, delivery.body)
        now, answer = self._clock.now(), loop.create_future()
        how = (delivery.about, delivery.repeats, delivery.joins)
        waiter = Waiter(delivery.id, delivery.source, delivery.name, body, now, *how, answer)
        self._waiting_bytes += len(body)
        self._arriving.append(waiter)
        if self._writing is None:
            # Begins at the end of the loop's round: what comes in with this one is stored with it.
            self._writing = loop.create_task(self._write())
        giving_up = loop.call_later(ANSWER_WITHIN, waiter.give_up)
        try:
            return await waiter.answer
        finally:
            giving_up.cancel()

    async def _write(self) -> None:
        """Until nothing waits any more; each time all that has gathered, as much as may share a transaction."""
        try:
            if self._at_once is not None and len(self._arriving) == 1:
                stored = self._at_once.store(self._arriving[0])
                if stored is not None:
                    self._resolve(self._arriving[:1], [stored])
            while self._arriving:
                together = first_of(self._arriving)
                self._resolve(together, await self._writer.store(together))
        finally:
            self._writing = None

    def _resolve(self, waiters: Sequence[Waiter], outcomes: Sequence[Outcome]) -> None:
        """``waiters`` are the first of those that have arrived: they wait no longer."""
        del self._arriving[: len(waiters)]
        for waiter, outcome in zip(waiters, outcomes, strict=True):
            self._waiting_bytes -= len(waiter.body)
            waiter.resolve(outcome)


def first_of(waiters: Sequence[Waiter]) -> Sequence[Waiter]:
    """As many as may share a transaction, by their number and by their bytes; one at least."""
    size = 0
    for n, waiter in enumerate(waiters[:TOGETHER]):
        size += len(waiter.body)
        if n and size > TOGETHER_BYTES:
            return waiters[:n]
    return waiters[:TOGETHER]
