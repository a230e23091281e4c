"""The database's time: what a process makes of it whose own clock is wrong, is set, or stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot.adapters.storage import tables
from bot.adapters.storage.bulk_insert import Arrival
from bot.adapters.storage.clock import LOOK_EVERY, DatabaseClock
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.events.internal import Due
from bot.core.ports.chat import Delivery
from bot.core.stored import stored_name
from bot.runtime.timers import put_due
from tests.databases import migrate
from tests.doorstep import written
from tests.postgres import new_database

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Set:
    """A machine's clock that somebody has set, and goes on setting."""

    ahead: timedelta

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


class Machine:
    """A machine and a database, whose clocks are moved by hand; ``passed`` is the stopwatch."""

    def __init__(self) -> None:
        self.at = T0
        self.seconds = 1_000.0
        self.database = T0
        self.clock = DatabaseClock(self, lambda: self.seconds)

    def now(self) -> datetime:
        return self.at

    def passes(self, seconds: float) -> None:
        self.seconds += seconds
        self.at += timedelta(seconds=seconds)
        self.database += timedelta(seconds=seconds)

    def looks(self, there: float = 0.0, back: float = 0.0) -> None:
        """The question takes ``there`` seconds to the database, the answer ``back``."""

        def ask() -> datetime:
            self.passes(there)
            shown = self.database
            self.passes(back)
            return shown

        self.clock.look(ask)

    @property
    def wrong(self) -> float:
        """By how many seconds the clock is ahead of the database."""
        return (self.clock.now() - self.database).total_seconds()


@pytest.fixture
def machine() -> Machine:
    return Machine()


# --- what a process makes of it -----------------------------------------------------------------------------------


def test_before_the_first_look_it_is_the_machines_time(machine: Machine) -> None:
    machine.at += HOUR

    assert machine.clock.now() == T0 + HOUR
    assert machine.clock.wants_look()


@pytest.mark.parametrize("off", [HOUR, -HOUR, timedelta(days=-9_000)])
def test_a_machines_clock_that_is_wrong_does_not_matter(machine: Machine, off: timedelta) -> None:
    machine.at += off
    machine.looks()

    machine.passes(3)

    assert machine.wrong == 0
    assert machine.clock.ahead() == off


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_machines_clock_that_is_set_meanwhile_does_not_matter(machine: Machine, jump: timedelta) -> None:
    machine.looks()
    machine.passes(1)

    machine.at += jump

    assert machine.wrong == 0


def test_a_look_is_old_after_a_while(machine: Machine) -> None:
    machine.looks()
    machine.passes(LOOK_EVERY - 1)
    assert not machine.clock.wants_look()

    machine.passes(1)

    assert machine.clock.wants_look()


def test_the_way_there_and_back_is_halved(machine: Machine) -> None:
    machine.looks(there=0.5, back=0.5)
    assert machine.wrong == 0

    other = Machine()
    other.looks(there=0.4, back=0.0)
    assert other.wrong == pytest.approx(0.2)


def test_of_several_looks_the_shortest_one_counts(machine: Machine) -> None:
    machine.looks(there=0.001, back=0.001)
    machine.passes(5)

    machine.looks(there=4, back=0)

    assert machine.wrong == 0


def test_a_look_that_was_the_shortest_does_not_count_for_ever(machine: Machine) -> None:
    machine.looks(there=0.001, back=0.001)
    for _ in range(200):
        machine.passes(5)
        machine.seconds -= 0.0005  # the stopwatch is slow

    machine.looks(there=0.01, back=0.01)

    assert machine.wrong == pytest.approx(0)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_database_whose_clock_is_set_is_believed(machine: Machine, jump: timedelta) -> None:
    machine.looks(there=0.001, back=0.001)
    machine.database += jump

    machine.looks(there=0.1, back=0.1)

    assert machine.wrong == pytest.approx(0)


def test_a_process_that_is_paused_while_it_asks_learns_nothing_wrong(machine: Machine) -> None:
    machine.looks(there=0.001, back=0.001)
    machine.passes(5)

    machine.looks(there=0.001, back=3_600)

    assert machine.wrong == pytest.approx(0)


def test_a_clock_that_is_off_is_told_once_and_once_more_when_it_is_right(machine: Machine) -> None:
    machine.at -= HOUR
    with capture_logs() as logs:
        machine.looks()
        machine.looks()
        machine.at += HOUR
        machine.looks()
        machine.looks()

    assert [one["event"] for one in logs] == [
        "this machine's clock is 1 h behind the database's, whose time decides",
        "this machine's clock and the database's agree again",
    ]


