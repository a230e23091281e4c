"""Fixtures for conversations with the whole bot."""

from __future__ import annotations

import os
import tracemalloc  # noqa: F401 - pytest loads it where it is needed, which two threads must not do at one moment
from collections.abc import Iterator
from pathlib import Path

import freezegun
import pytest

from tests import postgres
from tests.leftovers import MARK, left_behind
from tests.world import World
from tests.world import world as open_world

# Frozen time is the bot's, not pytest's: --durations would show centuries.
freezegun.configure(extend_ignore_list=["_pytest.timing"])

MANY_PROCESSES = ("tests/end_to_end/", "tests/chaos/", "tests/end_to_end/test_database_outages.py")
"""Where tests start whole bots as processes: ``make test`` leaves these to ``make test-processes``."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(MANY_PROCESSES):
            item.add_marker("processes")


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fails the run (the last test of it, as pytest shows it) where a process of its own is still alive."""
    os.environ[MARK] = str(tmp_path_factory.getbasetemp())
    yield
    postgres.stop()
    assert left_behind(tmp_path_factory.getbasetemp()) == []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as the_world:
        yield the_world
