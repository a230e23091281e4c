"""What one process has in hand at a moment: the deliveries in its slots, its workflows, and the runs it follows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Workload:
    """Safe from any thread. ``ended`` is called whenever something is over."""

    def __init__(self, slots: int, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._slots = slots
        self._changed = threading.Condition()
        self._in_slots: dict[str, str] = {}
        self._beside: dict[str, str] = {}
        self._workflows = 0
        self._runs: set[int] = set()

    def free_slots(self) -> int:
        with self._changed:
            return max(0, self._slots - len(self._in_slots))

    def take_in_hand(self, workflow_id: str, delivery_id: str, *, slot: bool) -> None:
        """The workflow has the delivery until it is over or ``give_back``: in a slot, or beside them."""
        with self._changed:
            (self._in_slots if slot else self._beside)[workflow_id] = delivery_id

    def give_back(self, workflow_id: str) -> None:
        with self._changed:
            self._in_slots.pop(workflow_id, None)
            self._beside.pop(workflow_id, None)

    def deliveries(self) -> tuple[str, ...]:
        """The ids of those that are being handled."""
        with self._changed:
            return (*self._in_slots.values(), *self._beside.values())

    def busy(self) -> bool:
        with self._changed:
            return bool(self._workflows or self._runs)

    def expect_run(self, deployment_id: int) -> None:
        with self._changed:
            self._runs.add(deployment_id)

    def forget_run(self, deployment_id: int) -> None:
        with self._changed:
            self._runs.discard(deployment_id)
            self._changed.notify_all()

    @contextmanager
    def working(self, workflow_id: str) -> Iterator[None]:
        with self._changed:
            self._workflows += 1
        try:
            yield
        finally:
            self.give_back(workflow_id)
            with self._changed:
                self._workflows -= 1
                self._changed.notify_all()
            self._ended()

    @contextmanager
    def running(self, deployment_id: int) -> Iterator[None]:
        self.expect_run(deployment_id)
        try:
            yield
        finally:
            self.forget_run(deployment_id)
            self._ended()

    def wait_for_change(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait(seconds)

    def drain(self, seconds: float) -> None:
        """Wait until no workflow is at work; runs go on in the next process."""
        with self._changed:
            self._changed.wait_for(lambda: not self._workflows, seconds)
