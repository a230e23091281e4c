"""Outages in the log: a line when one begins, one a minute while it lasts, and one when it is over."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from structlog.typing import EventDict, WrappedLogger

log = structlog.get_logger(__name__)

TOLD_EVERY = 60.0
QUIET = 3.0
"""Seconds without a failure until an outage is over: half of its threads hear an answer before the other half does."""
MEANWHILE = {
    "database": "nothing is decided; what comes in is refused, and asked for again; what runs goes on",
    "GitHub": "commands and merges wait; what is asked of the bot alone is answered; what runs goes on",
    "Slack": "deployments go on; what is to be said waits",
}
ELSE = "what needs it waits"


@dataclass(slots=True)
class _Outage:
    """``over`` is when it seemed to be over, by the stopwatch."""

    since: float
    told: float
    reason: str
    over: float | None = None
    held_up: Counter[str] = field(default_factory=Counter)

    def waiting(self) -> str:
        return ", ".join(f"{what} ×{count}" for what, count in self.held_up.most_common()) or "nothing"


class Outages:
    """Sums up (a processor of structlog) what is logged with one of three fields, each with the name of a service:

    ``away`` of an attempt that failed, ``back`` of one that went well after such, ``during`` of what happens for that
    reason. The first one of an outage is its beginning; what follows is counted, by its event.
    """

    def __init__(self, stopwatch: Callable[[], float]) -> None:
        self._stopwatch = stopwatch
        self._guard = threading.Lock()
        self._lasting: dict[str, _Outage] = {}

    def __call__(self, _: WrappedLogger, __: str, line: EventDict) -> EventDict:
        away, back, during = (line.pop(name, None) for name in ("away", "back", "during"))
        with self._guard:
            if away is not None:
                return self._failed(str(away), line)
            if back is not None:
                return self._answered(str(back))
            outage = self._of(during)
            if outage is None:
                return line
            outage.held_up[str(line["event"])] += 1
        raise structlog.DropEvent

    def counts(self, service: str, what: str, times: int) -> bool:
        """Whether an outage of the service lasts; then that has happened because of it."""
        with self._guard:
            outage = self._of(service)
            if outage is not None:
                outage.held_up[what] += times
            return outage is not None

    def _of(self, service: object) -> _Outage | None:
        """Of the whole service, or of the part of it in brackets that one owner has."""
        return next((one for name, one in self._lasting.items() if name.partition(" (")[0] == service), None)

    def _failed(self, service: str, line: EventDict) -> EventDict:
        now = self._stopwatch()
        if (outage := self._lasting.get(service)) is not None:
            outage.over = None
            raise structlog.DropEvent
        self._lasting[service] = _Outage(now, now, str(line.get("reason", "")))
        meanwhile = MEANWHILE.get(service.partition(" (")[0], ELSE)
        # Whoever met it first is nobody in particular.
        said = {name: value for name, value in line.items() if name not in {"deployment", "delivery"}}
        return {**said, "event": "outage begins", "service": service, "meanwhile": meanwhile}

    def _answered(self, service: str) -> EventDict:
        outage = self._lasting.get(service)
        if outage is not None and outage.over is None:
            outage.over = self._stopwatch()
        raise structlog.DropEvent

    def tick(self, *, last: bool = False) -> None:
        """Say of each outage that it is over, or that it still lasts. The ``last`` one waits for nothing."""
        now = self._stopwatch()
        told: list[Callable[[], None]] = []
        with self._guard:
            for service, outage in list(self._lasting.items()):
                if outage.over is not None and (last or now - outage.over >= QUIET):
                    del self._lasting[service]
                    told.append(_over(service, outage))
                elif now - outage.told >= TOLD_EVERY:
                    outage.told = now
                    told.append(_lasts(service, outage, now))
        for say in told:
            say()


def _over(service: str, outage: _Outage) -> Callable[[], None]:
    assert outage.over is not None
    seconds = outage.over - outage.since
    return lambda: log.warning("outage over", service=service, seconds=seconds, held_up=outage.waiting())


def _lasts(service: str, outage: _Outage, now: float) -> Callable[[], None]:
    seconds, waiting = now - outage.since, outage.waiting()
    return lambda: log.warning("outage lasts", service=service, seconds=seconds, reason=outage.reason, held_up=waiting)
