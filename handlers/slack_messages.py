"""How the bot speaks: the parent message of a deployment, the thread under it, and answers to people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog

from bot.context import Context
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.model import Deployment
from bot.core.effects import Announce, PostInThread, RenderParent, Reply, TellPerson
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected
from bot.core.events import Event
from bot.core.events.external import Place
from bot.router import Router
from bot.services.gate_facts import target_of

router = Router()
log = structlog.get_logger(__name__)

UNPOSTABLE = ""
"""Stands for a parent message that the chat refused for good: the deployment goes on without one."""


@router.performs(RenderParent)
def render_parent(context: Context, effect: RenderParent) -> Iterable[Event]:
    """Draw the parent from the database as it is now, no more often than the chat service likes."""
    deployment = context.reads.deployment(effect.deployment_id)
    if deployment is None or deployment.parent == UNPOSTABLE:
        return []
    if not context.repeated and context.parents.drawn_again(effect.lane, context.effect_id):
        return []  # several changes at once are one edit; but one that may have been posted is looked for by its own
    message = deployment_messages.parent(deployment)
    if deployment.parent is None or deployment.channel is None:
        _post_parent(context, deployment)
        return []
    since = context.now - (deployment.edited_at or deployment.created_at)
    pause = timedelta(seconds=context.chat.between_edits)
    if since < pause:
        raise NotYet("Edited a moment ago.", retry_after=(pause - since).total_seconds())
    try:
        context.chat.edit(deployment.channel, deployment.parent, message)
    except NotThere:
        # Without it there is no thread either: what is said there would appear in the channel, about nothing.
        log.warning("parent deleted", deployment=deployment.id)
        context.parents.posted(deployment.id, deployment.channel, UNPOSTABLE, context.now)
        return []
    except Rejected as error:
        log.warning("parent not edited", deployment=deployment.id, reason=str(error))
        return []
    context.parents.posted(deployment.id, deployment.channel, deployment.parent, context.now)
    return []


def _post_parent(context: Context, deployment: Deployment) -> None:
    configured = _channel_of(context, deployment.app, deployment.asked_channel) or ""
    key = f"parent:{deployment.request_id}"
    try:
        channel = context.chat.channel_id(configured)
        if channel is None:
            raise Rejected(f"There is no channel {configured} that I can see; invite me there.")
        posted = context.chat.post(
            Place(channel), deployment_messages.parent(deployment), key=key, maybe_sent=context.repeated
        )
    except (Rejected, NotAllowed, NotThere) as error:
        log.error("deployment not announced", deployment=deployment.id, channel=configured, reason=str(error))
        context.parents.posted(deployment.id, configured, UNPOSTABLE, context.now)
        return
    context.parents.posted(deployment.id, channel, posted, context.now)


@router.performs(PostInThread)
def post_in_thread(context: Context, effect: PostInThread) -> Iterable[Event]:
    """A line under the parent message, which has to be there first."""
    deployment = context.reads.deployment(effect.deployment_id)
    if deployment is None or deployment.parent == UNPOSTABLE:
        return []
    if deployment.parent is None or deployment.channel is None:
        raise NotYet("The parent message is not there yet.")
    place = Place(deployment.channel, thread=deployment.parent)
    key = f"effect:{context.effect_id}"
    target = target_of(context, deployment)
    loud = target is not None and effect.occasion in target.environment.notify
    context.chat.post(place, effect.message, key=key, maybe_sent=context.repeated, broadcast=loud)
    return []


@router.performs(Reply)
def reply(context: Context, effect: Reply) -> Iterable[Event]:
    """In the thread of what was said; to the asker alone where it concerns nobody else."""
    place = effect.place
    if effect.only_to is not None:
        context.chat.whisper(place, effect.only_to, effect.message)
        return []
    thread = Place(place.channel, thread=place.thread or place.message, direct=place.direct)
    key = f"effect:{context.effect_id}"
    try:
        context.chat.post(thread, effect.message, key=key, maybe_sent=context.repeated)
    except (Rejected, NotAllowed, NotThere):
        if effect.else_to is None:
            raise
        context.chat.post(Place(effect.else_to, direct=True), effect.message, key=key, maybe_sent=context.repeated)
    return []


@router.performs(Announce)
def announce(context: Context, effect: Announce) -> Iterable[Event]:
    """At top level of the app's channel; where the bot cannot speak there, the log tells."""
    name = _channel_of(context, effect.app)
    channel = context.chat.channel_id(name) if name else None
    if channel is None:
        log.error("nothing announced", app=effect.app, channel=name, reason="there is no such channel to see")
        return []
    context.chat.post(Place(channel), effect.message, key=f"effect:{context.effect_id}", maybe_sent=context.repeated)
    return []


def _channel_of(context: Context, app: str, otherwise: str | None = None) -> str | None:
    """Where the app is announced; of one that is gone from the settings, where those are that name no channel."""
    known = context.settings.apps.get(app)
    return known.channel if known else otherwise or context.settings.slack.channel


@router.performs(TellPerson)
def tell_person(context: Context, effect: TellPerson) -> Iterable[Event]:
    """In the direct message between the person and the bot."""
    place = Place(effect.person, direct=True)
    context.chat.post(place, effect.message, key=f"effect:{context.effect_id}", maybe_sent=context.repeated)
    return []
