"""The workspace behind the Slack server: people, channels, messages, and the one lock around them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Condition
from typing import Any, Self

TEAM = "T00000001"
APP = "A00000001"
BOT_USER = "U00000000"
BOT_ID = "B00000000"
TRIGGER_SECONDS = 3.0

_MARKED = re.compile(r"(<[@#!h][^<>]*>|https?://[^\s<>|]+|@[a-z0-9._-]+)")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass
class User:
    id: str
    name: str
    real_name: str
    tz: str = "Etc/UTC"
    email: str | None = None
    team: str = TEAM
    is_bot: bool = False
    is_stranger: bool = False
    deleted: bool = False
    confirmed: bool = True
    is_guest: bool = False


@dataclass
class Channel:
    """``of`` is the person at the other end of a direct message, None for channels."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_archived: bool = False
    of: str | None = None
    is_ext_shared: bool = False
    is_restricted: bool = False

    @property
    def type(self) -> str:
        if self.of is not None:
            return "im"
        return "group" if self.is_private else "channel"


@dataclass
class Shown:
    """What people see at one moment of a message: its notification text and its blocks."""

    text: str
    blocks: list[dict[str, Any]]

    @property
    def lines(self) -> list[str]:
        """What people read, from top to bottom, as mrkdwn; the text alone where there are no blocks.

        A fold's title begins with ▾ where it is open and with ▸ where not, each task of a plan with its state; the
        cells of a row stand between bars.
        """
        written = [text for block in self.blocks for text in _texts_of(block)]
        return "\n".join(written or [self.text]).split("\n")

    @property
    def rows(self) -> list[str]:
        """Those of the lines that are rows of tables, in whose cells nothing is a mark."""
        return [text for block in self.blocks if block["type"] == "table" for text in _texts_of(block)]

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """The button elements, in order."""
        rows = (block["elements"] for block in self.blocks if block["type"] == "actions")
        return [element for row in rows for element in row if element["type"] == "button"]

    @property
    def labels(self) -> list[str]:
        """What is written on the buttons, in order."""
        return [button["text"]["text"] for button in self.buttons]

    @property
    def overflow(self) -> dict[str, Any] | None:
        """The menu behind the buttons, if there is one."""
        rows = (block["elements"] for block in self.blocks if block["type"] == "actions")
        return next((element for row in rows for element in row if element["type"] == "overflow"), None)

    @property
    def menu(self) -> list[str]:
        """What is written on the options of the menu behind the buttons, in order."""
        return [option["text"]["text"] for option in (self.overflow or {"options": []})["options"]]


@dataclass
class Message(Shown):
    """A message in a channel. ``edits`` are its earlier appearances, ``reactions`` emoji and people, oldest first.

    ``unfurls`` is what is seen below it, by its links.
    """

    channel: str
    ts: str
    user: str
    thread_ts: str | None = None
    bot_id: str | None = None
    metadata: dict[str, Any] | None = None
    broadcast: bool = False
    edits: list[Shown] = field(default_factory=list)
    reactions: list[tuple[str, str]] = field(default_factory=list)
    unfurls: dict[str, Shown] = field(default_factory=dict)

    @property
    def emoji(self) -> list[str]:
        """The emoji that the bot has put on it."""
        return [name for name, user in self.reactions if user == BOT_USER]

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Ephemeral(Shown):
    """What one person alone sees. ``by`` is how it came: ``chat.postEphemeral``, ``response_url`` or ``ack``."""

    channel: str
    ts: str
    user: str
    by: str
    thread_ts: str | None = None
    replaced: bool = False


