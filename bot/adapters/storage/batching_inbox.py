"""Deliveries on their way into the database: those that arrive together share one transaction, and its cost.

A transaction that must survive a power cut costs a wait for the disk, however many rows are in it. One thread writes;
while it waits for the disk, the next deliveries gather. Nobody is answered before the commit that covers them. On
SQLite one that comes alone is written where it comes in, as long as that holds nobody up.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import structlog

from bot.adapters.storage.bulk_insert import Arrival, Outcome, Stored, Writer
from bot.adapters.storage.clock import seconds_passed
from bot.adapters.storage.compression import Packer
from bot.adapters.storage.engine import Database
from bot.core.errors import ShipmateError, Unavailable
from bot.core.ports.chat import Delivery

log = structlog.get_logger(__name__)

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

    loop: asyncio.AbstractEventLoop
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
        self._writer = Writer(database, patient=False)
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
            stored = self._writer.store_now(one)
        if stored is None or seconds_passed() - began > self._quick:
            self._careful_until = began + CAREFUL_FOR
        return stored

    def close(self) -> None:
        self._writer.close()


class BatchingInbox:
    """An inbox for an event loop. ``start`` it before the first ``put``; ``stop`` stores what has come and ends it.

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
        self._waiting = 0
        self._waiting_bytes = 0
        self._queue: SimpleQueue[list[Waiter] | None] = SimpleQueue()
        self._stopped = False
        self._thread = threading.Thread(target=self._write_for_ever, name="intake", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """Store what has been put so far, and end. Whoever puts later is sent away."""
        self._stopped = True
        self._queue.put(None)
        self._thread.join(patience)
        if self._at_once is not None:
            self._at_once.close()

    async def put(self, delivery: Delivery) -> Stored:
        """Return when the delivery is stored for good, and what became of it.

        Raises Unavailable where it is not stored, or nobody knows after nine seconds; Rejected where it cannot be.
        """
        if self._stopped:
            raise Unavailable("The listener is stopping.")
        if self._waiting >= self._most or (
            self._waiting and self._waiting_bytes + len(delivery.body) > self._most_bytes
        ):
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
        waiter = Waiter(delivery.id, delivery.source, delivery.name, body, now, *how, loop, answer)
        self._waiting += 1
        self._waiting_bytes += len(body)
        if self._waiting == 1 and self._at_once is None:
            self._queue.put([waiter])
        else:
            if not self._arriving:
                # At the end of the loop's round: what came in with this one goes to the writer with it.
                loop.call_soon(self._hand_over)
            self._arriving.append(waiter)
        giving_up = loop.call_later(ANSWER_WITHIN, waiter.give_up)
        try:
            return await waiter.answer
        finally:
            giving_up.cancel()

    def _hand_over(self) -> None:
        together, self._arriving = self._arriving, []
        if self._at_once is not None and self._waiting == 1:
            stored = self._at_once.store(together[0])
            if stored is not None:
                self._resolve(together, [stored])
                return
        self._queue.put(together)

    # --- in the loop's thread above, in the writer's below --------------------------------------------------------

    def _write_for_ever(self) -> None:
        going = True
        while going:
            found = self._queue.get()
            waiters: list[Waiter] = []
            while True:
                if found is None:
                    going = False
                else:
                    waiters += found
                try:
                    found = self._queue.get_nowait()
                except Empty:
                    break
            for together in batches(waiters):
                self._answer(together, self._writer.store(together))
        self._writer.close()

    def _answer(self, waiters: Sequence[Waiter], outcomes: Sequence[Outcome]) -> None:
        try:
            waiters[0].loop.call_soon_threadsafe(self._resolve, waiters, outcomes)
        except RuntimeError:
            log.warning("the listener was gone before its deliveries were answered", stored=len(waiters))

    def _resolve(self, waiters: Sequence[Waiter], outcomes: Sequence[Outcome]) -> None:
        for waiter, outcome in zip(waiters, outcomes, strict=True):
            self._waiting -= 1
            self._waiting_bytes -= len(waiter.body)
            waiter.resolve(outcome)


def batches(waiters: Sequence[Waiter]) -> list[Sequence[Waiter]]:
    """In the order of arrival, cut where the number or the bytes are too many for one transaction."""
    found: list[Sequence[Waiter]] = []
    first, size = 0, 0
    for n, waiter in enumerate(waiters):
        if n - first == TOGETHER or (n > first and size + len(waiter.body) > TOGETHER_BYTES):
            found.append(waiters[first:n])
            first, size = n, 0
        size += len(waiter.body)
    if first < len(waiters):
        found.append(waiters[first:])
    return found
