"""Retries of events that were not taken: exponential backoff for each, a circuit breaker for each receiver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from bot.core.outgoing_webhooks.model import Answer, PendingEvent

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(hours=24)
"""An event is tried for so long from its beginning on."""
DOWN_AFTER = 5
"""So often in a row it is away, whatever was sent, and the receiver counts as down: one event at a time tries it."""
LONGEST_REST = timedelta(minutes=5)
"""How long a receiver that is down is left in peace at most, so that it hears within that of being up again."""
TOLD_AGAIN_AFTER = timedelta(days=1)
OUTAGE = timedelta(minutes=10)
"""A receiver that has taken nothing for so long, and takes something again, is sent all that waits for it at once."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What follows from a try that failed: ``due_at`` is when the next one is, None where the event is given up.

    ``failures`` is how often in a row the receiver was away, and ``rests_until`` until when nothing at all is sent
    there. What is older than ``overdue`` is given up as well, and all that waits where ``all_given_up``. ``tells``: if
    anything is given up, admins are told.
    """

    due_at: datetime | None
    failures: int
    rests_until: datetime | None
    overdue: datetime | None
    all_given_up: bool
    tells: bool


def failed(event: PendingEvent, answer: Answer, now: datetime) -> Failure:
    """One event that is not wanted holds up its own deployment; a receiver that is away is not pressed with others."""
    failures = event.failures + 1 if answer.away else 0
    ends = event.created_at + GIVEN_UP_AFTER
    rests = [now + rest_after(failures)] if failures >= DOWN_AFTER else []
    if answer.away and answer.wait is not None:
        rests.append(now + min(timedelta(seconds=answer.wait), LONGEST_PAUSE))
    over = answer.gone or now >= ends
    return Failure(
        due_at=None if over else min(now + pause_after(event.tries + 1, answer.wait, event.delivery), ends),
        failures=failures,
        rests_until=max(rests, default=None),
        overdue=now - GIVEN_UP_AFTER if failures >= DOWN_AFTER else None,
        all_given_up=answer.gone,
        tells=_tells(event, now),
    )


def is_back(event: PendingEvent, now: datetime) -> bool:
    """Whether the receiver that has taken the event was away before, so that all that waits is tried at once."""
    return event.failures > 0 or (event.failing_since is not None and now - event.failing_since >= OUTAGE)


def _tells(event: PendingEvent, now: datetime) -> bool:
    """Once while it lasts; and where it comes and goes, once a day."""
    if event.told_at is None:
        return True
    return (event.failing_since or now) > event.told_at and now >= event.told_at + TOLD_AGAIN_AFTER


def pause_after(tries: int, asked: float | None, key: str) -> timedelta:
    """5, 10, 20 … seconds, an hour at most; as much as is asked for, and not much less than it would be else.

    The ``key`` spreads those who wait for the same over a quarter of the time.

    >>> [pause_after(tries, None, "a").seconds // 5 for tries in (1, 2, 3)]
    [1, 2, 4]
    """
    own = min(FIRST_PAUSE * int(2 ** min(tries - 1, 20)), LONGEST_PAUSE)
    if asked is not None:
        own = max(own / 5, min(timedelta(seconds=asked), LONGEST_PAUSE))
    return own * (1 + crc32(f"{key}:{tries}".encode()) % 1000 / 4000)


def rest_after(failures: int) -> timedelta:
    """5, 10, 20 … seconds from the failure on by which it counts as down, five minutes at most."""
    return min(FIRST_PAUSE * int(2 ** min(failures - DOWN_AFTER, 20)), LONGEST_REST)
