"""Globs over the paths of a repository, as GitHub's own path filters have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WILD = re.compile(r"[*?\[]")
_BELOW = ("/**/*", "/**", "/*")
"""Ends that mean all that is in a directory."""
_REMEMBERED = 1_000


def touched(patterns: Sequence[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Which patterns the paths fall under, as people read them, in the patterns' order; of each path the last counts.

    One that begins with ``!`` takes out again what those before it took in. A path without wildcards is a file, or all
    that is in that directory.

    >>> touched(["db/migrate/**", "!db/migrate/*.md", "schema.sql"], ["db/migrate/1.rb", "db/migrate/README.md"])
    ('db/migrate',)
    """
    found = {_last(patterns, path) for path in paths}
    named = (readable(one) for one in patterns if one in found and not one.startswith("!"))
    return tuple(dict.fromkeys(named))


def readable(pattern: str) -> str:
    """The directory that a pattern stands for where it is all of one, else the pattern.

    >>> readable("db/migrate/**"), readable("**/migrations/*.py"), readable("db/")
    ('db/migrate', '**/migrations/*.py', 'db')
    """
    end = next((one for one in _BELOW if pattern.endswith(one)), "/")
    directory = pattern.removesuffix(end)
    return directory if directory and not _WILD.search(directory) else pattern


def _last(patterns: Sequence[str], path: str) -> str | None:
    return next((one for one in reversed(patterns) if _compiled(one.removeprefix("!")).fullmatch(path)), None)


@lru_cache(_REMEMBERED)
def _compiled(pattern: str) -> re.Pattern[str]:
    if not _WILD.search(pattern):
        return re.compile(f"{re.escape(pattern.rstrip('/'))}(?:/.*)?", re.DOTALL)
    parts = re.findall(r"\*\*/|\*\*|\[[^\]/]+\]|.", pattern, re.DOTALL)
    return re.compile("".join(map(_translated, parts)), re.DOTALL)


def _translated(part: str) -> str:
    """One piece of a pattern as a regular expression; ``**/`` may be no directory at all."""
    match part:
        case "**/":
            return "(?:.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
    if len(part) > 1:
        inside = part[1:-1].replace("\\", "\\\\")
        return f"[^/{inside[1:]}]" if inside.startswith("!") and len(inside) > 1 else f"[{inside}]"
    return re.escape(part)
