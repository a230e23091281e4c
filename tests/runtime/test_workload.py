"""What a process takes on at the same time: much where it waits for others, little where it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event

import pytest

from bot.runtime.workload import BUSY, FEW, Processor, Workload
from tests.patience import PATIENCE

SLOTS = 5


class Process:
    """Work that goes on until it is let go; ``share`` is how much of a processor it seems to take."""

    def __init__(self) -> None:
        self.share = 0.0
        self.begun: list[str] = []
        self._gates: dict[str, Event] = {}
        self.load = Workload(SLOTS, 3, lambda: None, lambda: self.share)

    def deliver(self, *lanes: str) -> None:
        for lane in lanes:
            self.load.deliver(lane, self.work)

    def handle(self, *ids: str) -> None:
        for one in ids:
            self.load.handle(one, self.work, command=False)

    def work(self, name: str) -> None:
        gate = self._gates.setdefault(name, Event())
        self.begun.append(name)
        assert gate.wait(PATIENCE)

    def let_go(self, *names: str) -> None:
        for name in names:
            self._gates.setdefault(name, Event()).set()

    def wait_until(self, true: Callable[[], bool]) -> None:
        for _ in range(int(PATIENCE * 100)):
            if true():
                return
            self.load.wait_for_change(0.01)
        raise AssertionError(f"it does not come true; begun: {self.begun}")

    def wait_for(self, *begun: str) -> None:
        self.wait_until(lambda: sorted(self.begun) == sorted(begun))


@pytest.fixture
def process() -> Iterator[Process]:
    with ExitStack() as stack:
        made = Process()
        stack.callback(made.load.drain, PATIENCE)
        stack.callback(lambda: made.let_go(*(f"{kind}{n}" for kind in "dl" for n in range(9))))
        yield made


def test_what_waits_for_others_fills_all_slots(process: Process) -> None:
    process.deliver(*(f"l{n}" for n in range(7)))
    process.handle("d0", "d1", "d2")

    process.wait_for("d0", "d1", "d2", "l0", "l1", "l2", "l3", "l4")

    assert process.load.free_slots() == SLOTS - 3
    assert not process.load.is_held_back()


def test_a_busy_process_works_on_a_few_and_on_the_next_when_one_is_over(process: Process) -> None:
    process.share = BUSY
    process.deliver("l0", "l1", "l2", "l3")
    process.handle("d0", "d1")
    process.wait_for("d0", "d1", "l0", "l1")

    held_back = process.load.is_held_back(), process.load.free_slots()
    process.let_go("l0")
    process.wait_for("d0", "d1", "l0", "l1", "l2")

    assert held_back == (True, 0)
    assert FEW == 2


def test_what_was_held_back_begins_once_the_process_is_less_busy(process: Process) -> None:
    process.share = BUSY
    process.deliver("l0", "l1", "l2", "l3")
    process.wait_for("l0", "l1")

    process.share = 0.0
    process.load.begin_lanes()

    process.wait_for("l0", "l1", "l2", "l3")


def test_commands_are_never_held_back(process: Process) -> None:
    process.share = 1.0
    process.deliver("l0", "l1")
    process.handle("d0", "d1")

    assert process.load.free_slots(commands=True) == 3


def test_a_lane_that_waits_is_worked_on_once_however_often_it_is_named(process: Process) -> None:
    process.share = BUSY
    process.deliver("l0", "l1", "l2", "l2", "l3", "l2")
    process.wait_for("l0", "l1")

    # One that is being worked on may have more to do than it has seen.
    process.deliver("l0")
    process.let_go(*(f"l{n}" for n in range(4)))
    process.wait_until(lambda: not process.load.busy())

    assert sorted(process.begun) == ["l0", "l0", "l1", "l2", "l3"]


def test_a_lane_that_waits_is_work_in_hand_until_the_process_ends(process: Process) -> None:
    process.share = BUSY
    process.deliver("l0", "l1", "l2")
    process.let_go("l0", "l1")
    process.wait_for("l0", "l1", "l2")
    busy = process.load.busy()

    process.let_go("l2")
    process.load.drain(PATIENCE)

    assert busy
    assert not process.load.busy()


@contextmanager
def at(monkeypatch: pytest.MonkeyPatch, passed: float, used: float) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr("bot.runtime.workload.seconds_passed", lambda: passed)
        patched.setattr("time.process_time", lambda: used)
        yield


def test_how_busy_it_is_is_measured_over_the_last_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(monkeypatch, 10.0, 3.0):
        processor = Processor()
        at_first = processor.share()
    with at(monkeypatch, 10.05, 3.05):
        too_soon = processor.share()
    with at(monkeypatch, 10.2, 3.05):
        idle = processor.share()
    with at(monkeypatch, 10.4, 3.25):
        computing = processor.share()

    assert (at_first, too_soon) == (0.0, 0.0)
    assert (round(idle, 2), round(computing, 2)) == (0.25, 1.0)
