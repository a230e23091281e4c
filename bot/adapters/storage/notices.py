"""Notices as rows: the NoticeReads and NoticeRecords ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new
from bot.core.notices.model import Notice

_N = tables.notices.c


class NoticeRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def of(self, app: str, environment: str, pull_requests: Collection[int]) -> Sequence[Notice]:
        there = (_N.app == app, _N.environment == environment, _N.pull_request.in_(sorted(pull_requests)))
        return self._many(*there) if pull_requests else ()

    def message(self, deployment_id: int, person: str) -> Sequence[Notice]:
        return self._many(_N.deployment_id == deployment_id, _N.person == person)

    def _many(self, *where: sa.ColumnElement[bool]) -> Sequence[Notice]:
        query = sa.select(tables.notices).where(*where).order_by(_N.pull_request, _N.person)
        return [Notice(**row._mapping) for row in self._run(query)]


class NoticeTransaction(NoticeRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection

    def add(self, notice: Notice) -> bool:
        key = ("app", "environment", "pull_request", "person")
        return insert_new(self._connection, tables.notices, [asdict(notice)], *key) == 1

    def save(self, notice: Notice) -> None:
        there = sa.and_(_N.app == notice.app, _N.environment == notice.environment)
        mine = sa.and_(there, _N.pull_request == notice.pull_request, _N.person == notice.person)
        change = {"live": notice.live, "changed_by": notice.changed_by}
        self._connection.execute(sa.update(tables.notices).where(mine).values(change))


class PostedNotices:
    """Remembers what was posted, outside of decisions. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def posted(self, deployment_id: int, person: str, message_id: str) -> None:
        mine = sa.and_(_N.deployment_id == deployment_id, _N.person == person)
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.notices).where(mine).values(message_id=message_id))
