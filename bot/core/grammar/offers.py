"""Commands that the bot writes for people, to press or to type: only such as are read back as the same command.

Names of branches, reasons and apps come from strangers, and may hold what the grammar takes for words of its own:
``hotfix<no-break space>--force`` is one name to git, and a branch and a force to whoever reads the line. So a line is
printed from a command, never joined, and one that would be read otherwise is not offered.
"""

from __future__ import annotations

from typing import Literal

from bot.core.grammar.commands import Command
from bot.core.grammar.parser import parse, show, split_one_time_password
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from bot.core.rich_text import Button, Code, Line

_NAMELESS = "\n"
"""Stands for the app of a command that names none: nobody can type it."""


def offer(
    label: str,
    command: Command,
    style: Literal["primary", "danger"] | None = None,
    confirm: str | None = None,
    drawn: str | None = None,
) -> tuple[Button, ...]:
    """A button that stands for the command; none where the command cannot be written down."""
    text = written(command)
    return (Button(label, text, style, confirm, drawn),) if text is not None else ()


def hint(before: str, command: Command, after: str = "") -> Line:
    """The command between the words of a sentence; nothing at all where it cannot be written down."""
    text = written(command)
    return (before, Code(text), *((after,) if after else ())) if text is not None else ()


def written(command: Command) -> str | None:
    """The command as a line that means it and nothing else, to whoever types or presses it; None if there is none."""
    text = show(command)
    _, password = split_one_time_password(text)
    return text if password is None and parse(text, _words_of(command)) == command else None


def _words_of(command: Command) -> Vocabulary:
    """Just the names that the command itself has."""
    app = getattr(command, "app", None) or _NAMELESS
    named = (getattr(command, part, None) for part in ("environment", "source"))
    return Vocabulary({app: AppVocabulary(tuple(name for name in named if name))})
