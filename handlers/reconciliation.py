"""The clock's work: GitHub is looked at every few minutes, so that a lost webhook only costs time; old records go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog

from bot.context import Context
from bot.core.deploys import Deployment, Waiting
from bot.core.effects import ClearRecords
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events import DeploymentStatusReported, Event, Reconsider, Tick
from bot.core.ports import RemoteStatus
from bot.router import Router

router = Router()
log = structlog.get_logger(__name__)

KEPT = timedelta(days=14)
"""How long handled deliveries stay: GitHub redelivers within three days, so a repeat is recognised for longer."""


@router.on(Tick)
def reconcile(context: Context, tick: Tick) -> None:
    """Statuses that were not heard of are taken in; what waits for checks is decided on again."""
    if tick.name != "reconcile":
        return
    unended = context.reads.unended()
    heard = [(one, status) for one in unended if one.busy for status in _statuses(context, one)]
    records = context.begin()
    for deployment, status in heard:
        key = f"status:{deployment.repository}:{deployment.remote_id}:{status.id}"
        records.put(_event(deployment, status), key)
    for deployment in unended:
        if deployment.waits_for in {Waiting.CHECKS, Waiting.QUEUE}:
            records.put(Reconsider(deployment.id), f"reconsider:{deployment.id}:{records.cause}")


def _statuses(context: Context, deployment: Deployment) -> list[RemoteStatus]:
    if deployment.remote_id is None:
        return []
    try:
        found = context.forge.statuses(deployment.repository, deployment.remote_id)
    except (NotThere, NotAllowed, Rejected) as error:
        log.warning("deployment not reconciled", deployment=deployment.id, reason=str(error))
        return []
    return [status for status in found if status.id > deployment.last_status]


def _event(deployment: Deployment, status: RemoteStatus) -> DeploymentStatusReported:
    assert deployment.remote_id is not None
    return DeploymentStatusReported(
        repository=deployment.repository,
        remote_id=deployment.remote_id,
        status_id=status.id,
        state=status.state,
        description=status.description,
        log_url=status.log_url,
        environment_url=status.environment_url,
        creator=status.creator,
        created_at=status.created_at,
        request_id=deployment.request_id,
    )


@router.on(Tick)
def retain(context: Context, tick: Tick) -> None:
    if tick.name == "retain":
        context.begin().emit(ClearRecords(tick.at - KEPT))


@router.performs(ClearRecords)
def clear(context: Context, effect: ClearRecords) -> Iterable[Event]:
    context.archive.clear(effect.before)
    return []
