"""Bots and workflows that speak to the bot: those that the settings do not trust are told so once."""

from __future__ import annotations

import structlog

from bot.context import Context
from bot.core import replies
from bot.core.events.external import CommandGiven
from bot.core.presses.model import Press
from bot.core.rich_text import Message

log = structlog.get_logger(__name__)


def refuse_once(context: Context, given: CommandGiven, name: str) -> Message | None:
    """In its thread, and not again within the hour in the channel: two machines could talk to each other for ever."""
    place = given.place
    log.warning("bot refused", bot=given.person, name=name, channel=place.channel)
    begun = f"bot:{given.person}:{place.channel}"
    keys = (f"{begun}:{place.thread or place.message}", f"{begun}:{context.now:%Y-%m-%dT%H}")
    records = context.begin()
    if any(records.presses.of(key) is not None for key in keys):
        return None
    for key in keys:
        records.presses.keep(Press(key, name, given.person, None, context.now))
    return replies.machine_refused(name, given.person)
