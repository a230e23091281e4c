"""The database connection: engines, transactions that write, and what becomes of their errors."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import event as sa_event

from bot.adapters.storage import board_changes, migrations
from bot.adapters.storage.clock import OFF, DatabaseClock, off_by, seconds_passed
from bot.adapters.storage.columns import Utc
from bot.adapters.storage.migrations import Age
from bot.core.errors import Rejected, Unavailable
from bot.core.ports.chat import Clock, Finding

log = structlog.get_logger(__name__)

SERVICE = "database"
"""What an outage of it is called in the log."""
WEB_CONNECTIONS = 1
WORKER_CONNECTIONS = 5
"""Heroku's smallest Postgres allows twenty in all, and who stores webhooks has one of its own beside these."""
RESTED = 3.0
"""Seconds without use after which a connection to Postgres is asked whether it lives."""


def connect(url: str, *, pool_size: int = WORKER_CONNECTIONS) -> sa.Engine:
    """An engine for ``sqlite:///…`` or ``postgresql+psycopg://…``; nothing is opened yet."""
    engine = _sqlite(url, pool_size) if url.startswith("sqlite") else _postgres(url, pool_size)
    board_changes.watch(engine)
    return engine


_CONNECTING = {"connect_timeout": 10, "application_name": "shipmate"}


def _postgres(url: str, pool_size: int) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        # The one that was used last is used next, so that a few are busy and the others rest.
        pool_use_lifo=True,
        pool_timeout=30,
        connect_args=_CONNECTING,
    )
    sa_event.listen(engine, "handle_error", _no_connection_is_a_lost_one)
    sa_event.listen(engine, "connect", _let_go_of_locks)
    sa_event.listen(engine, "checkin", _used)
    sa_event.listen(engine, "checkout", partial(_ping_after_a_rest, engine.dialect))
    return engine


def _sqlite(url: str, pool_size: int) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=max(pool_size, 10), max_overflow=20)
    if file := engine.url.database:
        _keep_private(engine, Path(file))

    @sa_event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # IMMEDIATE: a transaction that will write takes the lock at once instead of failing half-way.
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        add_missing_functions(connection)

    return engine


def _keep_private(engine: sa.Engine, file: Path) -> None:
    """See to it before each connection that only this user can open the file and what SQLite keeps beside it.

    SQLite gives the files beside it the mode that the file has. What is there is never opened here: to close it would
    let go of the locks that SQLite has on it (sqlite.org/howtocorrupt.html, 2.2).
    """
    one_at_a_time = threading.Lock()

    @sa_event.listens_for(engine, "do_connect")
    def close_to_others(*_: Any) -> None:
        with one_at_a_time, suppress(FileNotFoundError):  # a directory that is missing is SQLite's to tell
            _make(file)
            for one in (
                file,
                *(file.with_name(file.name + suffix) for suffix in ("-wal", "-shm", "-journal", ".lock")),
            ):
                _tighten(one)


def _make(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except (PermissionError, NotADirectoryError) as error:
        raise sqlite3.OperationalError(f"{file} cannot be made: {error.strerror}") from error


def _tighten(file: Path) -> None:
    with suppress(FileNotFoundError):
        try:
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)
        except PermissionError as error:
            owner = "it belongs to another user than the one who runs the bot"
            raise sqlite3.OperationalError(f"{file} is open to others, and {owner}") from error


def add_missing_functions(connection: sqlite3.Connection) -> None:
    """Give SQLite before 3.42 the ``unixepoch('subsec')`` that the engine's tables and queries call.

    The engine tells by Python's version whether SQLite has it, and many a Python 3.12 runs on an older SQLite, which
    answers NULL or "no such function". Only the time at this moment is asked for, so that is all that is added.
    """
    try:
        [known] = connection.execute("SELECT unixepoch('subsec') IS NOT NULL").fetchone()
    except sqlite3.Error:  # before 3.38 there is no function of this name at all
        known = False
    if not known:
        connection.create_function("unixepoch", 1, _seconds_since_1970)


def _seconds_since_1970(modifier: object) -> float:
    if modifier != "subsec":
        raise ValueError("Of unixepoch() only unixepoch('subsec') is here.")
    return time.time()


