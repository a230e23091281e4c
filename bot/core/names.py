"""Names in sentences: those that look like a mistyped one, and several in a row."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

_SHORT = 3
ALIKE = 0.6
"""How much of two names must be the same, from 0 to 1, for one to be taken for the other."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that ``word`` was probably meant to be, in whatever case; None where there is none.

    >>> nearest("Stagin", ["staging", "production"])
    'staging'
    """
    return next(iter(near(word, known, most=1, alike=ALIKE)), None)


def near(word: str, known: Iterable[str], *, most: int = 3, alike: float = 0.55) -> list[str]:
    """So many known names that ``word`` may be meant to be, the nearest first.

    There are more of them than for ``nearest``, as whoever typed it chooses.
    """
    folded = {name.casefold(): name for name in known}
    return [folded[name] for name in get_close_matches(word.casefold(), folded, n=most, cutoff=alike)]


def mistyped(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """The known names that ``word`` is but for a slip of the fingers, the nearest first.

    Short words are too near to each other for that, and other digits make another name: no release is taken for
    the next.

    >>> mistyped("prodcution", ["staging", "production"]), mistyped("logs", ["locks"]), mistyped("v1.2", ["v1.3"])
    (['production'], [], [])
    """
    folded = {name.casefold(): name for name in known}
    wanted = word.casefold()
    found = [(slips, one) for one in folded if (slips := _slips(wanted, one)) is not None]
    return [folded[one] for _, one in sorted(found)[:most]]


def _slips(word: str, name: str) -> int | None:
    """How many letters were added, left out, changed or swapped; None where these are too many to be slips."""
    if len(word) == len(name) == _SHORT:  # of so few letters two may stand in each other's place
        return 1 if sorted(word) == sorted(name) and _distance(word, name) == 1 else None
    most = 0 if len(word) <= _SHORT else 1 if len(word) < 8 else 2
    if abs(len(word) - len(name)) > most or _digits(word) != _digits(name):
        return None
    start = next((n for n, (a, b) in enumerate(zip(word, name, strict=False)) if a != b), min(len(word), len(name)))
    slips = _distance(word[start:], name[start:])
    return slips if slips <= most else None


def _digits(word: str) -> list[str]:
    return [char for char in word if char.isdigit()]


def _distance(word: str, name: str) -> int:
    """Damerau's and Levenshtein's, where no letter is moved twice."""
    before: list[int] = []
    row = list(range(len(name) + 1))
    for i, a in enumerate(word, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(name, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
            if i > 1 and j > 1 and (a, word[i - 2]) == (name[j - 2], b):
                row[j] = min(row[j], earlier[j - 2] + 1)
    return row[-1]


def branch_matches(pattern: str, branch: str) -> bool:
    """Whether the branch is meant, as GitHub reads such patterns: only ``**`` stands for slashes too.

    >>> [branch_matches("release/*", branch) for branch in ("release/7", "release/7/fix", "main")]
    [True, False, False]
    """
    if "**" in pattern:
        return fnmatchcase(branch, pattern)
    wanted, given = pattern.split("/"), branch.split("/")
    return len(wanted) == len(given) and all(map(fnmatchcase, given, wanted))


def stated(reason: str) -> str:
    """A reason as it stands behind a colon.

    >>> stated("of the audit"), stated("testing")
    ('the audit', 'testing')
    """
    return reason.removeprefix("of ")


def listed(names: Iterable[str], last: str = "and") -> str:
    """The names as a sentence has them; ``last`` stands before the last one.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    *others, end = [*names] or [""]
    return f"{', '.join(others)} {last} {end}" if others else end
