"""What monitors are told of the database: counted with the decisions, whoever makes them, and looked at cheaply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.leases import GIVEN_UP, Lease, last_heard
from bot.adapters.storage.measures import doctor, look
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.effects import RenderParent
from bot.core.ports.chat import Delivery
from tests.core.deployments.made import T0, a_deployment, t
from tests.databases import migrate
from tests.patience import PATIENCE
from tests.postgres import new_database

HERE = ("web", "production")


class Still:
    """A clock that stands still."""

    def now(self):  # type: ignore[no-untyped-def]
        return T0 + timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'bot.db'}" if request.param == "sqlite" else new_database())
    migrate(engine)
    yield Store(engine, Still())
    engine.dispose()


def requested(store: Store, name: str, **different: object) -> Deployment:
    with store.decisions.open(f"ask:{name}", "test") as decision:
        return decision.begin(None, None).add(a_deployment(request_id=name, **different))


def ends(store: Store, deployment: Deployment, state: State = State.SUCCEEDED, delivery: str = "") -> None:
    ended = replace(deployment, state=state, remote_id=7, started_at=t(), finished_at=t(seconds=20))
    with store.decisions.open(delivery or f"end:{deployment.id}", "test") as decision:
        decision.begin(None, None).save(ended)


def test_ends_are_counted_in_their_places_and_places_without_any_have_none(store: Store) -> None:
    ends(store, requested(store, "one"))
    ends(store, requested(store, "two"), State.FAILED)
    ends(store, requested(store, "three", environment="staging"))

    tallies = look(store.database, [HERE, ("web", "staging"), ("api", "production")]).tallies

    assert tallies["web", "production"].ends == {"succeeded": 1, "failed": 1}
    assert tallies["web", "production"].ran.seconds == 40.0
    assert tallies["web", "staging"].ends == {"succeeded": 1}
    assert tallies["api", "production"].ends == {}


def test_what_is_rolled_back_with_its_decision_is_not_counted(store: Store) -> None:
    one = requested(store, "one")

    with suppress(ZeroDivisionError), store.decisions.open("end", "test") as decision:
        decision.begin(None, None).save(replace(one, state=State.CANCELLED, finished_at=t()))
        raise ZeroDivisionError

    assert look(store.database, [HERE]).tallies[HERE].ends == {}


def test_many_decisions_at_once_count_each_of_theirs_and_wait_for_no_one_crosswise(store: Store) -> None:
    """Each ends one deployment in either place, in one order or the other."""
    places = ("production", "staging")
    pairs = [[requested(store, f"{n}:{one}", environment=one) for one in places] for n in range(8)]
    begin, failed = Barrier(len(pairs)), []

    def decide(n: int) -> None:
        begin.wait(PATIENCE)
        try:
            with store.decisions.open(f"both:{n}", "test") as decision:
                records = decision.begin(None, None)
                for one in pairs[n] if n % 2 else reversed(pairs[n]):
                    records.save(replace(one, state=State.EXPIRED, finished_at=t()))
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [Thread(target=decide, args=(n,)) for n in range(len(pairs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    tallies = look(store.database, [("web", one) for one in places]).tallies
    assert failed == []
    assert [tallies["web", one].ends for one in places] == [{"expired": 8}] * 2


def test_previews_are_counted_together(store: Store) -> None:
    store.decisions.place_of = lambda _, environment: environment.partition("-")[0]

    for n in (1, 2):
        ends(store, requested(store, f"{n}", environment=f"preview-{n}"))

    assert look(store.database, [("web", "preview")]).tallies["web", "preview"].ends == {"succeeded": 2}
    with store.database.engine.connect() as connection:
        keys = connection.execute(sa.select(tables.kept.c.key).where(tables.kept.c.key.like("measured:%"))).all()
    assert [row.key for row in keys] == ["measured:web:preview"]


def test_what_waits_and_runs_is_counted_by_what_it_waits_for(store: Store) -> None:
    for n, reason in enumerate((Waiting.CHECKS, Waiting.CHECKS, Waiting.QUEUE)):
        requested(store, f"{n}", state=State.WAITING, waits_for=reason, waits_since=t())
    requested(store, "runs", state=State.RUNNING, started_at=t())
    ends(store, requested(store, "over"))

    found = look(store.database, [])

    assert {reason: count for reason, count in found.waiting.items() if count} == {"checks": 2, "queue": 1}
    assert set(found.waiting) == {one.value for one in Waiting}
    assert found.running == 1


def test_what_is_undone_has_an_age_and_what_is_put_off_is_counted(store: Store) -> None:
    nothing = look(store.database, [])
    for name in ("github:1", "github:2"):
        store.inbox.put(Delivery(name, "github", "ping", b"{}"))
    with store.decisions.open("github:0", "test") as decision:
        decision.begin(None, None).emit(RenderParent(1))
    store.inbox.take(1)
    store.inbox.postpone("github:1", timedelta(minutes=1), "GitHub does not answer")
    pending = store.outbox.claim("parent:1", "me")
    assert pending is not None
    store.outbox.later(pending, "me", timedelta(minutes=1), "Slack does not answer", untouched=False)
    with store.database.writing() as connection:
        connection.execute(sa.update(tables.deliveries).values(received_at=t(minutes=50)))
        connection.execute(sa.update(tables.effects).values(created_at=t(minutes=55)))

    found = look(store.database, [])

    assert (nothing.oldest, nothing.postponed) == ({"delivery": 0, "effect": 0}, {"delivery": 0, "effect": 0})
    assert found.oldest == {"delivery": 600.0, "effect": 300.0}
    assert found.postponed == {"delivery": 1, "effect": 1}


def test_those_count_as_workers_that_have_been_heard_of_lately(store: Store) -> None:
    nobody = look(store.database, [])
    for _ in range(3):
        Lease(store.database).take()
    with store.database.writing() as connection:
        one, two, _ = (row.id for row in connection.execute(sa.select(tables.executors.c.id)).all())
        change = sa.update(tables.executors)
        long_ago = T0 if store.database.is_sqlite else sa.func.now() - timedelta(minutes=2)
        connection.execute(change.where(tables.executors.c.id == one).values(seen_at=long_ago))
        connection.execute(change.where(tables.executors.c.id == two).values(seen_at=GIVEN_UP))

    found = look(store.database, [])

    assert (nobody.workers, nobody.heard) == (0, None)
    assert found.workers == 1
    assert found.heard is not None
    assert found.heard < 60
    assert len(last_heard(store.database)) == 2


# --- what check says of it --------------------------------------------------------------------------------------


class Moving(Still):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = T0

    def now(self):  # type: ignore[no-untyped-def]
        return self.at


@pytest.fixture
def clock(store: Store) -> Moving:
    clock = store.database.clock = Moving()
    return clock


def alive(store: Store, seconds_ago: float) -> None:
    """On SQLite the moment is to the second, and the database's own either way."""
    Lease(store.database).take()
    moment = sa.func.datetime("now", f"-{seconds_ago} seconds") if store.database.is_sqlite else None
    with store.database.writing() as connection:
        seen_at = moment if moment is not None else sa.func.now() - timedelta(seconds=seconds_ago)
        connection.execute(sa.update(tables.executors).values(seen_at=seen_at))


