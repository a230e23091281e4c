"""Databases that are up to date, at the price of copying a file: the migrations run once for each test process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

import sqlalchemy as sa

from bot.adapters.storage import migrations
from bot.adapters.storage.engine import connect
from bot.runtime import dispatcher

_made = tempfile.TemporaryDirectory(prefix="shipmate-migrated-")
atexit.register(_made.cleanup)


def migrate(engine: sa.Engine, *, dispatched: bool = False) -> None:
    """Bring a database up to date; ``dispatched``: with the engine's own tables, which it would make at its launch.

    A SQLite file must not be open yet.
    """
    file = engine.url.database
    if engine.dialect.name == "sqlite" and file and not Path(file).exists():
        shutil.copy(_template(dispatched), file)
        return
    if dispatched:
        dispatcher.migrate(engine)
    migrations.upgrade(engine)


def _template(dispatched: bool) -> Path:
    file = Path(_made.name) / f"{'dispatched' if dispatched else 'ours'}.db"
    if not file.exists():
        engine = connect(f"sqlite:///{file.with_suffix('.new')}")
        if dispatched:
            dispatcher.migrate(engine)
        migrations.upgrade(engine)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        file.with_suffix(".new").rename(file)
    return file
