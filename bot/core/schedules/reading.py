"""Moments as people type them: read on their own clock, and told apart from those that are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.ports.chat import ReadsTimes

LONG_AGO = timedelta(days=366)
"""Whether a moment that is not to come was once: then it is over, and not misunderstood."""


@dataclass(frozen=True, slots=True)
class Read:
    """What words mean: a moment to come, or None; then ``over`` says that they did mean one within the last year."""

    at: datetime | None
    over: bool = False


def read(times: ReadsTimes, words: str, *, now: datetime, timezone: str) -> Read:
    """``timezone`` is that of whoever typed them."""
    at = times.moment(words, now=now, timezone=timezone)
    if at is not None:
        return Read(at)
    return Read(None, times.moment(words, now=now - LONG_AGO, timezone=timezone) is not None)
