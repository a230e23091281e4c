"""Orphans: what is left of a place that was taken out of the settings, or renamed, is told once, and waits."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bot.context import Context
from bot.core.deployments.model import Deployment, State
from bot.core.deployments.reconsideration import reconsider
from bot.core.effects import Announce
from bot.core.events.external import Place, Tick
from bot.core.events.internal import OrphanFound
from bot.core.orphans import lifecycle, messages, model
from bot.core.orphans.model import TOLD, Orphan
from bot.core.schedules.model import ScheduleEntry
from bot.router import Router
from bot.services import admins
from bot.services.orphans import orphans, places_of

router = Router()
log = structlog.get_logger(__name__)


@router.on(Tick, name="orphans.look")
def look(context: Context, tick: Tick) -> None:
    """At each start and every few minutes: one event for each place with something that nobody was told of. What has
    its place back goes on, and is told anew should that go once more."""
    if tick.name != "reconcile":
        return
    left, told = orphans(context), set(context.reads.kept_keys(TOLD))
    keys = {one.key for one in left}
    records = context.begin()
    for app, environment in places_of([one for one in left if one.key not in told]):
        records.put(OrphanFound(app, environment), f"orphans:{app}:{environment}:{records.cause}")
    for key in sorted(told - keys):
        records.forget(key)
        number = model.deployment_of(key)
        deployment = records.deployment(number) if number is not None else None
        if deployment is not None and deployment.state is State.WAITING:
            reconsider(records, deployment)


@router.on(OrphanFound, name="orphans.found")
def found(context: Context, event: OrphanFound) -> None:
    """Told once; what waits says so in its message too, and on GitHub."""
    place = (event.app, event.environment)
    announced, places = _where(context, [one for one in orphans(context) if one.place == place])
    records = context.begin(*place)
    there = [one for one in model.orphans(records, context.settings.places, context.now) if one.place == place]
    left = [one for one in there if records.kept(one.key) is None]
    if not left:
        return
    for one in left:
        records.keep(one.key, context.now.isoformat())
        if isinstance(one.thing, Deployment) and not one.thing.busy:
            lifecycle.leave_waiting(records, one.thing)
    message = messages.left_behind(left)
    if announced:
        records.emit(Announce(event.app, message))
    elif places:
        admins.tell(records, places, message)
    else:
        log.error("nobody can be told", orphans=[messages.summary(one) for one in left])


def _where(context: Context, left: Sequence[Orphan]) -> tuple[bool, list[Place]]:
    """Whether the app's channel is there to be told; else where it was announced or asked for, where those are that
    name no channel, or the admins."""
    app = context.settings.apps.get(left[0].app) if left else None
    if app is not None and context.chat.channel_id(app.channel) is not None:
        return True, []
    for one in left:
        if (known := _known_from(one)) is not None:
            return False, [known]
    general = context.settings.slack.channel
    channel = context.chat.channel_id(general) if general else None
    return False, [Place(channel)] if channel is not None else admins.admins(context)


def _known_from(orphan: Orphan) -> Place | None:
    thing = orphan.thing
    if isinstance(thing, Deployment) and thing.channel and thing.parent:
        return Place(thing.channel)
    if isinstance(thing, ScheduleEntry):
        return thing.place
    return None
