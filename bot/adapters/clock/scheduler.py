"""APScheduler: the clock's jobs, and when cron lines fire.

The jobs' triggers are in memory, and each firing is submitted under its name and moment.
Several workers may run the same schedule: a firing has the same id on all of them, so it happens once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.core.ports.chat import Clock

log = structlog.get_logger(__name__)

RECONCILE_EVERY = timedelta(minutes=3)
LOOK_EVERY = timedelta(seconds=1)

CLOCKS_CHANGE = timedelta(hours=3)
"""No change of clocks is longer than this, nor are two of them closer together than twice as long."""
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day_of_week", 0, 7, _DAYS),
)


class Schedule:
    """``tick(name, at)`` is called for a job's firing, ``look`` every second for what has become due."""

    def __init__(self, clock: Clock, tick: Callable[[str, datetime], None], look: Callable[[], None]) -> None:
        self._clock = clock
        self._tick = tick
        self._look = look
        # One firing at a time, and those that were missed while the machine slept are made up for by one.
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = BackgroundScheduler(timezone="UTC", job_defaults=defaults)
        self._scheduler.add_job(self._guarded(look), IntervalTrigger(seconds=int(LOOK_EVERY.total_seconds())))
        self._scheduler.add_job(
            self._guarded(self.reconcile), IntervalTrigger(seconds=int(RECONCILE_EVERY.total_seconds()))
        )
        self._scheduler.add_job(self._guarded(self.retain), CronTrigger(hour=3, minute=17))

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def reconcile(self) -> None:
        """Submit the reconciliation of the current stretch of three minutes."""
        self._tick("reconcile", floor(self._clock.now(), RECONCILE_EVERY))

    def reconcile_at_once(self) -> None:
        """After a start, whoever has just reconciled."""
        self._tick("reconcile", self._clock.now())

    def retain(self) -> None:
        """Submit the day's clearing away of what is no longer needed."""
        self._tick("retain", floor(self._clock.now(), timedelta(days=1)))

    def _guarded(self, job: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                job()
            except Exception:
                log.exception("a job of the clock failed; it comes again")

        return run


def floor(moment: datetime, step: timedelta) -> datetime:
    """The last whole step at or before the moment, counted from 1970.

    >>> from datetime import UTC
    >>> floor(datetime(2026, 11, 24, 10, 5, 59, tzinfo=UTC), timedelta(minutes=3)).isoformat()
    '2026-11-24T10:03:00+00:00'
    """
    seconds = step.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, tz=moment.tzinfo)


class Crons:
    """The CronLines port. Lines mean what they mean to cron; days of the week count from Sunday, 0 and 7 alike.

    Where clocks are put forward, a time that does not come is as much later. Where they are put back, a time that comes
    twice counts once, unless the line fires in every hour or every few hours: then no hour is left out.
    """

    def next_fire(self, cron: str, timezone: str, after: datetime) -> datetime | None:
        line = _line(cron, timezone)
        wall = line.wall(after)
        found = _next_wall(line, wall - CLOCKS_CHANGE if line.changes_near(after) else wall)
        while found is not None:
            walls = [found]
            if line.changes_near(
                found.replace(tzinfo=line.zone)
            ):  # then a later time on the clock may be an earlier one
                walls += _walls_until(line, found, found + 2 * CLOCKS_CHANGE)
            instants = [instant for one in walls for instant in line.instants(one) if instant > after]
            if instants:
                return min(instants)
            found = _next_wall(line, walls[-1])
        return None

    def last_fire(self, cron: str, timezone: str, after: datetime, until: datetime) -> datetime | None:
        """By leaps of half of what is left, as a trigger knows only what comes next."""

        def fires_after(moment: datetime) -> datetime | None:
            fire = self.next_fire(cron, timezone, moment)
            return fire if fire is not None and fire <= until else None

        last, end = fires_after(after), until
        while last is not None:
            following = fires_after(last)
            if following is None:
                break
            middle = following + (end - following) / 2
            leap = fires_after(middle)
            last, end = (following, middle) if leap is None else (leap, end)
        return last


