"""Growth: what commands and decisions read beside a million deployments that are over, and from a new database."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import RowReads, to_row
from bot.adapters.storage.store import Store
from bot.core.deployments.history import Wanted
from bot.core.deployments.model import Actor, Changes, Deployment, State, Waiting
from tests.bench import databases
from tests.bench.tables import median, milliseconds, show, times

FEW, MANY, ALL = 600, 200_000, 1_000_000
"""Finished deployments: in the database that counts as new, in the big one, and in the big one with ``--full``."""
APPS, PLACES = 20, ("dev", "staging", "production")
ROUNDS = 60
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
Read = Callable[[RowReads], Any]

READS: dict[str, Read] = {
    "deployment #12": lambda reads: reads.deployment(12),
    "by GitHub's id": lambda reads: reads.by_remote("acme/app3", 500, ("app3",)),
    "by request id": lambda reads: reads.by_request("request-500"),
    "busy": lambda reads: reads.busy("app3", "production"),
    "waiting (the queue)": lambda reads: reads.waiting("app3", "production"),
    "waiting for checks of a commit": lambda reads: reads.waiting_for_checks("acme/app3", sha(APPS * 3 + 3), ("app3",)),
    "waiting, in a repository": lambda reads: reads.waiting_for(Waiting.CHECKS, "acme/app3", ("app3",)),
    "wanting approval": lambda reads: reads.wanting_approval(None, 20),
    "not ended, all": lambda reads: reads.unended(),
    "not ended, in a repository": lambda reads: reads.unended("acme/app3"),
    "cancellable, of an app": lambda reads: reads.cancellable(None, "app3"),
    "last success": lambda reads: reads.last_success("app3", "production"),
    "last success where there was none": lambda reads: reads.last_success("app3", "nowhere"),
    "last five successes": lambda reads: reads.successes("app3", "production", 5),
    "a known merge": lambda reads: reads.merge_known("app3", "production", pull_request=7),
    "in a thread": lambda reads: reads.in_thread("C0123", "1700000000.000100"),
    "the board of all apps": lambda reads: reads.board.found(
        [(f"app{number}", place) for number in range(APPS) for place in PLACES]
    ),
    "history, all": lambda reads: reads.history(app=None, environment=None, ref=None, limit=10),
    "history of an app": lambda reads: reads.history(app="app3", environment=None, ref=None, limit=10),
    "history of a place": lambda reads: reads.history(app="app3", environment="production", ref=None, limit=10),
    "history of a place, all apps": lambda reads: reads.history(app=None, environment="staging", ref=None, limit=10),
    "history of a ref": lambda reads: reads.history(app="app3", environment=None, ref="topic-rare", limit=10),
    "a page of an app's history": lambda reads: reads.histories.page(Wanted("app3"), 50),
    "a page of a place's history": lambda reads: reads.histories.page(Wanted("app3", environment="staging"), 50),
    "a page of a ref's history": lambda reads: reads.histories.page(Wanted("app3", ref="topic-rare"), 50),
    "history of a ref, all apps": lambda reads: reads.history(app=None, environment=None, ref="topic-rare", limit=10),
}


def sha(number: int) -> str:
    return f"{number:040x}"


def finished(number: int) -> Deployment:
    """Number by number the same in every database: all apps and places in turn, mostly successes; half are merges."""
    app = f"app{number % APPS}"
    at = BEGAN + timedelta(seconds=60 * number)
    states = (*[State.SUCCEEDED] * 8, State.FAILED, State.SUPERSEDED)
    return Deployment(
        id=0,
        request_id=f"request-{number}",
        app=app,
        environment=PLACES[number // APPS % len(PLACES)],
        repository=f"acme/{app}",
        ref="topic-rare" if number < APPS else f"topic-{number % 5_000}",
        sha=sha(number),
        title="Add the search index",
        state=states[number // (APPS * len(PLACES)) % len(states)],
        trigger="merge" if number % 2 else "chat",
        by=Actor("maria", "U1", "maria"),
        created_at=at,
        merged_at=at if number % 2 else None,
        remote_id=number,
        started_at=at,
        finished_at=at + timedelta(minutes=4),
        changes=Changes(base=sha(number - 1), ahead=3),
    )


def going_on() -> Iterator[Deployment]:
    """What both databases have beside the finished ones: one that runs and two that wait, for each app."""
    for number in range(APPS * 3):
        state = State.RUNNING if number < APPS else State.WAITING
        one = finished(number)
        yield Deployment(
            id=0,
            request_id=f"going-on-{number}",
            app=one.app,
            environment="production",
            repository=one.repository,
            ref="main",
            sha=sha(number + APPS),
            state=state,
            trigger="chat",
            by=Actor("maria", "U1", "maria"),
            created_at=datetime.now(UTC),
            waits_for=None if state is State.RUNNING else Waiting.CHECKS,
        )


def fill(store: Store, count: int) -> None:
    """As fast as the database allows: rows are made from a few by the database itself."""
    some = min(count, FEW)
    with store.database.writing() as connection:
        connection.execute(sa.insert(tables.deployments), [to_row(finished(number)) for number in range(some)])
        ratio = count // some
        if ratio > 1:
            connection.execute(sa.text(_copies(store, some, ratio)))
        connection.execute(sa.insert(tables.deployments), [to_row(one) for one in going_on()])
        places = [{"app": f"app{number}", "environment": place} for number in range(APPS) for place in PLACES]
        connection.execute(sa.insert(tables.environments), places)
    if store.database.is_sqlite:
        return
    with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Autovacuum does it by itself, a little later.
        connection.exec_driver_sql("VACUUM ANALYZE deployments")


def _copies(store: Store, some: int, ratio: int) -> str:
    """Every row ``ratio`` - 1 times more, under ids and commits of its own."""
    changed = {
        "request_id": f"'request-' || (n * {some} + id)",
        "remote_id": f"n * {some} + id",
        "sha": f"'{'c' * 24}' || substr('0000000000000000' || (n * {some} + id), -16)",
        "ref": f"'topic-' || ((n * {some} + id) % 5000)",
    }
    if not store.database.is_sqlite:
        changed["sha"] = f"'{'c' * 24}' || lpad((n * {some} + id)::text, 16, '0')"
    names = [column.name for column in tables.deployments.columns if column.name != "id"]
    quoted = ", ".join(f'"{name}"' for name in names)
    chosen = ", ".join(changed.get(name, f'"{name}"') for name in names)
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ratio - 1})"
    order = "ORDER BY n, id"
    inserted = f"INSERT INTO deployments ({quoted}) "
    return f"{inserted}{numbers} SELECT {chosen} FROM deployments CROSS JOIN numbers {order}"


def measured(*stores: Store) -> list[dict[str, float]]:
    """The median of each read's time, in seconds; databases and reads take turns, so that a busy moment hits all."""
    took: list[dict[str, list[float]]] = [{name: [] for name in READS} for _ in stores]
    for _ in range(ROUNDS):
        for name, read in READS.items():
            for store, times_of in zip(stores, took, strict=True):
                began = time.perf_counter()
                read(store.reads())
                times_of[name].append(time.perf_counter() - began)
    return [{name: median(values) for name, values in one.items()} for one in took]


def bench(given: argparse.Namespace) -> None:
    count = ALL if given.full else MANY
    new: dict[str, dict[str, float]] = {}
    big: dict[str, dict[str, float]] = {}
    notes = []
    for kind in databases.KINDS:
        with databases.store(kind) as small, databases.store(kind) as large:
            fill(small, FEW)
            began = time.perf_counter()
            fill(large, count)
            notes.append(f"{kind}: filled in {time.perf_counter() - began:.0f} s.")
            new[kind], big[kind] = measured(small, large)
    rows = []
    for name in READS:
        row = [name]
        for kind in databases.KINDS:
            row += [
                milliseconds(big[kind][name]),
                milliseconds(new[kind][name]),
                times(big[kind][name] / new[kind][name]),
            ]
        rows.append(row)
    worst = max(big[kind][name] / new[kind][name] for kind in databases.KINDS for name in READS)
    heads = [
        "read",
        *(head for kind in databases.KINDS for head in (f"{kind}, {count:,}", f"{kind}, {FEW:,}", "ratio")),
    ]
    show(
        f"{count:,} finished deployments",
        heads,
        rows,
        [" ".join(notes), f"Worst ratio: {times(worst)} (goal: at most 2)."],
    )
