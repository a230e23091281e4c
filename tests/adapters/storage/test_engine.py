"""The connection to the database: an old SQLite, one that stands still, and which of its errors pass."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bot.adapters.storage.engine import Database, add_missing_functions, connect
from bot.context import SystemClock
from bot.core.errors import Unavailable
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


# --- trouble and faults ----------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    engine = connect(new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'some.db'}")
    yield Database(engine, SystemClock())
    engine.dispose()


def wrapped(kind: type[sa.exc.DBAPIError], original: BaseException, *, lost: bool = False) -> sa.exc.DBAPIError:
    return kind("SELECT 1", {}, original, connection_invalidated=lost)


TROUBLE = [
    sqlite3.OperationalError("database is locked"),
    sqlite3.OperationalError("disk I/O error"),
    sqlite3.InterfaceError("bad parameter or other API misuse"),
    sqlite3.InternalError("weird"),
    psycopg.OperationalError("connection refused"),
    psycopg.InterfaceError("the connection is closed"),
    psycopg.errors.AdminShutdown("terminating connection due to administrator command"),
    psycopg.errors.CannotConnectNow("the database system is starting up"),
    psycopg.errors.DeadlockDetected("deadlock detected"),
    psycopg.errors.SerializationFailure("could not serialize access"),
    psycopg.errors.DiskFull("could not extend file"),
    psycopg.errors.TooManyConnections("too many connections"),
    psycopg.errors.QueryCanceled("canceling statement due to statement timeout"),
    psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction"),
    psycopg.errors.IdleInTransactionSessionTimeout("terminating connection due to idle-in-transaction timeout"),
    psycopg.errors.InFailedSqlTransaction("current transaction is aborted"),
]
FAULTS = [
    sqlite3.ProgrammingError("Incorrect number of bindings supplied"),
    sqlite3.IntegrityError("UNIQUE constraint failed"),
    sqlite3.DataError("too big"),
    psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
    psycopg.errors.NumericValueOutOfRange("bigint out of range"),
    psycopg.errors.UndefinedTable("relation does not exist"),
    psycopg.errors.UniqueViolation("duplicate key"),
    psycopg.errors.ProgramLimitExceeded("index row size 5000 exceeds maximum 2704"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    OverflowError("Python int too large to convert to SQLite INTEGER"),
    ZeroDivisionError(),
]


def as_sqlalchemy_wraps(error: Exception) -> Exception:
    name = next((one.__name__ for one in type(error).__mro__ if one.__name__ in SQLALCHEMYS), None)
    return wrapped(getattr(sa.exc, name), error) if name else error


SQLALCHEMYS = {"OperationalError", "InterfaceError", "InternalError", "ProgrammingError", "IntegrityError", "DataError"}


@pytest.mark.parametrize("use", ["select", "writing"])
@pytest.mark.parametrize(
    "error",
    [
        *map(as_sqlalchemy_wraps, TROUBLE),
        wrapped(sa.exc.DatabaseError, psycopg.DatabaseError("consuming input failed"), lost=True),
        wrapped(sa.exc.ProgrammingError, sqlite3.ProgrammingError("Cannot operate on a closed database."), lost=True),
        sa.exc.TimeoutError("QueuePool limit of size 5 overflow 0 reached, connection timed out"),
        sa.exc.PendingRollbackError("Can't reconnect until invalid transaction is rolled back."),
    ],
    ids=lambda error: type(getattr(error, "orig", error)).__name__,
)
def test_a_database_in_trouble_is_unavailable_however_it_says_so(
    database: Database, error: Exception, use: str
) -> None:
    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def trouble(*_: object) -> None:
        raise error

    with pytest.raises(Unavailable, match=r"^The database (does not answer: .*|has no connection free)\.$"):
        ask(database, use)


@pytest.mark.parametrize("use", ["select", "writing"])
@pytest.mark.parametrize("name", ["OperationalError", "InterfaceError", "InternalError"])
def test_what_the_driver_says_past_sqlalchemy_is_trouble_too(database: Database, name: str, use: str) -> None:
    error = getattr(database.engine.dialect.loaded_dbapi, name)("the line was cut")

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def trouble(*_: object) -> None:
        raise error

    with pytest.raises(Unavailable, match="the line was cut"):
        ask(database, use)


@pytest.mark.parametrize("use", ["select", "writing"])
@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
def test_a_fault_stays_one_as_another_try_would_end_the_same(database: Database, error: Exception, use: str) -> None:
    raised = as_sqlalchemy_wraps(error)

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def fault(*_: object) -> None:
        raise raised

    with pytest.raises(type(raised)) as found:
        ask(database, use)

    assert found.value is raised


def ask(database: Database, use: str) -> None:
    if use == "select":
        database.select(sa.select(sa.literal(1)))
        return
    with database.writing() as connection:
        connection.execute(sa.select(sa.literal(1)))
