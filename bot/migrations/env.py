"""Lets Alembic run the migrations on the connection that it is given, or on the one that alembic.ini names."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from bot.adapters.storage.tables import metadata


def run(connection: Connection) -> None:
    # The engine keeps its tables in the same database: they are none of our business.
    ours = set(metadata.tables)
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=lambda name, kind, _: kind != "table" or name in ours,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url") or "").connect() as opened:
        run(opened)
