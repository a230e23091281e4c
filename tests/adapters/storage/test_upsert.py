"""Rows that may be there already: what is kept of them, and what a caller is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.upsert import insert_new, upsert
from tests.databases import migrate
from tests.postgres import new_database


@pytest.fixture(params=["sqlite", "postgres"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Connection]:
    url = f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def kept(connection: sa.Connection) -> dict[str, str]:
    return {row.key: row.value for row in connection.execute(sa.select(tables.kept))}


def test_rows_that_are_there_stay_as_they_are_and_the_others_are_counted(connection: sa.Connection) -> None:
    insert_new(connection, tables.kept, [{"key": "a", "value": "old"}], "key")

    new = insert_new(connection, tables.kept, [{"key": "a", "value": "new"}, {"key": "b", "value": "new"}], "key")

    assert new == 1
    assert kept(connection) == {"a": "old", "b": "new"}


def test_a_row_takes_the_place_of_the_one_with_its_key(connection: sa.Connection) -> None:
    first = upsert(connection, tables.kept, {"key": "a", "value": "old"}, "key")

    second = upsert(connection, tables.kept, {"key": "a", "value": "new"}, "key")

    assert first == second == ("a",)
    assert kept(connection) == {"a": "new"}


def test_a_row_that_must_not_be_replaced_stays(connection: sa.Connection) -> None:
    upsert(connection, tables.kept, {"key": "a", "value": "proof"}, "key")
    other = tables.kept.c.value != "proof"

    found = upsert(connection, tables.kept, {"key": "a", "value": "guess"}, "key", only_over=other)

    assert found is None
    assert kept(connection) == {"a": "proof"}
