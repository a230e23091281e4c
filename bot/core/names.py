"""Names in sentences: those that look like a mistyped one, and several in a row."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

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


def branch_matches(pattern: str, branch: str) -> bool:
    """Whether the branch is meant, as GitHub reads such patterns: only ``**`` stands for slashes too.

    >>> [branch_matches("release/*", branch) for branch in ("release/7", "release/7/fix", "main")]
    [True, False, False]
    """
    if "**" in pattern:
        return fnmatchcase(branch, pattern)
    wanted, given = pattern.split("/"), branch.split("/")
    return len(wanted) == len(given) and all(map(fnmatchcase, given, wanted))


def listed(names: Iterable[str], last: str = "and") -> str:
    """The names as a sentence has them; ``last`` stands before the last one.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    *others, end = [*names] or [""]
    return f"{', '.join(others)} {last} {end}" if others else end
