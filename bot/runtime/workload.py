"""What one process has in hand at a moment: the deliveries and lanes that its threads are at, and the runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bot.adapters.storage.clock import seconds_passed

COURTESY = 0.2
"""Seconds that a webhook or a lane waits at most for the commands that are in hand: one may wait for somebody else."""
BUSY = 0.25
"""Share of a processor from which on this process is busy: then more at once that nobody waits for is no faster, as all
of it shares one interpreter, and whoever gives a command waits longer (``make bench ARGS=storm`` shows it)."""
FEW = 2
"""How many deliveries, and how many lanes, are worked on at the same time by a busy process."""
MEASURED_EVERY = 0.1
"""Seconds between two looks at how busy it is."""


class Processor:
    """How much of a processor this process took lately, 1.0 for all of one."""

    def __init__(self) -> None:
        self._looked, self._used = seconds_passed(), time.process_time()
        self._share = 0.0

    def share(self) -> float:
        now = seconds_passed()
        if now - self._looked >= MEASURED_EVERY:
            used = time.process_time()
            self._share = (used - self._used) / (now - self._looked)
            self._looked, self._used = now, used
        return self._share


class Workload:
    """Safe from any thread. ``ended`` is called whenever something is over.

    People's commands have threads of their own, everything else has ``slots``, and lanes that come by themselves have
    some: so nobody waits for a thread behind what others have sent. What waits for others, as for GitHub's answers,
    may fill all slots; where the ``share`` of the processor shows that they compute, a few of them are used.
    """

    def __init__(
        self,
        slots: int,
        for_commands: int,
        ended: Callable[[], None],
        share: Callable[[], float] | None = None,
    ) -> None:
        self._ended = ended
        self._slots = slots
        self._slots_for_commands = for_commands
        self._share = share or Processor().share
        self._changed = threading.Condition()
        self._commands: set[str] = set()
        self._others: set[str] = set()
        self._joined: dict[str, Sequence[str]] = {}
        self._lanes: dict[str, Callable[[str], None]] = {}
        self._delivering = 0
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
            return max(0, self._at_once() - len(self._others))

    def _at_once(self) -> int:
        return min(FEW, self._slots) if self._share() >= BUSY else self._slots

    def is_held_back(self) -> bool:
        """Whether more could be begun if the process were less busy: then it is to be looked at again soon."""
        with self._changed:
            return self._at_once() <= max(len(self._others), self._delivering) < self._slots

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
        """Do ``work`` on the lane in a thread, as soon as there is one; a lane that still waits for that does once."""
        with self._changed:
            if not self._closed:
                self._lanes[lane] = work
        self.begin_lanes()

    def begin_lanes(self) -> None:
        """Begin as many of the lanes that wait as may be worked on now."""
        with self._changed:
            while self._lanes and self._delivering < self._at_once():
                lane = next(iter(self._lanes))
                self._for_lanes.submit(self._deliver, lane, self._lanes.pop(lane))
                self._delivering += 1

    def _deliver(self, lane: str, work: Callable[[str], None]) -> None:
        try:
            with self._at_work(courteous=True):
                work(lane)
        finally:
            with self._changed:
                self._delivering -= 1
                self._changed.notify_all()
            self.begin_lanes()
        self._ended()

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
            return bool(self._commands or self._others or self._lanes or self._delivering or self._runs)

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
            self._lanes.clear()
        for pool in (self._for_commands, self._for_others, self._for_lanes):
            pool.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            self._changed.wait_for(lambda: not self._working, seconds)
