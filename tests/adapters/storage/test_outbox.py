"""Lanes between several processes: in one hand at a time, and out of the hand of whoever has lost its lease."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.outbox import PendingEffect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.effects import RenderParent
from tests.databases import migrate
from tests.patience import PATIENCE
from tests.postgres import new_database

LANE = "parent:1"


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'bot.db'}"
    engine = connect(url)
    migrate(engine)
    yield Store(engine, SystemClock())
    engine.dispose()


def decide(kept: Store, times: int = 1) -> None:
    with kept.decisions.open(f"github:{times}", "handler") as decision:
        decision.begin(None, None).emit(*[RenderParent(1)] * times)


def hand_over(kept: Store, owner: str) -> PendingEffect:
    """As after a takeover: the lane is free, and somebody else claims it."""
    with kept.database.writing() as connection:
        connection.execute(sa.update(tables.lanes).values(owner=None))
    pending = kept.outbox.claim(LANE, owner)
    assert pending is not None
    return pending


def test_of_many_that_claim_a_lane_at_once_one_gets_it(kept: Store) -> None:
    decide(kept)
    together = Barrier(5)
    got: list[str] = []

    def claim(owner: str) -> None:
        together.wait(PATIENCE)
        if kept.outbox.claim(LANE, owner) is not None:
            got.append(owner)

    threads = [Thread(target=claim, args=(f"worker {number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert len(got) == 1


def test_whoever_comes_meanwhile_is_not_forgotten(kept: Store) -> None:
    decide(kept)
    mine = kept.outbox.claim(LANE, "mine")
    assert mine is not None
    decide(kept, 2)

    theirs = kept.outbox.claim(LANE, "theirs")
    done = 0
    following: PendingEffect | None = mine
    while following is not None:
        following = kept.outbox.done(following, "mine")
        done += 1

    assert theirs is None
    assert done == 3
    assert not kept.outbox.has_pending()


def test_whoever_has_lost_a_lane_gets_nothing_more_from_it(kept: Store) -> None:
    decide(kept, 2)
    paused = kept.outbox.claim(LANE, "paused")
    assert paused is not None
    heirs = hand_over(kept, "heir")

    following = kept.outbox.done(paused, "paused")

    assert following is None
    assert heirs.id == paused.id
    assert heirs.attempted
    assert kept.outbox.done(heirs, "heir") is not None


def test_whoever_has_lost_a_lane_cannot_put_it_off(kept: Store) -> None:
    decide(kept)
    paused = kept.outbox.claim(LANE, "paused")
    assert paused is not None
    heirs = hand_over(kept, "heir")

    kept.outbox.later(paused, "paused", timedelta(0), "GitHub does not answer.", untouched=True)

    assert kept.outbox.take_lanes() == []
    assert kept.outbox.claim(LANE, "a third one") is None
    assert kept.outbox.done(heirs, "heir") is None
    assert not kept.outbox.has_pending()


def test_an_attempt_that_may_have_got_through_is_remembered_by_whoever_comes_next(kept: Store) -> None:
    decide(kept)
    first = kept.outbox.claim(LANE, "first")

    second = hand_over(kept, "second")

    assert first is not None
    assert (first.attempted, second.attempted) == (False, True)