@dataclass(frozen=True, slots=True)
class _Line:
    """A cron line in its zone. Its triggers read the clock on the wall: APScheduler's own idea of a zone loses times
    that clocks leave out. There are none where the line never fires. ``hourly`` is true where it names no hour.
    """

    triggers: tuple[CronTrigger, ...]
    zone: ZoneInfo
    hourly: bool

    def wall(self, moment: datetime) -> datetime:
        """What the clock shows, without a zone."""
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def changes_near(self, moment: datetime) -> bool:
        """Whether clocks are changed within a few hours of the moment."""
        utc = moment.astimezone(UTC)
        before, after = ((utc + step).astimezone(self.zone) for step in (-CLOCKS_CHANGE, CLOCKS_CHANGE))
        return before.utcoffset() != after.utcoffset()

    def instants(self, wall: datetime) -> list[datetime]:
        """When the clock shows it, in UTC: once; twice where clocks go back; later where they go forward."""
        first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return [first, second] if self.hourly and second > first else [first]


@lru_cache(maxsize=1_000)
def _line(cron: str, timezone: str) -> _Line:
    """Raises ValueError where the line is none. Where it names days of the month and of the week, either will do."""
    texts = cron.split()
    if len(texts) != len(_FIELDS):
        raise ValueError(f"A cron line has five fields, and {cron!r} does not.")
    fields = {
        name: _expression(text, low, high, names) for text, (name, low, high, names) in zip(texts, _FIELDS, strict=True)
    }
    ways = [fields]
    if not texts[2].startswith("*") and not texts[4].startswith("*"):
        ways = [fields | {"day": "*"}, fields | {"day_of_week": "*"}]
    triggers = [CronTrigger(**way, second="0", timezone=UTC) for way in ways]
    # One that never fires takes long to find that out: it is asked once.
    firing = [one for one in triggers if one.get_next_fire_time(None, datetime(2024, 1, 1, tzinfo=UTC)) is not None]
    return _Line(tuple(firing), ZoneInfo(timezone), hourly="*" in texts[1])


def _expression(text: str, low: int, high: int, names: tuple[str, ...]) -> str:
    """The field for APScheduler, which counts the days of the week from Monday and takes no step that is too long.

    >>> _expression("5-7", 0, 7, _DAYS)
    'fri,sat,sun'
    """
    if text == "*":
        return text
    numbers: set[int] = set()
    for part in text.lower().split(","):
        span, _, step = part.partition("/")
        ends = [low, high - (names is _DAYS)] if span == "*" else [_number(end, low, names) for end in span.split("-")]
        if span.endswith("-sun"):
            ends[1] = 7
        last = ends[-1] if len(ends) > 1 or not step else high - (names is _DAYS)
        numbers.update(range(ends[0], last + 1, int(step or 1)))
    if names is _DAYS:
        return ",".join(dict.fromkeys(_DAYS[number % 7] for number in sorted(numbers)))
    return ",".join(map(str, sorted(numbers)))


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(text) + low if text in names else int(text)


def _next_wall(line: _Line, after: datetime) -> datetime | None:
    """The first time on the wall clock after that one; the triggers take it for UTC, where no clock is changed."""
    start = after.replace(tzinfo=UTC) + timedelta(microseconds=1)
    found = [fire for trigger in line.triggers if (fire := trigger.get_next_fire_time(None, start)) is not None]
    return min(found).replace(tzinfo=None) if found else None


def _walls_until(line: _Line, after: datetime, until: datetime) -> list[datetime]:
    walls: list[datetime] = []
    wall = _next_wall(line, after)
    while wall is not None and wall <= until:
        walls.append(wall)
        wall = _next_wall(line, wall)
    return walls
