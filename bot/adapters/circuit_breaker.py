"""Circuit breaker: keeps the whole process from pressing a service that has asked for time, or that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.core.errors import NotAccepted, ShipmateError, Unavailable
from bot.core.ports.chat import Clock

log = structlog.get_logger(__name__)

GIVEN_UP_AFTER = 5
"""So many failures in a row, and the service counts as down: from then on one request at a time tries it."""
TOLD_AFTER = 2
"""So many failures in a row, and the log says that the service is away: one alone is told by whoever met it."""
LONGEST_REST = timedelta(minutes=1)
PROBE = timedelta(seconds=30)
"""How long one request that tries a service has for it before the next one may."""
REFUSED_REST = timedelta(seconds=30)
"""How often credentials are tried that were refused as often: they must work again within a minute of being mended, and
a service locks out for a while whoever comes with wrong ones all the time."""
REFUSED_PROBE = timedelta(seconds=15)


@dataclass(slots=True)
class _Closed:
    """A door at which credentials are refused: how often in a row, with which error, and until when nobody knocks."""

    error: NotAccepted
    times: int
    until: datetime


class CircuitBreaker:
    """Goes around each request to a service, as ``guarding``; all threads share one.

    A pause that the service asks for holds for one ``key`` (whose limit it is: a token's, a channel's); credentials are
    refused at one ``door`` (an owner's, or the whole service's); a service that is down is down for all. ``service`` is
    its name for people, ``error`` what is raised.
    """

    def __init__(self, service: str, clock: Clock, error: type[Unavailable] = Unavailable) -> None:
        self._service = service
        self._error = error
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[Hashable, datetime] = {}
        self._closed: dict[str, _Closed] = {}
        self._failures = 0
        self._rests_until: datetime | None = None

    @contextmanager
    def guarding(self, key: Hashable, door: str = "") -> Iterator[None]:
        """Goes around one request: raises Unavailable instead of sending it, and learns from the error that it raises.

        An error of ours that does not say that the service is away is an answer. Any other exception is a fault of
        the bot's, and says nothing about the service.
        """
        self.check(key, door)
        try:
            yield
        except NotAccepted as error:
            self.refused(door, error)
            raise
        except self._error as error:
            error.service = self._service
            if error.retry_after is not None:
                self.asked(key, error.retry_after)
            else:
                self.failed(str(error))
            raise
        except ShipmateError:
            self.answered(door)
            raise
        self.answered(door)

    def check(self, key: Hashable, door: str = "") -> None:
        """Raises Unavailable, with nothing sent and nobody asked, while it makes no sense to send anything."""
        now = self._clock.now()
        with self._lock:
            until = self._until.get(key)
            if until is not None and now < until:
                seconds = (until - now).total_seconds()
                raise self._resting(f"{self._service} asks the bot to slow down.", seconds)
            self._knock(door, now)
            if self._rests_until is None:
                return
            if now < self._rests_until:
                seconds = (self._rests_until - now).total_seconds()
                raise self._resting(f"{self._service} does not answer just now.", seconds)
            self._rests_until = now + PROBE

    def _resting(self, sentence: str, seconds: float) -> Unavailable:
        error = self._error(sentence, retry_after=seconds)
        error.service = self._service
        return error

    def _knock(self, door: str, now: datetime) -> None:
        """Raises NotAccepted where that is known; one request at a time finds out whether it is still so."""
        closed = self._closed.get(door)
        if closed is None or closed.times < GIVEN_UP_AFTER:
            return
        if now < closed.until:
            raise closed.error.after((closed.until - now).total_seconds())
        closed.until = now + REFUSED_PROBE

    def refused(self, door: str, error: NotAccepted) -> None:
        """The service is there, and does not accept the credentials at this door."""
        with self._lock:
            known = self._closed.get(door)
            times = known.times + 1 if known else 1
            self._closed[door] = _Closed(error, times, self._clock.now() + REFUSED_REST)
            self._failures, self._rests_until = 0, None
        log.warning("outage", away=self._of(error), reason=str(error), mend=error.mend)

    def _of(self, error: NotAccepted) -> str:
        """Credentials that one owner refuses are an outage of their own."""
        return f"{self._service} ({error.owner})" if error.owner else self._service

    def asked(self, key: Hashable, seconds: float) -> None:
        """The service has answered that it wants no request of this kind for so long."""
        now = self._clock.now()
        with self._lock:
            self._until = {other: until for other, until in self._until.items() if until > now}
            self._until[key] = now + timedelta(seconds=seconds)
        self._is_there()

    def failed(self, reason: str = "") -> None:
        """No answer came, or one that says that the service is ill."""
        with self._lock:
            self._failures += 1
            more = self._failures - GIVEN_UP_AFTER
            if more >= 0:
                self._rests_until = self._clock.now() + min(timedelta(seconds=2 ** min(more + 1, 10)), LONGEST_REST)
            tell = self._failures >= TOLD_AFTER
        if tell:
            log.warning("outage", away=self._service, reason=reason)

    def answered(self, door: str = "") -> None:
        """The service is there, whatever it said, and has let us in."""
        if self._failures or door in self._closed:
            with self._lock:
                known = self._closed.pop(door, None)
            if known is not None:
                log.info("accepted", back=self._of(known.error))
            self._is_there()

    def _is_there(self) -> None:
        with self._lock:
            told, self._failures, self._rests_until = self._failures >= TOLD_AFTER, 0, None
        if told:
            log.info("answered", back=self._service)
