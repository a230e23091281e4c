"""How the bot speaks: the parent message of a deployment, the thread under it, and answers to people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.context import Context
from bot.core.deployments import announcing as announcing_messages
from bot.core.deployments import thread
from bot.core.deployments.model import Deployment
from bot.core.effects import (
    Announce,
    BringHome,
    PostInThread,
    React,
    RenderParent,
    Reply,
    TellAsker,
    TellPerson,
    WorksAgain,
)
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected, ThreadGone, Unpostable
from bot.core.events import Event
from bot.core.events.external import ChannelChanged, Place, Tick
from bot.core.ports.parents import Silence
from bot.core.previews.model import is_silent
from bot.core.rich_text import fingerprint
from bot.router import Router
from bot.services import announcing, answering, replying
from bot.services.announcing import UNPOSTABLE
from bot.services.gate_facts import target_of

router = Router()
log = structlog.get_logger(__name__)

_REFUSED = (Rejected, NotAllowed, NotThere)
LATE_NEWS = timedelta(days=1)
"""For how long after its end a deployment that could be told of nowhere is still news."""


# --- deployments -------------------------------------------------------------------------------------------------


@router.performs(RenderParent)
def render_parent(context: Context, effect: RenderParent) -> Iterable[Event]:
    """Draw the card from the database as it is now, no more often than the chat service likes."""
    deployment = _shown_on(context, effect)
    if deployment is None or deployment.parent == UNPOSTABLE or _is_silent(deployment):
        return []
    if not context.repeated and context.parents.drawn_again(effect.lane, context.effect_id):
        return []  # several changes at once are one edit; but one that may have been posted is looked for by its own
    if deployment.parent is None or deployment.channel is None:
        announcing.post_card(context, deployment)
    elif not _edited(context, deployment):
        return []
    _copies(context, deployment)
    return []


def _is_silent(deployment: Deployment) -> bool:
    """Whether it has no card, and needs none yet."""
    return deployment.parent is None and is_silent(deployment)


def _shown_on(context: Context, effect: RenderParent) -> Deployment | None:
    """What the card shows: of several merges the newest, with the message that the others have."""
    sharing = context.reads.on_card(effect.card or effect.deployment_id)
    if not sharing:
        return None
    posted = next((one for one in sharing if one.parent is not None), sharing[-1])
    return replace(sharing[-1], channel=posted.channel, parent=posted.parent, edited_at=posted.edited_at)


def _edited(context: Context, deployment: Deployment) -> bool:
    """Whether the card is there, and shows how it stands now."""
    assert deployment.channel is not None
    assert deployment.parent is not None
    message = announcing.drawn(context, deployment)
    drawn = fingerprint(message)
    if drawn == context.parents.drawn(deployment.id) and not context.repeated:
        return True
    pause = timedelta(seconds=context.chat.between_edits)
    if (since := context.now - (deployment.edited_at or deployment.created_at)) < pause:
        raise NotYet("Edited a moment ago.", retry_after=(pause - since).total_seconds())
    key, tag = announcing.card_key(deployment), announcing.tag(deployment, "card")
    try:
        context.chat.edit(deployment.channel, deployment.parent, message, key=key, tag=tag)
    except NotThere:
        # Without it there is no thread either: what is said there would appear in the channel, about nothing.
        log.warning("parent deleted", deployment=deployment.id)
        context.parents.posted(deployment.shown_on, deployment.channel, UNPOSTABLE, context.now)
        return False
    except Unpostable as error:
        announcing.leave(context, deployment, error)
        return False
    except Rejected as error:
        log.warning("parent not edited", deployment=deployment.id, reason=str(error))
        return False
    context.parents.posted(deployment.shown_on, deployment.channel, deployment.parent, context.now, drawn)
    return True


def _copies(context: Context, deployment: Deployment) -> None:
    """The card in further channels; one that cannot be seen or written there is nobody else's business."""
    target = target_of(context, deployment)
    for name in target.environment.channels if target else ():
        try:
            replying.copy_card(context, deployment, name)
        except _REFUSED as error:
            log.warning("card not copied", deployment=deployment.id, channel=name, reason=str(error))


@router.performs(PostInThread)
def post_in_thread(context: Context, effect: PostInThread) -> Iterable[Event]:
    """In the deployment's thread, whose beginning has to be there first; it goes with the card where that goes."""
    deployment = context.reads.deployment(effect.deployment_id)
    for _ in range(2):
        unheard = deployment is None or deployment.parent == UNPOSTABLE or _is_silent(deployment)
        if deployment is None or unheard or not _is_told(context, deployment, effect):
            return []
        if deployment.parent is None or deployment.channel is None:
            raise NotYet("The parent message is not there yet.")
        place = replying.thread_of(context, deployment)
        try:
            _say(context, deployment, effect)
        except ThreadGone as error:
            if place.thread != deployment.parent:
                context.parents.fell_silent(
                    Silence(place.channel, str(error), visible=False), context.now, place.thread or ""
                )
                return []
            log.warning("parent deleted", deployment=deployment.id)
            context.parents.posted(deployment.shown_on, deployment.channel, UNPOSTABLE, context.now)
        except Unpostable as error:
            deployment = announcing.leave(context, deployment, error)
            continue
        return []
    return []


