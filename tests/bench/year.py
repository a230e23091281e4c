"""A year of a team on one database: what each table comes to, before and after it is cleared each day.

Everything is done once by a real bot, and the rows that it leaves behind are written again, with numbers and moments of
their own, as often as it happens in a year. The daily clearing is the bot's.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.deployments.model import State
from bot.runtime.dispatcher import clear_workflows
from tests.bench import databases
from tests.bench.replies import Harbour
from tests.bench.running import OTHER_CORES, bot, migrate
from tests.bench.storm import until
from tests.bench.tables import show

DEPLOYMENTS, PREVIEWS, LINES = 30, 5, 200
"""On a day of work: deployments over the places, previews that come and go, and lines of output of each."""
PLACES = ("dev", "qa", "staging", "demo", "canary", "production")
COMMANDS, LOCKS = 200, 10
WEBHOOKS = {"webhook": 300, "webhook of nobody": 2_700}
"""Webhooks of every day: those that something is decided on, and those that concern nobody."""
RETENTION = timedelta(days=14)
MARKS = (30, 90, 180, 365)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
REPOSITORY = "acme/shop"
SETTINGS = f"""
[people]
U00000001 = "maria"
[apps.shop]
repository = "{REPOSITORY}"
channel = "#shop"
default_environment = "production"
provider = {{ type = "shell", command = ["seq", "-f", "line %g: compiled, tested and copied to its place", "{LINES}"] }}
[apps.shop.environments.review]
transient = true
preview = {{ on = "opened" }}
""" + "".join(f'[apps.shop.environments.{place}]\nrequired_checks = "none"\n' for place in PLACES)

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def bench(given: argparse.Namespace) -> None:
    os.sched_setaffinity(0, OTHER_CORES)
    kind = "Postgres" if given.postgres else "SQLite"
    with databases.address(kind) as url:
        migrate(url)
        lived = live_once(url)
        year = Year(url, lived)
        sizes = {}
        for day in range(1, given.days + 1):
            year.passes(day)
            if day in MARKS or day == given.days:
                before = year.sizes()
                year.clear()
                sizes[day] = (before, year.sizes(), year.file())
                print(f"Day {day}: {_size(year.file())} on the disk.", flush=True)
            else:
                year.clear()
        report(kind, given.days, sizes, year)
        year.close()


# --- what happens, once ---------------------------------------------------------------------------------------------


def live_once(url: str) -> dict[str, Rows]:
    """By the name of what happened the rows that it left behind, and when it began."""
    with ExitStack() as stack:
        harbour = Harbour(stack)
        harbour.slack.add_channel("shop", members=["maria"])
        harbour.github.add_repository(REPOSITORY)
        harbour.github.set_permission(REPOSITORY, "maria", "write")
        started = stack.enter_context(bot("run", url, harbour.environ, SETTINGS))
        harbour.connected()
        harbour.github.subscribe(f"http://127.0.0.1:{started.port}/github/webhook")
        engine = connect(url)
        stack.callback(engine.dispose)
        life = Life(harbour, Store(engine, SystemClock()))
        life.deploys()  # the first one there leaves more than those that follow
        acts = {
            "deployment": life.deploys,
            "preview": life.shows_a_preview,
            "command": lambda: life.says("status"),
            "lock": life.locks,
            "webhook": life.checks,
            "webhook of nobody": life.stars,
        }
        return {name: life.leaves(act) for name, act in acts.items()}


@dataclass
class Life:
    """A person, and the bot that serves her."""

    harbour: Harbour
    store: Store
    deployed: int = 0
    newest: str = "main"
    live: str = "main"

    def says(self, text: str) -> None:
        self.harbour.slack.says("maria", "#shop", f"@shipmate {text}")

    def deploys(self) -> None:
        self.live = self.newest
        self.says("deploy main to production")
        self.ends()

    def shows_a_preview(self) -> None:
        github = self.harbour.github
        number = github.open_pull_request(REPOSITORY, "topic", author="maria")
        self.ends()
        github.close_pull_request(REPOSITORY, number)
        self.ends()

    def locks(self) -> None:
        for text in ("lock staging because I test there", "unlock staging"):
            self.says(text)
            self.rests()

    def checks(self) -> None:
        """On a commit that is live."""
        self.harbour.github.set_check_run(REPOSITORY, self.live, "ci", "success")

    def stars(self) -> None:
        """A check of a commit that nobody has asked for."""
        self.harbour.github.set_check_run(REPOSITORY, "elsewhere", "ci", "success")

    def ends(self) -> None:
        """One more deployment, well."""
        self.deployed += 1
        succeeded = sa.select(sa.func.count()).where(tables.deployments.c.state == State.SUCCEEDED)
        until(lambda: self.store.database.select(succeeded)[0][0] == self.deployed)
        self.rests()

    def rests(self) -> None:
        """Until nothing is left to be done, and nothing more comes of it."""
        self.harbour.quiet()
        until(lambda: not (self.store.inbox.backlog() or self.store.outbox.has_pending()))
        self.harbour.quiet()

    def leaves(self, act: Callable[[], object]) -> Rows:
        """The rows that are there afterwards and were not before."""
        github = self.harbour.github
        for branch in ("main", "topic", "elsewhere"):
            sha = github.commit(REPOSITORY, branch, "Add search", files={f"{branch}-{self.deployed}.txt": "found"})
            self.newest = sha if branch == "main" else self.newest
        self.rests()
        known = {name: {_key(table, row) for row in rows} for name, (table, rows) in everything(self.store).items()}
        act()
        self.rests()
        now = everything(self.store)
        return {
            name: [row for row in rows if _key(table, row) not in known[name]] for name, (table, rows) in now.items()
        }


def everything(store: Store) -> dict[str, tuple[sa.Table, list[Row]]]:
    found = {}
    with store.database.engine.connect() as connection:
        for table in all_tables(store.database.engine):
            rows = [dict(row._mapping) for row in connection.execute(sa.select(table))]
            found[table.name] = (table, rows)
    return found


def all_tables(engine: sa.Engine) -> list[sa.Table]:
    """Ours, and those of the engine."""
    theirs = sa.MetaData()
    theirs.reflect(engine, schema=None if engine.dialect.name == "sqlite" else "dbos")
    ours = tables.metadata.sorted_tables
    names = {table.name for table in ours}
    return [*ours, *(one for one in theirs.sorted_tables if one.name not in names)]


def _key(table: sa.Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key) or tuple(map(str, row.values()))


# --- and as often as in a year --------------------------------------------------------------------------------------


class Still:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


COUNTED = {("deliveries", "seq"), ("effects", "id"), ("audit", "id")}
"""Numbers that the database gives."""
OWN = frozenset({"id", "delivery_id", "request_id", "key", "cause", "workflow_uuid", "workflow_id", "fingerprint"})
"""Columns that tell one from another by a text."""
IN_KEY = re.compile(r"(?<=:)\d+|(?<=-)\d+$")


class Year:
    """Writes the rows of each day, moves the clock, and clears as the bot does."""

    def __init__(self, url: str, lived: Mapping[str, Rows]) -> None:
        self.engine = connect(url)
        sa.event.listen(self.engine, "connect", _waits_for_no_disk)
        self.clock = Still(BEGAN)
        self.store = Store(self.engine, self.clock)
        self.dbos = DBOSClient(system_database_url=url, system_database_engine=self.engine)
        self.tables = {table.name: table for table in all_tables(self.engine)}
        self.lived = lived
        self.happened = 0
        self.next_deployment = 1_000
        self.took: list[float] = []

    def passes(self, day: int) -> None:
        self.clock.at = BEGAN + timedelta(days=day)
        works = self.clock.at.weekday() < 5
        often = {what: times // self.webhooks_of(what) for what, times in WEBHOOKS.items()}
        if works:
            often |= {"deployment": DEPLOYMENTS, "preview": PREVIEWS, "command": COMMANDS, "lock": LOCKS}
        for what, times in often.items():
            rows: Rows = {}
            for _ in range(times):
                for name, some in self.again(what).items():
                    rows.setdefault(name, []).extend(some)
            with self.store.database.writing() as connection:
                for name, table in self.tables.items():
                    if rows.get(name):
                        connection.execute(self.insert(table), rows[name])

    def webhooks_of(self, what: str) -> int:
        """A check comes as several webhooks."""
        return sum(row["source"] == "github" for row in self.lived[what]["deliveries"])

    def insert(self, table: sa.Table) -> sa.Executable:
        """A place of the settings is there already when something happens in it again."""
        if table.name not in {"environments", "kept"}:
            return sa.insert(table)
        kind = sqlite if self.store.database.is_sqlite else postgresql
        return kind.insert(table).on_conflict_do_nothing()

    def again(self, what: str) -> Rows:
        """The rows of the same once more, at this moment."""
        self.happened += 1
        lived = self.lived[what]
        first = min(row["created_at"] for row in lived["deployments"]) if lived["deployments"] else None
        began = min(row["received_at"] for row in lived["deliveries"]) if first is None else first
        numbers = {row["id"]: self.next_deployment + n for n, row in enumerate(lived["deployments"])}
        self.next_deployment += len(numbers)
        changed = Changed(self.happened, self.clock.at - began, numbers)
        return {name: [changed.row(name, row) for row in rows] for name, rows in lived.items()}

    def clear(self) -> None:
        began = time.perf_counter()
        self.store.clear(self.clock.at - RETENTION)
        clear_workflows(self.dbos, self.clock.at - RETENTION)
        self.took.append(time.perf_counter() - began)
        if not self.store.database.is_sqlite:
            # As autovacuum does within a day.
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Of each table its rows, and its bytes with its indexes."""
        with self.engine.connect() as connection:
            taken = _on_sqlite(connection) if self.store.database.is_sqlite else _on_postgres(connection)
            found = {}
            for name, table in self.tables.items():
                count = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() or 0
                found[name] = (count, taken.get(name, 0))
        return found

    def file(self) -> int:
        """Bytes on the disk."""
        with self.engine.connect() as connection:
            if self.store.database.is_sqlite:
                pages, size = (
                    connection.exec_driver_sql(f"PRAGMA {one}").scalar() for one in ("page_count", "page_size")
                )
                return int(pages or 0) * int(size or 0)
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar() or 0)

    def close(self) -> None:
        self.dbos.destroy()
        self.engine.dispose()


