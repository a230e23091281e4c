"""Waiting costs a row: one worker with ten thousand deployments that wait, beside one with none."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import to_row
from bot.adapters.storage.engine import connect
from bot.core.deployments.model import State, Waiting
from tests.bench import databases
from tests.bench.history import finished
from tests.bench.replies import REPOSITORY, Harbour
from tests.bench.running import OTHER_CORES, Measured, bot, migrate
from tests.bench.tables import median, megabytes, milliseconds, show

WAITING, APPS, PLACES = 10_000, 100, 10
MANY_APPS = "".join(
    f'[apps.app{app}]\nrepository = "acme/web"\nchannel = "#deploys"\nprovider = {{ type = "external" }}\n'
    + "".join(f"[apps.app{app}.environments.place{place}]\n" for place in range(PLACES))
    for app in range(APPS)
)
SETTLE, IDLE = 2.0, 3.0


def bench(given: argparse.Namespace) -> None:
    os.sched_setaffinity(0, OTHER_CORES)
    rows = []
    for kind in databases.KINDS:
        for count in (0, WAITING):
            with ExitStack() as stack:
                harbour = Harbour(stack)
                url = stack.enter_context(databases.address(kind))
                migrate(url)
                fill(url, count)
                worker = stack.enter_context(bot("worker", url, harbour.environ, MANY_APPS))
                rows.append([f"{kind}", f"{count:,}", *figures(harbour, worker)])
    heads = ["database", "waiting", "memory", "threads", "CPU when idle", "command to reply"]
    title = f"One worker, and deployments that wait for their checks, in {APPS * PLACES:,} places"
    show(
        title,
        heads,
        rows,
        ["The memory is for reading all of them at once, as every look at GitHub does; it does not grow after that."],
    )


def fill(url: str, count: int) -> None:
    now = datetime.now(UTC)
    rows = [
        to_row(
            replace(
                finished(number),
                app=f"app{number % APPS}",
                environment=f"place{number // APPS % PLACES}",
                repository=REPOSITORY,
                state=State.WAITING,
                waits_for=Waiting.CHECKS,
                waits_since=now,
                due_at=now + timedelta(hours=1),
                finished_at=None,
                remote_id=None,
            )
        )
        for number in range(count)
    ]
    engine = connect(url)
    with engine.begin() as connection:
        if rows:
            connection.execute(sa.insert(tables.deployments), rows)
    engine.dispose()


def figures(harbour: Harbour, worker: Measured) -> list[str]:
    harbour.connected()
    time.sleep(SETTLE)
    before = worker.cpu()
    time.sleep(IDLE)
    share = (worker.cpu() - before) / IDLE
    said = "@shipmate status production"
    took = []
    for _ in range(7):
        took.append(harbour.until(harbour.posted, lambda: harbour.slack.says("maria", "#web", said)))
        harbour.quiet()
    memory, threads = megabytes(worker.memory()), str(worker.threads())
    return [memory, threads, f"{share:.1%}", milliseconds(median(took))]
