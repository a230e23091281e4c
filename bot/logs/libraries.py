"""What libraries log, by Python's own logging: a line of ours each."""

from __future__ import annotations

import logging
import threading
from typing import Any

import structlog

log = structlog.get_logger(__name__)

SERVICES = {
    "dbos": "database",
    "sqlalchemy": "database",
    "psycopg": "database",
    "slack_sdk": "Slack",
    "slack_bolt": "Slack",
    "bot.adapters.slack": "Slack",
    "urllib3": "GitHub",
}
"""Whose outage it belongs to what a logger of that name says, where one lasts."""


class Forward(logging.Handler):
    """Hands each record on to structlog, so that there is one form and one place that writes."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields: dict[str, Any] = {"logger": record.name, "exc_info": record.exc_info}
            service = next((SERVICES[one] for one in SERVICES if f"{record.name}.".startswith(f"{one}.")), None)
            if service is not None:
                fields["during"] = service
            log.log(_level(record.levelno), record.getMessage(), **fields)
        except Exception:  # noqa: BLE001 - as of every handler: what cannot be logged stops nobody
            self.handleError(record)


def _level(number: int) -> int:
    """The next lower one that has a name: anybody may invent more."""
    named = (logging.CRITICAL, logging.ERROR, logging.WARNING)
    return next((one for one in named if number >= one), logging.INFO)


def listen_to_libraries() -> None:
    """From warnings on; also to warnings of Python's own, and to what ends a thread."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, Forward):
            root.removeHandler(handler)
    root.addHandler(Forward())
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_died


def _thread_died(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is None or isinstance(what.exc_value, SystemExit):
        return
    name = what.thread.name if what.thread is not None else "unknown"
    log.error("thread died", thread=name, exc_info=what.exc_value)
