"""A database for each conversation, on an engine that is used again: it remembers the SQL that it has compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage.engine import connect
from tests.databases import migrate

_idle: list[tuple[sa.Engine, list[str]]] = []


@contextmanager
def new_database(directory: Path) -> Iterator[sa.Engine]:
    """An engine on a new ``world.db`` in the directory."""
    file = directory / "world.db"
    engine, place = _idle.pop() if _idle else _engine_on_whatever_file(directory)
    place[:] = [str(file)]
    migrate(connect(f"sqlite:///{file}"))
    try:
        yield engine
    finally:
        engine.dispose()
        _idle.append((engine, place))


def _engine_on_whatever_file(directory: Path) -> tuple[sa.Engine, list[str]]:
    place: list[str] = []
    engine = connect(f"sqlite:///{directory / 'the-file-of-the-moment.db'}")

    @sa.event.listens_for(engine, "do_connect")
    def elsewhere(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
        arguments[:1] = place

    @sa.event.listens_for(engine, "connect")
    def hurry(connection: Any, _record: Any) -> None:
        # No conversation pulls the plug: those that do are in tests/end_to_end.
        connection.execute("PRAGMA synchronous=OFF")

    return engine, place
