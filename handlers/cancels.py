"""Cancel a deployment that waits or runs."""

from __future__ import annotations

from bot.context import Context
from bot.core import replies
from bot.core.deployments import ending
from bot.core.deployments.model import Deployment
from bot.core.errors import Refused
from bot.core.grammar.commands import Cancel
from bot.core.people.logins import same_login
from bot.core.people.permissions import Permission
from bot.core.presses import messages as press_messages
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import authorization, presses
from bot.services.gate_facts import target_of
from bot.services.runs import is_ours
from bot.services.targets import Target

router = Router()


@router.command(Cancel)
def cancel(context: Context, command: Cancel) -> Message:
    """What waits is cancelled at once; what runs here is stopped; what another tool runs is marked."""
    chosen = _chosen(context, command.deployment)
    target = target_of(context, chosen)
    if not _is_own(context, chosen):
        authorization.demand(_may_cancel(context, chosen, target))
    ours = is_ours(context, target, chosen)
    records = context.begin(chosen.app, chosen.environment)
    deployment = records.deployment(chosen.id) or chosen
    presses.demand_as_drawn(context, deployment)
    if deployment.ended:
        raise Refused(replies.already_ended(deployment))
    if deployment.cancel_by is not None:
        raise Refused(press_messages.stopped_already(deployment, context.asker.name))
    ending.cancel(records, deployment, context.asker.name, context.now, ours=ours)
    if not deployment.begun:
        return replies.cancelled(deployment)
    return replies.stopping(deployment) if ours else replies.cancelled_elsewhere(deployment)


def _is_own(context: Context, deployment: Deployment) -> bool:
    """Whoever asked for it, or merged it, may always take that back."""
    if deployment.by.chat_id is not None:
        return deployment.by.chat_id == context.asker.id
    return same_login(deployment.by.login, authorization.asker(context).forge_login)


def _may_cancel(context: Context, deployment: Deployment, target: Target | None) -> Permission:
    does = f"cancel #{deployment.id}"
    if target is None:  # taken out of the settings since: the repository alone decides
        return authorization.may_write(context, deployment.repository, does)
    return authorization.may_deploy(context, target, does=does)


def _chosen(context: Context, number: int | None) -> Deployment:
    """The one that is named, else the only one that can be meant."""
    if number is not None:
        named = context.reads.deployment(number)
        if named is None:
            raise Refused(replies.unknown_deployment(number))
        return named
    candidates = context.reads.cancellable(context.asker.id, context.here) or context.reads.cancellable(
        None, context.here
    )
    if not candidates:
        raise Refused(replies.nothing_to_cancel())
    if len(candidates) > 1:
        raise Refused(replies.which_to_cancel(candidates))
    return candidates[0]
