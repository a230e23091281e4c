"""Durations as people and settings write them."""

from __future__ import annotations

import re
from datetime import timedelta

_LONGEST = 80
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_UNIT = r"(s|m|h|d|w|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?|weeks?)"
_AMOUNT = re.compile(rf"(\d{{1,6}}(?:\.\d{{1,3}})?) ?{_UNIT}(?![a-z]) ?,? ?(?:and )?")


def duration(text: str) -> timedelta | None:
    """None for what is not understood, as a number without a unit, and for a length of nothing.

    >>> duration("1h30m") == duration("90 minutes") == duration("an hour and 30m") == timedelta(minutes=90)
    True
    """
    if len(text) > _LONGEST:
        return None
    phrase = re.sub(r"\bhalf an? hour\b", "30m", " ".join(text.lower().split()))
    phrase = re.sub(r"\ban? (?=[a-z])", "1 ", phrase)
    seconds, place = 0.0, 0
    for found in _AMOUNT.finditer(phrase):
        if found.start() != place:
            return None
        seconds += float(found[1]) * _UNITS[found[2][0]]
        place = found.end()
    return timedelta(seconds=round(seconds)) or None if place == len(phrase) else None
