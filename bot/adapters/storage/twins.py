"""Twins as rows: the TwinReads and TwinRecords ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.upsert import upsert
from bot.core.deployments.twins import Twin

_T = tables.twins.c
_D = tables.deployments.c


class TwinRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def by_remote(self, repository: str, remote_id: int, apps: Collection[str]) -> Twin | None:
        theirs = sa.select(_D.id).where(_D.app.in_(apps), _D.id == _T.deployment_id).exists()
        found = self._many(_T.remote_id == remote_id, sa.or_(_T.repository == repository, theirs))
        return found[0] if found else None

    def of(self, deployment_id: int) -> Sequence[Twin]:
        return self._many(_T.deployment_id == deployment_id)

    def _many(self, *where: sa.ColumnElement[bool]) -> list[Twin]:
        rows = self._run(sa.select(tables.twins).where(*where).order_by(_T.remote_id))
        return [Twin(**row._mapping) for row in rows]


class TwinTransaction(TwinRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection

    def save(self, twin: Twin) -> None:
        upsert(self._connection, tables.twins, asdict(twin), "repository", "remote_id")
