"""Draws the card of what waits in the queue anew each minute, so that what it says of time stays true."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import State, Waiting
from bot.core.deployments.reconsideration import A_MINUTE, turn_timer
from bot.core.effects import RenderParent
from bot.core.events.internal import TurnComesNearer
from bot.router import Router

router = Router()


@router.on(TurnComesNearer, name="queue_clock.comes_nearer")
def comes_nearer(context: Context, event: TurnComesNearer) -> None:
    """Until its turn has come. A card that would look the same is not edited."""
    seen = context.reads.deployment(event.deployment_id)
    if seen is None:
        return
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    if deployment is None or deployment.state is not State.WAITING or deployment.waits_for is not Waiting.QUEUE:
        return
    records.emit(RenderParent(deployment.id, deployment.card))
    records.set_timer(turn_timer(deployment.id), context.now + A_MINUTE, event)
