"""The schedule as rows: nothing of an entry is lost, and the next one comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from bot.adapters.storage.deployments import RowRecords
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Actor
from bot.core.events.external import Place
from bot.core.schedules.model import ScheduleEntry
from tests.databases import migrate
from tests.postgres import new_database

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ENTRY = ScheduleEntry(
    id=0,
    app="web",
    environment="production",
    command='deploy web/ü to production --force "why"',
    ref="ü",
    by=Actor("maria", "U1", "maria"),
    place=Place("C1", thread="1.2", message="3.4", direct=True),
    created_at=T0,
    at=T0 + timedelta(hours=2),
    timezone="Europe/Berlin",
    every="day at 9:00",
    cron="0 9 * * *",
)


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture(params=["sqlite", "postgres"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RowRecords]:
    url = f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    with Store(engine, StoppedClock()).decisions.open(str(uuid4()), "test") as decision:
        yield decision.begin("web", "production")
    engine.dispose()


def test_an_entry_is_saved_as_it_is_now_under_its_number(records: RowRecords) -> None:
    added = records.schedules.add(ENTRY)
    now_is = replace(added, app="api", environment="stage", command="deploy api/main to stage")

    records.schedules.save(now_is)

    assert records.schedules.of(None) == [now_is]


@pytest.mark.parametrize("entry", [ENTRY, replace(ENTRY, place=Place("C1"), every=None, cron=None)])
def test_an_entry_is_read_as_it_was_added(records: RowRecords, entry: ScheduleEntry) -> None:
    added = records.schedules.add(entry)

    assert replace(added, id=0) == entry
    assert records.schedules.entry(added.id) == added


def test_the_next_one_comes_first_of_an_app_and_of_all(records: RowRecords) -> None:
    later = records.schedules.add(ENTRY)
    sooner = records.schedules.add(replace(ENTRY, at=T0 + timedelta(hours=1)))
    elsewhere = records.schedules.add(replace(ENTRY, app="api", at=T0))

    assert records.schedules.of("web") == [sooner, later]
    assert records.schedules.of(None) == [elsewhere, sooner, later]


def test_an_entry_moves_to_its_next_moment(records: RowRecords) -> None:
    added = records.schedules.add(ENTRY)

    records.schedules.move(added.id, T0 + timedelta(days=1))

    assert records.schedules.entry(added.id) == replace(added, at=T0 + timedelta(days=1))


def test_a_number_that_was_taken_off_does_not_come_again(records: RowRecords) -> None:
    first = records.schedules.add(ENTRY)
    records.schedules.remove(first.id)

    second = records.schedules.add(ENTRY)

    assert records.schedules.entry(first.id) is None
    assert second.id > first.id
