"""What one process has in hand at a moment: the deliveries and lanes that its threads are at, and the runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bot.adapters.storage.clock import seconds_passed

COURTESY = 0.2
"""Seconds that a webhook or a lane waits at most for the commands that are in hand: one may wait for somebody else."""


class Workload:
    """Safe from any thread. ``ended`` is called whenever something is over.

    People's commands have threads of their own, everything else has ``slots``, and lanes that come by themselves have
    some: so nobody waits for a thread behind what others have sent.
    """

    def __init__(self, slots: int, for_commands: int, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._slots = slots
        self._slots_for_commands = for_commands
        self._changed = threading.Condition()
        self._commands: set[str] = set()
        self._others: set[str] = set()
        self._joined: dict[str, Sequence[str]] = {}
        self._working = 0
        self._patience = threading.local()
        self._closed = False
        self._runs: set[int] = set()
        self._for_commands = ThreadPoolExecutor(for_commands, "command")
        self._for_others = ThreadPoolExecutor(slots, "delivery")
        self._for_lanes = ThreadPoolExecutor(slots, "lane")

    def free_slots(self, *, commands: bool = False) -> int:
        with self._changed:
            if commands:
                return max(0, self._slots_for_commands - len(self._commands))
            return max(0, self._slots - len(self._others))

    def handle(
        self, delivery_id: str, work: Callable[[str], None], *, command: bool, joined: Sequence[str] = ()
    ) -> None:
        """Do ``work`` on the delivery in a thread; it and those ``joined`` with it are in hand until that is over."""
        in_hand = self._commands if command else self._others

        def handling() -> None:
            try:
                with self._at_work(courteous=not command):
                    work(delivery_id)
            finally:
                with self._changed:
                    in_hand.discard(delivery_id)
                    self._joined.pop(delivery_id, None)
                    self._changed.notify_all()
                self._ended()

        with self._changed:
            if not self._closed:
                in_hand.add(delivery_id)
                self._joined[delivery_id] = joined
                (self._for_commands if command else self._for_others).submit(handling)

    def deliver(self, lane: str, work: Callable[[str], None]) -> None:
        def delivering() -> None:
            with self._at_work(courteous=True):
                work(lane)
            self._ended()

        with self._changed:
            if not self._closed:
                self._for_lanes.submit(delivering)

    def let_people_first(self) -> None:
        """Cooperative: threads that work on webhooks and lanes call it wherever they can wait."""
        left = getattr(self._patience, "left", 0.0)
        if left <= 0 or not self._commands:
            return
        began = seconds_passed()
        with self._changed:
            self._changed.wait_for(lambda: not self._commands, left)
        self._patience.left = left - (seconds_passed() - began)

    @contextmanager
    def _at_work(self, *, courteous: bool) -> Iterator[None]:
        with self._changed:
            self._working += 1
        self._patience.left = COURTESY if courteous else 0.0
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def deliveries(self) -> tuple[str, ...]:
        """The ids of those that are in hand."""
        with self._changed:
            joined = (one for together in self._joined.values() for one in together)
            return (*self._commands, *self._others, *joined)

    def counts(self) -> dict[str, int]:
        """How many commands, other deliveries and runs are in hand."""
        with self._changed:
            return {"command": len(self._commands), "delivery": len(self._others), "run": len(self._runs)}

    def busy(self) -> bool:
        with self._changed:
            return bool(self._commands or self._others or self._working or self._runs)

    def expect_run(self, deployment_id: int) -> None:
        with self._changed:
            self._runs.add(deployment_id)

    @contextmanager
    def running(self, deployment_id: int) -> Iterator[None]:
        self.expect_run(deployment_id)
        try:
            yield
        finally:
            with self._changed:
                self._runs.discard(deployment_id)
                self._changed.notify_all()
            self._ended()

    def wait_for_change(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait(seconds)

    def drain(self, seconds: float) -> None:
        """Wait until nothing is at work; runs go on in the next process, as does whatever has not begun."""
        with self._changed:
            self._closed = True
        for pool in (self._for_commands, self._for_others, self._for_lanes):
            pool.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            self._changed.wait_for(lambda: not self._working, seconds)