def _let_go_of_locks(connection: Any, _record: Any) -> None:
    """A process that stands still in the middle of a transaction must not hold its rows against those that take over.

    No transaction of ours waits for anything but the database, so half a minute is for a machine in trouble alone.
    """
    connection.execute("SET idle_in_transaction_session_timeout = '30s'")
    connection.commit()


def _used(_connection: Any, record: Any) -> None:
    record.info["used"] = seconds_passed()


def _ping_after_a_rest(dialect: sa.Dialect, connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that has rested may be dead: then it is replaced, and nobody hears of it. To ask each time, as
    ``pool_pre_ping`` does, would be a transaction for each of ours."""
    if seconds_passed() - record.info.get("used", 0.0) < RESTED:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise sa.exc.DisconnectionError from error


def _no_connection_is_a_lost_one(failure: sa.engine.ExceptionContext) -> None:
    """The engine waits for a lost connection to come back, but lets a workflow die of some that cannot be had."""
    if failure.connection is None:
        failure.is_disconnect = True


_TROUBLE = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError)
_TOO_MUCH = "54"
"""SQL's class for what no server will ever take, such as an index of a text that is too long for one."""


# The time of this instant: now() would be that of the transaction's beginning.
_INSTANT = sa.select(sa.func.clock_timestamp(type_=Utc))


class Database:
    """Transactions on one engine. A database in trouble becomes Unavailable; other errors are faults and stay.

    A DatabaseClock learns the time by the way, from transactions that are made anyway. ``before_each`` transaction a
    thread may be made to wait by whoever knows what is more urgent.
    """

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.own_clock = clock if isinstance(clock, DatabaseClock) and not self.is_sqlite else None
        self.before_each: Callable[[], None] = lambda: None
        self._writing = threading.RLock()
        self._is_away = False

    def connect_args(self) -> tuple[Sequence[Any], dict[str, Any]]:
        """What the driver's ``connect`` is given on Postgres, for a connection beside the pool."""
        words, named = self.engine.dialect.create_connect_args(self.engine.url)
        return words, {**named, **_CONNECTING}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """This thread's turn to write. On SQLite there is one writer at a time, and threads queue for it here."""
        if not self.is_sqlite:
            yield
            return
        with self._writing:
            yield

    @contextmanager
    def turn_if_free(self) -> Iterator[bool]:
        """As ``turn``, on SQLite: whether it is this thread's, without waiting for it."""
        free = self._writing.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._writing.release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The one place that tells trouble, which passes, from faults, which do not: only trouble is waited out."""
        driver = self.engine.dialect.loaded_dbapi
        try:
            yield
        except sa.exc.TimeoutError as error:
            raise self.away("The database has no connection free.") from error
        except sa.exc.DBAPIError as error:
            passes = isinstance(error, _TROUBLE) and not str(getattr(error.orig, "sqlstate", "")).startswith(_TOO_MUCH)
            if not (passes or error.connection_invalidated):
                raise
            raise self.away(f"The database does not answer: {reason_of(error.orig)}.") from error
        except (driver.OperationalError, driver.InterfaceError, driver.InternalError) as error:
            # What the driver raises outside a statement of SQLAlchemy's is not wrapped by it.
            raise self.away(f"The database does not answer: {reason_of(error)}.") from error
        except sa.exc.PendingRollbackError as error:
            raise self.away("The database does not answer: the connection broke in a transaction.") from error
        self.answered()

    def away(self, sentence: str) -> Unavailable:
        """The error to raise; the log sums up what many meet at once."""
        self._is_away = True
        log.warning("outage", away=SERVICE, reason=sentence)
        return Unavailable(sentence, service=SERVICE)

    def answered(self) -> None:
        """It has just answered."""
        if self._is_away:
            self._is_away = False
            log.info("answered", back=SERVICE)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes. On SQLite the lock is taken at its beginning."""
        self.before_each()
        with self.turn(), self._translated(), self.engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            self._look_at_clock(connection)
            board_changes.forget(connection)
            yield connection
            board_changes.tell(connection, self.clock)

    def pool(self) -> tuple[int, int]:
        """How many connections are in use at the moment, and how many are kept."""
        pool = self.engine.pool
        return (pool.checkedout(), pool.size()) if isinstance(pool, sa.pool.QueuePool) else (0, 0)

    def look_at_clock(self) -> None:
        """For whoever has no transaction anyway before times matter. Raises Unavailable."""
        if self.own_clock is not None:
            self.demand_answer()

    def _look_at_clock(self, connection: sa.Connection) -> None:
        clock = self.own_clock
        if clock is not None and clock.wants_look():
            clock.look(lambda: connection.execute(_INSTANT).scalar_one())

    def select(self, query: sa.Select[Any], **given: Any) -> Sequence[Any]:
        """All rows, read in a transaction of their own; ``given`` are the query's parameters."""
        self.before_each()
        with self._translated(), self.engine.connect() as connection:
            self._look_at_clock(connection)
            return connection.execute(query, given).all()

    def demand_answer(self) -> None:
        """Raises Unavailable, with the server's own reason, where the database cannot be read."""
        self.select(sa.select(sa.literal(1)))

    def demand_current(self) -> None:
        """Raises Rejected where the tables are not there, or are those of an older version; Unavailable as above."""
        self.demand_answer()
        if migrations.age(self.engine) in {Age.NEW, Age.OLD}:
            raise Rejected("There is nothing to read: this database was not made by the bot yet, or is not up to date.")

    def is_current(self) -> bool:
        """Whether its tables are those of this version, or of a newer one. Makes no file where there is none."""
        return not self._is_still_to_be_made() and migrations.age(self.engine) in {Age.CURRENT, Age.NEWER}

    def _is_still_to_be_made(self) -> bool:
        file = self.engine.url.database
        return bool(self.is_sqlite and file and Path(file).parent.is_dir() and not Path(file).exists())

    def obstacles(self) -> list[str]:
        """Why nothing can be kept here just now, a clause each; empty where it can. For anybody's eyes."""
        try:
            with self._translated():
                lacking = migrations.missing(self.engine)
        except Unavailable as error:
            log.warning("not ready", reason=str(error), during=error.service)
            return ["the database does not answer"]
        return [f"the database lacks {one}" for one in lacking]

    def doctor(self) -> list[Finding]:
        """For ``python -m bot check``. A SQLite file is brought up to date at each start, so it may be missing."""
        return [*self._doctor(), *self._doctor_of_clocks()]

    def _doctor_of_clocks(self) -> Iterator[Finding]:
        ahead = self.own_clock.ahead() if self.own_clock is not None else timedelta(0)
        if abs(ahead) >= OFF:
            yield Finding(True, f"this machine's clock is {off_by(ahead)} the database's", _SET_CLOCK, warning=True)

    def _doctor(self) -> list[Finding]:
        if self._is_still_to_be_made():
            folder = Path(self.engine.url.database or "").absolute().parent
            if not os.access(folder, os.W_OK | os.X_OK):
                return [Finding(False, f"the database cannot be made: nothing may be written in {folder}", _WRITABLE)]
            return [Finding(True, "the database is made at the first start")]
        try:
            self.demand_answer()
            found = migrations.age(self.engine)
        except Unavailable as error:
            return [Finding(False, str(error), "compare DATABASE_URL")]
        if found in {Age.NEW, Age.OLD}:
            if self.is_sqlite:
                return [Finding(True, "the database answers, and is brought up to date at the next start")]
            return [Finding(False, "the database is not up to date", "run python -m bot migrate")]
        if lacking := self.obstacles():
            return [Finding(False, one, RESTORE) for one in lacking]
        return [Finding(True, f"the database answers; {NEWER}" if found is Age.NEWER else _UP_TO_DATE)]


NEWER = "it is newer than this version of the bot, which runs on it all the same"
RESTORE = "no migration brings back what was removed by hand, so restore the database from a backup"
_WRITABLE = "let the user who runs the bot write there, or set DATABASE_URL"
_SET_CLOCK = (
    "let a time service set it: the bot goes by the database's, but Slack's signatures are compared with this one"
)
_UP_TO_DATE = "the database answers and is up to date"


def reason_of(error: object) -> str:
    """Why a database cannot be had, in its own words, as one sentence without a stop; it never holds the password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].removeprefix("connection failed: ").rstrip(".") if lines else "it says nothing"