def _waits_for_no_disk(connection: Any, _record: Any) -> None:
    """The sizes are the same; the year is shorter."""
    on_sqlite = type(connection).__module__.startswith("sqlite3")
    connection.execute("PRAGMA synchronous=OFF" if on_sqlite else "SET synchronous_commit=off")
    connection.commit()


def _on_sqlite(connection: sa.Connection) -> dict[str, int]:
    query = "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat AS s JOIN sqlite_master AS m ON m.name = s.name GROUP BY 1"
    return {row[0]: row[1] for row in connection.exec_driver_sql(query)}


def _on_postgres(connection: sa.Connection) -> dict[str, int]:
    query = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"
    return {row[0]: row[1] for row in connection.exec_driver_sql(query)}


@dataclass(frozen=True)
class Changed:
    """How the rows of what happens again differ: by its number, its moment, and the numbers of its deployments."""

    happened: int
    later: timedelta
    numbers: Mapping[int, int]

    def row(self, table: str, row: Row) -> Row:
        return {name: self.value(table, name, value) for name, value in row.items() if (table, name) not in COUNTED}

    def value(self, table: str, name: str, value: Any) -> Any:
        match value:
            case datetime():
                return value + self.later
            case bool():
                return value
            case int() if value > 10**12:  # milliseconds since 1970
                return value + int(self.later.total_seconds() * 1000)
            case int() if name == "pull_request":
                return self.happened
            case int() if name == "deployment_id" or table == "deployments":
                return self.numbers.get(value, value)
            case str() if name == "environment" and not value.startswith("review"):
                return PLACES[self.happened % len(PLACES)]
            case str() if name in {"environment", "key"} and table != "presses":
                return self.text(value)
            case str() if name in OWN and value:
                return f"{value}~{self.happened}"
        return value

    def text(self, value: str) -> str:
        """With the number of a deployment or a pull request in it, as in ``offer:12`` and ``review-1``."""
        numbers = {str(old): str(new) for old, new in self.numbers.items()}
        return IN_KEY.sub(lambda found: numbers.get(found[0], str(self.happened)), value)


