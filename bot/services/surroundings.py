"""What is around a deployment when it is drawn: what is live there, who is before it, whom it wants."""

from __future__ import annotations

import re

from bot.context import Context
from bot.core.approvals.model import is_same
from bot.core.deployments.card import Around
from bot.core.deployments.messages import WITHOUT_HISTORY
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.deployments.progress import eta_in_queue, progress
from bot.core.locks.model import Lock, same_person
from bot.services import promotions
from bot.services.gate_facts import target_of
from bot.services.pages import keeps_output, page_of
from bot.services.reaching import approvers_to_call
from bot.services.targets import Target

_SAYS_WHY = re.compile(r"error|fatal|fail(?:ed|ure)|exception|denied|refused", re.IGNORECASE)
LOOKED_THROUGH = 200
"""So many of the last lines of output are looked through for the one that says why it failed."""


def around(context: Context, deployment: Deployment) -> Around:
    """Looked up anew each time: cards are drawn from what is so now."""
    target, reads = target_of(context, deployment), context.reads
    live = reads.last_success(deployment.app, deployment.environment) if deployment.ended else None
    output = reads.output(deployment.id, 1) if deployment.state is State.RUNNING else ()
    ahead = _ahead(context, deployment)
    running = [one for one in ahead if one.busy]
    waits = [one for one in ahead if not one.busy]
    before = reads.deployment(deployment.promoted_from) if deployment.promoted_from is not None else None
    return Around(
        promotion=promotions.offered(context, deployment),
        promoted_from=before.environment if before else None,
        approvers=approvers_to_call(context, target, deployment) if target and deployment.approvals_missing else (),
        wait=eta_in_queue(running, waits, context.now),
        production=bool(target and target.environment.production),
        live=live if live is not None and live.id != deployment.id else None,
        ahead=ahead,
        progress=tuple(progress(one, context.now) for one in ahead),
        before=_before(context, deployment),
        last_line=output[0] if output else "",
        reason=why_failed(context, deployment),
        locked_for=_locked_for(context, deployment),
        held=_lock(context, deployment) is not None if deployment.ended else False,
        approved_for=_approved_for(context, target, deployment),
        dashboards=tuple(target.environment.dashboards.items()) if target else (),
        page=page_of(context, deployment),
        written=keeps_output(context, deployment),
    )


def _approved_for(context: Context, target: Target | None, deployment: Deployment) -> tuple[tuple[str, int], ...]:
    """Whose approval holds although another request got it, and which one: the same commit needs no second one."""
    if target is None or not deployment.approved_by:
        return ()
    own = context.reads.approvals.of(deployment.id)
    borrowed = [one for one in deployment.approved_by if not any(is_same(one, given.by) for given in own)]
    if not borrowed:
        return ()
    since = deployment.created_at - target.environment.approval_timeout
    earlier = context.reads.approvals.for_same(deployment, since)
    return tuple((one.name, given.deployment_id) for one in borrowed for given in earlier if is_same(one, given.by))


def _lock(context: Context, deployment: Deployment) -> Lock | None:
    """Whoever has the place now."""
    lock = context.reads.locks.of(deployment.app, deployment.environment)
    return lock if lock and not lock.ended(context.now) else None


def _locked_for(context: Context, deployment: Deployment) -> str:
    """Whose lock a rollback has left, while they have it."""
    if deployment.rollback_of is None:
        return ""
    lock = _lock(context, deployment)
    failed = context.reads.deployment(deployment.rollback_of) if deployment.by_itself else None
    owner = failed.by if failed is not None else deployment.by
    return owner.name if lock and same_person(lock.by, owner) else ""


def _ahead(context: Context, deployment: Deployment) -> tuple[Deployment, ...]:
    """What runs there, and what stands before it in the queue."""
    if deployment.waits_for is not Waiting.QUEUE:
        return ()
    place = (deployment.app, deployment.environment)
    queued = [one for one in context.reads.waiting(*place) if one.waits_for is Waiting.QUEUE and one.id < deployment.id]
    parts = {one.id for one in context.reads.on_card(deployment.shown_on)}
    return (*context.reads.busy(*place), *(one for one in queued if one.id not in parts))


def _before(context: Context, deployment: Deployment) -> int:
    """How many merges before it are part of its card."""
    if deployment.trigger != "merge":
        return 0
    return sum(1 for one in context.reads.on_card(deployment.shown_on) if one.id < deployment.id)


def why_failed(context: Context, deployment: Deployment) -> str:
    """The line of its output that says why it failed: the last that speaks of an error, else the last."""
    if deployment.state not in {State.FAILED, State.ERROR}:
        return ""
    lines = [line for line in context.reads.output(deployment.id, LOOKED_THROUGH) if line.strip()]
    telling = [line for line in lines if _SAYS_WHY.search(line) and not line.startswith(WITHOUT_HISTORY)]
    return (telling or lines or [""])[-1]
