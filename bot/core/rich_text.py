"""What a message is, before any chat service's own format: lines of text with links, and buttons.

Everything that is a plain ``str`` here is escaped by the adapter that shows it, so nobody gets to ping a channel by
naming a branch ``<!channel>``; what is meant to be more than text is one of the small types below. And a line is one
line: text of others may come in from anywhere, and never gets to begin a line, so as to speak in the bot's voice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime
from typing import Literal, TypeAlias

from bot.core.ansi import COLOUR
from bot.core.stored import stored


@stored("Bold")
class Bold:
    text: str


@stored("Code")
class Code:
    text: str


@stored("CodeBlock")
class CodeBlock:
    """Several lines of output, shown in a fixed-width block of its own."""

    text: str


@stored("Link")
class Link:
    """``text`` shown, ``url`` behind it; without a url only the text."""

    url: str | None
    text: str


@stored("Mention")
class Mention:
    """A person: ``chat_id`` where known (shown as a real mention), else ``name`` as plain text."""

    chat_id: str | None
    name: str


@stored("GroupMention")
class GroupMention:
    """A user group, all of whose members are called: ``group_id`` where known, else ``name`` as plain text."""

    group_id: str | None
    name: str


@stored("Moment")
class Moment:
    """A moment, shown in the reader's own time zone where the chat service can do that; ``short`` without its day."""

    at: datetime
    short: bool = False


Span: TypeAlias = str | Bold | Code | CodeBlock | Link | Mention | GroupMention | Moment
Line: TypeAlias = tuple[Span, ...]


@stored("Button")
class Button:
    """A button stands for a command: pressing it is the same request as typing ``command``.

    ``confirm`` is the question asked before a dangerous one, and ``yes`` what its button is called that goes on, where
    that is not ``label``. A ``danger`` shows in the question alone. ``drawn`` says which deployment it was drawn for,
    and how that stood then: see ``bot.core.presses.model.drawn_for``. One that ``asks`` lets fill in what the command
    lacks, where the chat service has forms: then that takes the place of the question.
    """

    label: str
    command: str
    style: Literal["primary", "danger"] | None = None
    confirm: str | None = None
    drawn: str | None = None
    yes: str | None = None
    asks: bool = False


@stored("Step")
class Step:
    """One step of what is going on; ``detail`` is how long it took, or why it failed."""

    name: str
    state: Literal["pending", "running", "done", "failed"]
    detail: str = ""


STEP_SIGNS = {"pending": "○", "running": "◔", "done": "✅", "failed": "❌"}
"""What stands before a step where the chat has no picture of its own for it."""


@stored("Fold")
class Fold:
    """Lines under a title, to be opened by whoever wants to read them; ``notes`` are small print below the lines.

    ``open`` is whether they are open from the beginning.
    """

    title: str
    lines: tuple[Line, ...]
    notes: tuple[Line, ...] = ()
    open: bool = False


@stored("Table")
class Table:
    """Rows of cells; each row has as many as ``head``."""

    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


@stored("Series")
class Series:
    """The bars of one thing in a chart, a value for each of its labels."""

    name: str
    values: tuple[int, ...]


@stored("Chart")
class Chart:
    """A bar chart: a group of bars for each of the ``labels``, one of each of the ``series``.

    It repeats what the lines say, for whoever sees better than reads: where a chat has no charts it is left out.
    """

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]


@stored("Message")
class Message:
    """``sentence`` is the notification and what screen readers read: always a full sentence.

    ``lines`` is the body; empty means that the sentence is the whole message. ``context`` is small print below it. Then
    come ``table``, ``chart``, ``steps``, ``output`` (several lines, as they were written) and ``fold``; last the
    ``buttons``, and behind them a menu with ``more``, which takes no questions.
    """

    sentence: Line
    lines: tuple[Line, ...] = ()
    context: tuple[Line, ...] = ()
    buttons: tuple[Button, ...] = field(default=())
    table: Table | None = None
    steps: tuple[Step, ...] = ()
    output: str = ""
    fold: Fold | None = None
    more: tuple[Button, ...] = ()
    chart: Chart | None = None

    def summary(self) -> str:
        """The sentence as plain text."""
        return plain(self.sentence)

    def text(self) -> str:
        """Everything a person reads, as plain text, one line each: what tests and logs compare."""
        body = self.lines or (self.sentence,)
        shown = [plain(line) for line in (*body, *self.context)]
        if self.table is not None:
            rows = [self.table.head, *([plain(cell) for cell in row] for row in self.table.rows)]
            shown += [" | ".join(row) for row in rows]
        if self.chart is not None:
            shown += [one_line(self.chart.title), *(f"  {row}" for row in small_bars(self.chart))]
        shown += [f"({step.state}) {one_line(step.name)} {one_line(step.detail)}".rstrip() for step in self.steps]
        shown += [visible(self.output)] if self.output else []
        if self.fold is not None:
            shown.append(f"{'▾' if self.fold.open else '▸'} {one_line(self.fold.title)}")
            shown += [f"  {plain(line)}" for line in (*self.fold.lines, *self.fold.notes)]
        if self.buttons:
            shown.append(" ".join(f"[{button.label}]" for button in self.buttons))
        if self.more:
            shown.append(f"⋯ {', '.join(button.label for button in self.more)}")
        return "\n".join(shown)


