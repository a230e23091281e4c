"""A message shortcut, as Slack sends it: somebody wants what a message is about.

https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.adapters.slack.chat import METADATA_TYPE
from bot.adapters.slack.payloads import Payload
from bot.adapters.slack.reading import reads
from bot.adapters.slack.web_api import BotIdentity
from bot.core.events.external import AboutMessage, CommandGiven, Place

DEPLOY_THIS = "deploy_this"
"""What slack-manifest.yaml calls the shortcut."""
MOST_LINKS = 20
LONGEST_LINK = 500
DEEPEST = 12
_LINK = re.compile(r"https?://[^\s<>|]+")
_WITH_LINKS = frozenset({"text", "url", "title_link", "from_url", "original_url", "fallback", "pretext", "value"})


@reads
def meant(body: Payload, us: BotIdentity) -> tuple[CommandGiven, AboutMessage] | None:
    """Who wants a message deployed where, and what it is about; None where it is another shortcut.

    The message may be in a place where the bot is not: then the answer goes to the person directly.
    """
    message, channel = body.get("message") or {}, (body.get("channel") or {}).get("id")
    if body.get("type") != "message_action" or body.get("callback_id") != DEPLOY_THIS or not isinstance(channel, str):
        return None
    place = Place(channel, message=str(body.get("message_ts") or message.get("ts") or "") or None)
    given = CommandGiven("", str(body["user"]["id"]), place, "button")
    return given, AboutMessage(links_in(message), _deployment(message, us))


def links_in(message: Payload) -> tuple[str, ...]:
    """The addresses in a message, each once: in its text, its blocks, and what is attached to it."""
    found = (
        link.replace("&amp;", "&")
        for part in ("text", "blocks", "attachments")
        for text in _texts(message.get(part))
        for link in _LINK.findall(text)
    )
    return tuple(dict.fromkeys(link for link in found if len(link) <= LONGEST_LINK))[:MOST_LINKS]


def _texts(node: Any, depth: int = 0) -> Iterator[str]:
    """What may hold an address, wherever it is."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list) and depth < DEEPEST:
        for one in node:
            yield from _texts(one, depth + 1) if not isinstance(one, str) else ()
    elif isinstance(node, dict) and depth < DEEPEST:
        for name, one in node.items():
            if not isinstance(one, str) or name in _WITH_LINKS:
                yield from _texts(one, depth + 1)


def _deployment(message: Payload, us: BotIdentity) -> str | None:
    """What one of our own messages says that it is about: see ``bot.core.ports.chat.Tag``."""
    metadata = message.get("metadata") or {}
    if message.get("bot_id") != us.bot or metadata.get("event_type") != METADATA_TYPE:
        return None
    named = (metadata.get("event_payload") or {}).get("deployment")
    return named if isinstance(named, str) else None
