"""Upserts: rows that may be there already, in one statement, so that two who write at the same instant do not meet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]], *key: str) -> int:
    """Insert the rows whose key is not there yet; how many there were."""
    if len(rows) == 1:
        return len(connection.execute(_insert_new(connection.dialect.name, table, key), rows[0]).all())
    insert = _insert(connection, table).values(rows).on_conflict_do_nothing(index_elements=key)
    return len(connection.execute(insert.returning(table.c[key[0]])).all())


@cache
def _insert_new(dialect: str, table: sa.Table, key: tuple[str, ...]) -> sa.Executable:
    """Made once: to make a statement costs more than to execute it."""
    insert = _of(dialect, table).on_conflict_do_nothing(index_elements=key)
    return insert.returning(table.c[key[0]])


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    row: dict[str, Any],
    *key: str,
    only_over: sa.ColumnElement[bool] | None = None,
) -> sa.Row[Any] | None:
    """Insert the row, or let it take the place of the one with the same key; what it has for a primary key.

    ``only_over`` says which rows it may take the place of; None where it did not.
    """
    insert = _insert(connection, table).values(row)
    change = {name: insert.excluded[name] for name in row if name not in key}
    put = insert.on_conflict_do_update(index_elements=key, set_=change, where=only_over)
    returning: sa.Executable = put.returning(*table.primary_key)
    return connection.execute(returning).first()


def _insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return _of(connection.dialect.name, table)


def _of(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Both databases take ``ON CONFLICT``, but SQLAlchemy has one statement for each."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