@dataclass
class View(Shown):
    """A home tab or a modal; ``body`` is what the app has said of it, ``values`` what was typed in and chosen.

    ``earlier`` is what was to be read before it was changed, ``errors`` what was said of its fields.
    """

    id: str
    hash: str
    user: str
    body: dict[str, Any]
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    earlier: list[list[str]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def filled(self, body: dict[str, Any], hash: str) -> Self:
        self.body, self.hash = body, hash
        self.blocks = [{"block_id": f"b{number}", **block} for number, block in enumerate(body["blocks"])]
        return self

    @property
    def elements(self) -> list[tuple[str, dict[str, Any]]]:
        """Everything that can be pressed, chosen or typed in, each with the id of its block."""
        found: list[tuple[str, dict[str, Any]]] = []
        for block in self.blocks:
            inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
            if block["type"] != "context":
                found += [(block["block_id"], one) for one in inside if one]
        return found

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [one for _, one in self.elements if one["type"] == "button"]


def _texts_of(block: dict[str, Any]) -> list[str]:
    match block["type"]:
        case "section" | "alert":
            return [block["text"]["text"]]
        case "context":
            return [element["text"] for element in block["elements"]]
        case "container":
            title = f"{'▸' if block.get('default_collapsed') else '▾'} {block['title']['text']}"
            return [title, *(text for child in block["child_blocks"] for text in _texts_of(child))]
        case "plan":
            return [block["title"], *(_task_line(task) for task in block["tasks"])]
        case "table":
            return [" | ".join(_plain_of(cell) for cell in row) for row in block["rows"]]
        case "data_visualization":
            return [block["title"], *(_series_line(one) for one in block["chart"]["series"])]
        case _:
            return []


def _series_line(series: dict[str, Any]) -> str:
    return f"{series['name']}: " + ", ".join(f"{point['label']} {point['value']}" for point in series["data"])


def _task_line(task: dict[str, Any]) -> str:
    detail = _plain_of(task["details"]) if "details" in task else ""
    return f"({task['status']}) {task['title']} {detail}".rstrip()


def _plain_of(cell: dict[str, Any]) -> str:
    """The text of a cell, raw or rich, written as it would be elsewhere: nothing in it is more than text."""
    if cell["type"] == "raw_text":
        return _escaped(str(cell["text"]))
    elements = [element for section in cell["elements"] for element in section["elements"]]
    return "".join(
        _escaped(text) if (text := one.get("text") or one.get("fallback")) else f"<@{one['user_id']}>"
        for one in elements
    )


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


class Workspace:
    """All of it, guarded by ``changed``: hold it to read or write, and it wakes whoever waits for a change."""

    def __init__(self, bot_name: str) -> None:
        self.changed = Condition()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.said: dict[str, list[Message]] = {}
        self.ephemerals: list[Ephemeral] = []
        self.groups: dict[str, tuple[str, list[str]]] = {}
        self.bots: dict[str, str] = {}
        self.lacks_new_blocks = False
        self.homes: dict[str, View] = {}
        self.published: list[tuple[str, float]] = []
        self.home_enabled = True
        self.modals: dict[str, list[View]] = {}
        self.triggers: dict[str, tuple[str, float]] = {}
        self._numbers = iter(range(1, 1_000_000))
        self._last_second = 0
        self.users[BOT_USER] = User(BOT_USER, bot_name, bot_name, is_bot=True)

    def next_id(self, letter: str) -> str:
        return f"{letter}{next(self._numbers):08d}"

    def next_trigger(self, user: str, lives: float = TRIGGER_SECONDS) -> str:
        """Lets an app open one view for the person, within three seconds."""
        trigger = self.next_id("trigger.")
        self.triggers[trigger] = (user, time.time() + lives)
        return trigger

    def next_ts(self) -> str:
        """Slack's kind of moment: the second, and a number that keeps order within it. Never goes back."""
        self._last_second = max(self._last_second, int(time.time()))
        return f"{self._last_second}.{next(self._numbers):06d}"

    def user(self, who: str) -> User:
        """By id, ``@name`` or ``name``."""
        found = self.users.get(who) or next((one for one in self.users.values() if one.name == who.lstrip("@")), None)
        if found is None:
            raise KeyError(f"nobody called {who} in the workspace")
        return found

    def channel(self, which: str) -> Channel:
        """By id, ``#name`` or ``name``."""
        named = which.lstrip("#")
        found = self.channels.get(which) or next((one for one in self.channels.values() if one.name == named), None)
        if found is None:
            raise KeyError(f"no channel {which} in the workspace")
        return found

    def direct(self, user: str) -> Channel:
        """The direct message between the bot and the person, opened where there is none yet."""
        found = next((one for one in self.channels.values() if one.of == user), None)
        return found or self.add(Channel(self.next_id("D"), f"direct-{user}", {user, BOT_USER}, of=user))

    def add(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        self.said[channel.id] = []
        return channel

    def message(self, channel: str, ts: str | None) -> Message | None:
        return next((one for one in self.said.get(channel, ()) if one.ts == ts), None)

    def everything_said(self) -> Iterator[Message]:
        return (message for channel in self.said.values() for message in channel)

    def wait_for(self, predicate: Callable[[], Any], seconds: float) -> Any:
        """The first truthy value of ``predicate``, asked again at every change. Frozen time does not hold it up."""
        slice_seconds = 0.1
        left = max(1, round(seconds / slice_seconds))
        with self.changed:
            while not (value := predicate()):
                # Counted in slices that passed in full, because a clock may be frozen.
                if not self.changed.wait(slice_seconds):
                    left -= 1
                if left <= 0:
                    raise TimeoutError(f"nothing of the kind happened within {seconds:g} s")
            return value


def typed(workspace: Workspace, text: str) -> str:
    """What Slack makes of what was typed: mentions of people by name, links, everything else escaped."""
    names = {user.name: user.id for user in workspace.users.values()}
    pieces = []
    for piece in _MARKED.split(text):
        if piece.startswith("<"):
            pieces.append(piece)
        elif piece.startswith("http"):
            pieces.append(f"<{piece}>")
        elif piece[:1] == "@" and piece[1:] in names:
            pieces.append(f"<@{names[piece[1:]]}>")
        else:
            pieces.append("".join(_ESCAPES.get(letter, letter) for letter in piece))
    return "".join(pieces)
