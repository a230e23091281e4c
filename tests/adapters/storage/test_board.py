"""What the board is drawn from, and the word that is left where it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.adapters.storage.board_changes import TIMER, TOLD_EVERY
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.board.model import LOOKED_AT_FOR, Look, Viewer
from bot.core.deployments.model import Actor, Deployment, State
from bot.core.locks.model import Lock
from tests.core.deployments.made import T0, a_deployment
from tests.databases import migrate
from tests.postgres import new_database

MARIA = "U00000001"


class HandClock:
    """It is moved by hand."""

    def __init__(self) -> None:
        self.time = T0

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["sqlite", "postgres"])
def the_store(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'board.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    yield Store(engine, clock)
    engine.dispose()


def add(store: Store, number: int, state: State, **different: Any) -> Deployment:
    """A deployment that was asked for ``number`` minutes after the others."""
    at = T0 + timedelta(minutes=number)
    one = {"request_id": str(uuid4()), "sha": f"{number:040x}", "created_at": at, "started_at": at, "changes": BARE}
    made = a_deployment(**{"state": state, "app": "web", "environment": "production", **one, **different})
    with store.decisions.open(f"add {number} {different}", "board") as decision:
        return decision.begin(made.app, made.environment).add(made)


BARE = a_deployment().changes
WEB = [("web", "production"), ("web", "staging")]


def merged(number: int, **different: Any) -> dict[str, Any]:
    at = T0 + timedelta(minutes=number)
    return {"trigger": "merge", "merged_at": at, "pull_request": number, "ref": "main", **different}


def look(store: Store, person: str = MARIA) -> None:
    with store.decisions.open(f"look {uuid4()}", "board") as decision:
        decision.begin(None, None).board.opened(person, store.database.clock.now())


def word(store: Store) -> datetime | None:
    """When somebody is told that the board has changed."""
    query = sa.text("SELECT count(*) FROM timers WHERE key = :key")
    with store.database.engine.connect() as connection:
        left = connection.execute(query, {"key": TIMER}).scalar_one()
    return store.timers.next_due() if left else None


def test_of_each_place_it_has_what_is_live_what_was_tried_last_and_what_has_not_ended(the_store: Store) -> None:
    add(the_store, 1, State.SUCCEEDED)
    live = add(the_store, 2, State.SUCCEEDED)
    add(the_store, 3, State.FAILED)
    failed = add(the_store, 4, State.FAILED)
    add(the_store, 5, State.SUPERSEDED)
    waits = add(the_store, 6, State.WAITING)
    staging = add(the_store, 7, State.SUCCEEDED, environment="staging")
    add(the_store, 8, State.SUCCEEDED, app="api")
    migration = add(the_store, 9, State.SUCCEEDED, task="migrate")

    found = the_store.reads().board.found(WEB)

    assert [(one.deployment.id, one.live) for one in found] == [
        (live.id, True),
        (failed.id, False),
        (waits.id, False),
        (staging.id, True),
    ]
    assert migration.id not in [one.deployment.id for one in found]
    assert the_store.reads().board.found([]) == []


def test_places_that_nobody_asks_for_are_not_read_however_many_there_were(the_store: Store) -> None:
    live = add(the_store, 1, State.SUCCEEDED)
    for number in range(2, 7):
        add(the_store, number, State.SUCCEEDED, environment=f"preview-{number}")
    own = add(the_store, 7, State.FAILED, environment="preview-7")

    found = the_store.reads().board.found([*WEB, ("web", "preview-7")])

    assert [one.deployment.id for one in found] == [live.id, own.id]


def test_what_started_last_is_live_whichever_was_asked_for_last(the_store: Store) -> None:
    later = add(the_store, 1, State.SUCCEEDED, started_at=T0 + timedelta(hours=1))
    add(the_store, 2, State.SUCCEEDED)

    [one, *_] = [one for one in the_store.reads().board.found(WEB) if one.live]

    assert one.deployment.id == later.id


def test_it_counts_the_merges_to_the_same_branch_since_what_is_live(the_store: Store) -> None:
    for number in (1, 2, 3):
        add(the_store, number, State.SUCCEEDED, environment="staging", **merged(number))
    add(the_store, 4, State.SUPERSEDED, environment="staging", **merged(4, ref="release"))
    add(the_store, 1, State.SUCCEEDED, ref="0" * 39 + "1")
    add(the_store, 9, State.SUCCEEDED, app="api")

    found = {
        (one.deployment.app, one.deployment.environment): (one.behind, one.branch)
        for one in the_store.reads().board.found([*WEB, ("api", "production")])
        if one.live
    }

    assert found["web", "production"] == (2, "main")
    assert found["web", "staging"] == (0, "main")
    assert found["api", "production"] == (None, None)


def test_nobody_is_told_of_changes_where_nobody_looks(the_store: Store, clock: HandClock) -> None:
    add(the_store, 1, State.RUNNING)
    look(the_store)
    clock.time += LOOKED_AT_FOR
    add(the_store, 2, State.SUCCEEDED)

    assert word(the_store) is None


def test_changes_that_come_at_once_are_told_of_together_and_soon(the_store: Store, clock: HandClock) -> None:
    look(the_store)
    add(the_store, 1, State.SUCCEEDED)
    clock.time += timedelta(seconds=0.5)
    add(the_store, 2, State.SUCCEEDED)

    assert word(the_store) == T0 + TOLD_EVERY


@pytest.mark.parametrize("what", ["save", "lock", "unlock"])
def test_word_is_left_whatever_of_the_board_is_changed(the_store: Store, what: str) -> None:
    one = add(the_store, 1, State.SUCCEEDED)
    lock = Lock("web", "production", Actor("maria", MARIA), T0)
    with the_store.decisions.open("before", "board") as decision:
        decision.begin("web", "production").locks.save(lock)
    look(the_store)

    with the_store.decisions.open(what, "board") as decision:
        records = decision.begin("web", "production")
        if what == "save":
            records.save(one)
        elif what == "lock":
            records.locks.save(lock)
        else:
            records.locks.remove("web", "production")

    assert word(the_store) is not None


def test_what_is_taken_back_leaves_no_word_also_not_with_the_next_one_on_its_connection(the_store: Store) -> None:
    look(the_store)

    with suppress(ZeroDivisionError), the_store.decisions.open("broken", "board") as decision:
        decision.begin("web", "production").add(a_deployment(request_id=str(uuid4())))
        raise ZeroDivisionError
    with the_store.decisions.open("another", "board") as decision:
        decision.begin(None, None).keep("a key", "a value")

    assert word(the_store) is None


def test_whoever_looks_is_known_with_what_they_look_at(the_store: Store, clock: HandClock) -> None:
    look(the_store)
    first = the_store.reads().board.viewer(MARIA)
    assert first is not None
    the_store.boards.published(first, T0, "drawn")
    clock.time += timedelta(minutes=1)
    with the_store.decisions.open("turn", "board") as decision:
        decision.begin(None, None).board.turned(MARIA, Look("failing", 2), clock.now())
    turned = the_store.reads().board.viewer(MARIA)
    look(the_store)
    again = the_store.reads().board.viewer(MARIA)

    assert first == Viewer(MARIA, T0)
    assert turned == Viewer(MARIA, clock.now(), 1, 2, 1, "failing:2", T0, "drawn")
    assert again is not None
    assert (first.new, turned.new, again.new, again.asked) == (True, True, False, 3)
    assert the_store.reads().board.viewers(T0) == [MARIA]
    assert the_store.reads().board.viewers(clock.now()) == []
