"""What is known of repositories as rows: the RepositoryReads and RepositoryRecords ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import upsert
from bot.core import watermarks
from bot.core.repositories.model import KnownRepository, same_name

_R = tables.repositories.c
_D = tables.deployments.c
_ALL = sa.select(tables.repositories).order_by(_R.app)


class RepositoryRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def all(self) -> list[KnownRepository]:
        return [KnownRepository(**row._mapping) for row in self._run(_ALL)]


class RepositoryTransaction(RepositoryRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query.with_for_update()).all())
        self._connection = connection

    def save(self, known: KnownRepository) -> None:
        upsert(self._connection, tables.repositories, asdict(known), "app")

    def moved(self, app: str, old: str, new: str) -> None:
        theirs = sa.update(tables.deployments).where(_D.app == app, _D.repository == old)
        self._connection.execute(theirs.values(repository=new))


class KnownRepositories:
    """For whoever is no handler. Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[KnownRepository]:
        return RepositoryRows(self._database.select).all()

    def forget(self, name: str) -> int:
        """The next look takes whatever has the name for the repository that is meant, as if it was new to the settings.

        How many apps name it.
        """
        with self._database.writing() as connection:
            known = [one for one in RepositoryTransaction(connection).all() if same_name(one.name, name)]
            marks = [key for one in known for key in watermarks.keys(one.name)]
            connection.execute(sa.delete(tables.repositories).where(_R.app.in_([one.app for one in known])))
            connection.execute(sa.delete(tables.kept).where(tables.kept.c.key.in_(marks)))
        return len(known)
