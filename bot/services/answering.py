"""Saying something where a person spoke; where the bot cannot speak there, at the address that came with it, else to
them directly."""

from __future__ import annotations

from bot.context import Context
from bot.core import replies
from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError, ThreadGone, Unpostable
from bot.core.events.external import Place
from bot.core.ports.chat import Tag
from bot.core.ports.parents import Silence
from bot.core.rich_text import Message

REFUSED = (Rejected, NotAllowed, NotThere)


def say_where_asked(
    context: Context,
    place: Place,
    message: Message,
    *,
    key: str,
    else_to: str | None,
    deployment_id: int | None = None,
    tag: Tag | None = None,
) -> str | None:
    """In the thread of what was said; the message's id, None where it is not there. ``else_to`` is told otherwise."""
    under = place.thread or place.message
    silent = under is not None and context.parents.silence(place.channel, under) is not None
    if silent and not _is_answer(place):
        return None
    thread = Place(place.channel, thread=under, direct=place.direct)
    try:
        posted = context.chat.post(thread, message, key=key, maybe_sent=context.repeated, tag=tag)
        if silent:
            context.parents.speaks_again(place.channel, under or "")
    except ThreadGone as error:
        # It is at top level now, and more of it would be as well.
        context.parents.fell_silent(Silence(place.channel, str(error), visible=False), context.now, under or "")
    except REFUSED as error:
        _otherwise(context, place, message, error, key, else_to, deployment_id)
    else:
        return posted
    return None


def _is_answer(place: Place) -> bool:
    """Whether it is to what somebody has just said or pressed, who has to hear of it in any case."""
    return place.message is not None or place.respond is not None


def _otherwise(
    context: Context,
    place: Place,
    message: Message,
    error: ShipmateError,
    key: str,
    else_to: str | None,
    deployment_id: int | None,
) -> None:
    """Each answer is told so; of how it went on one is in a thread, which says where the others are.

    Whether something was read at the address nobody can look up: what may have been is not said there again.
    """
    under = place.thread or place.message
    if under is None and not context.repeated and context.chat.answer_to_all(place, message):
        return
    if else_to is None:
        raise error
    if under is not None:
        visible = isinstance(error, Unpostable) and error.visible
        silence = Silence(place.channel, str(error), visible)
        known = not context.parents.fell_silent(silence, context.now, under)
        if known and not context.repeated and not _is_answer(place):
            return
        message = replies.told_directly(message, _reason(context, place.channel, error), *_card(context, deployment_id))
    context.chat.post(Place(else_to, direct=True), message, key=key, maybe_sent=context.repeated)


def _reason(context: Context, channel: str, error: ShipmateError) -> str:
    try:
        name = next((one for one in sorted(context.chat.channel_names(channel)) if one.startswith("#")), channel)
        return context.chat.closed(channel) or str(error).replace(channel, name)
    except REFUSED:
        return str(error)


def _card(context: Context, deployment_id: int | None) -> tuple[str | None, int | None]:
    """A link to where the deployment goes on, and its number."""
    found = context.reads.deployment(deployment_id) if deployment_id is not None else None
    if found is None or not found.parent or not found.channel:
        return None, None
    return context.chat.link_to(found.channel, found.parent), found.id
