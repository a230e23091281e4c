"""Commands that the bot writes for people, to press or to type: only such as are read back as the same command.

Names of branches, reasons and apps come from strangers, and may hold what the grammar takes for words of its own:
``hotfix<no-break space>--force`` is one name to git, and a branch and a force to whoever reads the line. So a line is
printed from a command, never joined, and one that would be read otherwise is not offered.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from bot.core.grammar.commands import Command, Deploy
from bot.core.grammar.parser import parse, show, split_one_time_password
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from bot.core.refs import FULL_ID_LENGTH, HEADS, SHOWN_DIGITS, TAGS, is_full_id, short_name
from bot.core.rich_text import Button, Code, Line

LONGEST_LABEL, _LONGEST_WORD = 75, 30
"""https://docs.slack.dev/reference/block-kit/block-elements/button-element"""
_LONG_ID = re.compile(rf"\b([0-9a-f]{{{SHOWN_DIGITS}}})[0-9a-f]{{{FULL_ID_LENGTH - SHOWN_DIGITS}}}\b")
_PINNED_ID = re.compile(r"(?<=@[0-9a-f]{7})[0-9a-f]{33}\b")
"""Behind a branch's name it is as short as on a card."""
_NAMELESS = "\n"
"""Stands for the app of a command that names none: nobody can type it."""


def offer(
    label: str,
    command: Command,
    style: Literal["primary", "danger"] | None = None,
    confirm: str | None = None,
    drawn: str | None = None,
    *,
    asks: bool = False,
) -> tuple[Button, ...]:
    """A button that stands for the command; none where the command cannot be written down."""
    text = written(command)
    return (Button(label, text, style, confirm, drawn, asks=asks),) if text is not None else ()


def offer_force(label: str, command: Deploy, confirm: str | None = None) -> tuple[Button, ...]:
    """A button that deploys by force, and asks why first, as others will."""
    return offer(label, replace(command, force=True, force_reason=None), confirm=confirm, asks=True)


def hint(before: str, command: Command, after: str = "") -> Line:
    """The command between the words of a sentence; nothing at all where it cannot be written down."""
    text = written(command)
    return (before, Code(text), *((after,) if after else ())) if text is not None else ()


def deed(command: Command) -> str:
    """All that a press would do, for the face of a button: names that are too long lose their middle.

    >>> from bot.core.grammar.commands import Deploy
    >>> deed(Deploy("web", "topic", "staging")), deed(Deploy("web", "refs/heads/staging", "production"))
    ('Deploy web/topic to staging', 'Deploy branch staging of web to production')
    """
    shown = show(command)
    app, ref = getattr(command, "app", None), getattr(command, "ref", None)
    kind = _kind(ref) if ref else None
    if kind and ref:
        name = f"{kind} {short_name(ref)}" + (f" of {app}" if app else "")
        shown = shown.replace(f"{app}/{ref}" if app else ref, name, 1)
    shown = _LONG_ID.sub(r"\1", _PINNED_ID.sub("", shown))
    if len(shown) > LONGEST_LABEL:
        shown = " ".join(_shortened(word) for word in shown.split())
    return shown[:1].upper() + shown[1:]


def _kind(ref: str) -> str | None:
    """What a ref is that says so itself."""
    if is_full_id(ref):
        return "commit"
    return "branch" if ref.startswith(HEADS) else "tag" if ref.startswith(TAGS) else None


def _shortened(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else f"{word[: _LONGEST_WORD // 2]}…{word[-_LONGEST_WORD // 2 :]}"


def written(command: Command) -> str | None:
    """The command as a line that means it and nothing else, to whoever types or presses it; None if there is none."""
    text = show(command)
    _, password = split_one_time_password(text)
    return text if password is None and parse(text, _words_of(command)) == command else None


def _words_of(command: Command) -> Vocabulary:
    """Just the names that the command itself has."""
    app = getattr(command, "app", None) or _NAMELESS
    named = (getattr(command, part, None) for part in ("environment", "source"))
    called, environment = getattr(command, "may_be_ref", None), getattr(command, "environment", None)
    aliases = {called: environment} if called and environment else {}
    return Vocabulary({app: AppVocabulary(tuple(name for name in named if name), aliases)})
