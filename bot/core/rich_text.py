"""What a message is, before any chat service's own format: lines of text with links, and buttons.

Everything that is a plain ``str`` here is escaped by the adapter that shows it, so nobody gets to ping a channel by
naming a branch ``<!channel>``; what is meant to be more than text is one of the small types below.
"""

from __future__ import annotations

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


@stored("Moment")
class Moment:
    """A moment, shown in the reader's own time zone where the chat service can do that."""

    at: datetime


Span: TypeAlias = str | Bold | Code | CodeBlock | Link | Mention | Moment
Line: TypeAlias = tuple[Span, ...]


@stored("Button")
class Button:
    """A button stands for a command: pressing it is the same request as typing ``command``.

    ``confirm`` is the question asked before a dangerous one.
    """

    label: str
    command: str
    style: Literal["primary", "danger"] | None = None
    confirm: str | None = None


@stored("Message")
class Message:
    """``sentence`` is the notification and what screen readers read: always a full sentence.

    ``lines`` is the body; empty means that the sentence is the whole message. ``context`` is small print below it.
    """

    sentence: Line
    lines: tuple[Line, ...] = ()
    context: tuple[Line, ...] = ()
    buttons: tuple[Button, ...] = field(default=())

    def summary(self) -> str:
        """The sentence as plain text."""
        return plain(self.sentence)

    def text(self) -> str:
        """Everything a person reads, as plain text, one line each: what tests and logs compare."""
        body = self.lines or (self.sentence,)
        shown = [plain(line) for line in (*body, *self.context)]
        if self.buttons:
            shown.append(" ".join(f"[{button.label}]" for button in self.buttons))
        return "\n".join(shown)


def say(*spans: Span, lines: Iterable[Line] = (), buttons: Iterable[Button] = ()) -> Message:
    """A message whose first line is ``spans``, followed by ``lines``.

    >>> say("Deploying ", Code("topic"), ".").text()
    'Deploying topic.'
    """
    more = tuple(lines)
    return Message(sentence=spans, lines=(spans, *more) if more else (), buttons=tuple(buttons))


def plain(line: Line) -> str:
    """A line without its markup."""
    return "".join(_plain(span) for span in line)


def _plain(span: Span) -> str:
    match span:
        case str():
            return span
        case Mention(chat_id=_, name=name):
            return f"@{name}"
        case Moment(at=at):
            return at.strftime("%a %d %b %H:%M %Z").strip()
        case Bold(text=text) | Code(text=text) | CodeBlock(text=text) | Link(text=text):
            return text
