"""Writes to those who may approve a deployment, once, when half of the time for it is over."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import structlog

from bot.context import Context
from bot.core.approvals import messages
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.effects import TellDirectly
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events import Event
from bot.core.events.external import Place
from bot.core.events.internal import ApprovalHalfOver, ApproversWanted
from bot.core.ports.chat import Tag
from bot.router import Router
from bot.services.gate_facts import target_of
from bot.services.reaching import approvers_to_write_to, is_muted

router = Router()
log = structlog.get_logger(__name__)

_UNTOLD = (NotAllowed, NotThere, Rejected)


@router.on(ApprovalHalfOver, name="approval_reminders.half_over")
def half_over(context: Context, event: ApprovalHalfOver) -> None:
    """The key lets it be told once, also of a deployment that waited for something else in between."""
    seen = context.reads.deployment(event.deployment_id)
    if seen is None or not _waits(seen):
        return
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    if deployment is not None and _waits(deployment):
        records.put(ApproversWanted(deployment.id), f"approvers wanted:{deployment.id}")


@router.on(ApproversWanted, name="approval_reminders.wanted")
def wanted(context: Context, event: ApproversWanted) -> None:
    """Each approver who can be reached and has not approved; nobody where anybody who may deploy there approves."""
    seen = context.reads.deployment(event.deployment_id)
    target = target_of(context, seen) if seen is not None else None
    if seen is None or target is None or not _waits(seen):
        return
    people = approvers_to_write_to(context, target, seen)
    if not people:
        return
    card = None
    with suppress(*_UNTOLD):
        card = context.chat.link_to(seen.channel, seen.parent) if seen.channel and seen.parent else None
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    if deployment is None or not _waits(deployment):
        return
    have_approved = {one.by.chat_id for one in records.approvals.of(deployment.id)}
    message = messages.still_wanted(deployment, context.now - (deployment.waits_since or deployment.created_at), card)
    records.emit(*(TellDirectly(deployment.id, one, message) for one in people if one not in have_approved))


def _waits(deployment: Deployment) -> bool:
    approval = deployment.waits_for is Waiting.APPROVAL and deployment.approvals_missing > 0
    return deployment.state is State.WAITING and approval


@router.performs(TellDirectly)
def tell_directly(context: Context, effect: TellDirectly) -> Iterable[Event]:
    """In the direct message between the person and the bot, with what other tools want to know of it."""
    deployment = context.reads.deployment(effect.deployment_id)
    if deployment is None or is_muted(context, effect.person):
        return []
    place, tag = Place(effect.person, direct=True), Tag(deployment.request_id, "direct", deployment.state)
    key = f"effect:{context.effect_id}"
    try:
        context.chat.post(place, effect.message, key=key, maybe_sent=context.repeated, tag=tag)
    except _UNTOLD as error:
        log.warning("person not told", deployment=deployment.id, person=effect.person, reason=str(error))
    return []
