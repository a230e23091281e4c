"""The chat of ``talk``: messages as lines of text in a terminal, a file or a pipe."""

from __future__ import annotations

import io
import re
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal
from rich.console import Console
from rich.style import Style
from rich.text import Text

from bot.core.events.external import Place
from bot.core.ports.chat import Person, Tag
from bot.core.rich_text import (
    Bold,
    Button,
    Code,
    CodeBlock,
    GroupMention,
    Line,
    Link,
    Mention,
    Message,
    Moment,
    Span,
    one_line,
    plain,
    visible,
)

CHANNEL = "#deploys"
YOU = "you"

# What would move the cursor, change colours or turn the direction of writing, and what no encoding can write.
_NOT_FOR_TERMINALS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DIM = Style(dim=True)


def console() -> Console:
    """One that writes to whatever ``sys.stdout`` is at the moment; only to a terminal with colours, and links."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    usual = Console()
    return Console(color_system=None) if usual.no_color else usual


def local_zone() -> ZoneInfo | None:
    """The time zone that this machine is set to; None where it does not tell its name."""
    try:
        return ZoneInfo(tzlocal.get_localzone_name())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@dataclass(slots=True)
class _Shown:
    """What is on the screen of a message: its first line and its buttons' line, as plain text."""

    first: str
    hints: str
    thread: str | None


