"""Where what is live goes next, and what would go with it."""

from __future__ import annotations

import structlog

from bot.context import Context
from bot.core.deployments.card import Promotion
from bot.core.deployments.model import DEPLOY, Deployment, State
from bot.core.deployments.requesting import commit_of
from bot.core.deployments.shipping import summary
from bot.core.errors import ShipmateError
from bot.services import comparing
from bot.services.targets import Target, target_at

log = structlog.get_logger(__name__)


def next_place(context: Context, deployment: Deployment) -> Target | None:
    """Where it goes on to by the settings, while it is what is live where it is, and not live there."""
    here = target_at(context, deployment.app, deployment.environment)
    name = here.environment.promote_to if here else None
    there = target_at(context, deployment.app, name) if name else None
    if there is None or deployment.state is not State.SUCCEEDED or deployment.task != DEPLOY:
        return None
    live, beyond = context.reads.last_success(deployment.app, deployment.environment), _live(context, there)
    if live is None or live.id != deployment.id or deployment.rollback_of is not None:
        return None
    return None if beyond is not None and beyond.sha == deployment.sha else there


def _live(context: Context, place: Target) -> Deployment | None:
    return context.reads.last_success(*place.place)


def offered(context: Context, deployment: Deployment) -> Promotion | None:
    """What its card offers: where it may go on to, and what would go with it as far as GitHub tells."""
    here = target_at(context, deployment.app, deployment.environment)
    there = next_place(context, deployment)
    if here is None or there is None or here.environment.promote != "ask":
        return None
    what = ""
    try:
        gap = comparing.gap(context, there, commit_of(deployment), deployment.short_sha)
        what = summary(gap.changes.shipped, gap.changes.more)
    except ShipmateError as error:
        log.info("promotion not counted", deployment=deployment.id, reason=str(error))
    return Promotion(deployment.environment, there.environment.name, what)
