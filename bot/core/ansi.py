"""ANSI escape sequences in what a command prints: its colours are kept, all else that steers a terminal goes.

Colours (SGR, "select graphic rendition") change how text looks and nothing else; all other sequences move, delete or
ask, and would let a line of output write over those before it.
"""

from __future__ import annotations

import re

COLOUR = re.compile(r"\x1b\[[0-9;:]{0,40}m")
# Each alternative stops at the next escape character, so that a line of nothing else takes no longer than another.
_CONTROL = re.compile(
    rf"({COLOUR.pattern})"
    r"|\x1b\[[0-?]*+[ -/]*+[@-~]"
    r"|\x1b[\]P^_X][^\x07\x1b]*+(?:\x07|\x1b\\)"
    r"|\x1b[ #%()*+-./][0-~]|\x1b[0-Z\\-~]"
    r"|[\x00-\x08\x0a-\x1f\x7f-\x9f]"
)
_HALF_A_COLOUR = re.compile(r"\x1b(?:\[[0-9;:]{0,40})?\Z")


def coloured(line: str) -> str:
    """One line with its colours and tabulators, and without any other control; half characters are question marks.

    >>> coloured("\\x1b[2K\\x1b[31mred\\x1b[0m\\x07")
    '\\x1b[31mred\\x1b[0m'
    """
    shown = line if line.isprintable() else _CONTROL.sub(lambda found: found[1] or "", line)
    return shown if shown.isascii() else shown.encode("utf-8", "replace").decode("utf-8")


def colourless(text: str) -> str:
    """Text as it is read where there are no colours; several lines stay several.

    >>> colourless("\\x1b[1;31mred\\x1b[0m, not")
    'red, not'
    """
    return COLOUR.sub("", text)


def cut(line: str, limit: int) -> str:
    """At most ``limit`` characters, colours among them, and never half of a colour.

    >>> cut("\\x1b[31mred\\x1b[0m", 10), cut("green", 5)
    ('\\x1b[31mred…', 'green')
    """
    if len(line) <= limit:
        return line
    return f"{_HALF_A_COLOUR.sub('', line[: limit - 1])}…"
