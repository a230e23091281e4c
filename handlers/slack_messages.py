"""How the bot speaks: the parent message of a deployment, the thread under it, and answers to people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog

from bot.context import Context
from bot.core import replies
from bot.core.deployments import announcing as announcing_messages
from bot.core.effects import Announce, BringHome, PostInThread, RenderParent, Reply, TellPerson
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected, ShipmateError, ThreadGone, Unpostable
from bot.core.events import Event
from bot.core.events.external import ChannelChanged, Place, Tick
from bot.core.ports.parents import Silence
from bot.router import Router
from bot.services import announcing
from bot.services.announcing import UNPOSTABLE
from bot.services.gate_facts import target_of

router = Router()
log = structlog.get_logger(__name__)

_REFUSED = (Rejected, NotAllowed, NotThere)


# --- deployments -------------------------------------------------------------------------------------------------


@router.performs(RenderParent)
def render_parent(context: Context, effect: RenderParent) -> Iterable[Event]:
    """Draw the parent from the database as it is now, no more often than the chat service likes."""
    deployment = context.reads.deployment(effect.deployment_id)
    if deployment is None or deployment.parent == UNPOSTABLE:
        return []
    if not context.repeated and context.parents.drawn_again(effect.lane, context.effect_id):
        return []  # several changes at once are one edit; but one that may have been posted is looked for by its own
    if deployment.parent is None or deployment.channel is None:
        announcing.post_card(context, deployment)
        return []
    since = context.now - (deployment.edited_at or deployment.created_at)
    pause = timedelta(seconds=context.chat.between_edits)
    if since < pause:
        raise NotYet("Edited a moment ago.", retry_after=(pause - since).total_seconds())
    try:
        context.chat.edit(deployment.channel, deployment.parent, announcing.drawn(context, deployment))
    except NotThere:
        # Without it there is no thread either: what is said there would appear in the channel, about nothing.
        log.warning("parent deleted", deployment=deployment.id)
        context.parents.posted(deployment.id, deployment.channel, UNPOSTABLE, context.now)
        return []
    except Unpostable as error:
        announcing.leave(context, deployment, error)
        return []
    except Rejected as error:
        log.warning("parent not edited", deployment=deployment.id, reason=str(error))
        return []
    context.parents.posted(deployment.id, deployment.channel, deployment.parent, context.now)
    return []


@router.performs(PostInThread)
def post_in_thread(context: Context, effect: PostInThread) -> Iterable[Event]:
    """A line under the parent message, which has to be there first; it goes with that where the channel is closed."""
    deployment = context.reads.deployment(effect.deployment_id)
    for _ in range(2):
        if deployment is None or deployment.parent == UNPOSTABLE:
            return []
        if deployment.parent is None or deployment.channel is None:
            raise NotYet("The parent message is not there yet.")
        place = Place(deployment.channel, thread=deployment.parent)
        key = f"effect:{context.effect_id}"
        target = target_of(context, deployment)
        loud = target is not None and effect.occasion in target.environment.notify
        try:
            context.chat.post(place, effect.message, key=key, maybe_sent=context.repeated, broadcast=loud)
        except ThreadGone:
            log.warning("parent deleted", deployment=deployment.id)
            context.parents.posted(deployment.id, deployment.channel, UNPOSTABLE, context.now)
        except Unpostable as error:
            deployment = announcing.leave(context, deployment, error)
            continue
        return []
    return []


@router.performs(BringHome)
def bring_home(context: Context, effect: BringHome) -> Iterable[Event]:
    """The parent message goes back to its channel; of what has ended meanwhile nobody needs to be told."""
    deployment = context.reads.deployment(effect.deployment_id)
    card = context.parents.away(effect.deployment_id)
    if deployment is None or card is None:
        return []
    if deployment.ended:
        announcing.correct_at_home(context, deployment, card)
        context.parents.at_home(deployment.id)
        return []
    announcing.bring_home(context, deployment, card, key=f"effect:{context.effect_id}")
    return []


@router.on(ChannelChanged, name="slack_messages.channel_changed")
def channel_changed(context: Context, event: ChannelChanged) -> None:
    """Perhaps it can be spoken in again."""
    _bring_home(context, lambda home: context.chat.channel_id(home) == event.channel)


@router.on(Tick, name="slack_messages.look")
def look(context: Context, tick: Tick) -> None:
    """Slack does not tell of everything that opens a channel, and what it tells may be lost."""
    if tick.name == "reconcile":
        _bring_home(context, lambda _: True)


def _bring_home(context: Context, meant: Callable[[str], bool]) -> None:
    """Whatever is away from one of the channels that are meant goes home, if something can be said there again."""
    away = context.parents.all_away()
    homes = {card.channel for card in away} | context.parents.silent_channels()
    opened = {home for home in homes if meant(home) and _is_open(context, home)}
    for home in opened - {card.channel for card in away}:
        context.parents.speaks_again(home)
    if back := [card for card in away if card.channel in opened]:
        context.begin().emit(*(BringHome(card.deployment_id) for card in back))


def _is_open(context: Context, home: str) -> bool:
    try:
        channel = context.chat.channel_id(home)
        return channel is not None and context.chat.closed(channel) is None
    except _REFUSED as error:
        log.warning("channel not looked at", channel=home, reason=str(error))
        return False


@router.performs(Announce)
def announce(context: Context, effect: Announce) -> Iterable[Event]:
    """At top level of the app's channel; where the bot cannot speak there, elsewhere and why."""
    name = announcing.home_of(context, effect.app)
    key = f"effect:{context.effect_id}"
    try:
        announcing.post_at_home(context, name, effect.message, key=key, repeated=context.repeated)
        return []
    except _REFUSED as error:
        home = (context.chat.channel_id(name) if name else None) or name or ""
        reason, _ = announcing.note_silence(context, home, name, error)
    message = announcing_messages.in_place_of(effect.message, name or home, reason)
    for place in announcing.elsewhere(context, home):
        try:
            context.chat.post(place, message, key=key, maybe_sent=context.repeated)
        except _REFUSED as error:
            log.warning("not announced", app=effect.app, channel=place.channel, reason=str(error))
            continue
        return []
    log.error("nothing announced", app=effect.app, channel=name, reason=reason)
    return []


