"""The database's time, which decides: looked at now and then, and gone on with by a stopwatch that nobody can set.

What is compared with a moment in a row was written by another process as likely as not, so all of them must mean the
same time, whatever the clocks of their machines say (Cristian's algorithm). The stopwatch neither jumps when a clock is
set nor stands still while the machine sleeps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.core.deployments.wording import spoken
from bot.core.ports.chat import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY = 5.0
"""Seconds after which a look is old: whoever has a transaction open anyway takes another one."""
DRIFT = 1e-4
"""Seconds by which the stopwatch may part from the database in each second: ten times what bad quartz does."""
OFF = timedelta(seconds=5)
"""From when on the clock of this machine is worth a word."""

# Where there is such a clock, it goes on while the machine sleeps, as the others' time does.
_STOPWATCH = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def seconds_passed() -> float:
    """Since some moment before this process began; nobody can set it."""
    return time.clock_gettime(_STOPWATCH)


@dataclass(frozen=True, slots=True)
class _Look:
    """``zero`` is the database's time when the stopwatch began; when it showed ``at``, that was right within ``error``.

    Both are in seconds.
    """

    zero: datetime
    error: float
    at: float

    def replaces(self, old: _Look) -> bool:
        """Whether it is more exact than the old one has become, or shows that the database's clock was set since."""
        error = old.error + DRIFT * (self.at - old.at)
        return self.error <= error or abs((self.zero - old.zero).total_seconds()) > self.error + error


class DatabaseClock:
    """The Clock of everything that decides. ``machine`` is the clock of this machine, ``passed`` a stopwatch.

    Before the first look, and for SQLite, which has no clock of its own, it is the machine's.
    """

    def __init__(self, machine: Clock, passed: Callable[[], float] = seconds_passed) -> None:
        self._machine = machine
        self._passed = passed
        self._guard = threading.Lock()
        self._look: _Look | None = None
        self._looked_at = 0.0
        self._is_off = False

    def now(self) -> datetime:
        look = self._look
        return self._machine.now() if look is None else look.zero + timedelta(seconds=self._passed())

    def ahead(self) -> timedelta:
        """By how much the machine's clock is ahead of the database's; below zero where it is behind."""
        return self._machine.now() - self.now()

    def wants_look(self) -> bool:
        return self._look is None or self._passed() - self._looked_at >= LOOK_EVERY

    def look(self, ask: Callable[[], datetime]) -> None:
        """``ask`` asks the database what its clock shows, at that instant, and not when a transaction began."""
        began = self._passed()
        self.note(ask(), began)

    def note(self, shown: datetime, began: float) -> None:
        """The database was asked when the stopwatch showed ``began``, and the answer has just come.

        At which moment between the two its clock was read nobody knows: half of the time is the most to be wrong by.
        """
        ended = self._passed()
        half = (ended - began) / 2
        look = _Look(shown.astimezone(UTC) - timedelta(seconds=began + half), half, ended)
        with self._guard:
            self._looked_at = ended
            if self._look is None or look.replaces(self._look):
                self._look = look
            self._tell()

    def _tell(self) -> None:
        """Say once that the machine's clock is off, and once that it is right again."""
        ahead = self.ahead()
        if (is_off := abs(ahead) >= OFF) == self._is_off:
            return
        self._is_off = is_off
        if is_off:
            log.warning(f"this machine's clock is {off_by(ahead)} the database's, whose time decides")
        else:
            log.info("this machine's clock and the database's agree again")


def off_by(ahead: timedelta) -> str:
    """
    >>> off_by(timedelta(hours=1)), off_by(timedelta(seconds=-75))
    ('1 h ahead of', '1 min 15 s behind')
    """
    return f"{spoken(abs(ahead))} {'ahead of' if ahead > timedelta(0) else 'behind'}"
