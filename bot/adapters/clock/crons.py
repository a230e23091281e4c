"""When cron lines fire, as cronsim tells it: like the cron of Debian, in any time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from bot.core.cron import with_sunday_last

_FIELDS = 5
_CLOCKS_CHANGE = timedelta(hours=3)
"""No change of clocks is longer than this, except where a country goes over the date line."""


class Crons:
    """The CronLines port."""

    def next_fire(self, cron: str, timezone: str, after: datetime) -> datetime | None:
        # In an hour that comes twice, cronsim begins with the first of both, which may be over.
        return next((fire for fire in _fires(cron, timezone, after) if fire > after), None)

    def last_fire(self, cron: str, timezone: str, after: datetime, until: datetime) -> datetime | None:
        # After an hour that came twice, cronsim goes back by the clock on the wall: what fired in the first of both may
        # be ahead on that clock, and is found only from behind.
        fires = _fires(cron, timezone, until + _CLOCKS_CHANGE, back=True)
        last = next((fire for fire in fires if fire <= until), None)
        return last if last is not None and last > after else None


def _fires(cron: str, timezone: str, start: datetime, *, back: bool = False) -> Iterator[datetime]:
    """The moments after the start, in UTC; or those before it, the last one first."""
    # cronsim takes a sixth field for seconds
    if len(cron.split()) != _FIELDS:
        raise ValueError(f"A cron line has five fields, and {cron!r} does not.")
    try:
        fires = CronSim(with_sunday_last(cron), start.astimezone(ZoneInfo(timezone)), reverse=back)
    except CronSimError as error:
        raise ValueError(f"{cron!r} is not a cron line: {error}.") from error
    return (fire.astimezone(UTC) for fire in fires)
