"""The limits without HTTP, a process of its own: the disk alone, and inserting deliveries one by one or in groups."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.adapters.storage.bulk_insert import Arrival, OnPostgres, OnSqlite, row
from bot.adapters.storage.compression import Packer
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from tests.bench.databases import HOME
from tests.bench.payloads import payloads

GROUPS = (1, 16, 64)


def rate(seconds: float, once: Callable[[], int]) -> float:
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        done += once()
    return done / (time.perf_counter() - began)


def disk(seconds: float) -> float:
    """Writes of 4 kB per second, each forced to the disk before the next."""
    HOME.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=HOME) as file:
        block = b"x" * 4096
        os.pwrite(file.fileno(), block * 64, 0)
        turn = iter(range(10**9))

        def write() -> int:
            os.pwrite(file.fileno(), block, next(turn) % 64 * 4096)
            os.fdatasync(file.fileno())
            return 1

        return rate(seconds, write)


async def inserts(url: str, seconds: float, groups: Sequence[int]) -> dict[int, float]:
    """Deliveries per second, by the number that shares a transaction; compressed beforehand, in one thread."""
    store = Store(connect(url), SystemClock())
    packer, database = Packer(), store.database
    bodies = [packer.packed(body) for body in payloads(16)]
    on_sqlite, on_postgres = OnSqlite(database), OnPostgres(database)
    labels = (None, None, None)
    found = {}
    for group in groups:
        done, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            now, names = database.clock.now(), [f"github:{uuid.uuid4()}" for _ in range(group)]
            rows = [
                row(Arrival(name, "github", "pull_request", bodies[n % 16], now, *labels))
                for n, name in enumerate(names)
            ]
            stored = on_sqlite.insert_now(rows) if database.is_sqlite else await on_postgres.insert(rows)
            if stored != dict.fromkeys(names, "waits"):
                raise RuntimeError(f"not stored: {stored}")
            done += group
        found[group] = done / took
    on_sqlite.close_now()
    await on_postgres.close()
    database.engine.dispose()
    return found


if __name__ == "__main__":
    duration = float(sys.argv[1])
    sizes = [int(group) for group in sys.argv[2].split(",")]
    urls = dict(zip(sys.argv[3::2], sys.argv[4::2], strict=True))
    figures = {kind: asyncio.run(inserts(url, duration, sizes)) for kind, url in urls.items()}
    json.dump({"disk": disk(duration), "inserts": figures, "place": str(Path(HOME).resolve())}, sys.stdout)
