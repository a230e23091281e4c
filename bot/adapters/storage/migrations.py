"""Brings a database to the tables that this version of the bot needs, and tells whether it is there already.

Alembic is loaded only where something is to be changed: it would be an eighth of a web process's memory.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot import migrations
from bot.adapters.storage.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

_TURN = 7_350_114  # any number, as long as it is always the same
_PLACE = Path(migrations.__file__).parent


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_PLACE).replace("%", "%%"))
    return config


def upgrade(engine: sa.Engine) -> None:
    """Run the migrations that are missing, in one transaction."""
    from alembic import command

    config = _config()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two processes that find an empty database at the same moment take turns.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest() -> str:
    """The last revision that this version knows: each is called after the number of its file."""
    return max(path.name.partition("_")[0] for path in (_PLACE / "versions").glob("[0-9]*_*.py"))


def _revision(engine: sa.Engine) -> str | None:
    """The revision that the database has, None where no migration has ever run on it."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table("alembic_version")))


class Age(Enum):
    """How a database's tables stand to those that this version needs."""

    NEW = "no migration has ever run on it"
    OLD = "migrations are missing"
    CURRENT = "it has all migrations that this version knows, and no others"
    NEWER = "it has migrations that this version does not know, on whose tables it runs all the same"


def age(engine: sa.Engine) -> Age:
    """How old the database is, told by the revision that it has."""
    revision = _revision(engine)
    if revision is None:
        return Age.NEW
    if revision == newest():
        return Age.CURRENT
    return Age.NEWER if revision > newest() else Age.OLD


def missing(engine: sa.Engine) -> list[str]:
    """The tables and columns that this version needs and the database does not have, whatever its revision says."""
    inspector = sa.inspect(engine)
    there = {
        name: {column["name"] for column in columns} for (_, name), columns in inspector.get_multi_columns().items()
    }
    lacking = []
    for table in metadata.sorted_tables:
        if table.name not in there:
            lacking.append(f"the table {table.name}")
        else:
            absent = [column.name for column in table.columns if column.name not in there[table.name]]
            lacking += [f"the column {name} of {table.name}" for name in absent]
    return lacking
