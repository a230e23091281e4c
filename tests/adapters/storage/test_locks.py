"""Locks as rows: nothing of one is lost, and of many at the same instant one gets it, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from bot.adapters.storage import tables
from bot.adapters.storage.decisions import Decision
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Actor
from bot.core.locks import lifecycle as lock_lifecycle
from bot.core.locks.model import Lock, Watcher
from tests import postgres
from tests.databases import migrate
from tests.patience import PATIENCE

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EVERY = timedelta(hours=3)
LOCK = Lock("web", "production", Actor("maria", "U1", "maria"), T0)
FULL = replace(
    LOCK,
    reason="testing <!channel>",
    until=T0 + timedelta(hours=2),
    ref="feature/ü",
    sha="1a2b3c4",
    pull_request=12,
    url="https://github.com/acme/web/pull/12",
    holds_merges=True,
    remind_at=T0 + EVERY,
)


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture(params=["sqlite", "postgres"])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens one database as often as it is called: each is a process of its own to the others."""
    url = f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else postgres.new_database()
    with ExitStack() as stack:

        def one() -> Store:
            engine = connect(url)
            stack.callback(engine.dispose)
            return Store(engine, StoppedClock())

        migrate(one().database.engine)
        yield one


def decide(kept: Store, work: Callable[[Decision], None]) -> None:
    with kept.decisions.open(str(uuid4()), "test") as decision:
        work(decision)


def take(kept: Store, wanted: Lock) -> list[Lock]:
    """Who holds it after somebody has tried, decided on as a handler would."""
    held: list[Lock] = []
    decide(kept, lambda decision: held.append(lock_lifecycle.take(decision.begin(*wanted.place), wanted, EVERY)))
    return held


def at_once(*work: Callable[[], None]) -> None:
    """Do all of it at the same instant."""
    start = Barrier(len(work))

    def run(one: Callable[[], None]) -> None:
        start.wait(PATIENCE)
        one()

    threads = [Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def test_a_row_has_a_column_for_every_field() -> None:
    assert {field.name for field in fields(Lock)} == {column.name for column in tables.locks.columns}
    assert {field.name for field in fields(Watcher)} == {column.name for column in tables.lock_watchers.columns}


@pytest.mark.parametrize("lock", [LOCK, FULL], ids=["bare", "full"])
def test_a_lock_comes_back_as_it_was(opens: Callable[[], Store], lock: Lock) -> None:
    kept = opens()

    decide(kept, lambda decision: decision.begin(*lock.place).locks.save(lock))

    assert kept.reads().locks.of("web", "production") == lock
    assert kept.reads().locks.all() == [lock]
    assert kept.reads().locks.of("api", "production") is None


def test_a_claim_on_what_is_locked_changes_nothing(opens: Callable[[], Store]) -> None:
    kept = opens()
    claims: list[bool] = []
    second = replace(LOCK, by=Actor("bob", "U2"))

    for one in (LOCK, second, replace(second, app="api")):
        decide(kept, lambda decision, one=one: claims.append(decision.begin(*one.place).locks.claim(one)))  # type: ignore[misc]

    assert claims == [True, False, True]
    assert kept.reads().locks.of("web", "production") == LOCK


def test_a_lock_that_goes_takes_its_watchers_along_and_no_others(opens: Callable[[], Store]) -> None:
    kept = opens()
    elsewhere = Watcher("api", "production", "U2")

    def work(decision: Decision) -> None:
        locks = decision.begin("web", "production").locks
        locks.save(LOCK)
        for watcher in (Watcher("web", "production", "U2"), Watcher("web", "production", "U3"), elsewhere):
            locks.watch(watcher)
        locks.watch(Watcher("web", "production", "U2", T0))
        locks.unwatch("web", "production", "U3")

    decide(kept, work)
    before = kept.reads().locks.watchers("web", "production")
    decide(kept, lambda decision: decision.begin("web", "production").locks.remove("web", "production"))

    assert before == [Watcher("web", "production", "U2", T0)]
    assert kept.reads().locks.all() == []
    assert kept.reads().locks.watchers("web", "production") == []
    assert kept.reads().locks.watchers("api", "production") == [elsewhere]


def test_of_eight_people_at_the_same_instant_one_gets_it_and_the_others_are_told_who(
    opens: Callable[[], Store],
) -> None:
    stores = [opens() for _ in range(8)]
    held: list[Lock] = []
    wanted = [replace(LOCK, by=Actor(f"person-{n}", f"U{n}")) for n in range(8)]

    at_once(
        *(lambda one=one, lock=lock: held.extend(take(one, lock)) for one, lock in zip(stores, wanted, strict=True))
    )  # type: ignore[misc]

    there = stores[0].reads().locks.of("web", "production")
    assert there is not None
    assert [one.by for one in held] == [there.by] * 8


def test_even_without_the_environments_row_the_statement_itself_lets_one_have_it(opens: Callable[[], Store]) -> None:
    stores = [opens() for _ in range(4)]
    claims: list[bool] = []

    def claim(kept: Store, n: int) -> None:
        lock = replace(LOCK, by=Actor(f"person-{n}", f"U{n}"))
        decide(kept, lambda decision: claims.append(decision.begin(None, None).locks.claim(lock)))

    at_once(*(lambda n=n, one=one: claim(one, n) for n, one in enumerate(stores)))  # type: ignore[misc]

    assert sorted(claims) == [False, False, False, True]


def test_two_who_want_all_environments_do_not_block_each_other(opens: Callable[[], Store]) -> None:
    places = [("web", f"env-{n}") for n in range(6)]
    stores = [opens(), opens()]
    counts: list[int] = []

    def take_all(kept: Store, by: Actor) -> None:
        def work(decision: Decision) -> None:
            first, *others = places
            records = decision.begin(*first)
            for place in others:
                records.hold(*place)
            held = [lock_lifecycle.take(records, replace(LOCK, environment=name, by=by), EVERY) for _, name in places]
            counts.append(sum(one.by == by for one in held))

        decide(kept, work)

    people = [Actor("maria", "U1"), Actor("bob", "U2")]
    at_once(*(lambda one=one, by=by: take_all(one, by) for one, by in zip(stores, people, strict=True)))  # type: ignore[misc]

    assert sorted(counts) == [0, 6]


def test_locking_and_taking_over_at_the_same_instant_leave_one_owner_and_tell_the_other(
    opens: Callable[[], Store],
) -> None:
    stores = [opens(), opens()]
    take(stores[0], LOCK)
    over = [replace(LOCK, by=Actor(name, chat_id), reason="hotfix") for name, chat_id in (("bob", "U2"), ("eve", "U3"))]

    def take_over(kept: Store, wanted: Lock) -> None:
        def work(decision: Decision) -> None:
            records = decision.begin(*wanted.place)
            before = lock_lifecycle.current(records, *wanted.place, T0)
            assert before is not None
            lock_lifecycle.take_over(records, before, wanted, EVERY)

        decide(kept, work)

    at_once(*(lambda one=one, lock=lock: take_over(one, lock) for one, lock in zip(stores, over, strict=True)))  # type: ignore[misc]

    there = stores[0].reads().locks.of("web", "production")
    assert there is not None
    assert there.by.name in {"bob", "eve"}
    query = tables.effects.select().where(tables.effects.c.name == "TellPerson").order_by(tables.effects.c.id)
    told = [row.lane for row in stores[0].database.select(query)]
    assert told == ["person:U1", f"person:{'U3' if there.by.name == 'bob' else 'U2'}"]