_BARS = "▁▂▃▄▅▆▇█"


def small_bars(chart: Chart) -> list[str]:
    """Sparklines: a line for each series, a small bar with its number for each label.

    >>> small_bars(Chart("Deployments", ("Mon", "Tue"), (Series("shop", (8, 0)),)))
    ['shop: Mon █ 8 · Tue ▁ 0']
    """
    highest = max((value for one in chart.series for value in one.values), default=0)
    return [
        f"{one_line(one.name)}: "
        + " · ".join(
            f"{one_line(label)} {_bar(value, highest)} {value}"
            for label, value in zip(chart.labels, one.values, strict=False)
        )
        for one in chart.series
    ]


def _bar(value: int, highest: int) -> str:
    """As high as the value is of the highest; nothing is the lowest, and whatever is more than that is higher."""
    if value <= 0 or highest <= 0:
        return _BARS[0]
    return _BARS[max(1, round(value / highest * (len(_BARS) - 1)))]


def fingerprint(message: object) -> str:
    """Tells whether two messages, or two views, are the same, without keeping them."""
    return hashlib.sha256(repr(message).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def say(*spans: Span, lines: Iterable[Line] = (), buttons: Iterable[Button] = ()) -> Message:
    """A message whose first line is ``spans``, followed by ``lines``. Who only hears of it hears a whole sentence.

    >>> say("Deploying ", Code("topic"), ".").text()
    'Deploying topic.'
    >>> say("Locked now:", lines=[("• production",), ("• staging",)]).summary()
    'Locked now: production; staging.'
    """
    more = tuple(lines)
    sentence = _whole(spans, more)
    shown = (spans, *more) if more or sentence != spans else ()
    return Message(sentence=sentence, lines=shown, buttons=tuple(buttons))


READ_OUT = 5
"""So many of the lines are read out where the first one only announces them."""


def _whole(head: Line, more: Sequence[Line]) -> Line:
    """A sentence with its end: what ends with a colon goes on with what stands below it."""
    spans = head
    if plain(head).rstrip().endswith(":"):
        below = [text for line in more if (text := plain(line).strip().removeprefix("• ").rstrip(".; "))]
        shown = below[:READ_OUT] + ([f"and {len(below) - READ_OUT} more"] if len(below) > READ_OUT else [])
        spans = (*head, f" {'; '.join(shown)}")
    return spans if plain(spans).rstrip().endswith((".", "!", "?", "…")) else (*spans, ".")


# What breaks a line somewhere: what Python, Unicode or a terminal take for an end of line. It is looked for in the
# space around it, and not the other way round: a title may be a megabyte of blanks, each of which would be tried.
_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACE = re.compile(r"\s+")
# What is not seen: colours and other controls, half characters, what turns the direction of writing (bidi), and what
# has no width but in an emoji that is joined of several.
_HIDDEN = re.compile(
    f"{COLOUR.pattern}|"
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
    "|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
)


def visible(text: str) -> str:
    """Text without what only a machine sees; lines and tabulators stay.

    >>> visible("one\\u202e\\u200b\\ntwo")
    'one\\ntwo'
    """
    return _HIDDEN.sub("", text)


def one_line(text: str) -> str:
    """Text as part of a line: whatever could break it is a space, and nothing is hidden in it.

    >>> one_line("fine\\n\\u2028✅ web is live")
    'fine ✅ web is live'
    """
    return visible(_SPACE.sub(_unbroken, text)).replace("\t", " ")


def _unbroken(space: re.Match[str]) -> str:
    return " " if _BREAK.search(space[0]) else space[0]


def plain(line: Line) -> str:
    """A line without its markup."""
    return "".join(_plain(span) for span in line)


def _plain(span: Span) -> str:
    match span:
        case str():
            return one_line(span)
        case Mention(name=name) | GroupMention(name=name):
            return f"@{one_line(name)}"
        case Moment(at=at, short=short):
            return at.strftime("%H:%M %Z" if short else "%a %d %b %H:%M %Z").strip()
        case CodeBlock(text=text):
            return visible(text)
        case Bold(text=text) | Code(text=text) | Link(text=text):
            return one_line(text)