# --- on a database ----------------------------------------------------------------------------------------------


@pytest.fixture
def url() -> str:
    url = new_database()
    engine = connect(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(params=[HOUR, -HOUR], ids=["ahead", "behind"])
def wrong(request: pytest.FixtureRequest, url: str) -> Iterator[Store]:
    """What a process has open whose machine's clock is wrong by an hour."""
    store = Store(connect(url), DatabaseClock(Set(request.param)))
    yield store
    store.database.engine.dispose()


@pytest.fixture
def right(url: str) -> Iterator[Store]:
    store = Store(connect(url), DatabaseClock(SystemClock()))
    store.database.look_at_clock()
    yield store
    store.database.engine.dispose()


def time_of(store: Store) -> datetime:
    with store.database.engine.connect() as connection:
        shown: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return shown


def assert_is_the_databases(store: Store) -> None:
    before = time_of(store)
    now = store.database.clock.now()
    after = time_of(store)
    # Half of the time that a look took is the most that it can be wrong by.
    assert before - timedelta(seconds=30) < now < after + timedelta(seconds=30)


def test_a_look_is_taken_in_whatever_transaction_comes_first(wrong: Store) -> None:
    wrong.inbox.put(Delivery("github:1", "github", "ping", b"{}"))

    assert_is_the_databases(wrong)


def test_a_look_is_taken_while_reading(wrong: Store) -> None:
    wrong.inbox.backlog()

    assert_is_the_databases(wrong)


def test_a_look_is_taken_by_who_stores_webhooks_in_the_same_statement(wrong: Store) -> None:
    written(wrong, [[Arrival("github:1", "github", "ping", b"{}", T0, None, None, None)]])

    assert_is_the_databases(wrong)


def test_no_transaction_is_made_for_a_look(url: str) -> None:
    stopwatch = [0.0]
    store = Store(connect(url, pool_size=1), DatabaseClock(SystemClock(), lambda: stopwatch[0]))
    begun: list[str] = []
    sa.event.listen(store.database.engine, "begin", lambda _: begun.append("begin"))
    asked: list[str] = []
    sa.event.listen(store.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    for _ in range(10):
        stopwatch[0] += 1
        store.inbox.backlog()

    store.database.engine.dispose()
    assert len(begun) == 10
    assert len([one for one in asked if "clock_timestamp" in one]) == 2


def test_on_sqlite_there_is_no_other_clock_than_the_machines(tmp_path: object) -> None:
    engine = connect(f"sqlite:///{tmp_path}/bot.db")
    migrate(engine)
    machine = Set(HOUR)
    store = Store(engine, DatabaseClock(machine))
    before = machine.now()

    store.inbox.put(Delivery("github:1", "github", "ping", b"{}"))

    assert before <= store.database.clock.now() <= machine.now()
    assert [one.warning for one in store.database.doctor()] == [False]
    engine.dispose()


def test_what_one_process_stores_is_taken_by_one_whose_clock_is_wrong(right: Store, wrong: Store) -> None:
    wrong.database.look_at_clock()
    right.inbox.put(Delivery("github:1", "github", "ping", b"{}"))
    right.inbox.put(Delivery("github:2", "github", "ping", b"{}"))
    assert [one.id for one in wrong.inbox.take(1)] == ["github:1"]
    wrong.inbox.postpone("github:1", timedelta(minutes=30), "GitHub does not answer.")

    taken = right.inbox.take(5)

    assert [one.id for one in taken] == ["github:2"]
    assert wrong.inbox.take(5) == []


def test_timers_ring_at_the_databases_time(right: Store, wrong: Store) -> None:
    now = right.database.clock.now()
    event = {"name": stored_name(Due), "body": b"{}"}
    with right.database.writing() as connection:
        soon = {"key": "soon", "due_at": now + timedelta(minutes=30), **event}
        past = {"key": "past", "due_at": now - timedelta(seconds=1), **event}
        connection.execute(sa.insert(tables.timers), [soon, past])
    wrong.database.look_at_clock()

    assert put_due(wrong, wrong.database.clock)
    assert not put_due(wrong, wrong.database.clock)
    assert [one.id.split(":")[1] for one in right.inbox.take(5)] == ["past"]


def test_check_says_that_the_clock_is_off(wrong: Store, right: Store) -> None:
    off, fine = wrong.database.doctor(), right.database.doctor()

    assert [one.what for one in off if one.warning] in (
        ["this machine's clock is 1 h ahead of the database's"],
        ["this machine's clock is 1 h behind the database's"],
    )
    assert all(one.good for one in off)
    assert [one.warning for one in fine] == [False]
