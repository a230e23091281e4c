"""The clock's jobs: what they submit, when, and that a failing one comes again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from freezegun import freeze_time
from structlog.testing import capture_logs

from bot.adapters.clock.scheduler import Schedule, floor
from tests.patience import PATIENCE

NOON = datetime(2026, 3, 2, 12, 4, 59, 999_999, tzinfo=UTC)


class Watch:
    """A clock that somebody sets."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Ledger:
    """Takes down what the schedule submits. While ``broken`` it fails each time."""

    def __init__(self) -> None:
        self.ticks: list[tuple[str, datetime]] = []
        self.ticked_twice = Event()
        self.broken = False

    def tick(self, name: str, at: datetime) -> None:
        self.ticks.append((name, at))
        if len(self.ticks) >= 2:
            self.ticked_twice.set()
        if self.broken:
            raise OSError("The disk is gone.")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def schedule(ledger: Ledger, watch: Watch) -> Iterator[Schedule]:
    schedule = Schedule(watch, ledger.tick)
    yield schedule
    schedule.stop()


def test_reconciliations_of_the_same_three_minutes_have_the_same_moment(
    schedule: Schedule, ledger: Ledger, watch: Watch
) -> None:
    schedule.reconcile()
    watch.at += timedelta(minutes=1)
    schedule.reconcile()
    watch.at += timedelta(minutes=1)
    schedule.reconcile()

    first, second = datetime(2026, 3, 2, 12, 3, tzinfo=UTC), datetime(2026, 3, 2, 12, 6, tzinfo=UTC)
    assert ledger.ticks == [("reconcile", first), ("reconcile", first), ("reconcile", second)]


def test_retention_is_submitted_under_its_day(schedule: Schedule, ledger: Ledger) -> None:
    schedule.retain()

    assert ledger.ticks == [("retain", datetime(2026, 3, 2, tzinfo=UTC))]


def test_a_job_comes_again_although_it_fails(watch: Watch, ledger: Ledger) -> None:
    schedule = Schedule(watch, ledger.tick, timedelta(seconds=1))
    ledger.broken = True

    schedule.start()

    assert ledger.ticked_twice.wait(PATIENCE)
    schedule.stop()


def test_a_clock_of_the_machine_that_is_set_back_holds_nothing_up(ledger: Ledger, watch: Watch) -> None:
    with freeze_time(NOON, tick=True) as machine, capture_logs() as logs:
        schedule = Schedule(watch, ledger.tick, timedelta(seconds=1))
        schedule.start()
        assert ledger.ticked_twice.wait(PATIENCE)

        machine.move_to(NOON - timedelta(hours=1))
        ledger.ticks.clear()
        ledger.ticked_twice.clear()

        assert ledger.ticked_twice.wait(PATIENCE)
        schedule.stop()

    assert [one["event"] for one in logs] == ["this machine's clock was set back; the jobs of the clock go on"]


def test_a_stopped_schedule_can_be_stopped_again(schedule: Schedule, ledger: Ledger) -> None:
    schedule.start()
    schedule.stop()

    schedule.stop()

    assert ledger.ticks == []


@pytest.mark.parametrize(
    ("moment", "step", "expected"),
    [
        ("2026-03-02T12:04:59.999999+00:00", timedelta(minutes=3), "2026-03-02T12:03:00+00:00"),
        ("2026-03-02T12:06:00+00:00", timedelta(minutes=3), "2026-03-02T12:06:00+00:00"),
        ("2026-03-02T00:00:00+00:00", timedelta(days=1), "2026-03-02T00:00:00+00:00"),
        ("2026-03-02T23:59:59+00:00", timedelta(days=1), "2026-03-02T00:00:00+00:00"),
        ("2026-03-02T12:00:01.5+00:00", timedelta(seconds=1), "2026-03-02T12:00:01+00:00"),
    ],
)
def test_a_moment_is_brought_down_to_the_last_whole_step(moment: str, step: timedelta, expected: str) -> None:
    floored = floor(datetime.fromisoformat(moment), step)

    assert floored.isoformat() == expected
