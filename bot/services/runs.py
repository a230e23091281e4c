"""Who carries a deployment out: a provider of ours, or another tool."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import HANDED_OVER, Deployment, notes_key, run_key
from bot.services.targets import Target


def is_ours(context: Context, target: Target | None, deployment: Deployment) -> bool:
    """Whether we carry it out ourselves, so that its statuses on GitHub are our own coming back.

    Of what has begun the settings say it no more: they may have changed since.
    """
    if not deployment.exclusive:
        return False
    ours = target is not None and target.environment.provider.carries_out
    if target is not None and not deployment.begun:
        return ours
    if target is not None and context.reads.kept(notes_key(deployment.id, HANDED_OVER)) is not None:
        return True
    # Without a target what is kept of its run says it; and an earlier version has made no note.
    return (ours or target is None) and context.reads.kept(run_key(deployment.id)) is not None
