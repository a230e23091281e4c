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


def parts(line: str) -> list[tuple[str, str]]:
    """A line in pieces that look alike: the names of what they look like, with a space between, and the text.

    ``bold``, ``dim``, ``italic``, ``under`` and ``turned`` (figure and ground) say themselves; ``f0`` to ``f15`` are
    the sixteen colours of the text, ``g0`` to ``g15`` those behind it. Of finer ones the nearest of these is named.

    >>> parts("plain \\x1b[1;31mred\\x1b[0m \\x1b[38;5;46mgreen")
    [('', 'plain '), ('bold f1', 'red'), ('', ' '), ('f10', 'green')]
    """
    found: list[tuple[str, str]] = []
    looks: dict[str, str] = {}
    begin = 0
    for sequence in [*COLOUR.finditer(line), None]:
        text = line[begin : sequence.start() if sequence else len(line)]
        if text:
            found.append((" ".join(looks[one] for one in _ORDER if one in looks), text))
        if sequence is not None:
            begin = sequence.end()
            _apply(looks, sequence[0][2:-1])
    return found


_ORDER = ("bold", "dim", "italic", "under", "turned", "f", "g")
_SWITCHES = {1: "bold", 2: "dim", 3: "italic", 4: "under", 7: "turned"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("under",), 27: ("turned",), 39: ("f",), 49: ("g",)}


def _apply(looks: dict[str, str], codes: str) -> None:
    """https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters."""
    numbers = [int(one or 0) for one in re.split("[;:]", codes)]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            looks.clear()
        elif code in _SWITCHES:
            looks[_SWITCHES[code]] = _SWITCHES[code]
        elif code in _OFF:
            for one in _OFF[code]:
                looks.pop(one, None)
        elif code in (38, 48):
            colour = _finer(numbers)
            if colour is not None:
                looks["f" if code == 38 else "g"] = f"{'f' if code == 38 else 'g'}{colour}"
        elif (base := code // 10) in (3, 4, 9, 10) and code % 10 < 8:
            side = "f" if base in (3, 9) else "g"
            looks[side] = f"{side}{code % 10 + (8 if base > 4 else 0)}"


def _finer(numbers: list[int]) -> int | None:
    """The nearest of the sixteen for a colour of 256, or of 16 million; takes its numbers away."""
    if numbers[:1] == [5] and len(numbers) > 1:
        index = numbers[1]
        del numbers[:2]
        if index < 16:
            return index
        if index < 232:
            cube = index - 16
            return _nearest(*(level * 51 for level in (cube // 36, cube // 6 % 6, cube % 6)))
        return _nearest(*[(index - 232) * 10 + 8] * 3) if index < 256 else None
    if numbers[:1] == [2] and len(numbers) > 3:
        red, green, blue = numbers[1:4]
        del numbers[:4]
        return _nearest(red, green, blue)
    numbers.clear()
    return None


def _nearest(red: int, green: int, blue: int) -> int:
    """Bright where it is more than half; grey where its parts are alike."""
    highest, lowest = max(red, green, blue), min(red, green, blue)
    if highest - lowest < 40:
        return 0 if highest < 64 else 8 if highest < 150 else 7 if highest < 220 else 15
    middle = (highest + lowest) / 2
    return sum(bit for bit, level in ((1, red), (2, green), (4, blue)) if level > middle) + (8 if highest > 200 else 0)
