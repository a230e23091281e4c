"""Publications as rows: what is written on pull requests, what waits to be, and the releases that were made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.publications.model import DeployedPullRequest, KeptRelease, PublicationRecords
from tests.databases import migrate
from tests.postgres import new_database

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CARDS = DeployedPullRequest("web", "production", 6, 12, 12)
ELSEWHERE = replace(CARDS, environment="staging", deployment_id=11, changed_by=11)
SHA = "4f5a" * 10


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture(params=["sqlite", "postgres"])
def the_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'publications.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    yield Store(engine, StoppedClock())
    engine.dispose()


@contextmanager
def deciding(store: Store, why: str) -> Iterator[PublicationRecords]:
    with store.decisions.open(why, "publications") as decision:
        yield decision.begin("web", "production").publications


def test_what_was_written_is_known_in_each_environment_and_outlives_a_rollback(the_store: Store) -> None:
    with deciding(the_store, "deployed") as records:
        records.save(ELSEWHERE)
        records.save(CARDS)
    the_store.publications.commented(["web", "jobs"], 6, 2**40, "drawn")
    the_store.publications.labelled(CARDS, "deployed: production")
    with deciding(the_store, "rolled back") as records:
        records.save(replace(CARDS, live=False, changed_by=15))

    written = {"comment_id": 2**40, "drawn": "drawn"}
    back = replace(CARDS, live=False, changed_by=15, comment_id=2**40, drawn="drawn", label="deployed: production")
    reads = the_store.reads().publications
    assert reads.everywhere(["web", "jobs"], 6) == [back, DeployedPullRequest("web", "staging", 6, 11, 11, **written)]
    assert reads.of("web", "production", [6, 7]) == [back]
    assert reads.of("web", "production", []) == ()
    assert reads.everywhere(["web"], 7) == []


def test_pull_requests_wait_once_each_and_those_that_changed_first_come_first(the_store: Store) -> None:
    with deciding(the_store, "deployed") as records:
        for one in (replace(CARDS, pull_request=9, changed_by=13), CARDS, ELSEWHERE):
            records.save(one)
    waiting = the_store.reads().publications.waiting(5)
    with deciding(the_store, "taken up") as records:
        records.taken_up("web", 6)
    left = the_store.reads().publications.waiting(5)
    with deciding(the_store, "changed again") as records:
        records.save(replace(CARDS, live=False, changed_by=15))

    assert (waiting, left) == ([("web", 6), ("web", 9)], [("web", 9)])
    assert the_store.reads().publications.waiting(1) == [("web", 9)]
    assert the_store.reads().publications.waiting(2) == [("web", 9), ("web", 6)]


def test_a_release_counts_when_it_is_made(the_store: Store) -> None:
    first, second = (KeptRelease(number, "web", "production", SHA) for number in (12, 14))
    with deciding(the_store, "planned") as records:
        records.plan(first)
        records.plan(first)
        records.plan(second)
    reads = the_store.reads().publications
    before = reads.release(12), reads.release_of("web", "production", SHA)
    the_store.publications.released(12, "web-production-2026-03-02-12", 2**40)
    with deciding(the_store, "planned again") as records:
        records.plan(first)

    made = replace(first, tag="web-production-2026-03-02-12", release_id=2**40)
    assert before == (first, None)
    assert reads.release(12) == reads.release_of("web", "production", SHA) == made
    assert reads.release_before("web", "production", 14) == made
    assert reads.release_before("web", "production", 12) is None
    assert reads.release_of("web", "staging", SHA) is None
    assert reads.release(13) is None
