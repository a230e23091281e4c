"""Brings a database to the tables that this version of the bot needs, and tells whether it is there already.

Alembic is loaded only where something is to be changed: it would be an eighth of a web process's memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot import migrations

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


def is_current(engine: sa.Engine) -> bool:
    """Whether the database has all migrations that this version knows."""
    return _revision(engine) == newest()


def is_new(engine: sa.Engine) -> bool:
    """Whether no migration has ever run on the database."""
    return _revision(engine) is None
