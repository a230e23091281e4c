"""Publications as rows: the PublicationReads, PublicationRecords and Publications ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new
from bot.core.publications.model import DeployedPullRequest, KeptRelease

_P = tables.deployed_pull_requests.c
_R = tables.releases.c
_PULLS = sa.select(*(one for one in _P if one.name != "waits"))


class PublicationRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def of(self, app: str, environment: str, pull_requests: Collection[int]) -> Sequence[DeployedPullRequest]:
        there = (_P.app == app, _P.environment == environment, _P.pull_request.in_(sorted(pull_requests)))
        return self._pulls(*there) if pull_requests else ()

    def everywhere(self, apps: Collection[str], pull_request: int) -> Sequence[DeployedPullRequest]:
        return self._pulls(_P.app.in_(sorted(apps)), _P.pull_request == pull_request)

    def _pulls(self, *where: sa.ColumnElement[bool]) -> Sequence[DeployedPullRequest]:
        query = _PULLS.where(*where).order_by(_P.app, _P.environment, _P.pull_request)
        return [DeployedPullRequest(**row._mapping) for row in self._run(query)]

    def waiting(self, most: int) -> Sequence[tuple[str, int]]:
        first = sa.func.min(_P.changed_by)
        query = sa.select(_P.app, _P.pull_request).where(sa.text("waits")).group_by(_P.app, _P.pull_request)
        return [(row.app, row.pull_request) for row in self._run(query.order_by(first, _P.pull_request).limit(most))]

    def release(self, deployment_id: int) -> KeptRelease | None:
        return self._release(_R.deployment_id == deployment_id)

    def release_of(self, app: str, environment: str, sha: str) -> KeptRelease | None:
        return self._release(*_made(app, environment), _R.sha == sha)

    def release_before(self, app: str, environment: str, deployment_id: int) -> KeptRelease | None:
        return self._release(*_made(app, environment), _R.deployment_id < deployment_id)

    def _release(self, *where: sa.ColumnElement[bool]) -> KeptRelease | None:
        query = sa.select(tables.releases).where(*where).order_by(_R.deployment_id.desc()).limit(1)
        rows = self._run(query)
        return KeptRelease(**rows[0]._mapping) if rows else None


def _made(app: str, environment: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _R.app == app, _R.environment == environment, _R.release_id.isnot(None)


class PublicationTransaction(PublicationRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection

    def save(self, one: DeployedPullRequest) -> None:
        key = ("app", "environment", "pull_request")
        if insert_new(self._connection, tables.deployed_pull_requests, [{**asdict(one), "waits": True}], *key):
            return
        change = {"deployment_id": one.deployment_id, "changed_by": one.changed_by, "live": one.live, "waits": True}
        self._connection.execute(sa.update(tables.deployed_pull_requests).where(_there(one)).values(change))

    def taken_up(self, app: str, pull_request: int) -> None:
        mine = sa.and_(_P.app == app, _P.pull_request == pull_request)
        self._connection.execute(sa.update(tables.deployed_pull_requests).where(mine).values(waits=False))

    def plan(self, release: KeptRelease) -> None:
        insert_new(self._connection, tables.releases, [asdict(release)], "deployment_id")


def _there(one: DeployedPullRequest) -> sa.ColumnElement[bool]:
    place = sa.and_(_P.app == one.app, _P.environment == one.environment)
    return sa.and_(place, _P.pull_request == one.pull_request)


class WrittenPublications:
    """Remembers what was written, outside of decisions. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def commented(self, apps: Collection[str], pull_request: int, comment_id: int, drawn: str) -> None:
        mine = sa.and_(_P.app.in_(sorted(apps)), _P.pull_request == pull_request)
        change = sa.update(tables.deployed_pull_requests).where(mine)
        with self._database.writing() as connection:
            connection.execute(change.values(comment_id=comment_id, drawn=drawn))

    def labelled(self, one: DeployedPullRequest, label: str | None) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.deployed_pull_requests).where(_there(one)).values(label=label))

    def released(self, deployment_id: int, tag: str, release_id: int) -> None:
        mine = sa.update(tables.releases).where(_R.deployment_id == deployment_id)
        with self._database.writing() as connection:
            connection.execute(mine.values(tag=tag, release_id=release_id))