def _is_told(context: Context, deployment: Deployment, effect: PostInThread) -> bool:
    """Whether the thread is to hear of it: where little is wanted only of failures, and of merges by what they are
    part of."""
    target = target_of(context, deployment)
    if effect.part is None or target is None:
        return True
    failed = deployment.state in thread.FAILED or effect.part == "after_all"
    return target.environment.verbosity != "quiet" or (failed and effect.part in {"end", "after_all"})


def _say(context: Context, deployment: Deployment, effect: PostInThread) -> None:
    target = target_of(context, deployment)
    wanted = target.environment.notify if target else ()
    loud = "all" in wanted or effect.occasion in wanted
    full = target is not None and target.environment.verbosity == "full"
    if effect.part is not None and not (full and effect.part in {"gates", "run"}):
        replying.tell(context, deployment, effect.part, loud=loud)
        return
    place, tag = replying.thread_of(context, deployment), announcing.tag(deployment, "broadcast" if loud else "status")
    key, around = f"effect:{context.effect_id}", replying.written_at(context, deployment)
    message = thread.with_page(effect.message, deployment, around) if effect.part is not None else effect.message
    context.chat.post(place, message, key=key, maybe_sent=context.repeated, broadcast=loud, tag=tag)


@router.performs(TellAsker)
def tell_asker(context: Context, effect: TellAsker) -> Iterable[Event]:
    """Where the command was given, if that is not where the deployment is announced."""
    deployment = context.reads.deployment(effect.deployment_id)
    if deployment is not None and deployment.asked_channel is not None and deployment.thread is None:
        if not context.repeated and context.parents.drawn_again(effect.lane, context.effect_id):
            return []
        replying.tell_asker(context, deployment)
    return []


@router.performs(WorksAgain)
def works_again(context: Context, effect: WorksAgain) -> Iterable[Event]:
    """In the thread of the one that failed."""
    failed, newer = context.reads.deployment(effect.failed_id), context.reads.deployment(effect.deployment_id)
    if failed is None or newer is None or not failed.parent or failed.channel is None:
        return []
    message, place = thread.again(newer, failed), replying.thread_of(context, failed)
    key, tag = f"again:{failed.request_id}:{newer.id}", announcing.tag(newer, "again")
    try:
        context.chat.post(place, message, key=key, maybe_sent=context.repeated, tag=tag)
    except (*_REFUSED, ThreadGone) as error:
        log.warning("not told that it works again", deployment=failed.id, reason=str(error))
    return []


@router.performs(React)
def react(context: Context, effect: React) -> Iterable[Event]:
    """Where that is not allowed, nothing is lost: what an emoji says is said in words as well."""
    for emoji, on in ((effect.emoji, True), (effect.instead, False)):
        try:
            if emoji is not None:
                context.chat.react(effect.channel, effect.message, emoji, on=on)
        except _REFUSED as error:
            log.info("no reaction", channel=effect.channel, reason=str(error))
    return []


@router.performs(BringHome)
def bring_home(context: Context, effect: BringHome) -> Iterable[Event]:
    """The parent message goes back to its channel; what has ended meanwhile is told of where nobody has heard of it."""
    deployment = context.reads.deployment(effect.deployment_id)
    card = context.parents.away(effect.deployment_id)
    if deployment is None or card is None:
        return []
    if deployment.ended and not _is_late_news(deployment, context.now):
        announcing.correct_at_home(context, deployment, card)
        context.parents.at_home(deployment.id)
        return []
    announcing.bring_home(context, deployment, card, key=f"effect:{context.effect_id}")
    return []


def _is_late_news(ended: Deployment, now: datetime) -> bool:
    """Whether it was told nowhere how it went; late rather than never, but not of long ago: whoever lets the bot back
    in after weeks is not to read all of them."""
    return ended.parent == UNPOSTABLE and now - (ended.finished_at or ended.created_at) < LATE_NEWS


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
    answering.say_where_asked(
        context, place, effect.message, key=key, else_to=effect.else_to, deployment_id=effect.deployment_id
    )
    return []


@router.performs(TellPerson)
def tell_person(context: Context, effect: TellPerson) -> Iterable[Event]:
    """In the direct message between the person and the bot."""
    place = Place(effect.person, direct=True)
    context.chat.post(place, effect.message, key=f"effect:{context.effect_id}", maybe_sent=context.repeated)
    return []
