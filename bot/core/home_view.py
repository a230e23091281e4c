"""What a home view is, before any chat service's own format: rows of lines with a button each, and ways to look on.

Its text is that of messages: see ``bot.core.rich_text``. It is drawn anew each time, and never stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.rich_text import Button, Line, plain


@dataclass(frozen=True, slots=True)
class Turn:
    """A way to look at another part of it: ``look`` says which, for whoever draws that."""

    label: str
    look: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A menu of ways to look on, in groups under titles; ``chosen`` is the way that is looked now."""

    chosen: Turn
    groups: tuple[tuple[str, tuple[Turn, ...]], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Lines that belong together, and what can be done about them."""

    lines: tuple[Line, ...]
    button: Button | None = None


@dataclass(frozen=True, slots=True)
class HomeView:
    """``intro`` comes first, then the menu, the ``turns`` and the ``buttons`` beside it; then the ``rows``, and
    ``notes`` as small print; last the ``pages``."""

    choice: Choice
    rows: tuple[Row, ...]
    intro: tuple[Line, ...] = ()
    buttons: tuple[Button, ...] = ()
    turns: tuple[Turn, ...] = ()
    notes: tuple[Line, ...] = ()
    pages: tuple[Turn, ...] = ()

    def text(self) -> str:
        """Everything a person reads, as plain text, one line each."""
        shown = [plain(line) for line in self.intro]
        above = [
            *(one.label for one in self.buttons),
            f"{self.choice.chosen.label} ▾",
            *(one.label for one in self.turns),
        ]
        shown.append(" ".join(f"[{label}]" for label in above))
        for row in self.rows:
            shown += [plain(line) for line in row.lines]
            shown += [f"[{row.button.label}]"] if row.button else []
        shown += [plain(line) for line in self.notes]
        if self.pages:
            shown.append(" ".join(f"[{one.label}]" for one in self.pages))
        return "\n".join(shown)
