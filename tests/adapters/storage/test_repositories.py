"""What is known of repositories as rows, and what was deployed of them under other names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from bot.adapters.storage.deployments import RowRecords
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.deployments.model import State, Waiting
from bot.core.deployments.twins import Twin
from bot.core.repositories.model import KnownRepository
from tests.adapters.storage.test_deployments import SHA, T0, StoppedClock, deployment
from tests.databases import migrate
from tests.postgres import new_database

WEB = KnownRepository("web", "acme/web", 2**40, "acme/website", T0, "acme/website")
API = KnownRepository("api", "acme/api", 7, "", T0)


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    engine = connect(new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'bot.db'}")
    migrate(engine)
    yield Store(engine, StoppedClock())
    engine.dispose()


def deciding(kept: Store) -> Iterator[RowRecords]:
    with kept.decisions.open(str(uuid4()), "test") as decision:
        yield decision.begin(None, None)


def keep(kept: Store, *known: KnownRepository) -> None:
    for records in deciding(kept):
        for one in known:
            records.repositories.save(one)


def test_what_is_known_comes_back_as_it_was_kept(kept: Store) -> None:
    keep(kept, WEB, API)

    assert kept.repositories.all() == kept.reads().repositories.all() == [API, WEB]


def test_what_is_kept_later_takes_its_place(kept: Store) -> None:
    later = replace(WEB, name="acme/website", called="acme/site", told="")
    keep(kept, WEB, API)

    keep(kept, later)

    assert kept.repositories.all() == [API, later]


def test_what_an_app_has_deployed_of_the_old_name_is_found_under_the_new_one(kept: Store) -> None:
    for records in deciding(kept):
        ours = records.add(deployment(remote_id=5001))
        others = records.add(deployment(app="api"))
        elsewhere = records.add(deployment(repository="acme/other"))
    for records in deciding(kept):
        records.repositories.moved("web", "acme/web", "acme/website")

    reads = kept.reads()

    names = [found.repository for one in (ours, others, elsewhere) if (found := reads.deployment(one.id))]
    assert names == ["acme/website", "acme/web", "acme/other"]
    assert reads.by_remote("acme/website", 5001, ()) == replace(ours, repository="acme/website")


def test_a_decision_that_is_made_meanwhile_does_not_undo_it(kept: Store) -> None:
    for records in deciding(kept):
        ours = records.add(deployment())
    for records in deciding(kept):
        records.repositories.moved("web", "acme/web", "acme/website")
    for records in deciding(kept):
        records.save(replace(ours, state=State.RUNNING))

    assert kept.reads().deployment(ours.id) == replace(ours, state=State.RUNNING, repository="acme/website")


def test_what_an_app_has_is_found_whatever_its_repository_was_called_then(kept: Store) -> None:
    waiting = deployment(state=State.WAITING, waits_for=Waiting.CHECKS)
    for records in deciding(kept):
        ours = records.add(deployment(remote_id=5001))
        waits = records.add(waiting)
        runs = records.add(deployment(state=State.RUNNING, environment="staging"))
        records.twins.save(Twin("acme/web", 5002, ours.id))
    reads = kept.reads()

    for apps, found in ((("api", "web"), True), (("api",), False), ((), False)):
        assert (reads.by_remote("acme/website", 5001, apps) is not None) == found
        assert (reads.twins.by_remote("acme/website", 5002, apps) is not None) == found
        assert list(reads.waiting_for_checks("acme/website", SHA, apps)) == [waits] * found
        assert list(reads.waiting_for(Waiting.CHECKS, "acme/website", apps)) == [waits] * found
        assert list(reads.deployed_from("acme/website", SHA, apps)) == [runs] * found
    assert reads.by_remote("acme/website", 5002, ("web",)) is None


def test_what_is_forgotten_is_new_to_the_settings(kept: Store) -> None:
    keep(kept, WEB, API)
    for records in deciding(kept):
        for key in ("mark:catch-up:acme/web", "mark:redeliveries:acme/web", "mark:catch-up:acme/api"):
            records.keep(key, "a moment")

    forgotten = [kept.repositories.forget(name) for name in ("Acme/Web", "acme/website", "acme/nothing")]

    assert forgotten == [1, 0, 0]
    assert kept.repositories.all() == [API]
    assert kept.reads().kept("mark:catch-up:acme/web") is None
    assert kept.reads().kept("mark:redeliveries:acme/web") is None
    assert kept.reads().kept("mark:catch-up:acme/api") == "a moment"