# --- what it came to ------------------------------------------------------------------------------------------------


def report(kind: str, days: int, sizes: Mapping[int, Any], year: Year) -> None:
    marks = [*sizes]
    heads = ["table", *(f"day {day}" for day in marks), f"rows on day {marks[-1]}", "before clearing"]
    rows = []
    last_before, last, _ = sizes[marks[-1]]
    for name in sorted(last, key=lambda one: -last[one][1]):
        if max(of[name][0] for _, of, _ in sizes.values()):
            cells = [_size(of[name][1]) for _, of, _ in sizes.values()]
            rows.append([name, *cells, f"{last[name][0]:,}", f"{last_before[name][0]:,}"])
    rows.append(["on the disk", *(_size(file) for _, _, file in sizes.values()), "", ""])
    notes = [
        f"{DEPLOYMENTS} deployments on a day of work, {PREVIEWS} previews, {COMMANDS} commands, {LOCKS} locks; "
        f"{sum(WEBHOOKS.values()):,} webhooks of checks every day, of which {WEBHOOKS['webhook of nobody']:,} concern "
        "nobody. "
        f"{LINES} lines of output each. Bytes with indexes, after the day's clearing.",
        f"Clearing took {sorted(year.took)[len(year.took) // 2]:.2f} s in the median, {max(year.took):.2f} s at most.",
    ]
    show(f"A year of {days} days on {kind}", heads, rows, notes)


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
