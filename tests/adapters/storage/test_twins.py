"""Twins as rows: kept once each, and found by both of their names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.storage.store import Store
from bot.core.deployments.twins import Twin
from tests.adapters.storage.test_deployments import StoppedClock
from tests.world_database import new_database

FIRST = Twin("acme/web", 2**40, 7, "in_progress", 2**41)
SECOND = Twin("acme/web", 2**40 + 1, 7)
ELSEWHERE = Twin("acme/api", 2**40, 8)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    with new_database(tmp_path) as engine:
        yield Store(engine, StoppedClock())


def keep(store: Store, *twins: Twin) -> None:
    with store.decisions.open("a delivery", str(twins)) as decision:
        records = decision.begin(None, None)
        for twin in twins:
            records.twins.save(twin)


def test_a_twin_is_found_as_it_was_kept(kept: Store) -> None:
    keep(kept, FIRST, SECOND, ELSEWHERE)

    reads = kept.reads().twins

    assert [reads.by_remote(one.repository, one.remote_id, ()) for one in (FIRST, ELSEWHERE)] == [FIRST, ELSEWHERE]
    assert reads.by_remote("acme/other", FIRST.remote_id, ()) is None
    assert list(reads.of(7)) == [FIRST, SECOND]


def test_what_is_kept_later_takes_its_place(kept: Store) -> None:
    keep(kept, FIRST)
    later = replace(FIRST, state="success", last_status=2**42, followed=False)

    keep(kept, later)

    assert list(kept.reads().twins.of(7)) == [later]
