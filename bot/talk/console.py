"""The chat of ``talk``: messages as lines of text in a terminal, a file or a pipe."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal
from rich.console import Console
from rich.style import Style
from rich.text import Text

from bot.core.events.external import Place
from bot.core.home_view import HomeView
from bot.core.modals.model import Modal
from bot.core.ports.chat import Person, Tag
from bot.core.rich_text import STEP_SIGNS, Link, Message, Span
from bot.talk.drawing import DIM, Drawing, clean, hints

CHANNEL = "#deploys"
YOU = "you"
_TO_COME = STEP_SIGNS["pending"]


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
    """What is on the screen of a message, as plain text: its first line, the line of its buttons, its parts."""

    first: str
    hints: str
    thread: str | None
    steps: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    output: str = ""

    @property
    def state(self) -> str:
        """The emoji at the beginning: each stands for one."""
        return self.first.partition(" ")[0]


class Terminal:
    """Implements ``Chat``. A message's id is its key, so that it stays the same however often the process starts.

    ``speaker`` is who sits at the keyboard: whispers to them say so. ``zone`` is that of the times shown, None for
    the machine's own. ``pages`` is the address below which the bot's own pages are: that of a deployment is told once.
    Messages may come from any thread; none is ever torn apart by another.
    """

    between_edits = 0.0

    def __init__(
        self, console: Console, *, channel: str = CHANNEL, zone: ZoneInfo | None = None, pages: str | None = None
    ) -> None:
        self.channel = channel
        self.speaker = YOU
        self._console = console
        self._zone = zone
        self._drawing = Drawing(console, zone, pages)
        self._pages = pages
        self._paged: set[str] = set()
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
                self._print([*self._drawing.block(message, where=self._elsewhere(place)), *self._page(message)])
            else:
                self._remind_of(place.thread)
                self._print([*self._drawing.block(message, bullet="  ↳ "), *self._page(message)])
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
        """Print what has changed: the steps, a line each, or the first line, with what came of it in a new state."""
        with self._turn:
            before = self._shown.get(message_id, _Shown("", "", None))
            after = self._as_shown(message, before.thread)
            self._shown[message_id] = after
            lines = self._changes(message, before, after)
            if not lines:
                return
            block = self._drawing.under(lines, "  ⟳ ")
            for line in block:
                line.stylize(DIM)
            self._print([*block, *self._page(message)])
            self._latest = before.thread or message_id

    def _page(self, message: Message) -> list[Text]:
        """The address of a deployment's page, when it is linked first."""
        found = (span.url for line in (*message.lines, *message.context) for span in line if isinstance(span, Link))
        new: list[Text] = []
        for url in found:
            path = (url or "").partition("?")[0]
            if url and self._pages and path.startswith(f"{self._pages}/") and path not in self._paged:
                self._paged.add(path)
                new.append(Text(f"  page: {url}", style=DIM))
        return new

    def _changes(self, message: Message, before: _Shown, after: _Shown) -> list[Text]:
        steps = [Text(line) for line in after.steps if line not in before.steps and not line.startswith(_TO_COME)]
        # Of what was drawn before this start nothing is known, nor whether that was another state.
        moved = bool(before.first) and before.state != after.state
        same = (before.first, before.hints) == (after.first, after.hints)
        # How far it is stands in the first line as well as in its steps.
        if same or (steps and not moved and before.hints == after.hints):
            return steps
        first = self._drawing.first(message)
        if after.hints and after.hints != before.hints:
            first.append("   ").append(after.hints)
        return [first, *steps, *(self._outcome(message, before, after) if moved else ())]

    def _outcome(self, message: Message, before: _Shown, after: _Shown) -> list[Text]:
        """What a new state brings with it: how long it took, why it failed, what it ships."""
        lines = self._drawing.context(message) if after.context != before.context else []
        lines += self._drawing.output(message.output) if after.output != before.output else []
        return lines + (self._drawing.fold(message.fold) if message.fold is not None else [])

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
            reader = "only you" if person == self.speaker else f"only {clean(person)}"
            self._print(self._drawing.block(message, where=f"({reader}) ", style=Style(italic=True)))
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

    def sees(self, person: Person, channel: str) -> bool:  # noqa: ARG002 - everybody sits before the same screen
        return True

    def all_see(self, here: str, channel: str) -> bool:  # noqa: ARG002 - everybody sits before the same screen
        return True

    def publish_home(self, person: str, view: HomeView) -> None:
        """There is one view here, and it is this one."""

    def fill_modal(self, view: str, shown: Modal, metadata: str, *, asked: bool, version: str | None) -> None:
        """Nobody opens any here."""

    def unfurl(self, channel: str, message_id: str, shown: Mapping[str, Message]) -> None:
        """Links stay as they are written here."""

    def link_to(self, channel: str, message_id: str) -> str | None:  # noqa: ARG002 - nothing here has an address
        return None

    def note(self, *spans: Span) -> None:
        """Print what is no message: the world's answer to a line that plays it."""
        with self._turn:
            self._print(self._drawing.block(Message(sentence=spans), bullet="· ", style=DIM))
            self._latest = None

    def greet(self, message: Message) -> None:
        """Print a message that nobody posted."""
        with self._turn:
            self._print(self._drawing.block(message))

    def echo(self, line: str) -> None:
        """Print a line that came from a pipe, as it would stand there had it been typed."""
        with self._turn:
            self._print([Text(), Text().append("> ", style=DIM).append(clean(line), style=Style(bold=True))])
            self._latest = None

    def _remind_of(self, thread: str) -> None:
        """Say which thread goes on, where something else was printed since."""
        parent = self._shown.get(thread)
        if parent is not None and self._latest != thread:
            self._print([Text(f"  … {parent.first}", style=DIM)])

    def _elsewhere(self, place: Place) -> str:
        if place.direct:
            return "(to you) " if place.channel == self.speaker else f"(to {clean(place.channel)}) "
        return "" if place.channel in self.channel_names(self.channel) else f"({clean(place.channel)}) "

    def _as_shown(self, message: Message, thread: str | None) -> _Shown:
        drawing = self._drawing
        return _Shown(
            first=drawing.first(message).plain,
            hints=hints(message.buttons),
            thread=thread,
            steps=tuple(drawing.step(one).plain for one in message.steps),
            context=tuple(line.plain for line in drawing.context(message)),
            output=message.output,
        )

    def _print(self, lines: Iterable[Text]) -> None:
        # In one write: what is typed meanwhile is redrawn once, and no other process writes in between.
        self._console.print(Text("\n").join(lines), soft_wrap=True, highlight=False, markup=False, emoji=False)
