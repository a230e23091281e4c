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
# Made once: they are asked at every status of a deployment.
_ALL = sa.select(tables.twins).order_by(_T.remote_id)
_OF = _ALL.where(_T.deployment_id == sa.bindparam("deployment"))
_THEIRS = sa.select(_D.id).where(_D.app.in_(sa.bindparam("apps", expanding=True)), _D.id == _T.deployment_id).exists()
_BY_REMOTE = _ALL.where(
    _T.remote_id == sa.bindparam("remote"), sa.or_(_T.repository == sa.bindparam("repository"), _THEIRS)
)


class TwinRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[..., Sequence[Any]]) -> None:
        self._run = run

    def by_remote(self, repository: str, remote_id: int, apps: Collection[str]) -> Twin | None:
        rows = self._run(_BY_REMOTE, remote=remote_id, repository=repository, apps=list(apps))
        return Twin(**rows[0]._mapping) if rows else None

    def of(self, deployment_id: int) -> Sequence[Twin]:
        return [Twin(**row._mapping) for row in self._run(_OF, deployment=deployment_id)]


class TwinTransaction(TwinRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query, **given: connection.execute(query, given).all())
        self._connection = connection

    def save(self, twin: Twin) -> None:
        upsert(self._connection, tables.twins, asdict(twin), "repository", "remote_id")