class Terminal:
    """Implements ``Chat``. A message's id is its key, so that it stays the same however often the process starts.

    ``speaker`` is who sits at the keyboard: whispers to them say so. ``zone`` is that of the times shown, None for
    the machine's own. Messages may come from any thread; none is ever torn apart by another.
    """

    between_edits = 0.0

    def __init__(self, console: Console, *, channel: str = CHANNEL, zone: ZoneInfo | None = None) -> None:
        self.channel = channel
        self.speaker = YOU
        self._console = console
        self._zone = zone
        self._shown: dict[str, _Shown] = {}
        self._latest: str | None = None
        self._turn = threading.Lock()

    def post(
        self,
        place: Place,
        message: Message,
        *,
        key: str,
        maybe_sent: bool = False,
        broadcast: bool = False,  # noqa: ARG002 - everything is in one view here
        tag: Tag | None = None,  # noqa: ARG002 - no other tool reads here
    ) -> str:
        """Print the message, indented under its thread's first message where it is a reply."""
        with self._turn:
            if maybe_sent and key in self._shown:
                return key
            if place.thread is None:
                self._print(self._block(message, where=self._elsewhere(place)))
            else:
                self._remind_of(place.thread)
                self._print(self._block(message, bullet="  ↳ "))
            self._shown[key] = self._as_shown(message, place.thread)
            self._latest = place.thread or key
        return key

    def edit(
        self,
        channel: str,  # noqa: ARG002 - ids are enough here
        message_id: str,
        message: Message,
        *,
        key: str | None = None,  # noqa: ARG002
        tag: Tag | None = None,  # noqa: ARG002
    ) -> None:
        """Print the message's first line again, where that or its buttons have changed."""
        with self._turn:
            before = self._shown.get(message_id, _Shown("", "", None))
            after = self._as_shown(message, before.thread)
            self._shown[message_id] = after
            if (before.first, before.hints) == (after.first, after.hints):
                return
            line = Text("  ⟳ ", style=_DIM).append_text(self._text(_body(message)[0]).split("\n")[0])
            if after.hints and after.hints != before.hints:
                line.append("   ").append(after.hints)
            line.stylize(_DIM)
            self._print([line])
            self._latest = before.thread or message_id

    def react(self, channel: str, message_id: str, emoji: str, *, on: bool = True) -> None:
        """There is nothing to put it on: what was typed is above, and the answer below it."""

    def whisper(
        self,
        place: Place,  # noqa: ARG002 - there is one place to look
        person: str,
        message: Message,
        *,
        key: str,  # noqa: ARG002 - what is on the screen twice does no harm
        maybe_sent: bool = False,  # noqa: ARG002
    ) -> None:
        """Print the message with a note on who alone would see it."""
        with self._turn:
            reader = "only you" if person == self.speaker else f"only {_clean(person)}"
            self._print(self._block(message, where=f"({reader}) ", style=Style(italic=True)))
            self._latest = None

    def answer_to_all(self, place: Place, message: Message) -> bool:  # noqa: ARG002 - answers are posted here
        return False

    def closed(self, channel: str) -> str | None:  # noqa: ARG002 - there is one channel, and it is open
        return None

    def authenticate(self) -> None:
        """Whoever sits here has let the bot in."""

    def person(self, person: str) -> Person:
        zone = self._zone.key if self._zone else None
        return Person(id=person, name=person, timezone=zone, forge_login=person)

    def person_by_email(self, email: str) -> Person | None:  # noqa: ARG002 - nobody here has an address
        return None

    def forget(self, person: str) -> None:
        """Nobody changes here."""

    def group_members(self, handle: str) -> frozenset[str]:  # noqa: ARG002 - nobody has to be in a group here
        return frozenset()

    def group_name(self, group: str) -> str | None:  # noqa: ARG002 - there are no groups here
        return None

    def group_id(self, handle: str) -> str | None:  # noqa: ARG002 - there are no groups here
        return None

    def channel_names(self, channel: str) -> frozenset[str]:
        bare = channel.removeprefix("#")
        return frozenset({bare, f"#{bare}"})

    def channel_id(self, name: str) -> str | None:
        return name

    def link_to(self, channel: str, message_id: str) -> str | None:  # noqa: ARG002 - nothing here has an address
        return None

    def note(self, *spans: Span) -> None:
        """Print what is no message: the world's answer to a line that plays it."""
        with self._turn:
            self._print(self._block(Message(sentence=spans), bullet="· ", style=_DIM))
            self._latest = None

    def greet(self, message: Message) -> None:
        """Print a message that nobody posted."""
        with self._turn:
            self._print(self._block(message))

    def echo(self, line: str) -> None:
        """Print a line that came from a pipe, as it would stand there had it been typed."""
        with self._turn:
            self._print([Text(), Text().append("> ", style=_DIM).append(_clean(line), style=Style(bold=True))])
            self._latest = None

    def _remind_of(self, thread: str) -> None:
        """Say which thread goes on, where something else was printed since."""
        parent = self._shown.get(thread)
        if parent is not None and self._latest != thread:
            self._print([Text(f"  … {parent.first}", style=_DIM)])

    def _elsewhere(self, place: Place) -> str:
        if place.direct:
            return "(to you) " if place.channel == self.speaker else f"(to {_clean(place.channel)}) "
        return "" if place.channel in self.channel_names(self.channel) else f"({_clean(place.channel)}) "

    def _block(self, message: Message, *, where: str = "", bullet: str = "", style: Style | None = None) -> list[Text]:
        """The message's lines: the first after ``bullet`` and ``where``, the others indented under it."""
        lines = [piece for line in _body(message) for piece in self._text(line).split("\n", allow_blank=True)]
        for small in map(self._text, message.context):
            small.stylize(_DIM)
            lines.extend(small.split("\n", allow_blank=True))
        if message.buttons:
            lines.append(Text(_hints(message.buttons), style=_DIM))
        margin = " " * (len(bullet) or 2)
        block = [Text().append(bullet, style=_DIM).append(where, style=_DIM).append_text(lines[0])]
        block += [Text(margin).append_text(line) for line in lines[1:]]
        for line in block:
            line.stylize(style or Style.null())
        return block

    def _text(self, line: Line) -> Text:
        text = Text()
        for before, span in pairwise(("", *line)):
            if text and (isinstance(span, CodeBlock) or isinstance(before, CodeBlock)):
                text.append("\n")
            text.append(*self._styled(span))
        return text

    def _styled(self, span: Span) -> tuple[str, Style]:
        match span:
            case str():
                return _clean(span), Style.null()
            case Link(url=url, text=text) if url:
                return self._linked(url, text)
            case Moment(at=at):
                return f"{at.astimezone(self._zone):%a %d %b %H:%M}", Style.null()
            case Bold() | Mention() | GroupMention():
                return _clean(plain((span,))), Style(bold=True)
            case CodeBlock(text=text):
                return visible(_without_controls(text)).strip("\n"), _DIM
            case Code() | Link():
                return _clean(plain((span,))), Style(color="cyan") if isinstance(span, Code) else Style.null()

    def _linked(self, url: str, text: str) -> tuple[str, Style]:
        """Something to click where the terminal can do that, else the address beside the text."""
        shown, address = _clean(text), _clean(url)
        if self._console.color_system is not None:
            return shown, Style(link=address)
        return shown if shown == address else f"{shown} ({address})", Style.null()

    def _as_shown(self, message: Message, thread: str | None) -> _Shown:
        first = self._text(_body(message)[0]).plain.partition("\n")[0]
        return _Shown(first=first, hints=_hints(message.buttons), thread=thread)

    def _print(self, lines: Iterable[Text]) -> None:
        # In one write: what is typed meanwhile is redrawn once, and no other process writes in between.
        self._console.print(Text("\n").join(lines), soft_wrap=True, highlight=False, markup=False, emoji=False)


def _body(message: Message) -> tuple[Line, ...]:
    return message.lines or (message.sentence,)


def _hints(buttons: Iterable[Button]) -> str:
    return "   ".join(f"[{_clean(button.label)}] → {_clean(button.command)}" for button in buttons)


def _clean(text: str) -> str:
    return one_line(_without_controls(text))


def _without_controls(text: str) -> str:
    return _NOT_FOR_TERMINALS.sub("�", text)
