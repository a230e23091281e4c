"""Slack as the place where people talk: the ``Chat`` port over Slack's Web API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from slack_sdk import WebClient

from bot.adapters.slack.blocks import blocks_of
from bot.adapters.slack.blocks.home import home
from bot.adapters.slack.blocks.modal import ASKED, DEPLOY, modal
from bot.adapters.slack.directory import Directory
from bot.adapters.slack.errors import SlackRejected, sentence_of
from bot.adapters.slack.ladder import Ladder, Words
from bot.adapters.slack.spoken import Spoken
from bot.adapters.slack.web_api import TIMEOUT_SECONDS, Answer, Api, BotIdentity
from bot.core.errors import NotAllowed, NotThere, Rejected, ThreadGone, Unpostable
from bot.core.events.external import Place
from bot.core.home_view import HomeView
from bot.core.modals.model import Modal
from bot.core.ports.chat import ChannelNames, Clock, Notebook, Person, Tag
from bot.core.ports.measures import UNMEASURED, Measures
from bot.core.rich_text import Message

METADATA_TYPE = "shipmate"
SEARCHED_PAGES = 10

REACTIONS = {
    "👀": "eyes",
    "✅": "white_check_mark",
    "❌": "x",
    "🛑": "octagonal_sign",
    "⏪": "rewind",
    "👍": "+1",
    "👋": "wave",
}
"""What Slack calls them."""
_REACTED = frozenset({"already_reacted", "no_reaction"})
_NO_LINK = frozenset({"message_not_found", "channel_not_found"})
# Plain words stay plain: nothing in them becomes a link, a channel or a mention.
_AS_WRITTEN: dict[str, Any] = {"parse": "none", "link_names": False}


class Slack:
    """Implements ``bot.core.ports.chat.Chat``. Safe to share between threads; makes no call until it is used.

    ``token`` is the bot's (``xoxb-…``), ``api_url`` the address of the Web API, with ``/api/`` at the end; ``names``
    keeps which channels are meant by names, ``notebook`` what Slack was found to lack, else that is forgotten with the
    process. Where a channel is asked for, a person's id stands for the direct message with that person.
    """

    between_edits = 2.0

    def __init__(
        self,
        token: str,
        *,
        api_url: str = WebClient.BASE_URL,
        clock: Clock,
        timeout: int = TIMEOUT_SECONDS,
        before_call: Callable[[], None] = lambda: None,
        names: ChannelNames | None = None,
        notebook: Notebook | None = None,
        measures: Measures = UNMEASURED,
    ) -> None:
        self.clock = clock
        self.api = Api(token, api_url, clock=clock, timeout=timeout, before_call=before_call, measures=measures)
        self.directory = Directory(self.api, clock, names)
        self.ladder = Ladder(clock, lambda: self.identity().team, notebook)
        self._spoken = Spoken()

    def __repr__(self) -> str:
        return f"Slack({self.api.client.base_url!r})"

    def identity(self) -> BotIdentity:
        """Who the token makes us, asked once."""
        return self.api.identity()

    def post(
        self,
        place: Place,
        message: Message,
        *,
        key: str,
        maybe_sent: bool = False,
        broadcast: bool = False,
        tag: Tag | None = None,
    ) -> str:
        """Post and return the message's ``ts``; see ``Chat.post``.

        Slack has no idempotency key: ``key`` travels as message metadata, in which an earlier post is found again. A
        reply to a thread whose first message was deleted appears at top level of the channel.
        """
        channel = self.directory.conversation(place.channel)
        if maybe_sent:
            earlier = self._find(channel, place.thread, key)
            if earlier is not None:
                return earlier
        answer = self._post(channel, place.thread, message, key=key, broadcast=broadcast, tag=tag)
        if place.thread and not (answer.get("message") or {}).get("thread_ts"):
            raise ThreadGone(f"The thread in {channel} is gone, so that is at top level of the channel now.")
        self._spoken.said(channel, str(answer["ts"]), tag, thread=place.thread)
        return str(answer["ts"])

    def edit(
        self, channel: str, message_id: str, message: Message, *, key: str | None = None, tag: Tag | None = None
    ) -> None:
        """Replace a message of ours. Raises NotThere where it is gone."""
        there = self.directory.conversation(channel)
        where = {"channel": there, "ts": message_id, "metadata": _metadata(key, tag)}
        try:
            self.ladder.send(message, lambda words: self.api.call("chat.update", **where, **words, **_AS_WRITTEN))
        except SlackRejected as error:
            if error.code == "message_not_found":
                raise NotThere(str(error)) from error
            raise
        self._spoken.edited(there, message_id, tag)

    def whisper(self, place: Place, person: str, message: Message, *, key: str, maybe_sent: bool = False) -> None:
        """Show a message to one person only: at the address that came with their request, else where they are.

        In a direct message there is nobody to hide it from. Where the person or the bot is not in the channel, or
        Slack may have shown it at the address and cannot say, the message goes to the person directly.
        """
        if place.respond and maybe_sent:
            self.post(Place(person, direct=True), message, key=key, maybe_sent=True)
            return
        if self._answer(place, message, "ephemeral"):
            self._spoken.whispered(place.channel, person)
            return
        try:
            if place.direct:
                self._post(self.directory.conversation(place.channel), place.thread, message)
            else:
                where = {"channel": place.channel, "user": person, "thread_ts": place.thread}
                self.ladder.send(
                    message, lambda words: self.api.call("chat.postEphemeral", **where, **words, **_AS_WRITTEN)
                )
        except SlackRejected as error:
            if error.code != "user_not_in_channel" and not isinstance(error, Unpostable):
                raise
            self.post(Place(person, direct=True), message, key=key, maybe_sent=maybe_sent)
        else:
            self._spoken.whispered(place.channel, person)

    def answer_to_all(self, place: Place, message: Message) -> bool:
        """At the ``response_url``: also where the bot is no member; see ``Chat.answer_to_all``."""
        return self._answer(place, message, "in_channel")

    def _answer(self, place: Place, message: Message, response_type: str) -> bool:
        if not place.respond:
            return False
        address, how = place.respond, {"response_type": response_type, "replace_original": False}
        try:
            return self.ladder.send(message, lambda words: self.api.answer_at(address, {**words, **how}))
        except SlackRejected:
            return False  # nobody has seen what Slack refuses

    def closed(self, channel: str) -> str | None:
        """Why nothing can be posted there, as far as ``conversations.info`` tells: not who may post."""
        if channel.startswith("D"):
            return None
        about = self.directory.channel(channel)
        if about is None:
            return sentence_of("channel_not_found", channel)
        if about.get("is_archived"):
            return sentence_of("is_archived", f"#{about['name']}")
        return None if about.get("is_member") else sentence_of("not_in_channel", f"#{about['name']}")

    def authenticate(self) -> None:
        self.api.call("auth.test")

    def person(self, person: str) -> Person:
        """Raises NotThere where Slack knows no such person."""
        return self.directory.person(person)

    def person_by_email(self, email: str) -> Person | None:
        """See ``Chat.person_by_email``."""
        return self.directory.person_by_email(email)

    def forget(self, person: str) -> None:
        self.directory.forget(person)

    def channel_id(self, name: str) -> str | None:
        """The id behind ``#name``; an id is returned as it is. None where the bot sees no such channel."""
        return self.directory.channel_id(name)

    def channel_names(self, channel: str) -> frozenset[str]:
        """Everything that settings may call the channel: its id, ``#name`` and ``name``."""
        return self.directory.channel_names(channel)

    def group_name(self, group: str) -> str | None:
        """What people call the user group with this id, without the ``@``; None where there is none to be seen."""
        return self.directory.group_name(group)

    def group_id(self, handle: str) -> str | None:
        """The id of the user group ``@handle``, which may be that id itself; None where there is none to be seen."""
        return self.directory.group_id(handle)

    def group_members(self, handle: str) -> frozenset[str]:
        """Ids of the members of the user group ``@handle``. Raises NotThere where there is no such group."""
        return self.directory.group(handle)

    def sees(self, person: Person, channel: str) -> bool:
        """A public channel is open to all but guests, any other to those who are in it."""
        return self.directory.sees(person, channel)

    def all_see(self, here: str, channel: str) -> bool:
        """See ``Chat.all_see``: what a channel is shared with, and whether it is open, Slack's list tells."""
        return self.directory.all_see(here, channel)

    def publish_home(self, person: str, view: HomeView) -> None:
        """See ``Chat.publish_home``: https://docs.slack.dev/reference/methods/views.publish."""
        self.api.call("views.publish", user_id=person, view=home(view))

    def fill_modal(self, view: str, shown: Modal, metadata: str, *, asked: bool, version: str | None) -> None:
        """See ``Chat.fill_modal``: https://docs.slack.dev/reference/methods/views.update."""
        drawn = modal(shown, ASKED if asked else DEPLOY, metadata)
        self.api.call("views.update", view_id=view, hash=version, view=drawn)

    def unfurl(self, channel: str, message_id: str, shown: Mapping[str, Message]) -> None:
        """See ``Chat.unfurl``: https://docs.slack.dev/reference/methods/chat.unfurl.

        In the plain form: the newest blocks are for messages.
        """
        drawn = {link: {"blocks": blocks_of(message, plainly=True)} for link, message in shown.items()}
        self.api.call("chat.unfurl", channel=self.directory.conversation(channel), ts=message_id, unfurls=drawn)

    def link_to(self, channel: str, message_id: str) -> str | None:
        """A permanent link to a message, None where it is gone."""
        try:
            answer = self.api.call(
                "chat.getPermalink", channel=self.directory.conversation(channel), message_ts=message_id
            )
        except SlackRejected as error:
            if error.code in _NO_LINK:
                return None
            raise
        return str(answer["permalink"])

    def react(self, channel: str, message_id: str, emoji: str, *, on: bool = True) -> None:
        """See ``Chat.react``; ``emoji`` is the character itself.

        An ornament is not worth a word to anybody: whatever Slack has against this one, it cannot be put here.
        """
        name = REACTIONS.get(emoji)
        if name is None:
            raise NotThere(f"I know no name of Slack's for {emoji}.")
        try:
            where = {"channel": self.directory.conversation(channel), "timestamp": message_id}
            self.api.call("reactions.add" if on else "reactions.remove", name=name, **where)
        except (Rejected, NotAllowed) as error:
            if not (isinstance(error, SlackRejected) and error.code in _REACTED):
                raise NotThere(str(error)) from error

    def _post(
        self,
        channel: str,
        thread: str | None,
        message: Message,
        *,
        key: str | None = None,
        broadcast: bool = False,
        tag: Tag | None = None,
    ) -> Answer:
        def say(words: Words) -> Answer:
            return self.api.call(
                "chat.postMessage",
                channel=channel,
                thread_ts=thread,
                reply_broadcast=True if broadcast and thread else None,
                metadata=_metadata(key, tag),
                unfurl_links=False,
                unfurl_media=False,
                **words,
                **_AS_WRITTEN,
            )

        return self.ladder.send(message, say)

    def _find(self, channel: str, thread: str | None, key: str) -> str | None:
        """The ``ts`` of the message that carries ``key``, among two thousand of the thread or channel."""
        if thread:
            try:
                return self._search("conversations.replies", key, channel=channel, ts=thread)
            except SlackRejected as error:
                # Without its first message there is no thread, and the reply is at top level.
                if error.code != "thread_not_found":
                    raise
        return self._search("conversations.history", key, channel=channel)

    def _search(self, method: str, key: str, **where: str) -> str | None:
        for page in self.api.pages(method, most=SEARCHED_PAGES, include_all_metadata=True, **where):
            for said in page["messages"]:
                metadata = said.get("metadata") or {}
                if metadata.get("event_type") == METADATA_TYPE and metadata.get("event_payload", {}).get("key") == key:
                    return str(said["ts"])
        return None


def _metadata(key: str | None, tag: Tag | None) -> dict[str, Any] | None:
    """Under ``key`` a message is found again; ``tag`` is for other tools."""
    payload = {**({"key": key} if key else {}), **(asdict(tag) if tag else {})}
    return {"event_type": METADATA_TYPE, "event_payload": payload} if payload else None
