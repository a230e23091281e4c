"""The log of a job as GitHub writes it: a moment before each line, marks for its own pages, colours."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

_STAMPED = re.compile(r"\ufeff?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z ?(.*)", re.DOTALL)
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_MARK = re.compile(r"##\[(\w+)\](.*)", re.DOTALL)
_CODE = re.compile(r"Error: Process completed with exit code \d+\.?")
_SAID = {"error": "Error: ", "warning": "Warning: ", "notice": "Notice: "}
_PASSED_OVER = frozenset({"endgroup", "debug", "add-matcher", "remove-matcher"})
LONGEST = 2_000
A_SECOND = timedelta(seconds=1)


def last_lines(log: Iterable[str], began: datetime | None, ended: datetime | None, most: int) -> list[str]:
    """What a step wrote last, up to its error: what comes after that is of the steps that clean up.

    The moments of steps have whole seconds; a line without a moment belongs to the one before it. GitHub's own word
    that there was an exit code explains nothing, and is left out where there is something else.
    """
    kept: deque[str] = deque(maxlen=most)
    until_error: list[str] | None = None
    inside = began is None
    for raw in log:
        stamped = _STAMPED.fullmatch(raw)
        if stamped is not None:
            at = datetime.fromisoformat(f"{stamped[1]}+00:00")
            inside = (began is None or at >= began) and (ended is None or at < ended + A_SECOND)
        text = _read(stamped[2] if stamped is not None else raw)
        if not inside or text is None:
            continue
        says_nothing = _CODE.fullmatch(text) is not None
        if not says_nothing:
            kept.append(text)
        if text.startswith(_SAID["error"]):
            until_error = list(kept) or [text]
    return until_error if until_error is not None else list(kept)


def _read(raw: str) -> str | None:
    """As a person reads it on GitHub; None for what is a mark and nothing else.

    >>> _read("##[error]Process completed with exit code 1."), _read("##[endgroup]")
    ('Error: Process completed with exit code 1.', None)
    """
    text = _COLOURS.sub("", raw).rstrip()[:LONGEST]
    marked = _MARK.match(text)
    if marked is None:
        return text
    if marked[1] in _PASSED_OVER:
        return None
    return _SAID.get(marked[1], "") + marked[2]
