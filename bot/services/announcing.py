"""Where news of an app is told: in its channel; where nothing can be said there, in that of [slack], else to admins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from bot.context import Context
from bot.core.deployments import announcing as messages
from bot.core.deployments.card import card
from bot.core.deployments.model import Deployment
from bot.core.deployments.representation import state_told
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected, ShipmateError, Unpostable
from bot.core.events.external import Place
from bot.core.ports.chat import Tag
from bot.core.ports.parents import AwayCard, Silence
from bot.core.rich_text import Message, fingerprint
from bot.services import admins
from bot.services.surroundings import around

log = structlog.get_logger(__name__)

UNPOSTABLE = ""
"""Stands for a parent message that the chat refused for good: the deployment goes on without one."""
_REFUSED = (Rejected, NotAllowed, NotThere)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an app is announced: the channel's ``name`` in the settings, and its id as far as it is there to be seen.

    ``why`` nothing can be said there, as a sentence; ``instead`` where it is said then, None for nowhere.
    """

    name: str
    channel: str | None
    why: str | None = None
    instead: str | None = None


def spot(context: Context, name: str) -> Spot:
    """For whoever asks, before anything is announced: nothing is promised that is not so."""
    channel = context.chat.channel_id(name)
    why = _closed(context, channel)
    if why is None:
        return Spot(name, channel)
    general = context.settings.slack.channel
    other = context.chat.channel_id(general) if general else None
    if general and other != channel and _closed(context, other) is None:
        return Spot(name, channel, why, general)
    return Spot(name, channel, why, messages.TO_ADMINS if admins.admins(context) else None)


def is_read_here(context: Context, name: str) -> bool:
    """Whether what is announced in the channel is read where the command was given."""
    channel = context.chat.channel_id(name)
    return channel == context.where.channel and _closed(context, channel) is None


def _closed(context: Context, channel: str | None) -> str | None:
    if channel is None:
        return messages.NOT_SEEN
    silence = context.parents.silence(channel)
    if context.via == "mention" and channel == context.where.channel and silence is None:
        return None  # Whoever hears what is said in a channel is in it.
    try:
        closed = context.chat.closed(channel)
    except _REFUSED as error:
        log.warning("channel not looked at", channel=channel, reason=str(error))
        closed = None
    return closed or (silence.reason if silence is not None and not silence.visible else None)


def home_of(context: Context, app: str, otherwise: str | None = None) -> str | None:
    """Where the app is announced; of one that is gone from the settings, where those are that name no channel."""
    known = context.settings.apps.get(app)
    return known.channel if known else otherwise or context.settings.slack.channel


def tag(deployment: Deployment, kind: str) -> Tag:
    """What a message that is drawn from the deployment tells, for other tools."""
    return Tag(deployment.request_id, kind, state_told(deployment))


def card_key(deployment: Deployment) -> str:
    """Under this the first message of the card is found again."""
    return f"parent:{deployment.request_id}"


def post_at_home(
    context: Context, name: str | None, message: Message, *, key: str, repeated: bool, tag: Tag | None = None
) -> tuple[str, str]:
    """The channel and the message. Raises Rejected, NotAllowed or NotThere where it cannot be said there."""
    channel = context.chat.channel_id(name) if name else None
    if channel is None:
        raise Unpostable(f"There is no channel {name or 'in the settings'} that I can see; invite me there.")
    posted = context.chat.post(Place(channel), message, key=key, maybe_sent=repeated, tag=tag)
    if context.parents.silence(channel) is not None:
        context.parents.speaks_again(channel)
    return channel, posted


def elsewhere(context: Context, home: str) -> Iterator[Place]:
    """Where it is said instead, best first."""
    general = context.settings.slack.channel
    other = context.chat.channel_id(general) if general else None
    if other is not None and other != home:
        yield Place(other)
    yield from admins.admins(context)


def note_silence(context: Context, channel: str, name: str | None, error: ShipmateError) -> tuple[str, bool]:
    """Remember that nothing can be said there, and why; the reason, for people, and whether that is new."""
    reason = str(error).replace(channel, name) if channel and name else str(error)
    with suppress(*_REFUSED):
        reason = context.chat.closed(channel) or reason
    visible = error.visible if isinstance(error, Unpostable) else False
    new = context.parents.fell_silent(Silence(channel, reason, visible), context.now)
    if new:
        log.error("channel closed to me", channel=channel, reason=reason)
    return reason, new


# --- cards -------------------------------------------------------------------------------------------------------


def post_card(context: Context, deployment: Deployment) -> None:
    """Post the deployment's parent message where it belongs, else elsewhere."""
    name = home_of(context, deployment.app, deployment.asked_channel) or ""
    key = card_key(deployment)
    try:
        message = card(deployment, around(context, deployment))
        told = tag(deployment, "card")
        channel, posted = post_at_home(context, name, message, key=key, repeated=context.repeated, tag=told)
    except _REFUSED as error:
        send_away(context, deployment, context.chat.channel_id(name) or name, None, error)
        return
    context.parents.posted(deployment.shown_on, channel, posted, context.now, fingerprint(message))


