"""The clock's work: GitHub is looked at every few minutes, so that a lost webhook only costs time; old records go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog

from bot.context import Context
from bot.core.deployments.model import Deployment, Waiting
from bot.core.deployments.reconsideration import reconsider
from bot.core.effects import ClearRecords
from bot.core.errors import NotAllowed, NotThere, Rejected, Unavailable
from bot.core.events import Event
from bot.core.events.external import Tick
from bot.core.ports.forge_types import RemoteStatus
from bot.providers import load
from bot.router import Router
from bot.services.gate_facts import status_event, target_of

router = Router()
log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=3)
"""How often the clock ticks for this."""
LOOKED_AT = 30
"""How many waiting deployments are decided on again at one tick: each may cost four requests, of 5,000 in an hour."""
LEAST_KEPT = timedelta(days=3)
"""GitHub redelivers for three days: what comes again within them must be recognised."""


@router.on(Tick, name="reconciliation.reconcile")
def reconcile(context: Context, tick: Tick) -> None:
    """Statuses that were not heard of are taken in; what waits for checks is decided on again."""
    if tick.name != "reconcile":
        return
    unended = context.reads.unended()
    try:
        heard = [(one, news) for one in unended if one.busy and (news := _newest(context, one)) is not None]
    except Unavailable as error:
        # Not postponed: the next tick asks the same, and what piled up would all be asked at once.
        log.warning("not reconciled", reason=str(error))
        return
    records = context.begin()
    for deployment, status in heard:
        # A status that was heard of and still not taken in is told again, so the key is this tick's own.
        key = f"status:{deployment.repository}:{deployment.remote_id}:{status.id}:{records.cause}"
        records.put(status_event(deployment, status), key)
    reconsider(records, *_in_turn(_waiting(unended), tick))


LOOKS_AGAIN = frozenset({Waiting.CHECKS, Waiting.REVIEW, Waiting.ORDER, Waiting.LOCK})


def _waiting(unended: Sequence[Deployment]) -> list[Deployment]:
    """Those that an event may have passed by; of a queue only the first can move."""
    first = {(one.app, one.environment): one.id for one in reversed(unended) if one.waits_for is Waiting.QUEUE}
    return [one for one in unended if one.waits_for in LOOKS_AGAIN or one.id == first.get((one.app, one.environment))]


def _in_turn(waiting: list[Deployment], tick: Tick) -> list[Deployment]:
    """All of them where they are few; of many so many at each tick that GitHub does not mind."""
    groups = max(1, -(-len(waiting) // LOOKED_AT))
    turn = int(tick.at.timestamp() // EVERY.total_seconds())
    return waiting[turn % groups :: groups]


def _newest(context: Context, deployment: Deployment) -> RemoteStatus | None:
    """The last status, if it is one that we have not heard of: whoever takes it in asks for those before it."""
    if deployment.remote_id is None or _is_ours(context, deployment):
        return None
    try:
        found = context.forge.deployments.statuses(deployment.repository, deployment.remote_id)
    except (NotThere, NotAllowed, Rejected) as error:
        log.warning("deployment not reconciled", deployment=deployment.id, reason=str(error))
        return None
    return found[-1] if found and found[-1].id > deployment.last_status else None


def _is_ours(context: Context, deployment: Deployment) -> bool:
    """What our own provider carries out nobody else can tell us of."""
    target = target_of(context, deployment)
    return target is not None and deployment.exclusive and load(target.environment.provider.type).carries_out


@router.on(Tick, name="reconciliation.retain")
def retain(context: Context, tick: Tick) -> None:
    if tick.name == "retain":
        kept = max(context.settings.bot.retention, LEAST_KEPT)
        context.begin().emit(ClearRecords(tick.at - kept))


@router.performs(ClearRecords)
def clear(context: Context, effect: ClearRecords) -> Iterable[Event]:
    context.archive.clear(effect.before)
    return []
