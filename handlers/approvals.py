"""Approve and reject deployments; look again at what waits for reviews, or for the environment before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.context import Context
from bot.core.approvals import messages
from bot.core.approvals.model import Approval, is_same, told_apart
from bot.core.deployments import ending, telling
from bot.core.deployments.model import Actor, Deployment, State, Waiting
from bot.core.deployments.reconsideration import reconsider
from bot.core.effects import RenderParent
from bot.core.errors import Refused
from bot.core.events.external import ReviewChanged
from bot.core.events.internal import DeploymentEnded, Due
from bot.core.grammar.commands import Approve, Reject
from bot.core.outages import model as outages
from bot.core.ports.transaction import Records
from bot.core.replies import already_ended, gone_from_settings, unknown_deployment
from bot.core.rich_text import Mention, Message
from bot.router import Router
from bot.services import authorization, presses
from bot.services.approvals import approvals_of, approvers_of, requester_of
from bot.services.gate_facts import target_of
from bot.services.targets import Target, apps_at

router = Router()
OFFERED = 10
"""How many deployments are offered where none is named."""


# --- yes and no -------------------------------------------------------------------------------------------------


@router.command(Approve)
def approve(context: Context, command: Approve) -> Message | None:
    """One yes more. The gates are asked again with fresh facts, so that the last one lets it start."""
    chosen, target, by = _may(context, command.deployment, "approve")
    _demand_told_apart(context, chosen, target, by)
    approvers = (*approvers_of(context, target, chosen), by)
    records = context.begin(chosen.app, chosen.environment)
    deployment = _waiting(context, records, chosen)
    if not records.approvals.give(Approval(deployment.id, by, context.now)):
        raise Refused(messages.approved_already(deployment))
    counted = approvals_of(records, context, target, deployment, approvers)
    if by not in [one.by for one in counted]:
        raise Refused(messages.approved_already(deployment))
    missing = max(0, target.environment.approvals - len(counted))
    approved = replace(deployment, approved_by=tuple(one.by for one in counted), approvals_missing=missing)
    records.save(approved)
    records.emit(RenderParent(approved.id, approved.card))
    telling.note(records, approved, messages.approved_line(approved, Mention(by.chat_id, by.name)), part="gates")
    reconsider(records, approved)
    return None if _in_its_thread(context, approved) else messages.thanks(approved)


@router.command(Reject)
def reject(context: Context, command: Reject) -> Message | None:
    """It ends, and what others approved counts for no later request either."""
    chosen, _, by = _may(context, command.deployment, "reject")
    records = context.begin(chosen.app, chosen.environment)
    deployment = _waiting(context, records, chosen)
    records.approvals.withdraw(deployment.id)
    why = messages.rejected_by(by.name, command.reason)
    ending.end(records, replace(deployment, approvals_missing=0), State.CANCELLED, context.now, why)
    return None if _in_its_thread(context, deployment) else messages.rejected(deployment)


def _may(context: Context, number: int | None, verb: str) -> tuple[Deployment, Target, Actor]:
    """The deployment that is meant, and who says yes or no to it. Raises Refused where they may not."""
    chosen = _chosen(context, number, verb)
    presses.demand_as_drawn(context, chosen)
    if chosen.ended:
        raise Refused(already_ended(chosen))
    target = target_of(context, chosen)
    if target is None:
        raise Refused(gone_from_settings(chosen))
    authorization.demand(authorization.may_approve(context, target))
    _demand_wanted(chosen)
    asker = authorization.asker(context)
    by = Actor(asker.name, asker.id, asker.forge_login)
    if is_same(by, requester_of(context, chosen)) and not target.environment.self_approval:
        raise Refused(messages.own_request(chosen))
    return chosen, target, by


def _demand_told_apart(context: Context, chosen: Deployment, target: Target, by: Actor) -> None:
    """Raises Refused where whoever approves may be who merged it, or created it with another tool."""
    requester = requester_of(context, chosen)
    if not target.environment.self_approval and not told_apart(by, requester):
        can_link = context.forge.users.sign_in is not None
        raise Refused(messages.link_first(chosen, requester.login or requester.name, can_link=can_link))


def _chosen(context: Context, number: int | None, verb: str) -> Deployment:
    """The one that is named, else the only one that waits for approval here."""
    if number is not None:
        named = context.reads.deployment(number)
        if named is None:
            raise Refused(unknown_deployment(number))
        return named
    candidates = context.reads.wanting_approval(context.here, OFFERED)
    if not candidates:
        raise Refused(messages.nothing_to_approve())
    if len(candidates) > 1:
        raise Refused(messages.which_one(verb, candidates))
    return candidates[0]


def _waiting(context: Context, records: Records, chosen: Deployment) -> Deployment:
    """As it is now. Raises Refused where it needs no approval, or needs it no longer."""
    deployment = records.deployment(chosen.id) or chosen
    presses.demand_as_drawn(context, deployment)
    if deployment.ended:
        raise Refused(already_ended(deployment))
    _demand_wanted(deployment)
    return deployment


def _demand_wanted(deployment: Deployment) -> None:
    """Raises Refused where it needs no approval, or needs it no longer."""
    if deployment.state is not State.WAITING:
        raise Refused(messages.needs_none(deployment))
    if not deployment.approvals_missing:
        raise Refused(messages.needs_no_more(deployment))


def _in_its_thread(context: Context, deployment: Deployment) -> bool:
    """Whether it was said under the deployment's own message, where the line in the thread says it already."""
    where = context.where
    return where.channel == deployment.channel and deployment.parent in {where.thread, where.message}


@router.on(Due, name="approvals.overdue")
def overdue(context: Context, event: Due) -> None:
    """Its time for approval is over."""
    seen = context.reads.deployment(event.deployment_id)
    if seen is None:
        return
    target = target_of(context, seen)
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    if deployment is None or deployment.due_at != event.due_at or deployment.waits_for is not Waiting.APPROVAL:
        return
    # Where the settings have lost the place, what it was given at first.
    since = deployment.waits_since or deployment.created_at
    within = target.environment.approval_timeout if target else event.due_at - since
    if outages.lasts(records, "GitHub", deployment.repository.partition("/")[0]):
        # Nobody can be let approve: GitHub does not say who may.
        records.save(replace(deployment, due_at=context.now + within))
        return
    why = messages.nobody_approved(deployment, within)
    ending.end(records, deployment, State.EXPIRED, context.now, why)


# --- looking again ----------------------------------------------------------------------------------------------


@router.on(ReviewChanged, name="approvals.reviewed")
def reviewed(context: Context, event: ReviewChanged) -> None:
    """Whoever waits for reviews in the repository looks again: a merge is another commit than the one reviewed."""
    apps = apps_at(context, event.repository)
    _look_again(context, context.reads.waiting_for(Waiting.REVIEW, event.repository, apps))


@router.on(DeploymentEnded, name="approvals.came_before")
def came_before(context: Context, event: DeploymentEnded) -> None:
    """A commit has succeeded in an environment: whoever waits to follow it looks again."""
    ended = context.reads.deployment(event.deployment_id)
    if ended is None or ended.state is not State.SUCCEEDED:
        return
    there = context.reads.waiting_for(Waiting.ORDER, ended.repository, (ended.app,))
    _look_again(context, [one for one in there if one.sha == ended.sha])


def _look_again(context: Context, waiting: Sequence[Deployment]) -> None:
    if not waiting:
        return
    records = context.begin()
    reconsider(records, *waiting)
