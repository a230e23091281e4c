"""How the bot logs: one line for each fact, ours and the libraries', for people and for log drains."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TextIO, cast

import structlog
from structlog.typing import Processor

from bot.logs.faults import Faults
from bot.logs.libraries import Libraries, listen_to
from bot.logs.lines import Mask, cleaned, named_as_github_does, renderer
from bot.logs.outages import Outages

TICK = 1.0
"""Seconds between two calls of ``Logs.tick``."""
ORDER = ("timestamp", "level", "event", "deployment", "delivery")


@dataclass(slots=True)
class Logs:
    """What the log of a process remembers between two lines. Safe from any thread."""

    mask: Mask = field(default_factory=Mask)
    outages: Outages = field(default_factory=lambda: Outages(time.monotonic))
    faults: Faults = field(default_factory=lambda: Faults(time.monotonic))
    before_end: Callable[[], None] = lambda: None
    libraries: Libraries = field(init=False)

    def __post_init__(self) -> None:
        self.libraries = Libraries(time.monotonic, self.outages.counts)

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on nobody reads these in the log."""
        self.mask.hide(secrets)

    def tick(self) -> None:
        """To be called about once a second: says what nobody says by an event of its own."""
        for one in (self.libraries, self.faults, self.outages):
            one.tick()

    def end(self) -> None:
        """What is still to be said, as the process ends."""
        for one in (self.libraries, self.faults, self.outages):
            one.tick(last=True)
        self.before_end()


def log_to(stream: TextIO, least: int = logging.INFO) -> Logs:
    """Log to the stream from now on: in colours to a terminal, in logfmt (brandur.org/logfmt) to everything else.

    Libraries are heard from warnings on. What is below ``least`` is not written.
    """
    logs = Logs()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            # What troubles a service has no traceback, and belongs to its outage.
            logs.faults,
            logs.outages,
            structlog.processors.format_exc_info,
            named_as_github_does,
            cleaned,
            renderer(ORDER, colours=stream.isatty()),
            cast("Processor", logs.mask),  # what it is given is rendered by then
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
    listen_to(logs.libraries)
    return logs
