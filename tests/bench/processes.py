"""What the processes cost when nothing happens: time until they are ready, memory, threads, CPU."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import AbstractContextManager, ExitStack

from tests.bench import databases, peer
from tests.bench.replies import Harbour
from tests.bench.running import OTHER_CORES, Measured, bot, listens, migrate, process
from tests.bench.tables import megabytes, show

SETTLE, IDLE = 1.5, 3.0


def bench(given: argparse.Namespace) -> None:
    os.sched_setaffinity(0, OTHER_CORES)
    absent = peer.missing()
    rows = []
    with ExitStack() as stack:
        harbour = Harbour(stack)
        urls = {kind: stack.enter_context(databases.address(kind)) for kind in databases.KINDS}
        for url in urls.values():
            migrate(url)
        wanted = [
            ("run", "SQLite"),
            ("web", "SQLite"),
            ("web", "Postgres"),
            ("worker", "Postgres"),
            ("run", "Postgres"),
        ]
        for kind, database in wanted:
            rows.append(row(f"`{kind}`, {database}", bot(kind, urls[database], harbour.environ)))
    if absent is None:
        rows.append(row("Probot", peer.probot("server")))
    rows.append(row("uvicorn alone", process([sys.executable, "-m", "tests.bench.bare"], listens)))
    heads = ["process", "ready after", "memory", "threads", "CPU when idle"]
    show("Processes with nothing to do", heads, rows, [absent] if absent else [])


def row(name: str, started: AbstractContextManager[Measured]) -> list[str]:
    with started as measured:
        time.sleep(SETTLE)
        before = measured.cpu()
        time.sleep(IDLE)
        share = (measured.cpu() - before) / IDLE
        memory, threads = megabytes(measured.memory()), str(measured.threads())
        return [name, f"{measured.ready_after:.1f} s", memory, threads, f"{share:.1%}"]
