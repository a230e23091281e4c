"""Who carries a deployment out: a provider of ours, or another tool."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import Deployment, run_key
from bot.services.targets import Target


def is_ours(context: Context, target: Target | None, deployment: Deployment) -> bool:
    """Whether we carry it out ourselves, so that its statuses on GitHub are our own coming back.

    Without a ``target``, as its place is gone from the settings, that is known of what has begun.
    """
    if not deployment.exclusive:
        return False
    if target is None:
        return context.reads.kept(run_key(deployment.id)) is not None
    return target.environment.provider.carries_out
