"""Cron lines as people write them, for a cron that counts the week from Sunday."""

from __future__ import annotations

import re


def with_sunday_last(line: str) -> str:
    """``fri-sun`` is the weekend to everybody who does not begin the week with Sunday: its last day is number 7 then.

    >>> with_sunday_last("0 9 * * fri-sun")
    '0 9 * * fri-7'
    """
    return re.sub(r"-sun\b", "-7", line, flags=re.IGNORECASE)
