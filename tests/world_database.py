"""A migrated database for each conversation, at the price of copying a file.

What is slow is done once for each test process: running the migrations, and compiling SQL, which an engine remembers. So
engines are used again, each time on another file.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.adapters import migrations, store

_migrated: list[Path] = []
_idle: list[tuple[sa.Engine, list[str]]] = []


@contextmanager
def new_database(directory: Path) -> Iterator[sa.Engine]:
    """An engine on a new ``world.db`` in the directory."""
    file = directory / "world.db"
    _copy_migrated(file)
    engine, place = _idle.pop() if _idle else _engine_on_whatever_file()
    place[:] = [str(file)]
    try:
        yield engine
    finally:
        engine.dispose()
        _idle.append((engine, place))


def _copy_migrated(file: Path) -> None:
    if not _migrated or not _migrated[0].exists():
        made = file.with_name("template.db")
        engine = store.connect(f"sqlite:///{made}")
        migrations.upgrade(engine)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        _migrated[:] = [made]
    shutil.copy(_migrated[0], file)


def _engine_on_whatever_file() -> tuple[sa.Engine, list[str]]:
    place: list[str] = []
    engine = store.connect("sqlite:///the-file-of-the-moment.db")

    @sa.event.listens_for(engine, "do_connect")
    def elsewhere(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
        arguments[:1] = place

    @sa.event.listens_for(engine, "connect")
    def hurry(connection: Any, _record: Any) -> None:
        # No conversation pulls the plug: those that do are in tests/end_to_end.
        connection.execute("PRAGMA synchronous=OFF")

    return engine, place
