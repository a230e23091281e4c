"""Messages as lines of text for a terminal: folds and steps are a line each, tables are columns, words are wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from bot.core.ansi import colourless
from bot.core.rich_text import (
    STEP_SIGNS,
    Bold,
    Button,
    Chart,
    Code,
    CodeBlock,
    Fold,
    GroupMention,
    Line,
    Link,
    Mention,
    Message,
    Moment,
    Span,
    Step,
    Table,
    one_line,
    plain,
    small_bars,
    visible,
)

DIM = Style(dim=True)
NARROWEST = 20
"""So many columns a line has at least, however narrow the terminal is."""
BETWEEN_COLUMNS = HANGING = 2

# What would move the cursor, change colours or turn the direction of writing, and what no encoding can write.
_NOT_FOR_TERMINALS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Blanks only: where somebody wrote a space that does not break, it does not.
_WORD = re.compile(r"[^ ]+ *")


class Drawing:
    """Draws for one console; ``zone`` is that of the times shown, None for the machine's own.

    At a terminal words are wrapped at its width; in a file or a pipe a line is a line. The addresses below ``pages``,
    the bot's own, are told elsewhere.
    """

    def __init__(self, console: Console, zone: ZoneInfo | None, pages: str | None = None) -> None:
        self._console = console
        self._zone = zone
        self._pages = pages

    def block(self, message: Message, *, where: str = "", bullet: str = "", style: Style | None = None) -> list[Text]:
        """All of the message: the first line after ``bullet`` and ``where``, the others indented under it."""
        lines = [piece for line in body(message) for piece in self.text(line).split("\n", allow_blank=True)]
        lines += self.context(message)
        if message.table is not None:
            lines += self.table(message.table, len(bullet) or 2)
        if message.chart is not None:
            lines += self.chart(message.chart)
        lines += [*map(self.step, message.steps), *self.output(message.output)]
        if message.fold is not None:
            lines += self.fold(message.fold)
        lines += [Text(one, style=DIM) for one in (hints(message.buttons), self.menu(message)) if one]
        lines[0] = Text().append(where, style=DIM).append_text(lines[0])
        return self.under(lines, bullet, style)

    def under(self, lines: Sequence[Text], bullet: str, style: Style | None = None) -> list[Text]:
        """The lines, wrapped, the first after the bullet."""
        margin = len(bullet) or 2
        block: list[Text] = []
        for number, line in enumerate(lines):
            first, *others = self._wrapped(line, margin)
            block.append(Text().append(bullet if number == 0 else " " * margin, style=DIM).append_text(first))
            block += [Text(" " * (margin + _indent(line) + HANGING)).append_text(one) for one in others]
        for line in block:
            line.stylize(style or Style.null())
        return block

    def context(self, message: Message) -> list[Text]:
        lines = [piece for small in message.context for piece in self.text(small).split("\n", allow_blank=True)]
        for line in lines:
            line.stylize(DIM)
        return lines

    def step(self, step: Step) -> Text:
        detail = clean(step.detail).strip()
        return Text(f"{STEP_SIGNS[step.state]} {clean(step.name)}{f' · {detail}' if detail else ''}")

    def output(self, text: str) -> list[Text]:
        """As it was written, a little further in."""
        shown = visible(without_controls(text)).strip("\n")
        return [Text(f"  {line}", style=DIM, no_wrap=True) for line in shown.split("\n")] if shown.strip() else []

    def fold(self, folded: Fold) -> list[Text]:
        """One line, and what is in it where it is open."""
        if not folded.open:
            return [Text(f"▸ {clean(folded.title)}")]
        inside = [Text("  • ").append_text(self._joined(line)) for line in folded.lines]
        notes = [Text("  ").append_text(self._joined(line)) for line in folded.notes]
        for note in notes:
            note.stylize(DIM)
        return [Text(f"▾ {clean(folded.title)}"), *inside, *notes]

    def table(self, shown: Table, margin: int) -> list[Text]:
        """Columns as wide as what is in them; the last one is wrapped within itself."""
        head = [Text(clean(name), style=DIM) for name in shown.head]
        rows = [[self._joined(cell) for cell in row][: len(head)] for row in shown.rows]
        even = [[*row, *(Text() for _ in head[len(row) :])] for row in (head, *rows)] if head else []
        widths = [max(cell.cell_len for cell in column) for column in zip(*even, strict=True)]
        return [line for row in even for line in self._row(row, widths, margin)]

    def chart(self, shown: Chart) -> list[Text]:
        """A line of small bars for each series."""
        return [Text(clean(shown.title)), *(Text(f"  {clean(row)}") for row in small_bars(shown))]

    def _row(self, row: Sequence[Text], widths: Sequence[int], margin: int) -> list[Text]:
        before = Text()
        for cell, width in zip(row[:-1], widths[:-1], strict=True):
            before.append_text(cell).append(" " * (width - cell.cell_len + BETWEEN_COLUMNS))
        first, *others = self._wrapped(row[-1], margin + before.cell_len)
        lines = [before.copy().append_text(first), *(Text(" " * before.cell_len).append_text(one) for one in others)]
        for line in lines:
            line.rstrip()
            line.no_wrap = True
        return lines

    def menu(self, message: Message) -> str:
        """What else may be typed: for whoever sits at a terminal and may want to."""
        if not message.more or not self._console.is_terminal:
            return ""
        return f"⋯ {'   '.join(clean(button.command) for button in message.more)}"

    def first(self, message: Message) -> Text:
        return self.text(body(message)[0]).split("\n")[0]

    def text(self, line: Line) -> Text:
        text = Text()
        for before, span in pairwise(("", *line)):
            if text and (isinstance(span, CodeBlock) or isinstance(before, CodeBlock)):
                text.append("\n")
            text.append(*self._styled(span))
        return text

    def _joined(self, line: Line) -> Text:
        """A line that stays one, whatever is in it."""
        return Text(" ").join(self.text(line).split("\n")) if line else Text()

    def _wrapped(self, line: Text, margin: int) -> list[Text]:
        if not self._console.is_terminal or line.no_wrap:
            return [line]
        return wrapped(line, max(NARROWEST, self._console.width - margin - _indent(line) - HANGING))

    def _styled(self, span: Span) -> tuple[str, Style]:
        match span:
            case str():
                return clean(span), Style.null()
            case Link(url=url, text=text) if url:
                return self._linked(url, text)
            case Moment(at=at, short=short):
                here = at.astimezone(self._zone)
                return f"{here:%H:%M}" if short else f"{here:%a %d %b %H:%M}", Style.null()
            case Bold() | Mention() | GroupMention():
                return clean(plain((span,))), Style(bold=True)
            case CodeBlock(text=text):
                return visible(without_controls(text)).strip("\n"), DIM
            case Code() | Link():
                return clean(plain((span,))), Style(color="cyan") if isinstance(span, Code) else Style.null()

    def _linked(self, url: str, text: str) -> tuple[str, Style]:
        """Something to click where the terminal can do that, else the address beside the text."""
        shown, address = clean(text), clean(url)
        if self._console.color_system is not None:
            return shown, Style(link=address)
        is_told = self._pages is not None and address.startswith(f"{self._pages}/")
        return shown if shown == address or is_told else f"{shown} ({address})", Style.null()


def wrapped(line: Text, width: int) -> list[Text]:
    """The line in pieces of at most ``width`` columns, cut at blanks only: a longer word stays whole.

    >>> [piece.plain for piece in wrapped(Text("one two three"), 8)]
    ['one two', 'three']
    """
    cuts: list[int] = []
    used = _indent(line)
    for number, word in enumerate(_WORD.finditer(line.plain)):
        if number and used + cell_len(word[0].rstrip()) > width:
            cuts.append(word.start())
            used = 0
        used += cell_len(word[0])
    if not cuts:
        return [line]
    pieces = list(line.divide(cuts))
    for piece in pieces:
        piece.rstrip()
    return pieces


def _indent(line: Text) -> int:
    return len(line.plain) - len(line.plain.lstrip(" "))


def body(message: Message) -> tuple[Line, ...]:
    return message.lines or (message.sentence,)


def hints(buttons: Iterable[Button]) -> str:
    return "   ".join(f"[{clean(button.label)}] → {clean(button.command)}" for button in buttons)


def clean(text: str) -> str:
    return one_line(without_controls(text))


def without_controls(text: str) -> str:
    return _NOT_FOR_TERMINALS.sub("�", colourless(text))
