"""Approvals as rows: the ApprovalReads and ApprovalRecords ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.adapters.decoding import convert
from bot.adapters.storage import tables
from bot.adapters.storage.upsert import insert_new
from bot.core.approvals.model import Approval
from bot.core.deployments.model import Actor, Deployment

_A = tables.approvals.c
_D = tables.deployments.c


class ApprovalRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def of(self, deployment_id: int) -> Sequence[Approval]:
        query = sa.select(tables.approvals).where(_A.deployment_id == deployment_id)
        return [_approval(row) for row in self._run(query.order_by(_A.at, _A.person))]

    def for_same(self, deployment: Deployment, since: datetime) -> Sequence[Approval]:
        query = (
            sa.select(tables.approvals, _D.params)
            .join(tables.deployments, _D.id == _A.deployment_id)
            .where(_D.repository == deployment.repository, _D.sha == deployment.sha)
            .where(_D.app == deployment.app, _D.environment == deployment.environment)
            .where(_D.task == deployment.task, _D.hosts.is_not_distinct_from(deployment.hosts))
            .where(_A.deployment_id != deployment.id, _A.at >= since)
            .order_by(_A.at, _A.person)
        )
        params = [list(pair) for pair in deployment.params]
        return [_approval(row) for row in self._run(query) if row.params == params]


class ApprovalTransaction(ApprovalRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection

    def give(self, approval: Approval) -> bool:
        by = approval.by
        row = {
            "deployment_id": approval.deployment_id,
            "person": by.chat_id or by.login or by.name,
            "by": msgspec.to_builtins(by),
            "at": approval.at,
        }
        return insert_new(self._connection, tables.approvals, [row], "deployment_id", "person") == 1

    def withdraw(self, deployment_id: int) -> None:
        self._connection.execute(sa.delete(tables.approvals).where(_A.deployment_id == deployment_id))


def _approval(row: Any) -> Approval:
    return Approval(row.deployment_id, convert(row.by, Actor), row.at)
