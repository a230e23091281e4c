"""New databases for the benchmarks, of both kinds, with all tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.adapters.storage import migrations
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from tests.postgres import new_database

KINDS = ("SQLite", "Postgres")
HOME = Path(".shipmate")
"""Not the temporary directory: that is memory on many machines, and a commit there costs nothing."""


@contextmanager
def address(kind: str) -> Iterator[str]:
    if kind == "Postgres":
        yield new_database()
        return
    HOME.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=HOME) as directory:
        yield f"sqlite:///{Path(directory).resolve() / 'bench.db'}"


@contextmanager
def migrated(kind: str) -> Iterator[str]:
    """The address of a database with our tables."""
    with address(kind) as url:
        engine = connect(url)
        migrations.upgrade(engine)
        engine.dispose()
        yield url


@contextmanager
def store(kind: str) -> Iterator[Store]:
    with migrated(kind) as url:
        opened = Store(connect(url), SystemClock())
        yield opened
        opened.database.engine.dispose()
