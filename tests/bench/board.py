"""The home tab of fifty apps with three environments each: one read for each table, beside a look at place by place."""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.adapters.slack.blocks.home import home
from bot.adapters.storage import tables
from bot.adapters.storage.deployments import to_row
from bot.adapters.storage.store import Store
from bot.core.board import messages
from bot.core.board.model import AppStanding, Board, Found, Standing, standing
from bot.core.deployments.model import Deployment, Shipped, State
from bot.core.home_view import HomeView
from tests.bench import databases
from tests.bench.history import finished
from tests.bench.tables import median, milliseconds, show, times

APPS, PLACES = 50, ("dev", "staging", "production")
EACH = 40
"""Finished deployments of each place."""
ROUNDS = 40
NAMES = [f"app{number}" for number in range(APPS)]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def bench(given: argparse.Namespace) -> None:
    del given
    rows = []
    for kind in databases.KINDS:
        with databases.store(kind) as store:
            fill(store)
            slow = took(lambda: place_by_place(store))
            for name, work in (
                ("what status reads, place by place", lambda: place_by_place(store)),
                ("one read for each table", lambda: board(store)),
                ("read, drawn, as blocks", lambda: home(drawn(store))),
            ):
                seconds = took(work)
                rows.append([kind, name, milliseconds(seconds), times(seconds / slow)])
    heads = ["database", "what", "median", "of place by place"]
    show(f"The home tab: {APPS} apps × {len(PLACES)} places", heads, rows, ["Goal: read, drawn, as blocks in 50 ms."])


def fill(store: Store) -> None:
    places = [{"app": app, "environment": place} for app in NAMES for place in PLACES]
    shipped = tuple(Shipped(f"Change {n}", "maria", f"https://example.com/{n}", n) for n in range(8))
    rows = []
    for number in range(EACH * len(places)):
        place = places[number % len(places)]
        at = BEGAN + timedelta(minutes=number)
        one = replace(finished(number), **place, repository=f"acme/{place['app']}", ref="main", created_at=at)
        changes = replace(one.changes, shipped=shipped)
        rows.append(to_row(replace(one, started_at=at, finished_at=at + timedelta(minutes=4), changes=changes)))
    for number, place in enumerate(places[::3]):
        state = State.RUNNING if number % 2 else State.WAITING
        one = replace(finished(10**6 + number), **place, state=state, request_id=f"open-{number}", finished_at=None)
        rows.append(to_row(replace(one, approvals_missing=int(state is State.WAITING))))
    with store.database.writing() as connection:
        connection.execute(sa.insert(tables.environments), places)
        connection.execute(sa.insert(tables.deployments), rows)
    if not store.database.is_sqlite:
        with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE deployments")


def place_by_place(store: Store) -> list[Deployment | None]:
    reads = store.reads()
    found: list[Deployment | None] = []
    for app in NAMES:
        for place in PLACES:
            found += [reads.last_success(app, place), *reads.busy(app, place), *reads.waiting(app, place)]
            reads.locks.of(app, place)
    return found


def board(store: Store) -> Board:
    reads = store.reads()
    found: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for one in reads.board.found([(app, place) for app in NAMES for place in PLACES]):
        found[one.deployment.app, one.deployment.environment].append(one)
    reads.locks.all()
    reads.freezes.all()
    apps = (
        AppStanding(app, tuple(standing(Standing(app, one, one == "production"), found[app, one]) for one in PLACES))
        for app in NAMES
    )
    return Board(tuple(apps))


def drawn(store: Store) -> HomeView:
    return messages.board(board(store))


def took(work: Callable[[], object]) -> float:
    work()
    each = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        each.append(time.perf_counter() - began)
    return median(each)
