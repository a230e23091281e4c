"""What is said where a deployment's own channel is closed to the bot, and when it is open again."""

from __future__ import annotations

from dataclasses import replace

from bot.core.deployments.model import Deployment
from bot.core.deployments.wording import emoji, sentence, state_line, where
from bot.core.rich_text import Bold, Line, Link, Message, Span, plain, say

NOT_SEEN = "There is no such channel, or nobody has invited me there."
TO_ADMINS = "direct messages to my admins"


def in_place_of(message: Message, home: str, reason: str) -> Message:
    """What belongs into ``home``, with the reason why it is not there."""
    return replace(message, context=(*message.context, (f"Here and not in {home}: {_clause(reason)}",)))


def not_at_home(home: str, reason: str) -> Line:
    """Where the command was given: why its card is not where whoever asked would look for it."""
    return (f"I cannot announce it in {home}: {_clause(reason)}",)


def closed_to_me(home: str, reason: str) -> Message:
    """To admins."""
    return say(f"I cannot post in {home}: {_clause(reason)} Until I can, what belongs there goes to one of my admins.")


def back(deployment: Deployment) -> Message:
    """In the thread, and seen in the channel: what has become of it while nothing could be said there."""
    text = f"I can post here again. {sentence(deployment)}"
    return Message((text,), ((f"{emoji(deployment)} I can post here again. {plain(state_line(deployment))}",),))


def goes_on_in(deployment: Deployment, home: str, link: str | None) -> Message:
    """In the place of a parent message that has gone home."""
    name: tuple[Span, ...] = (Bold(deployment.app), " → ", Bold(where(deployment)), f" #{deployment.id}")
    return say(*name, " goes on in ", Link(link, home), ".")


def _clause(reason: str) -> str:
    """A sentence as the end of another one.

    >>> _clause("The channel #web is archived."), _clause("Slack shows me no channel #web.")
    ('the channel #web is archived.', 'Slack shows me no channel #web.')
    """
    return reason if reason.startswith(("I ", "I'", "Slack ")) else f"{reason[:1].lower()}{reason[1:]}"
