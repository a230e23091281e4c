"""Who may deploy here, and from which channel."""

from __future__ import annotations

from bot.core.gates.model import Answer, Facts
from bot.core.rich_text import Bold


def place(facts: Facts) -> Answer | None:
    """Some apps are deployed from some channels only."""
    allowed = facts.app.allowed_channels
    if not allowed or facts.place is None:
        return None
    if any(name in facts.place for channel in allowed for name in (channel, channel.lstrip("#"))):
        return Answer("place", True, (Bold(facts.app.name), " may be deployed from this channel"))
    channels = ", ".join(allowed)
    return Answer("place", False, (Bold(facts.app.name), f" is deployed from {channels} only; ask there"))


def permission(facts: Facts) -> Answer | None:
    """Who asks may deploy here. Merges and what other tools create are asked by nobody in the chat.

    That somebody may is worth a line only where the environment names who.
    """
    given = facts.permission
    if given is None or (given and not facts.environment.deployers):
        return None
    return Answer("permission", given.allowed, given.line)
