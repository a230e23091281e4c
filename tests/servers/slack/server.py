"""A small real Slack on the loopback: its Web API, its ways to reach an app, and people who write and press buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from slack_bolt import App

from tests.patience import PATIENCE
from tests.servers.background import Background
from tests.servers.slack import envelopes
from tests.servers.slack.counter import Counter
from tests.servers.slack.delivery import Dispatch, Post, Sockets, Target
from tests.servers.slack.envelopes import Envelope
from tests.servers.slack.http import Failure, Request, Server
from tests.servers.slack.links import Links
from tests.servers.slack.openid import OpenId
from tests.servers.slack.state import (
    BOT_USER,
    TEAM,
    TRIGGER_SECONDS,
    Channel,
    Ephemeral,
    Message,
    Shown,
    User,
    Workspace,
    typed,
)
from tests.servers.slack.viewers import Viewers


class SlackServer(Viewers, Links):
    """Use as a context manager; it listens on 127.0.0.1 while it is open::

        with SlackServer() as slack:
            slack.add_user("maria")
            slack.add_channel("web", members=["maria"])
            said = slack.says("maria", "#web", "@shipmate deploy main to production")
            slack.thread("#web", said.ts)

    Point a client at ``api_url`` with ``bot_token`` (and ``app_token`` for Socket Mode). People and channels are named
    by id or name (``maria``, ``@maria``, ``#web``); ``@maria`` for a channel is the direct message between her and the
    bot. Where events go is chosen once: Socket Mode unless ``dispatches_to`` or ``http_target`` was called.
    """

    bot_token = "xoxb-of-the-bot"
    app_token = "xapp-of-the-app"
    signing_secret = "signing-secret-of-the-app"

    def __init__(self, bot_name: str = "shipmate") -> None:
        self.workspace = Workspace(bot_name)
        self.sockets = Sockets(self.workspace)
        self.counter = Counter(self.workspace, self.sockets, bot_token=self.bot_token, app_token=self.app_token)
        self.envelopes: list[Envelope] = []
        self.trigger_lives = TRIGGER_SECONDS
        self._target: Target = self.sockets
        self._server = Server(self.counter)
        self.counter.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._running = Background(self._server)

    def __enter__(self) -> Self:
        self._running.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop_sockets()
        self._running.stop()

    @property
    def api_url(self) -> str:
        """For ``WebClient(base_url=…)`` and ``SLACK_API_URL``."""
        return f"{self.counter.address}/api/"

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in order: ``method`` and ``arguments``."""
        return self.counter.requests

    @property
    def openid(self) -> OpenId:
        """What people do on the page on which they sign in with Slack."""
        return self.counter.openid

    @property
    def scopes(self) -> frozenset[str]:
        """What the bot's token may do; take some away to see what happens."""
        return self.counter.scopes

    @scopes.setter
    def scopes(self, granted: frozenset[str]) -> None:
        self.counter.scopes = granted

    @property
    def lacks_new_blocks(self) -> bool:
        """Whether this workspace does not have the blocks of 2025 and 2026 yet, and refuses messages with them."""
        return self.workspace.lacks_new_blocks

    @lacks_new_blocks.setter
    def lacks_new_blocks(self, lacking: bool) -> None:
        with self.workspace.changed:
            self.workspace.lacks_new_blocks = lacking

    def revoke(self, code: str = "token_revoked") -> None:
        """The bot's token is taken away; it is refused with this code."""
        with self.workspace.changed:
            self.counter.bot_token, self.counter.refusal = None, code

    def new_token(self) -> str:
        """The bot's new token."""
        with self.workspace.changed:
            self.counter.bot_token = f"xoxb-new-{len(self.requests)}"
            return self.counter.bot_token

    # The workspace

    def add_user(
        self,
        name: str,
        *,
        real_name: str = "",
        tz: str = "Etc/UTC",
        email: str | None = None,
        team: str = TEAM,
        is_bot: bool = False,
        is_stranger: bool = False,
        is_guest: bool = False,
    ) -> User:
        with self.workspace.changed:
            user = User(
                self.workspace.next_id("U"), name, real_name or name.title(), tz, email, team, is_bot, is_stranger
            )
            user.is_guest = is_guest
            self.workspace.users[user.id] = user
            return user

    def deactivate(self, person: str) -> None:
        """An admin takes somebody's account away."""
        with self.workspace.changed:
            self.workspace.user(person).deleted = True

    def add_channel(
        self, name: str, *, members: Sequence[str] = (), bot: bool = True, private: bool = False, archived: bool = False
    ) -> Channel:
        """``bot`` says whether the bot is a member."""
        with self.workspace.changed:
            inside = {self.workspace.user(member).id for member in members} | ({BOT_USER} if bot else set())
            letter = "G" if private else "C"
            return self.workspace.add(Channel(self.workspace.next_id(letter), name, inside, private, archived))

    def add_group(self, handle: str, members: Sequence[str]) -> str:
        """A user group; returns its id."""
        with self.workspace.changed:
            group = self.workspace.next_id("S")
            self.workspace.groups[group] = (handle, [self.workspace.user(member).id for member in members])
            return group

    def add_bot(self, name: str) -> str:
        """Another bot, or a workflow; returns its id."""
        with self.workspace.changed:
            bot = f"B0{self.workspace.next_id('T')}"
            self.workspace.bots[bot] = name
            return bot

    def leave_group(self, handle: str, person: str) -> None:
        with self.workspace.changed:
            for known, members in self.workspace.groups.values():
                if known == handle:
                    members.remove(self.workspace.user(person).id)

    def messages(self, channel: str) -> list[Message]:
        """What stands at top level of the channel, oldest first, broadcast replies included."""
        with self.workspace.changed:
            return [one for one in self.workspace.said[self._channel(channel).id] if not one.is_reply or one.broadcast]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The replies under a message, oldest first."""
        with self.workspace.changed:
            return [
                one for one in self.workspace.said[self._channel(channel).id] if one.is_reply and one.thread_ts == ts
            ]

    def ephemerals(self, user: str) -> list[Ephemeral]:
        """What this person alone was shown, oldest first."""
        with self.workspace.changed:
            return [one for one in self.workspace.ephemerals if one.user == self.workspace.user(user).id]

    # What people do

    def says(self, user: str, channel: str, text: str, thread_ts: str | None = None, *, raw: bool = False) -> Message:
        """Somebody writes a message; the app gets it as ``message``, and as ``app_mention`` where it mentions the bot.

        Text is what was typed: ``@name`` becomes a mention, addresses become links, the rest is escaped; with ``raw``
        it is taken as it is. Nothing reaches the app from channels in which it is not.
        """
        with self.workspace.changed:
            by, place = self.workspace.user(user), self._channel(channel)
            written = text if raw else typed(self.workspace, text)
            message = Message(
                written, [], channel=place.id, ts=self.workspace.next_ts(), user=by.id, thread_ts=thread_ts
            )
            self.workspace.said[place.id].append(message)
            self.workspace.changed.notify_all()
        if BOT_USER in place.members:
            self._send_event(envelopes.said(message, place, by), by, place)
            if f"<@{BOT_USER}>" in written and place.of is None:
                self._send_event(envelopes.said(message, place, by, kind="app_mention"), by, place)
        self.tells_of_links(message)
        return message

    def bot_says(self, bot: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Another bot writes a message, as apps and workflows do."""
        with self.workspace.changed:
            place = self._channel(channel)
            written = typed(self.workspace, text)
            message = Message(
                written, [], channel=place.id, ts=self.workspace.next_ts(), user="", bot_id=bot, thread_ts=thread_ts
            )
            self.workspace.said[place.id].append(message)
            author = User("", self.workspace.bots[bot], self.workspace.bots[bot], is_bot=True)
        for kind in ("message", *(["app_mention"] if f"<@{BOT_USER}>" in written else [])):
            event = {**envelopes.said(message, place, author, kind=kind), "username": author.name, "bot_id": bot}
            del event["user"]
            self._send_event({**event, "subtype": "bot_message"}, author, place)
        return message

    def edits(self, message: Message, text: str) -> None:
        """The author changes a message."""
        with self.workspace.changed:
            message.edits.append(Shown(message.text, message.blocks))
            message.text = typed(self.workspace, text)
            place, now = self.workspace.channels[message.channel], self.workspace.next_ts()
        self._send_event(envelopes.edited(message, place, now), self.workspace.users[message.user], place)

    def deletes(self, message: Message) -> None:
        """The author deletes a message; its replies stay."""
        with self.workspace.changed:
            place = self.workspace.channels[message.channel]
            self.workspace.said[place.id].remove(message)
        self._send_event(envelopes.deleted(message, place), self.workspace.users[message.user], place)

    def slash(self, user: str, channel: str, command: str, text: str) -> Envelope:
        """Somebody gives a slash command."""
        by, place = self.workspace.user(user), self._channel(channel)
        payload = envelopes.slash(
            by,
            place,
            command,
            text,
            trigger=self.workspace.next_trigger(by.id, self.trigger_lives),
            respond=self.counter.respond_address(place, by, None),
        )
        return self._send("slash_commands", payload, by, place)

    def press(self, user: str, shown: Message | Ephemeral, label: str) -> Envelope:
        """Somebody presses the button ``label``, or chooses that from the menu; a question is answered with yes."""
        pressed = _button(shown, label) or _option(shown, label)
        if pressed is None:
            raise KeyError(f"no button {label!r} there, only {shown.labels}, and in the menu {shown.menu}")
        by, place = self.workspace.user(user), self.workspace.channels[shown.channel]
        payload = envelopes.press(
            by,
            shown,
            place,
            pressed,
            ts=self.workspace.next_ts(),
            trigger=self.workspace.next_trigger(by.id, self.trigger_lives),
            respond=self.counter.respond_address(place, by, shown.thread_ts),
        )
        return self._send("interactive", payload, by, place)

    def uses_shortcut(self, user: str, message: Message, callback: str = "deploy_this") -> Envelope:
        """Somebody chooses a shortcut from the menu of a message; it works where the app is no member, too."""
        by, place = self.workspace.user(user), self.workspace.channels[message.channel]
        payload = envelopes.shortcut(
            by,
            callback,
            message,
            place,
            trigger=self.workspace.next_trigger(by.id, self.trigger_lives),
            respond=self.counter.respond_address(place, by, None),
        )
        return self._send("interactive", payload, by, place)

    # What becomes of channels

    def archives(self, channel: str) -> None:
        """Bots do not hear of channels in which they no longer are."""
        with self.workspace.changed:
            self._channel(channel).is_archived = True

    def unarchives(self, channel: str, by: str) -> Channel:
        with self.workspace.changed:
            place = self._channel(channel)
            place.is_archived = False
        return self._channel_event("channel_unarchive", place, by, place.id)

    def renames(self, channel: str, name: str, by: str) -> Channel:
        with self.workspace.changed:
            place = self._channel(channel)
            place.name = name
        return self._channel_event("channel_rename", place, by, {"id": place.id, "name": name, "created": 1})

    def restricts(self, channel: str) -> None:
        """From now on only some people may post there, and the bot is none of them."""
        with self.workspace.changed:
            self._channel(channel).is_restricted = True

    def removes_bot(self, channel: str) -> None:
        with self.workspace.changed:
            self._channel(channel).members.discard(BOT_USER)

    def invites(self, channel: str, user: str, by: str) -> Channel:
        """Somebody lets ``user`` (``shipmate`` for the bot) into the channel."""
        with self.workspace.changed:
            place, joined = self._channel(channel), self.workspace.user(user)
            place.members.add(joined.id)
        return self._channel_event("member_joined_channel", place, by, place.id, user=joined.id)

    def _channel_event(self, kind: str, place: Channel, by: str, channel: object, **more: str) -> Channel:
        event = {"type": kind, "channel": channel, "event_ts": self.workspace.next_ts(), **more}
        if BOT_USER in place.members:
            self._send_event(event, self.workspace.user(by), place)
        return place

    # Where it goes

    def dispatches_to(self, app: App) -> None:
        """From now on ``says``, ``slash`` and ``press`` return when the Bolt app has handled them."""
        self._target = Dispatch(app, self.workspace)

    def http_target(self, url: str, signing_secret: str | None = None) -> None:
        """From now on everything is posted to ``url``, signed, and ``says`` and the others return with the answer."""
        self._target = Post(url, signing_secret or self.signing_secret, self.workspace)

    def redeliver_unacked(self) -> list[Envelope]:
        """Slack's next try with every event that was not acknowledged; commands and presses are never repeated."""
        again = [one for one in self.envelopes if not one.acked and one.kind == "events_api"]
        for envelope in again:
            self._attempt(envelope)
        return again

    def redeliver(self, envelope: Envelope) -> None:
        """One more time, whether it was acknowledged or not."""
        self._attempt(envelope)

    def ask_to_reconnect(self) -> None:
        """Slack refreshes connections every few hours: a ``disconnect`` message, then the old ones end."""
        for line in list(self.sockets.open):
            line.send({"type": "disconnect", "reason": "refresh_requested"})

    def drop_sockets(self) -> None:
        """Every Socket Mode connection ends without a word."""
        for line in list(self.sockets.open):
            line.close()

    def go_silent(self) -> None:
        """Every Socket Mode connection stays open and answers nothing, not even pings."""
        for line in list(self.sockets.open):
            line.silent = True

    # What goes wrong, and what went on

    def fail_next(
        self,
        method: str,
        error: str | None = None,
        *,
        status: int | None = None,
        cut: Literal["before", "after"] | None = None,
        times: int = 1,
        headers: dict[str, str] | None = None,
    ) -> None:
        """The next ``times`` calls of ``method`` (or ``response_url``) fail.

        ``error`` is Slack's code; ``status`` alone an answer that is not Slack's; ``cut`` a line that breaks before the
        request was carried out, or after it was and before the answer came back.
        """
        self.counter.failures.setdefault(method, []).append(Failure(error, status, cut, headers or {}, times))

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The arguments of every request of one method, in order, failed ones included."""
        return [request.arguments for request in self.requests if request.method == method]

    def wait_for(self, predicate: Callable[[], Any], timeout: float = PATIENCE) -> Any:
        """The first truthy value of ``predicate``, asked again whenever something happened. Raises TimeoutError."""
        return self.workspace.wait_for(predicate, timeout)

    # Behind the counter

    def _respond_at(self, place: Channel, by: User, thread: str | None) -> str:
        return self.counter.respond_address(place, by, thread)

    def _channel(self, which: str) -> Channel:
        return (
            self.workspace.direct(self.workspace.user(which).id) if which[:1] == "@" else self.workspace.channel(which)
        )

    def _send_event(self, event: dict[str, Any], by: User, place: Channel) -> None:
        payload = envelopes.event(event, event_id=self.workspace.next_id("Ev"), shared=by.team != TEAM)
        self._send("events_api", payload, by, place)

    def _send(self, kind: envelopes.Kind, payload: dict[str, Any], by: User, place: Channel) -> Envelope:
        envelope = Envelope(self.workspace.next_id("envelope-"), kind, payload, by.id, place.id)
        self.envelopes.append(envelope)
        self._attempt(envelope)
        return envelope

    def _attempt(self, envelope: Envelope) -> None:
        envelope.attempts += 1
        self._target.send(envelope)
        with self.workspace.changed:
            self.workspace.changed.notify_all()


def _button(shown: Shown, label: str) -> dict[str, Any] | None:
    return next((one for one in shown.buttons if one["text"]["text"] == label), None)


def _option(shown: Shown, label: str) -> dict[str, Any] | None:
    """The menu as it comes back where the option was chosen."""
    menu = shown.overflow or {"options": []}
    chosen = next((one for one in menu["options"] if one["text"]["text"] == label), None)
    if chosen is None:
        return None
    return {"type": "overflow", "action_id": menu["action_id"], "selected_option": chosen}
