"""APScheduler: the clock's jobs.

The jobs' triggers are in memory, and each firing is submitted under its name and moment.
Several workers may run the same schedule: a firing has the same id on all of them, so it happens once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.core.ports.chat import Clock

log = structlog.get_logger(__name__)

RECONCILE_EVERY = timedelta(minutes=3)


class Schedule:
    """``tick(name, at)`` is called for a job's firing."""

    def __init__(self, clock: Clock, tick: Callable[[str, datetime], None], every: timedelta = RECONCILE_EVERY) -> None:
        self._clock = clock
        self._reconcile_every = every
        self._tick = tick
        # One firing at a time, and those that were missed while the machine slept are made up for by one.
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = _Scheduler(self._begin_anew, every, timezone="UTC", job_defaults=defaults)
        self._scheduler.add_job(self._guarded(self.reconcile), _every(every), id="reconcile")
        self._scheduler.add_job(self._guarded(self.retain), CronTrigger(hour=3, minute=17))

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def reconcile(self) -> None:
        """Submit the reconciliation of the current stretch of three minutes."""
        self._tick("reconcile", floor(self._clock.now(), self._reconcile_every))

    def reconcile_at_once(self) -> None:
        """After a start, whoever has just reconciled."""
        self._tick("reconcile", self._clock.now())

    def retain(self) -> None:
        """Submit the day's clearing away of what is no longer needed."""
        self._tick("retain", floor(self._clock.now(), timedelta(days=1)))

    def _begin_anew(self) -> None:
        log.warning("this machine's clock was set back; the jobs of the clock go on")
        self._scheduler.reschedule_job("reconcile", trigger=_every(self._reconcile_every))

    def _guarded(self, job: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                job()
            except Exception:
                log.exception("a job of the clock failed; it comes again")

        return run


class _Scheduler(BackgroundScheduler):  # type: ignore[misc]
    """It goes by the clock of the machine: only to wake up, since the jobs ask the Clock what time it is.

    Where somebody sets that clock back by an hour, all jobs would come an hour late; ``set_back`` is called instead. As
    there is a job for every three minutes, nobody ever waits for longer.
    """

    def __init__(self, set_back: Callable[[], None], every: timedelta, **options: Any) -> None:
        super().__init__(**options)
        self._set_back = set_back
        self._longest = every.total_seconds() + 1

    def _process_jobs(self) -> float | None:
        wait: float | None = super()._process_jobs()
        if wait is None or wait <= self._longest:
            return wait
        self._set_back()
        return 1.0


def _every(step: timedelta) -> IntervalTrigger:
    return IntervalTrigger(seconds=int(step.total_seconds()), timezone="UTC")


def floor(moment: datetime, step: timedelta) -> datetime:
    """The last whole step at or before the moment, counted from 1970.

    >>> from datetime import UTC
    >>> floor(datetime(2026, 11, 24, 10, 5, 59, tzinfo=UTC), timedelta(minutes=3)).isoformat()
    '2026-11-24T10:03:00+00:00'
    """
    seconds = step.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, tz=moment.tzinfo)