def send_away(
    context: Context, deployment: Deployment, home: str, before: str | None, error: ShipmateError
) -> Deployment:
    """The parent message goes elsewhere, with the reason; ``before`` is the one at home, which nobody can change now.

    Raises NotYet where another lane is about to do the same.
    """
    name = home_of(context, deployment.app) or home
    reason, new = note_silence(context, home, name, error)
    if not context.parents.leaves(AwayCard(deployment.id, home, before, reason, context.effect_id)):
        raise NotYet("Its message is on its way to another channel.")
    message = messages.in_place_of(card(deployment, around(context, deployment)), name, reason)
    key = f"{card_key(deployment)}:away:{before or ''}"
    places = elsewhere(context, home)
    for place in places:
        try:
            # Looked for in any case: what was noted of an earlier attempt may have been lost.
            posted = context.chat.post(place, message, key=key, maybe_sent=True, tag=tag(deployment, "card"))
        except _REFUSED as refused:
            log.warning("not announced", deployment=deployment.id, channel=place.channel, reason=str(refused))
            continue
        channel = context.chat.channel_id(place.channel) or place.channel
        context.parents.posted(deployment.shown_on, channel, posted, context.now)
        if new and place.direct:
            _tell_the_others(context, places, messages.closed_to_me(name, reason), key)
        break
    else:
        log.error("deployment not announced", deployment=deployment.id, channel=home, reason=reason)
        context.parents.posted(deployment.shown_on, home, UNPOSTABLE, context.now)
    moved = context.reads.deployment(deployment.id)
    assert moved is not None
    return moved


def _tell_the_others(context: Context, others: Iterator[Place], message: Message, key: str) -> None:
    """One admin has the message itself; the others hear once that something is to be mended."""
    for place in others:
        try:
            context.chat.post(place, message, key=f"{key}:{place.channel}", maybe_sent=context.repeated)
        except _REFUSED as error:
            log.warning("admin not told", person=place.channel, reason=str(error))


def leave(context: Context, deployment: Deployment, error: ShipmateError) -> Deployment:
    """The channel of the parent message is closed: it goes elsewhere, unless it is there already."""
    left = context.parents.away(deployment.id)
    channel = deployment.channel or ""
    if left is None or (left.channel == channel and left.parent == deployment.parent):
        return send_away(context, deployment, channel, deployment.parent, error)
    log.error("deployment not announced", deployment=deployment.id, channel=channel, reason=str(error))
    context.parents.posted(deployment.shown_on, channel, UNPOSTABLE, context.now)
    return replace(deployment, parent=UNPOSTABLE)


def drawn(context: Context, deployment: Deployment) -> Message:
    """The parent message as it is to be seen now, with the reason where it is away."""
    message, left = card(deployment, around(context, deployment)), context.parents.away(deployment.id)
    if left is None:
        return message
    return messages.in_place_of(message, home_of(context, deployment.app) or left.channel, left.reason)


def bring_home(context: Context, deployment: Deployment, left: AwayCard, *, key: str) -> None:
    """The parent message goes back where it belongs, as things are now; the one that stood for it says so."""
    channel = context.chat.channel_id(left.channel)
    if channel is None:
        return
    try:
        posted = _at_home(context, deployment, left, channel, key)
    except _REFUSED as error:
        note_silence(context, channel, home_of(context, deployment.app), error)
        if deployment.parent and deployment.channel:
            _try_edit(context, deployment.channel, deployment.parent, drawn(context, deployment))
        return
    context.parents.posted(deployment.shown_on, channel, posted, context.now)
    context.parents.at_home(deployment.id)
    context.parents.speaks_again(left.channel)
    context.parents.speaks_again(channel)
    if deployment.parent and deployment.channel and deployment.parent != posted:
        name = home_of(context, deployment.app) or left.channel
        moved = messages.goes_on_in(deployment, name, context.chat.link_to(channel, posted))
        _try_edit(context, deployment.channel, deployment.parent, moved)


def correct_at_home(context: Context, deployment: Deployment, left: AwayCard) -> None:
    """What was left there goes on showing something that is not so: it is drawn anew, which tells nobody."""
    channel = context.chat.channel_id(left.channel)
    if channel is not None and left.parent:
        _try_edit(context, channel, left.parent, card(deployment, around(context, deployment)))


def _at_home(context: Context, deployment: Deployment, left: AwayCard, channel: str, key: str) -> str:
    """The message there, drawn anew where it had one before, with a word in its thread that the channel sees too."""
    message, told = card(deployment, around(context, deployment)), tag(deployment, "card")
    if left.parent:
        try:
            context.chat.edit(channel, left.parent, message, key=card_key(deployment), tag=told)
        except NotThere:
            log.info("parent deleted", deployment=deployment.id)
        else:
            again = messages.back(deployment)
            thread = Place(channel, thread=left.parent)
            told = tag(deployment, "broadcast")
            context.chat.post(thread, again, key=key, maybe_sent=context.repeated, broadcast=True, tag=told)
            return left.parent
    return context.chat.post(Place(channel), message, key=key, maybe_sent=context.repeated, tag=told)


def _try_edit(context: Context, channel: str, message_id: str, message: Message) -> None:
    try:
        context.chat.edit(channel, message_id, message)
    except _REFUSED as error:
        log.warning("message not edited", channel=channel, reason=str(error))
