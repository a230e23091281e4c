"""Events of outgoing webhooks as rows: kept with the decision, in order, in one process's hands, dropped in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import RowRecords
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Deployment, State
from bot.core.outgoing_webhooks import retries
from bot.core.outgoing_webhooks.model import Answer, PendingEvent, Receiver, Standing, Subscription
from tests.core.deployments.made import a_deployment
from tests.databases import migrate
from tests.postgres import new_database
from tests.runtime.works import HandClock

EVERYTHING = Receiver("everything", "events.example", "https://events.example/x", key="k")
ENDS = Receiver(
    "ends", "ends.example", "https://ends.example/x", key="k", subscriptions=(Subscription(frozenset({"failed"})),)
)
AWAY = Answer(taken=False, reason="events.example does not answer in time.", away=True)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["sqlite", "postgres"])
def the_store(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'events.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    yield Store(engine, clock)
    engine.dispose()


@contextmanager
def deciding(store: Store, why: str, *receivers: Receiver) -> Iterator[RowRecords]:
    with store.decisions.open(why, "deploys") as decision:
        records = decision.begin("web", "production")
        records.webhooks.subscribe(receivers, "https://bot.example")
        yield records


def happens(store: Store, *states: State, request: str = "request-1", to: tuple[Receiver, ...] = (EVERYTHING,)) -> None:
    """A deployment comes to one state after another, in a decision each."""
    for state in states:
        with deciding(store, f"{request}:{state}", *to) as records:
            known = records.by_request(request)
            if known is None:
                records.add(a_deployment(request_id=request, environment=request, state=state))
            else:
                records.save(replace(known, state=state))


def drained(store: Store, receiver: Receiver = EVERYTHING) -> list[tuple[int, str]]:
    """What is taken one after another, as the numbers of deployments and the names of events."""
    found = []
    while (event := store.events.first(receiver.id)) is not None:
        found.append((event.deployment_id, event.name.removeprefix("deployment.")))
        store.events.sent(event)
    return found


def fails(store: Store, event: PendingEvent | None, answer: Answer = AWAY) -> int:
    assert event is not None
    return store.events.failed(
        event, EVERYTHING.name, answer, retries.failed(event, answer, store.database.clock.now())
    )


def test_each_state_is_kept_once_for_those_who_want_it(the_store: Store) -> None:
    happens(the_store, State.REQUESTED, State.STARTING, State.RUNNING, State.FAILED, to=(EVERYTHING, ENDS))
    with deciding(the_store, "something else", EVERYTHING, ENDS) as records:
        known = records.by_request("request-1")
        assert known is not None
        records.save(replace(known, description="Failed at step 2"))

    assert drained(the_store) == [(1, "starting"), (1, "running"), (1, "failed")]
    assert drained(the_store, ENDS) == [(1, "failed")]


def test_several_states_of_one_decision_are_several_events_each_as_it_was_then(the_store: Store) -> None:
    with deciding(the_store, "a success that came first", EVERYTHING) as records:
        added = records.add(a_deployment(state=State.STARTING))
        records.save(replace(added, state=State.RUNNING))
        records.save(replace(added, state=State.SUCCEEDED, description="Is live"))

    assert drained(the_store) == [(1, "starting"), (1, "running"), (1, "succeeded")]


def test_what_is_decided_on_and_not_kept_tells_nobody(the_store: Store) -> None:
    told = []
    the_store.decisions.kept_events = lambda: told.append("events")

    with pytest.raises(ZeroDivisionError):
        broken_off(the_store)
    happens(the_store, State.STARTING)
    with deciding(the_store, "nothing of it"):
        pass

    assert [name for _, name in drained(the_store)] == ["starting"]
    assert told == ["events"]


def broken_off(store: Store) -> float:
    with deciding(store, "broken off", EVERYTHING) as records:
        return records.add(a_deployment(state=State.STARTING)).id / 0


def test_what_failed_holds_up_its_own_deployment_and_no_other(the_store: Store, clock: HandClock) -> None:
    happens(the_store, State.STARTING, State.RUNNING)
    happens(the_store, State.STARTING, request="request-2")
    fails(the_store, the_store.events.first(EVERYTHING.id))
    happens(the_store, State.SUCCEEDED)

    meanwhile = drained(the_store)
    again = the_store.events.next_due(EVERYTHING.id)
    clock.passes(seconds=7)

    assert meanwhile == [(2, "starting"), (1, "starting"), (1, "running"), (1, "succeeded")]
    assert again is None


def test_one_that_is_not_wanted_is_not_hurried_by_others_that_are(the_store: Store, clock: HandClock) -> None:
    happens(the_store, State.STARTING, State.RUNNING)
    happens(the_store, State.STARTING, request="request-2")
    fails(the_store, the_store.events.first(EVERYTHING.id), Answer(taken=False, reason="answered 400"))

    assert drained(the_store) == [(2, "starting")]
    clock.passes(seconds=7)
    assert drained(the_store) == [(1, "starting"), (1, "running")]


def test_of_many_processes_one_has_a_receiver_until_it_lets_go_or_dies(the_store: Store) -> None:
    the_store.events.has([EVERYTHING])
    with the_store.database.writing() as connection:
        lease = {"seen_at": sa.func.now()}
        connection.execute(sa.insert(tables.executors).values([{"id": f"p{n}", **lease} for n in range(8)]))
    barrier, won = Barrier(8), []

    def claims(name: str) -> None:
        barrier.wait()
        if the_store.events.claim(EVERYTHING.id, name):
            won.append(name)

    threads = [Thread(target=claims, args=(f"p{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = won
    other = "p0" if winner != "p0" else "p1"

    assert the_store.events.claim(EVERYTHING.id, winner)
    assert not the_store.events.claim(EVERYTHING.id, other)
    the_store.events.release(EVERYTHING.id, other)
    assert not the_store.events.claim(EVERYTHING.id, other)
    with the_store.database.writing() as connection:
        connection.execute(sa.delete(tables.executors).where(tables.executors.c.id == winner))
    assert the_store.events.claim(EVERYTHING.id, other)


def test_a_receiver_that_nobody_has_any_more_is_dropped_once_no_other_process_may_have_it(
    the_store: Store, clock: HandClock
) -> None:
    happens(the_store, State.STARTING, State.RUNNING, to=(EVERYTHING, ENDS))
    the_store.events.has([EVERYTHING, ENDS])
    with the_store.database.writing() as connection:
        connection.execute(sa.insert(tables.executors).values(id="of the old release", seen_at=sa.func.now()))

    at_once = the_store.events.forget([ENDS.id], "me")
    clock.passes(minutes=9)
    the_store.events.has([EVERYTHING])  # says the old release
    clock.passes(minutes=9)
    still = the_store.events.forget([ENDS.id], "me")
    clock.passes(minutes=2)
    at_last = the_store.events.forget([ENDS.id], "me")

    assert (at_once, still, at_last) == ([], [], [("events.example", 2)])
    assert [one.receiver for one in the_store.events.standings()] == [ENDS.id]
    assert the_store.events.forget([], "of the old release") == [("ends.example", 0)]


def test_how_it_stands_tells_the_last_error_since_when_and_how_many_wait(the_store: Store, clock: HandClock) -> None:
    happens(the_store, State.STARTING, State.RUNNING)
    well = the_store.events.standings()
    began = clock.now()
    fails(the_store, the_store.events.first(EVERYTHING.id))
    passing = the_store.events.standings()
    clock.passes(minutes=10)
    fails(the_store, the_store.events.first(EVERYTHING.id), replace(AWAY, reason="events.example answered 502."))
    lasting = the_store.events.standings()
    clock.passes(hours=1)
    drained(the_store)

    assert well == [Standing(EVERYTHING.id, "events.example", 2)]
    assert passing == [Standing(EVERYTHING.id, "events.example", 2, began, AWAY.reason)]
    assert lasting == [Standing(EVERYTHING.id, "events.example", 2, began, "events.example answered 502.", True)]
    assert the_store.events.standings() == [Standing(EVERYTHING.id, "events.example", 0)]


def test_one_that_is_refused_shows_although_others_are_taken(the_store: Store, clock: HandClock) -> None:
    began = clock.now()
    happens(the_store, State.STARTING)
    fails(the_store, the_store.events.first(EVERYTHING.id), Answer(taken=False, reason="answered 400"))
    happens(the_store, State.STARTING, request="request-2")
    drained(the_store)
    clock.passes(minutes=10)

    assert the_store.events.standings() == [Standing(EVERYTHING.id, "events.example", 1, began, "answered 400", True)]


def test_given_up_events_are_counted_and_told_of_by_one_event_of_the_bots_own(
    the_store: Store, clock: HandClock
) -> None:
    for n in range(12):
        happens(the_store, State.STARTING, State.RUNNING, request=f"request-{n}")
    clock.passes(hours=25)
    lost = []
    while (event := the_store.events.first(EVERYTHING.id)) is not None:
        lost.append(fails(the_store, event))

    # Four of which each was tried and too old, and with the fifth all others: the receiver is down.
    assert lost == [1, 1, 1, 1, 20]
    assert the_store.events.standings()[0].given_up == 24
    own = the_store.database.select(sa.select(tables.deliveries.c.name))
    assert [row.name for row in own] == ["WebhookGivenUp"]


def test_a_whole_deployment_is_one_row_for_each_receiver_and_state(the_store: Store) -> None:
    def row_count() -> int:
        return int(the_store.database.select(sa.select(sa.func.count()).select_from(tables.webhook_events))[0][0])

    happens(the_store, State.WAITING, State.STARTING, to=(EVERYTHING, replace(EVERYTHING, id="another"), ENDS))
    known: Deployment | None = the_store.reads().by_request("request-1")

    assert known is not None
    assert row_count() == 4
