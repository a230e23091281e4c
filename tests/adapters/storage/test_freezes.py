"""Freezes and windows as rows: nothing of them is lost, and each person has one freeze of an environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from bot.adapters.storage.deployments import RowRecords
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Actor
from bot.core.freezes.model import Freeze, WindowState
from tests.databases import migrate
from tests.patience import PATIENCE
from tests.postgres import new_database

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MARIA, BOB = Actor("maria", "U1", "maria"), Actor("bob", "U2")
FREEZE = Freeze(0, "web", "production", MARIA, "release <!channel> ü", T0, T0 + timedelta(hours=4))


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    yield Store(engine, StoppedClock())
    engine.dispose()


@pytest.fixture
def records(kept: Store) -> Iterator[RowRecords]:
    with kept.decisions.open(str(uuid4()), "test") as decision:
        yield decision.begin("web", "production")


def test_a_freeze_is_read_as_it_was_declared(records: RowRecords) -> None:
    declared = records.freezes.declare(FREEZE)

    assert replace(declared, id=0) == FREEZE
    assert records.freezes.of("web", "production") == [declared]


def test_a_persons_next_freeze_of_the_environment_takes_the_place_of_their_last(records: RowRecords) -> None:
    first = records.freezes.declare(FREEZE)

    second = records.freezes.declare(replace(FREEZE, reason="longer", until=None))

    assert second.id == first.id
    assert [(one.reason, one.until) for one in records.freezes.all()] == [("longer", None)]


def test_every_person_has_a_freeze_of_their_own(records: RowRecords) -> None:
    mine = records.freezes.declare(FREEZE)
    theirs = records.freezes.declare(replace(FREEZE, by=BOB))
    elsewhere = records.freezes.declare(replace(FREEZE, environment="staging"))

    records.freezes.remove(mine.id)

    assert records.freezes.of("web", "production") == [theirs]
    assert records.freezes.all() == [theirs, elsewhere]


def test_the_id_of_a_freeze_that_is_gone_does_not_come_again(records: RowRecords) -> None:
    first = records.freezes.declare(FREEZE)
    records.freezes.remove(first.id)

    assert records.freezes.declare(FREEZE).id > first.id


def test_what_was_told_of_the_windows_is_remembered_until_it_is_forgotten(records: RowRecords) -> None:
    opened = WindowState("web", "production", closed=False)
    closed = WindowState("web", "production", closed=True, changes_at=T0 + timedelta(hours=1))

    found = [records.freezes.window_state("web", "production")]
    for state in (opened, closed):
        records.freezes.save_window_state(state)
        found.append(records.freezes.window_state("web", "production"))
    records.freezes.forget_windows("web", "production")

    assert found == [None, opened, closed]
    assert records.freezes.window_state("web", "production") is None


def test_a_person_who_freezes_twice_at_the_same_instant_has_one_freeze(kept: Store) -> None:
    start = Barrier(2)

    def declare(reason: str) -> None:
        start.wait(PATIENCE)
        with kept.decisions.open(str(uuid4()), "test") as decision:
            decision.begin("web", "production").freezes.declare(replace(FREEZE, reason=reason))

    threads = [Thread(target=declare, args=(reason,)) for reason in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert len(kept.reads().freezes.of("web", "production")) == 1