@pytest.mark.parametrize("what", ["delivery", "effect"])
def test_it_is_told_when_something_waits_for_longer_than_a_minute_and_no_worker_lives(
    store: Store, clock: Moving, what: str
) -> None:
    store.inbox.put(Delivery("github:1", "github", "ping", b"{}"))
    if what == "effect":
        with store.decisions.open("github:1", "test", ends=True) as decision:
            decision.begin(None, None).emit(RenderParent(1))
    clock.at += timedelta(seconds=60)
    patient = [*doctor(store.database)]
    clock.at += timedelta(minutes=11)

    [found] = doctor(store.database)

    assert patient == []
    assert not found.good
    assert found.what == "no worker is alive: what was stored 12 min ago is not done"
    assert found.mend.startswith("start one (heroku ps:scale worker=1; python -m bot run")
    assert found in store.doctor()


def test_a_worker_that_was_heard_of_long_ago_is_none(store: Store, clock: Moving) -> None:
    store.inbox.put(Delivery("github:1", "github", "ping", b"{}"))
    clock.at += timedelta(minutes=12)
    alive(store, seconds_ago=690)

    [found] = doctor(store.database)

    assert found.what == "no worker is alive, and none was heard of for 11 min: what was stored 12 min ago is not done"


def test_nothing_is_told_while_a_worker_lives_or_nothing_waits(store: Store, clock: Moving) -> None:
    nothing_waits = [*doctor(store.database)]
    store.inbox.put(Delivery("github:1", "github", "ping", b"{}"))
    clock.at += timedelta(minutes=12)
    alive(store, seconds_ago=0)

    assert nothing_waits == []
    assert [*doctor(store.database)] == []


def test_a_lease_tells_how_long_it_has_not_been_renewed(store: Store) -> None:
    lease = Lease(store.database)
    before = lease.silent_for()
    lease.take()
    after = lease.silent_for()

    assert before is None
    assert after is not None
    assert 0 <= after < 60
