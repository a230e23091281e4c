"""Notices as rows: each author is told of a pull request in a place once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.notices.model import Notice
from tests.databases import migrate
from tests.postgres import new_database

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CARDS = Notice("web", "production", 6, "U00000001", 12, 12, "Gift cards \u2028 \N{PACKAGE}", "https://example.com/6")


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture(params=["sqlite", "postgres"])
def the_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'notices.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    yield Store(engine, StoppedClock())
    engine.dispose()


def add(store: Store, *notices: Notice) -> list[bool]:
    with store.decisions.open(f"add {notices[0]}", "notices") as decision:
        records = decision.begin("web", "production")
        return [records.notices.add(one) for one in notices]


def test_a_person_is_told_of_a_pull_request_in_a_place_once(the_store: Store) -> None:
    again = replace(CARDS, deployment_id=13, changed_by=13)
    another, elsewhere = replace(CARDS, person="U00000002"), replace(CARDS, environment="eu")

    added = add(the_store, CARDS, again, another, elsewhere)

    assert added == [True, False, True, True]
    assert the_store.reads().notices.of("web", "production", [6, 7]) == [CARDS, another]
    assert the_store.reads().notices.of("web", "production", []) == ()


def test_those_of_one_message_share_what_was_posted_and_change_one_by_one(the_store: Store) -> None:
    orders, later = replace(CARDS, pull_request=9), replace(CARDS, pull_request=10, deployment_id=14)
    add(the_store, orders, CARDS, later)

    the_store.notices.posted(12, CARDS.person, "7.1")
    with the_store.decisions.open("back", "notices") as decision:
        decision.begin("web", "production").notices.save(replace(CARDS, live=False, changed_by=15, message_id=None))

    assert the_store.reads().notices.message(12, CARDS.person) == [
        replace(CARDS, live=False, changed_by=15, message_id="7.1"),
        replace(orders, message_id="7.1"),
    ]
    assert the_store.reads().notices.message(14, CARDS.person) == [later]
