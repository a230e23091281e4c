"""Links that unfurl: people post them, the app is told of those to its domains, and shows something below them."""

from __future__ import annotations

import re
from typing import Any

from tests.servers.slack import envelopes, limits
from tests.servers.slack.envelopes import Envelope
from tests.servers.slack.methods import Answer, Arguments, Caller, Refused, method
from tests.servers.slack.state import BOT_USER, TRIGGER_SECONDS, Channel, Message, Shown, User, Workspace
from tests.servers.slack.view_limits import NOT_IN_VIEWS

_DOMAIN = re.compile(r"https?://(?:[^/@]*@)?([^/:?#]*)")
_LINK = re.compile(r"<(https?://[^>|]+)(?:\|[^>]*)?>")


class Links:
    """The part of the Slack server in which links unfurl; ``unfurl_domains`` are those of the app's manifest."""

    workspace: Workspace
    unfurl_domains: frozenset[str] = frozenset()
    trigger_lives: float = TRIGGER_SECONDS

    @property
    def scopes(self) -> frozenset[str]:
        raise NotImplementedError

    def _send_event(self, event: dict[str, Any], by: User, place: Channel) -> None:
        raise NotImplementedError

    def _send(self, kind: envelopes.Kind, payload: dict[str, Any], by: User, place: Channel) -> Envelope:
        raise NotImplementedError

    def _respond_at(self, place: Channel, by: User, thread: str | None) -> str:
        raise NotImplementedError

    def tells_of_links(self, message: Message, *, source: str = "conversations_history") -> None:
        """What the app hears of the links in a message, or in one that is still being written (``composer``)."""
        by, place = self.workspace.users[message.user], self.workspace.channels[message.channel]
        ours = [(link, _domain(link)) for link in _links(message) if _fits(_domain(link), self.unfurl_domains)]
        if ours and "links:read" in self.scopes:
            self._send_event(envelopes.links(message, place, ours, source, BOT_USER in place.members), by, place)

    def press_unfurled(self, user: str, message: Message, link: str, label: str) -> Envelope:
        """Somebody presses a button below a link; a question is answered with yes."""
        by, place = self.workspace.user(user), self.workspace.channels[message.channel]
        pressed = next(one for one in message.unfurls[link].buttons if one["text"]["text"] == label)
        payload = envelopes.press_unfurled(
            by,
            message,
            place,
            pressed,
            link,
            ts=self.workspace.next_ts(),
            trigger=self.workspace.next_trigger(by.id, self.trigger_lives),
            respond=self._respond_at(place, by, message.thread_ts),
        )
        return self._send("interactive", payload, by, place)


@method("chat.unfurl", "links:write")
def chat_unfurl(caller: Caller, given: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/chat.unfurl."""
    channel, unfurls = caller.workspace.channels.get(str(given.get("channel"))), given.get("unfurls")
    if channel is None:
        raise Refused("cannot_find_channel")
    if not isinstance(unfurls, dict) or not unfurls:
        raise Refused("missing_unfurls")
    message = caller.workspace.message(channel.id, given.get("ts"))
    if message is None:
        raise Refused("cannot_find_message")
    for link, attached in unfurls.items():
        if link not in _links(message):
            raise Refused("cannot_unfurl_url")
        blocks = attached.get("blocks")
        if limits.problems_of(blocks) or any(one["type"] in NOT_IN_VIEWS for one in blocks):
            raise Refused("cannot_parse_attachment")
    for link, attached in unfurls.items():
        message.unfurls[link] = Shown("", attached["blocks"])
    return {}


def _links(message: Message) -> list[str]:
    return [found.replace("&amp;", "&") for found in _LINK.findall(message.text)]


def _domain(link: str) -> str:
    found = _DOMAIN.match(link.casefold())
    return found[1] if found else ""


def _fits(domain: str, known: frozenset[str]) -> bool:
    """An app is told of its domains and of those below them."""
    return any(domain == one or domain.endswith(f".{one}") for one in known)
