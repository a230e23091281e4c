"""Which commands a text of several lines holds: each as one line, in order, and no word of the text lost.

A line that begins with a command's verb is a command of its own; every other line continues the one before it, and what
stands in front of the first belongs to that. Where that is no greeting it may say anything, such as "do not do this:",
so that all of the text is one then, which nobody takes for a command.
"""

from __future__ import annotations

import re

from bot.core.grammar import speech
from bot.core.grammar.arguments import BECAUSE, END, FLAG
from bot.core.grammar.courtesy import is_emoji
from bot.core.grammar.deploy import VERB
from bot.core.grammar.openings import GREETING
from bot.core.grammar.registry import DEPLOY, Spec, find
from bot.core.grammar.slack_text import LONGEST_LINE, clean_lines, without_marks

POLITE = frozenset({"please", "pls", "plz"})
_LIST_MARK = re.compile(r"(?:[-*+•◦▪▸‣·–—]|\(?[0-9]{1,2}[.)]|\$|%|(?:to-?do)?\[[ x]?\])\s+", re.IGNORECASE)
_OPENING = {'"': '"', "'": "'", "(": ")", "*": "*", "_": "_", "~": "~", "`": "`", "[": "]"}


def match(text: str) -> tuple[Spec, int] | None:
    """The command that ``text`` begins with, and how many words name it."""
    polite = speech.opening(text)
    said = text.lower().split(maxsplit=polite + 8)[polite : polite + 8]
    for length in range(min(4, len(said)), 0, -1):
        name = " ".join(said[:length])
        spec = find(name) or find(name.rstrip(END))
        if spec is not None and (length == 1 or said[length - 1].strip(END)):
            return spec, polite + length
    return (DEPLOY, polite + 1) if said and VERB.fullmatch(said[0]) else None


def commands_in(text: str, *, slash: bool = False) -> list[str]:
    """Every command in ``text`` as one line. Where none begins with a verb, all of it is one.

    ``slash`` says that the text came behind ``/deploy``, where the first verb may be missing.

    >>> commands_in("deploy topic\\nto staging\\n- lock staging")
    ['deploy topic to staging', 'lock staging']
    """
    found: list[str] = []
    any_begun = refused = False
    for line in clean_lines(text):
        begins = _as_command(line, found[-1] if found else "")
        if begins is None:
            said = f"{found.pop()} {line}" if found else line
            found.append(said)
        elif refused:
            found[-1] += f" {begins}"
        elif any_begun or (slash and found):
            found.append(begins)
        else:
            said = " ".join([*found, begins])  # in front may stand a greeting
            whole = begun(said)
            found, refused = [whole or said], whole is None
        any_begun = any_begun or begins is not None
    return [_without_wrapping(line) for line in found]


def _as_command(line: str, before: str) -> str | None:
    """The line from its verb on; None for one that goes on with what was said before."""
    if before and not any(char.isalnum() for char in line):
        return None  # "?" alone asks for help, and below a command it only asks
    if before and line[0] in "\"'" and before.rpartition(" ")[2].lower() in {*BECAUSE, FLAG}:
        return None
    return begun(line)


def begun(line: str) -> str | None:
    """The line from its verb on, without list marks, emoji and a greeting in front of it; None where it has none."""
    rest = line
    if len(line) > LONGEST_LINE:  # nobody reads it as a command
        return line if match(line) else None
    while not match(rest):
        shorter = _LIST_MARK.sub("", rest, count=1) if _LIST_MARK.match(rest) else rest
        greeting = GREETING.match(shorter)
        shorter = shorter[greeting.end() :] if greeting else shorter
        first, _, others = shorter.partition(" ")
        shorter = others.lstrip() if is_emoji(first) else shorter
        if shorter == rest:
            return _opened(rest)
        rest = shorter
    return rest


def _opened(line: str) -> str | None:
    """A line whose verb stands behind an opening quote, bracket or mark; it is closed somewhere, or not at all."""
    bare = line.lstrip("".join(_OPENING))
    opened = line[: len(line) - len(bare)]
    if not opened or not match(bare):
        return None
    return line


def _without_wrapping(line: str) -> str:
    """The line without quotes, brackets and marks around its verb or around all of it."""
    while len(line) <= LONGEST_LINE and not match(line) and _opened(line):
        bare = without_marks(line)
        line = bare if bare != line else _without_pair(line)
    return line


def _without_pair(line: str) -> str:
    mark = re.escape(_OPENING[line[0]])
    closing = re.search(rf"(?<=\S){mark}(?=$|[\s.,;:!?\"'`*_~)\]])|\s{mark}$", line[1:])
    inside = line[1:]
    return (inside[: closing.start()] + inside[closing.end() :]).strip() if closing else inside.strip()
