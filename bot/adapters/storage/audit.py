"""The audit as rows: the AuditReads and AuditRecords ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.edits import said_so_far
from bot.core.audit.model import ITSELF, LONGEST, AuditEntry, Origin, outcome_of, reason_of
from bot.core.deployments.model import Deployment

_A = tables.audit.c


class AuditRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def of(self, deployment_id: int, limit: int) -> Sequence[AuditEntry]:
        mine = sa.select(tables.audit).where(_A.deployment_id == deployment_id)
        return [_entry(row) for row in reversed(self._run(mine.order_by(_A.id.desc()).limit(limit)))]

    def refused(self, since: datetime, limit: int) -> Sequence[AuditEntry]:
        lately = sa.select(tables.audit).where(_A.at >= since, _A.outcome == "refused")
        return [_entry(row) for row in self._run(lately.order_by(_A.at.desc(), _A.id.desc()).limit(limit))]

    def caused(self, cause: str, since: datetime, changed_before: str) -> Sequence[AuditEntry]:
        found = sa.select(tables.audit).where(_A.at >= since, said_so_far(_A.cause, cause, changed_before))
        return [_entry(row) for row in self._run(found.order_by(_A.id))]

    def since(self, moment: datetime, after: int, limit: int) -> Sequence[AuditEntry]:
        later = sa.select(tables.audit).where(_A.at >= moment, _A.id > after)
        return [_entry(row) for row in self._run(later.order_by(_A.id).limit(limit))]


class AuditTransaction(AuditRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection, cause: str, now: datetime) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection
        self._cause = cause
        self._now = now
        self._origin = ITSELF
        self._place: tuple[str | None, str | None] = (None, None)
        self._written: int | None = None
        self.rows: list[dict[str, Any]] = []
        """What was recorded, for whoever tells of it once it is kept."""

    @property
    def written(self) -> int | None:
        return self._written

    def attribute(self, origin: Origin, app: str | None = None, environment: str | None = None) -> None:
        self._origin = origin
        if app is not None:
            self._place = (app, environment)

    def record(
        self,
        action: str,
        *,
        outcome: str = "done",
        reason: str | None = None,
        command: str | None = None,
        deployment_id: int | None = None,
        app: str | None = None,
        environment: str | None = None,
    ) -> None:
        place = (app, environment) if app is not None else self._place
        row = {
            "at": self._now,
            "cause": self._cause,
            "action": action,
            "outcome": outcome,
            "name": self._origin.name,
            "chat_id": self._origin.chat_id,
            "login": self._origin.login,
            "via": self._origin.via,
            "channel": self._origin.channel,
            "token": self._origin.token,
            "app": place[0],
            "environment": place[1],
            "deployment_id": deployment_id if deployment_id is not None else self._written,
            "command": command[:LONGEST] if command else None,
            "reason": (reason or "")[:LONGEST],
        }
        self._connection.execute(sa.insert(tables.audit).values(row))
        self.rows.append(row)

    def added(self, deployment: Deployment) -> None:
        """A new deployment: what a command that asks for one is about."""
        self._written = deployment.id
        self._state(deployment)

    def saved(self, before: Any, deployment: Deployment) -> None:
        """``before`` is the row that it replaces. What moves nothing leaves no entry."""
        if self._written is None:
            self._written = deployment.id
        if before.cancel_by != deployment.cancel_by:
            self._state(deployment, outcome="stopping")
        elif _stands(before) != _stands(deployment):
            self._state(deployment)

    def _state(self, deployment: Deployment, outcome: str | None = None) -> None:
        self.record(
            "deployment",
            outcome=outcome or outcome_of(deployment),
            reason=reason_of(deployment),
            deployment_id=deployment.id,
            app=deployment.app,
            environment=deployment.environment,
        )


def _stands(one: Any) -> tuple[str, str | None, bool]:
    return one.state, one.waits_for, one.waits_since is not None


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        cause=row.cause,
        action=row.action,
        outcome=row.outcome,
        origin=Origin(row.name, row.chat_id, row.login, row.via, row.channel, row.token),
        app=row.app,
        environment=row.environment,
        deployment_id=row.deployment_id,
        command=row.command,
        reason=row.reason,
    )
