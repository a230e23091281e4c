"""What a message is, before any chat service's own format: lines of text with links, and buttons.

Everything that is a plain ``str`` here is escaped by the adapter that shows it, so nobody gets to ping a channel by
naming a branch ``<!channel>``; what is meant to be more than text is one of the small types below. And a line is one
line: text of others may come in from anywhere, and never gets to begin a line, so as to speak in the bot's voice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import field
from datetime import datetime
from typing import Literal, TypeAlias

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


@stored("Message")
class Message:
    """``sentence`` is the notification and what screen readers read: always a full sentence.

    ``lines`` is the body; empty means that the sentence is the whole message. ``context`` is small print below it. Then
    come ``table``, ``steps``, ``output`` (several lines, as they were written) and ``fold``; last the ``buttons``, and
    behind them a menu with ``more``, which takes no questions.
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


def fingerprint(message: object) -> str:
    """Tells whether two messages, or two views, are the same, without keeping them."""
    return hashlib.sha256(repr(message).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def say(*spans: Span, lines: Iterable[Line] = (), buttons: Iterable[Button] = ()) -> Message:
    """A message whose first line is ``spans``, followed by ``lines``.

    >>> say("Deploying ", Code("topic"), ".").text()
    'Deploying topic.'
    """
    more = tuple(lines)
    return Message(sentence=spans, lines=(spans, *more) if more else (), buttons=tuple(buttons))


# What breaks a line somewhere, with the space around it: what Python, Unicode or a terminal take for an end of line.
_BREAK = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
# What is not seen: controls, half characters, what turns the direction of writing (bidi), and what has no width but in
# an emoji that is joined of several.
_HIDDEN = re.compile(
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
    return visible(_BREAK.sub(" ", text)).replace("\t", " ")


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
