"""A soak: many deployments through one bot, what each of them leaves behind, and what the bot does when idle."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from tests.bench import databases
from tests.bench.replies import Harbour
from tests.bench.running import OTHER_CORES, bot, migrate
from tests.bench.storm import Harbours, until
from tests.bench.tables import megabytes, show

APPS = 20
ROUNDS, ALL_ROUNDS = 10, 100
"""Of twenty deployments each, after one that does not count; with ``--full`` two thousand in all."""
IDLE = 10.0
FORGOTTEN = 12.0
"""Seconds after which Postgres has counted all that was done before."""
SETTINGS = '[people]\nU00000001 = "maria"\n' + "".join(
    f'[apps.app{app}]\nrepository = "acme/app{app}"\nchannel = "#app{app}"\nprovider = {{ type = "external" }}\n'
    f"[apps.app{app}.environments.production]\n"
    for app in range(APPS)
)


@dataclass(frozen=True)
class Mark:
    """How things stand at a moment: bytes of the database and of memory, threads, and GitHub's requests so far."""

    size: int
    memory: int
    threads: int
    asked: int


def bench(given: argparse.Namespace) -> None:
    os.sched_setaffinity(0, OTHER_CORES)
    rounds = ALL_ROUNDS if given.full else ROUNDS
    rows = []
    for kind, processes in (("SQLite", ("run",)), ("Postgres", ("web", "worker"))):
        with ExitStack() as stack:
            found = opened(stack, kind, processes)
            for number in range(-1, rounds):
                if number == 0:
                    before = mark(found)
                deploy_everywhere(found, number)
            after, idle = mark(found), idleness(found)
            name = " + ".join(f"`{one}`" for one in processes)
            rows.append([f"{name}, {kind}", *figures(found, before, after, rounds), *idle])
    heads = ["process", "database each", "after retention", "memory each", "threads", "GitHub requests each"]
    heads += ["idle CPU", "idle transactions /s"]
    note = f"{rounds * APPS:,} deployments of a new commit each, by command; another tool reports two statuses of each."
    show("A soak", heads, rows, [note])


def opened(stack: ExitStack, kind: str, processes: tuple[str, ...]) -> Harbours:
    harbour = Harbour(stack)
    for app in range(APPS):
        harbour.slack.add_channel(f"app{app}", members=["maria"])
        harbour.github.add_repository(f"acme/app{app}")
        harbour.github.set_permission(f"acme/app{app}", "maria", "write")
    url = stack.enter_context(databases.address(kind))
    migrate(url)
    started = [stack.enter_context(bot(one, url, harbour.environ, SETTINGS)) for one in processes]
    harbour.connected()
    harbour.github.subscribe(f"http://127.0.0.1:{started[0].port}/github/webhook")
    engine = connect(url)
    stack.callback(engine.dispose)
    if kind == "Postgres":
        stack.enter_context(cleaned_up_often(engine))
    return Harbours(harbour, url, started[0], started, engine)


@contextmanager
def cleaned_up_often(engine: sa.Engine) -> Iterator[None]:
    """Autovacuum looks each second and not each minute: in a minute of this lies what takes a company a day."""

    def say(change: str) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"ALTER SYSTEM {change}")
            connection.exec_driver_sql("SELECT pg_reload_conf()")

    say("SET autovacuum_naptime = '1s'")
    try:
        yield
    finally:
        say("RESET autovacuum_naptime")


def deploy_everywhere(found: Harbours, number: int) -> None:
    """One deployment in each app, to its end."""
    harbour = found.harbour
    for app in range(APPS):
        harbour.github.commit(f"acme/app{app}", "main", f"Add search {number}", files={f"{number}.txt": "found"})
        harbour.slack.says("maria", f"#app{app}", "@shipmate deploy main to production")
    wanted = number + 2
    until(lambda: all(len(harbour.github.deployments(f"acme/app{app}")) == wanted for app in range(APPS)))
    for state in ("in_progress", "success"):
        for app in range(APPS):
            last = harbour.github.deployments(f"acme/app{app}")[-1]
            harbour.github.report_deployment_status(f"acme/app{app}", last.id, state)
        until(lambda: found.backlog() == 0)
    rest(found)


def rest(found: Harbours) -> None:
    """Until nothing is left to be done, edits that were held back included."""
    store = Store(found.engine, SystemClock())
    until(lambda: found.backlog() == 0 and not store.outbox.has_pending())


def mark(found: Harbours) -> Mark:
    worker = found.processes[-1]
    return Mark(found.size(), worker.memory(), worker.threads(), len(found.harbour.github.requests))


def figures(found: Harbours, before: Mark, after: Mark, rounds: int) -> list[str]:
    count = rounds * APPS
    Store(found.engine, SystemClock()).clear(datetime.now(UTC) + timedelta(days=1))
    if found.engine.dialect.name != "sqlite":
        with found.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM FULL")
    return [
        f"{(after.size - before.size) / count / 1000:.1f} kB",
        f"{(found.size() - before.size) / count / 1000:.1f} kB",
        f"{(after.memory - before.memory) / count / 1000:.1f} kB ({megabytes(after.memory)})",
        f"{before.threads} → {after.threads}",
        f"{(after.asked - before.asked) / count:.1f}",
    ]


def idleness(found: Harbours) -> list[str]:
    time.sleep(FORGOTTEN)
    cpu, transactions, began = found.cpu(), committed(found), time.perf_counter()
    time.sleep(IDLE)
    busy = (found.cpu() - cpu) / (time.perf_counter() - began)
    done = committed(found) - transactions
    rate = f"{done / (time.perf_counter() - began):.1f}" if transactions else "–"
    return [f"{busy:.1%}", rate]


def committed(found: Harbours) -> int:
    """So far, in this database; what Postgres counts late is waited for."""
    if found.engine.dialect.name == "sqlite":
        return 0
    time.sleep(1.5)
    with found.engine.connect() as connection:
        count = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        return int(connection.exec_driver_sql(count).scalar() or 0)
