"""Inserting what may be there already: ``ON CONFLICT``, for which SQLAlchemy has one statement per database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]], *key: str) -> int:
    """Insert the rows whose key is not there yet; how many there were."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(rows).on_conflict_do_nothing(index_elements=key)
    return len(connection.execute(insert.returning(table.c[key[0]])).all())
