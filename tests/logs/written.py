"""A log in a text, with a stopwatch that is set by hand."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO

import structlog

from bot.logs import Logs, log_to
from bot.logs.faults import Faults
from bot.logs.libraries import Libraries, listen_to
from bot.logs.outages import Outages


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Written:
    """What was logged so far, and ``logs`` itself; ``passes`` lets time pass."""

    stream: StringIO
    logs: Logs
    now: float = 0.0
    log: structlog.typing.FilteringBoundLogger = field(default_factory=lambda: structlog.get_logger("test"))

    @property
    def lines(self) -> list[str]:
        """Without their time stamps."""
        return [line.partition(" ")[2] for line in self.stream.getvalue().splitlines()]

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.logs.tick()


@contextmanager
def written(stream: StringIO | None = None) -> Iterator[Written]:
    """Logging is left as it was."""
    root, shown, hook = logging.getLogger(), warnings.showwarning, threading.excepthook
    handlers, level = list(root.handlers), root.level
    stream = stream or StringIO()
    found = Written(stream, log_to(stream))
    logs = found.logs
    try:
        _by_hand(found)
        yield found
    finally:
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        root.handlers[:], warnings.showwarning, threading.excepthook = handlers, shown, hook
        root.setLevel(level)
        logs.before_end()


def _by_hand(found: Written) -> None:
    logs, processors = found.logs, structlog.get_config()["processors"]
    outages, faults = Outages(lambda: found.now), Faults(lambda: found.now)
    structlog.configure(
        processors=[{id(logs.outages): outages, id(logs.faults): faults}.get(id(one), one) for one in processors]
    )
    logs.outages, logs.faults = outages, faults
    logs.libraries = Libraries(lambda: found.now, outages.counts)
    listen_to(logs.libraries)
