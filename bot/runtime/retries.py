"""How often, and how long apart, what cannot be done now is tried again."""

from __future__ import annotations

from datetime import timedelta
from zlib import crc32

from bot.core.errors import NotAccepted, NotYet, Unavailable

COMMAND_TRIES = 8
"""A command that could not be decided after this many tries (about five minutes) is given up, and its person told; so
is one whose next try would come too late for it."""
EVENT_TRIES = 300
"""Everything else is tried for about a day while the other side does not answer, and then set aside."""
FAULT_TRIES = 8
"""What fails by a fault of ours, or takes its process with it, is tried again this often before it is set aside. The
pauses add up to eight minutes: while a release goes on, a worker of the other version may come by that knows it; more
would only be noise, as the fault is in the code. See ``SetAside`` for what becomes of it then."""
FAULTY_LANE = timedelta(minutes=1)
"""How long a lane rests whose next effect could not even be looked at."""
REFUSED_PAUSE = timedelta(seconds=30)
"""The longest pause where the bot's own credentials are refused: with what is added, and another's try that may be
waited for, it goes on within a minute of being accepted again. Such tries do not count."""


def backoff(tries: int) -> timedelta:
    """1, 2, 4 … seconds, five minutes at most."""
    return timedelta(seconds=min(2 ** min(tries, 10), 300))


def pause_before(tries: int, error: Unavailable, key: str) -> timedelta:
    """How long to wait before the next try: at least as long as the other side asks, and ever longer.

    ``key`` spreads those who wait for the same over a quarter of the time: they must not all come at once.
    """
    asked = timedelta(seconds=error.retry_after or 0)
    if isinstance(error, NotYet):
        return max(asked, backoff(tries) / 5)
    if isinstance(error, NotAccepted):
        pause = asked or min(backoff(tries), REFUSED_PAUSE)
    else:
        pause = max(asked, backoff(tries))
    return pause * (1 + crc32(key.encode()) % 1000 / 4000) if pause > backoff(0) else pause
