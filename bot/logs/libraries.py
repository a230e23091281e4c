"""What libraries log, by Python's own logging: a line of ours each, and not again and again."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.logs.faults import troubled

log = structlog.get_logger(__name__)

SERVICES = {
    "dbos": "database",
    "sqlalchemy": "database",
    "psycopg": "database",
    "slack_sdk": "Slack",
    "slack_bolt": "Slack",
    "bot.adapters.slack.bolt": "Slack",
    "urllib3": "GitHub",
}
"""Whose outage it may belong to what a logger of that name says."""
HELD = 2.0
"""Seconds that such a line waits for: by then the bot has found out itself whether the service is away."""
AGAIN = 60.0
"""Seconds after which a line that comes again and again is written again, with how often it came."""
LINES = 200
"""How many different ones are held at most."""
BEGINNING = 60
"""Characters by which a line is told from another one of its logger: what follows differs each time."""

_BROKEN = re.compile(r"\b(BrokenPipe|Connection(Reset|Aborted|Refused)|Timeout|SSL\w*)Error\b")
"""How Python names what becomes of connections: some libraries write it into the line, and hand no exception on."""

Counts = Callable[[str, str, int], bool]
"""Given a service, what happened, and how often: whether an outage of the service is to blame for it."""


@dataclass(slots=True)
class _Held:
    """``at`` is when it is to be written, by the stopwatch, and ``times`` how often it came since it was last."""

    service: str
    level: int
    said: str
    at: float
    times: int = 0


class Libraries(logging.Handler):
    """Hands each record on to structlog, so that there is one form and one place that writes.

    What may belong to an outage is held for a moment: where one lasts by then, ``counts`` takes it for that.
    """

    def __init__(self, stopwatch: Callable[[], float], counts: Counts) -> None:
        super().__init__()
        self._stopwatch = stopwatch
        self._counts = counts
        self._guard = threading.Lock()
        self._held: dict[tuple[str, str], _Held] = {}

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level, said = _level(record.levelno), record.getMessage()
            service = next((SERVICES[one] for one in SERVICES if f"{record.name}.".startswith(f"{one}.")), None)
            if service is not None and not _is_fault(record):
                # Some write their tracebacks into the message; what it is about stands in its first line.
                self._hold(record.name, service, _at_most_a_warning(record, level), said.partition("\n")[0])
            else:
                log.log(level, said, logger=record.name, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - as of every handler: what cannot be logged stops nobody
            self.handleError(record)

    def _hold(self, logger: str, service: str, level: int, said: str) -> None:
        with self._guard:
            key = (logger, said[:BEGINNING])
            if key not in self._held and len(self._held) < LINES:
                self._held[key] = _Held(service, level, said, self._stopwatch() + HELD)
            if key in self._held:
                self._held[key].times += 1

    def tick(self, *, last: bool = False) -> None:
        """Write what was held for long enough; the ``last`` time, all of it."""
        now = self._stopwatch()
        told: list[tuple[str, _Held, int]] = []
        with self._guard:
            for key, held in list(self._held.items()):
                if not last and now < held.at:
                    continue
                if not held.times or self._counts(held.service, key[0], held.times):
                    del self._held[key]
                    continue
                told.append((key[0], held, held.times))
                held.times, held.at = 0, now + AGAIN
        for logger, held, times in told:
            log.log(held.level, held.said, logger=logger, **({"times": times} if times > 1 else {}))


def _is_fault(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return error is not None and troubled(error, ours=False) is None


def _at_most_a_warning(record: logging.LogRecord, level: int) -> int:
    """A line that breaks and is there again wakes nobody: what goes on for longer is told as an outage."""
    broken = bool(record.exc_info and record.exc_info[1]) or _BROKEN.search(record.getMessage())
    return min(level, logging.WARNING) if broken else level


def _level(number: int) -> int:
    """The next lower one that has a name: anybody may invent more."""
    named = (logging.CRITICAL, logging.ERROR, logging.WARNING)
    return next((one for one in named if number >= one), logging.INFO)


def listen_to(libraries: Libraries) -> None:
    """From warnings on; also to warnings of Python's own, and to what ends a thread."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, Libraries):
            root.removeHandler(handler)
    root.addHandler(libraries)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_died


def _thread_died(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is None or isinstance(what.exc_value, SystemExit):
        return
    name = what.thread.name if what.thread is not None else "unknown"
    log.error("thread died", thread=name, exc_info=what.exc_value)
