"""Windows: times that come again and again, in which an environment is closed, or outside of which it is.

A window begins when its cron line fires in its time zone, and lasts for its length in time that passes: 64 hours are 64
hours, also where clocks are put forward or back in between. Its first moment belongs to it, its last does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

IN_SIGHT = timedelta(days=92)
MOST_STEPS = 1_000
"""Windows that follow each other without a gap are followed this far; where it goes on, no end is in sight."""


@dataclass(frozen=True, slots=True)
class Window:
    """``denies``: closed inside of it. Else open inside of it, and closed outside of all such windows."""

    denies: bool
    cron: str
    length: timedelta
    timezone: str


def window(deny: str | None, allow: str | None, length: timedelta, timezone: str) -> Window:
    """As the settings write it: one of ``deny`` and ``allow`` is a cron line."""
    return Window(deny is not None, deny or allow or "", length, timezone)


@dataclass(frozen=True, slots=True)
class ActiveWindow:
    """A time in which windows keep an environment closed.

    ``by`` is the window that denies; None where no window allows. ``until`` is None where no end is in sight.
    """

    until: datetime | None
    by: Window | None = None


class CronLines(Protocol):
    """When lines of five fields fire that mean what they mean to cron, in a time zone with an IANA name.

    Both methods raise ValueError for what is no such line.
    """

    def next_fire(self, cron: str, timezone: str, after: datetime) -> datetime | None:
        """The first moment after ``after``, in UTC; None for a line that never fires."""

    def last_fire(self, cron: str, timezone: str, after: datetime, until: datetime) -> datetime | None:
        """The last moment after ``after`` that is not after ``until``, in UTC; None where there is none."""


def active_window(windows: Sequence[Window], at: datetime, cron: CronLines) -> ActiveWindow | None:
    """Whether the windows keep the environment closed at that moment, and until when. Denying wins over allowing."""
    found = _closed(windows, at, cron)
    if found is None:
        return None
    by, moment = found.by, found.until
    for _ in range(MOST_STEPS):
        still = _closed(windows, moment, cron) if moment is not None else None
        if still is None:
            return ActiveWindow(moment, by)
        if moment is None or moment - at > IN_SIGHT:
            break
        moment = still.until
    return ActiveWindow(None, by)


def next_change(windows: Sequence[Window], after: datetime, cron: CronLines) -> datetime | None:
    """When the environment closes or opens next, after that moment; None where it stays as it is."""
    now = active_window(windows, after, cron)
    if now is not None:
        return now.until
    moment = after
    for _ in range(MOST_STEPS):
        if moment - after > IN_SIGHT:
            break
        begins = [cron.next_fire(one.cron, one.timezone, moment) for one in windows if one.denies]
        closing = [begin for begin in begins if begin is not None]
        open_until = [end for one in windows if not one.denies and (end := _covers(one, moment, cron)) is not None]
        if open_until:
            closing.append(max(open_until))
        if not closing:
            return None
        moment = min(closing)
        if _closed(windows, moment, cron) is not None:
            return moment
    return None


def _closed(windows: Sequence[Window], at: datetime, cron: CronLines) -> ActiveWindow | None:
    """Closed at that moment, until when for certain: it may go on after that."""
    denying = [(end, one) for one in windows if one.denies and (end := _covers(one, at, cron)) is not None]
    if denying:
        end, by = max(denying, key=lambda pair: pair[0])
        return ActiveWindow(end, by)
    allowing = [one for one in windows if not one.denies]
    if not allowing or any(_covers(one, at, cron) is not None for one in allowing):
        return None
    begins = [begin for one in allowing if (begin := cron.next_fire(one.cron, one.timezone, at)) is not None]
    return ActiveWindow(min(begins, default=None))


def _covers(window: Window, at: datetime, cron: CronLines) -> datetime | None:
    """When the occurrence of the window that covers the moment ends, the last one where several do."""
    begin = cron.last_fire(window.cron, window.timezone, at - window.length, at)
    return begin + window.length if begin is not None else None
