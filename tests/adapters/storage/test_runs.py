"""What is kept under keys on both databases, and how a provider carries out what has begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bot.adapters.storage.engine import connect
from bot.adapters.storage.runs import BegunRun
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from tests.databases import migrate
from tests.postgres import new_database

RUN = BegunRun("shell", {"command": ["bin/deploy", "ü"], "resume": "error"}, 900.0)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else new_database())
    migrate(engine)
    yield Store(engine, SystemClock())
    engine.dispose()


def test_a_run_comes_back_as_it_began_until_it_is_forgotten(store: Store) -> None:
    store.runs.keep(1, BegunRun("local", {}, 1.0))
    store.runs.keep(1, RUN)
    kept = store.runs.of(1), store.runs.of(2)

    with store.decisions.open(str(uuid4()), "test") as decision:
        decision.begin(None, None).forget("run:1")

    assert kept == (RUN, None)
    assert store.runs.of(1) is None


def test_keys_are_found_by_how_they_begin_to_the_letter(store: Store) -> None:
    with store.decisions.open(str(uuid4()), "test") as decision:
        records = decision.begin(None, None)
        for key in ("a_b:1", "a_b:2", "axb:3", "a%b:4", "A_b:5"):
            records.keep(key, "")

    found = store.reads().kept_keys("a_b:")

    assert found == ["a_b:1", "a_b:2"]


def test_what_was_found_out_last_is_in_the_notebook(store: Store) -> None:
    before = store.notebook.read("slack:lacks")
    for value in ("T1 then", "T1 now"):
        store.notebook.write("slack:lacks", value)

    assert (before, store.notebook.read("slack:lacks")) == (None, "T1 now")
