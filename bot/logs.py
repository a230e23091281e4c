"""How the bot logs: one line per event, for people and for log drains."""

from __future__ import annotations

import logging
from typing import TextIO

import structlog


def log_to(stream: TextIO) -> None:
    """Libraries are heard from warnings on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.basicConfig(stream=stream, level=logging.WARNING, format="level=%(levelname)s logger=%(name)s %(message)s")