# --- people ------------------------------------------------------------------------------------------------------


@router.performs(Reply)
def reply(context: Context, effect: Reply) -> Iterable[Event]:
    """In the thread of what was said; to the asker alone where it concerns nobody else."""
    place, key = effect.place, f"effect:{context.effect_id}"
    if effect.only_to is not None:
        context.chat.whisper(place, effect.only_to, effect.message, key=key, maybe_sent=context.repeated)
        return []
    under = place.thread or place.message
    silent = under is not None and context.parents.silence(place.channel, under) is not None
    if silent and not _is_answer(place):
        return []
    thread = Place(place.channel, thread=under, direct=place.direct)
    try:
        context.chat.post(thread, effect.message, key=key, maybe_sent=context.repeated)
        if silent:
            context.parents.speaks_again(place.channel, under or "")
    except ThreadGone as error:
        # It is at top level now, and more of it would be as well.
        context.parents.fell_silent(Silence(place.channel, str(error), visible=False), context.now, under or "")
    except _REFUSED as error:
        _reply_otherwise(context, effect, error, key)
    return []


def _is_answer(place: Place) -> bool:
    """Whether it is to what somebody has just said or pressed, who has to hear of it in any case."""
    return place.message is not None or place.respond is not None


def _reply_otherwise(context: Context, effect: Reply, error: ShipmateError, key: str) -> None:
    """Where the bot cannot speak: at the address that came with the command, else to the asker.

    Each answer is told so; of how it went on one is in a thread, which says where the others are.

    Whether something was read at the address nobody can look up: what may have been is not said there again.
    """
    place, under = effect.place, effect.place.thread or effect.place.message
    if under is None and not context.repeated and context.chat.answer_to_all(place, effect.message):
        return
    if effect.else_to is None:
        raise error
    if under is not None:
        visible = isinstance(error, Unpostable) and error.visible
        silence = Silence(place.channel, str(error), visible)
        known = not context.parents.fell_silent(silence, context.now, under)
        if known and not context.repeated and not _is_answer(place):
            return
    message = effect.message
    if under is not None:
        message = replies.told_directly(message, _reason(context, place.channel, error), *_card(context, effect))
    context.chat.post(Place(effect.else_to, direct=True), message, key=key, maybe_sent=context.repeated)


def _reason(context: Context, channel: str, error: ShipmateError) -> str:
    try:
        name = next((one for one in sorted(context.chat.channel_names(channel)) if one.startswith("#")), channel)
        return context.chat.closed(channel) or str(error).replace(channel, name)
    except _REFUSED:
        return str(error)


def _card(context: Context, effect: Reply) -> tuple[str | None, int | None]:
    """A link to where the deployment goes on, and its number."""
    found = context.reads.deployment(effect.deployment_id) if effect.deployment_id is not None else None
    if found is None or not found.parent or not found.channel:
        return None, None
    return context.chat.link_to(found.channel, found.parent), found.id


@router.performs(TellPerson)
def tell_person(context: Context, effect: TellPerson) -> Iterable[Event]:
    """In the direct message between the person and the bot."""
    place = Place(effect.person, direct=True)
    context.chat.post(place, effect.message, key=f"effect:{context.effect_id}", maybe_sent=context.repeated)
    return []
