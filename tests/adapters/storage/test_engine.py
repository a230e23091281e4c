"""The engine's tables on a SQLite that is older than the function that they call."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.storage.engine import add_missing_functions, connect
from tests.postgres import new_database

TABLE = "CREATE TABLE version (at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"


def answers_null(connection: sqlite3.Connection) -> None:
    """As SQLite 3.38 to 3.41, which know the function and not its argument."""
    connection.create_function("unixepoch", -1, lambda *_: None)


def has_no_such_function(connection: sqlite3.Connection) -> None:
    """As SQLite before 3.38."""
    connection.set_authorizer(
        lambda action, _first, name, *_: (
            sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_FUNCTION and name == "unixepoch" else sqlite3.SQLITE_OK
        )
    )


@pytest.mark.parametrize("hide", [answers_null, has_no_such_function])
def test_an_old_sqlite_is_given_the_function_that_the_engine_calls(hide: Callable[[sqlite3.Connection], None]) -> None:
    connection = sqlite3.connect(":memory:")
    hide(connection)

    add_missing_functions(connection)
    connection.set_authorizer(None)
    connection.execute(TABLE)
    connection.execute("INSERT INTO version DEFAULT VALUES")

    [at] = connection.execute("SELECT at FROM version").fetchone()
    assert at > 1_700_000_000_000
    connection.close()


def test_what_the_given_function_does_not_know_is_an_error_rather_than_a_wrong_time() -> None:
    connection = sqlite3.connect(":memory:")
    answers_null(connection)
    add_missing_functions(connection)

    with pytest.raises(sqlite3.OperationalError):
        connection.execute("SELECT unixepoch('now')").fetchone()

    connection.close()


def test_every_connection_of_ours_has_it_whatever_the_sqlite(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'some.db'}")

    with engine.connect() as connection:
        at = connection.scalar(sa.text("SELECT unixepoch('subsec') * 1000"))

    assert at > 1_700_000_000_000
    engine.dispose()


def test_a_process_that_stands_still_in_a_transaction_lets_go_of_its_rows_on_postgres() -> None:
    engine = connect(new_database())

    with engine.connect() as connection:
        patience = connection.scalar(sa.text("SHOW idle_in_transaction_session_timeout"))

    assert patience == "30s"
    engine.dispose()


def used(file: Path) -> dict[str, str]:
    """The modes of a database and of what is beside it, while it is being written to."""
    engine = connect(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE IF NOT EXISTS things (id INTEGER)"))
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT * FROM things")).all()
        modes = {path.name: f"{path.stat().st_mode & 0o777:o}" for path in file.parent.iterdir()}
    engine.dispose()
    return modes


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_a_database_is_for_its_user_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)

    modes = used(tmp_path / "some.db")
    os.umask(before)

    assert modes == {"some.db": "600", "some.db-wal": "600", "some.db-shm": "600"}


def test_a_database_that_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "some.db"
    other = sqlite3.connect(file)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE things (id INTEGER)")
    other.commit()
    for path in tmp_path.iterdir():
        path.chmod(0o666)

    modes = used(file)
    other.close()

    assert modes == {"some.db": "600", "some.db-wal": "600", "some.db-shm": "600"}


def test_a_second_connection_leaves_the_locks_of_the_first_alone(tmp_path: Path) -> None:
    engine, other = (connect(f"sqlite:///{tmp_path / 'some.db'}") for _ in range(2))
    writes_too = "import sqlite3, sys\nsqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"

    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with other.connect():
            pass
        said = subprocess.run(
            [sys.executable, "-c", writes_too, str(tmp_path / "some.db")], capture_output=True, text=True
        )

    engine.dispose()
    other.dispose()
    assert "database is locked" in said.stderr


def test_a_directory_that_is_missing_is_told_by_sqlite(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'missing' / 'some.db'}")

    with pytest.raises(sa.exc.OperationalError) as told, engine.connect():
        pass

    assert "unable to open database file" in str(told.value)
