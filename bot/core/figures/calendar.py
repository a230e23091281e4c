"""Days and weeks on the clock of a time zone, and working hours in them.

A day is from midnight to midnight there, and so has 23 or 25 hours where the clocks change. All times are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.core.figures.model import Span

WEEK = 7
_WORK_BEGINS, _WORK_ENDS = time(9), time(17)
_SATURDAY = 5


def day_of(moment: datetime, timezone: str) -> date:
    return moment.astimezone(ZoneInfo(timezone)).date()


def midnight(day: date, timezone: str) -> datetime:
    """When the day begins."""
    return _at(day, time(), timezone)


def _at(day: date, clock: time, timezone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(timezone)).astimezone(UTC)


def days(first: date, count: int, timezone: str) -> tuple[Span, ...]:
    """So many days one after another."""
    starts = [midnight(first + timedelta(days=number), timezone) for number in range(count + 1)]
    return tuple(Span(starts[number], starts[number + 1]) for number in range(count))


def week_begins(moment: datetime, timezone: str) -> date:
    """The Monday of its week.

    >>> week_begins(datetime(2026, 3, 8, 23, 30, tzinfo=UTC), "Europe/Berlin")
    datetime.date(2026, 3, 9)
    """
    day = day_of(moment, timezone)
    return day - timedelta(days=day.weekday())


# --- working hours -----------------------------------------------------------------------------------------------


def _working_days(moment: datetime, timezone: str) -> Iterator[Span]:
    """The hours of work of the moment's own day and of all after it, Monday to Friday, nine to five."""
    day = day_of(moment, timezone)
    while True:
        if day.weekday() < _SATURDAY:
            yield Span(_at(day, _WORK_BEGINS, timezone), _at(day, _WORK_ENDS, timezone))
        day += timedelta(days=1)


def at_work(moment: datetime, timezone: str) -> bool:
    return next(_working_days(moment, timezone)).has(moment)


def after_work(moment: datetime, length: timedelta, timezone: str) -> datetime:
    """When so much working time has passed since then.

    >>> after_work(datetime(2026, 3, 6, 15, 0, tzinfo=UTC), timedelta(hours=4), "UTC").isoformat()
    '2026-03-09T11:00:00+00:00'
    """
    left = length
    for work in _working_days(moment, timezone):
        begins = max(work.since, moment)
        if begins >= work.until:
            continue
        if left < work.until - begins:
            return begins + left
        left -= work.until - begins
    raise AssertionError("Days do not end.")


def next_working_day(moment: datetime, timezone: str) -> datetime:
    """When the first day of work begins that is not the moment's own day.

    >>> next_working_day(datetime(2026, 3, 6, 8, 0, tzinfo=UTC), "UTC").isoformat()
    '2026-03-09T09:00:00+00:00'
    """
    today = day_of(moment, timezone)
    return next(work.since for work in _working_days(moment, timezone) if day_of(work.since, timezone) > today)
