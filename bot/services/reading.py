"""How somebody reads an answer: on their own clock."""

from __future__ import annotations

from bot.context import Context
from bot.core.moments import of_today
from bot.core.rich_text import Message


def as_read(context: Context, message: Message) -> Message:
    """With the moments of today as they are where the person is who is answered: without the date."""
    zone = context.person.timezone if context.person is not None else None
    return of_today(message, context.now, zone or context.settings.bot.timezone)
