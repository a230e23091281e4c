"""Gathers what a deployment that has succeeded has brought and taken back, and whether it is still there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from bot.context import Context
from bot.core.deployments.model import Changes, Deployment
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected
from bot.core.notices.model import shipped_by
from bot.core.ports.forge_types import Commit
from bot.core.ports.transaction import Records
from bot.services import shipping
from bot.services.targets import Target

log = structlog.get_logger(__name__)

LOOKED_BACK = 5
"""Among so many of the last successes is the one before."""
_UNTOLD = (NotAllowed, NotThere, Rejected)


@dataclass(frozen=True, slots=True)
class WentLive:
    """``before`` was live until it started, and ``live`` is so now: what ended late may have been overtaken.

    It ``stays`` where what has overtaken it has all of it.
    """

    deployment: Deployment
    before: Deployment | None
    live: Deployment
    changes: Changes
    stays: bool

    @property
    def overtaken(self) -> bool:
        return self.live.id != self.deployment.id

    def still(self, records: Records) -> None:
        """Raises NotYet where something else has gone live since that was gathered."""
        live = records.last_success(self.deployment.app, self.deployment.environment)
        if live is None or live.id != self.live.id:
            raise NotYet("Something else has gone live meanwhile, which may have all of it, or not.")


def went_live(context: Context, target: Target, deployment: Deployment) -> WentLive | None:
    live = context.reads.last_success(*target.place)
    if live is None:
        return None
    before = _before(context, deployment)
    changes = _changes(context, target, deployment, before)
    return WentLive(deployment, before, live, changes, stays=_contains(context, live, deployment))


def _before(context: Context, deployment: Deployment) -> Deployment | None:
    lately = context.reads.successes(deployment.app, deployment.environment, LOOKED_BACK)
    return next((one for one in lately if _age(one) < _age(deployment)), None)


def _age(deployment: Deployment) -> tuple[float, int]:
    return (deployment.started_at or deployment.created_at).timestamp(), deployment.id


def _changes(context: Context, target: Target, deployment: Deployment, before: Deployment | None) -> Changes:
    """What ships and is taken back: as it was asked for, unless something else was live when it went."""
    shipped = replace(deployment.changes, shipped=shipped_by(deployment))
    if before is None or deployment.changes.base == before.sha:
        return shipped
    commit = Commit(deployment.sha, deployment.ref, deployment.title, "", "", (), deployment.pull_request)
    try:
        return shipping.between(context, target, before.sha, commit)
    except _UNTOLD as error:
        log.warning("not known what was taken back", deployment=deployment.id, reason=str(error))
        return replace(shipped, taken_back=())


def _contains(context: Context, live: Deployment, deployment: Deployment) -> bool:
    if live.sha == deployment.sha:
        return True
    try:
        return context.forge.relation(deployment.repository, deployment.sha, live.sha) in {"ahead", "identical"}
    except _UNTOLD:
        return False
