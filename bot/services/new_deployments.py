"""Makes a new deployment for a target: of what somebody, or something, asks for now."""

from __future__ import annotations

from uuid import uuid4

from bot.context import Context
from bot.core.deployments.model import Actor, Deployment
from bot.core.deployments.requesting import Destination, requested
from bot.core.ports.forge_types import Commit
from bot.services.targets import Target


def new_deployment(context: Context, target: Target, commit: Commit, *, trigger: str, by: Actor) -> Deployment:
    """With all defaults; who asks for more replaces what is different about theirs."""
    to = Destination(target.app.name, target.environment.name, target.app.repository, target.environment.url)
    return requested(str(uuid4()), to, commit, trigger=trigger, by=by, at=context.now)
