"""Brings the database up to date, or says why that is not this process's to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.core.errors import Rejected, Unavailable
from bot.settings.environment import Process

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.adapters.storage.engine import Database

log = structlog.get_logger("bot")


def demand_answer(database: Database) -> None:
    """Raises Unavailable."""
    try:
        database.demand_answer()
    except Unavailable as error:
        raise Unavailable(f"{error} Compare DATABASE_URL.") from error


def demand_tables(database: Database) -> None:
    """Raises Rejected where something is gone that a migration made."""
    from bot.adapters.storage.engine import RESTORE

    if lacking := database.obstacles():
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Rejected(f"{lacking[0].capitalize()}{more}: {RESTORE}.")


def migrate(engine: Engine) -> None:
    """Our own tables, and the engine's."""
    from bot.adapters.storage import migrations
    from bot.runtime.dispatcher import migrate as migrate_engine

    # Ours come last: they tell that all is there.
    migrate_engine(engine)
    migrations.upgrade(engine)


def bring_up_to_date(database: Database, process: Process) -> None:
    """Run the migrations that are missing, where that is ours to do. Raises Rejected where it is not."""
    from bot.adapters.storage import migrations
    from bot.adapters.storage.engine import NEWER
    from bot.adapters.storage.migrations import Age

    demand_answer(database)
    age = migrations.age(database.engine)
    if age is Age.NEWER:
        log.info(f"the database: {NEWER}")
    # Several processes share a Postgres, so only `migrate` changes it; a SQLite file, and a new database for `run`, are
    # nobody else's.
    if age in {Age.NEW, Age.OLD}:
        if not database.is_sqlite and not (process == "run" and age is Age.NEW):
            raise Rejected("The database is not up to date: run `python -m bot migrate` first.")
        migrate(database.engine)
    demand_tables(database)
