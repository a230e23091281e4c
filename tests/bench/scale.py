"""What one and four workers on one Postgres carry, on the cores that this machine has."""

from __future__ import annotations

import argparse
import os

from tests.bench.running import OTHER_CORES
from tests.bench.storm import COUNT, Harbours, figures, opened, storm, storms_of
from tests.bench.tables import megabytes, show


def bench(given: argparse.Namespace) -> None:
    os.sched_setaffinity(0, OTHER_CORES)
    rows = []
    for workers in (1, 4):
        with opened("Postgres", workers) as found:
            for title, webhooks in list(storms_of(found.harbour).items())[1:]:
                rows.append(
                    [str(workers), title, *figures([storm(found, webhooks)]), connections(found), memory(found)]
                )
    heads = ["workers", "storm", "accepted /s", "p99", "worked off /s", "per core /s", "command p95", "grown each"]
    note = f"{COUNT:,} webhooks; all processes share one core, Postgres, Slack and GitHub the other one."
    show("One and four workers on one Postgres", [*heads, "connections", "memory"], rows, [note])


def connections(found: Harbours) -> str:
    """Of the bot's processes to Postgres."""
    with found.engine.connect() as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shipmate' AND pid <> pg_backend_pid()"
        return str(connection.exec_driver_sql(count).scalar())


def memory(found: Harbours) -> str:
    """Of all of them together."""
    return megabytes(sum(one.memory() for one in found.processes))
