"""One client of a process for all its runs, so that they share circuit breakers and connections."""

from __future__ import annotations

import threading

from bot.adapters.hooks.client import Hooks
from bot.core.ports.chat import Clock
from bot.core.ports.provider import Run

_GUARD = threading.Lock()
_SHARED: list[tuple[Clock, Hooks]] = []


def hooks(run: Run) -> Hooks:
    """Runs on one clock share a client."""
    clock = run.clock
    with _GUARD:
        if not _SHARED or _SHARED[0][0] is not clock:
            _SHARED[:] = [(clock, Hooks(clock, run.measures))]
        return _SHARED[0][1]
