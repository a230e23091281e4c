"""Pages of deployments, as programs turn them: newest first, by place and state."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import from_row
from bot.adapters.storage.engine import Database
from bot.core.deployments.model import Deployment, State
from bot.core.deployments.representation import ROLLED_BACK

_D = tables.deployments.c


class DeploymentPages:
    """Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        *,
        apps: Collection[str] = (),
        environment: str | None = None,
        state: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Deployment]:
        """Of these apps (none: of all), with numbers below ``before``; ``state`` as programs call it."""
        where: list[sa.ColumnElement[bool]] = [_D.app.in_(apps)] if apps else []
        where += [_D.environment == environment] if environment is not None else []
        where += [_D.id < before] if before is not None else []
        where += _in_state(state) if state is not None else []
        query = sa.select(tables.deployments).where(*where).order_by(_D.id.desc()).limit(limit)
        return [from_row(row) for row in self._database.select(query)]


def _in_state(state: str) -> list[sa.ColumnElement[bool]]:
    rollback = _D.trigger == "rollback"
    if state == ROLLED_BACK:
        return [_D.state == State.SUCCEEDED, rollback]
    if state == State.SUCCEEDED:
        return [_D.state == state, ~rollback]
    return [_D.state.in_([State.REQUESTED, state]) if state == State.WAITING else _D.state == state]
