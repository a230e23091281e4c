"""The output of a run in sections, so that a restarted bot goes on in one where it was, and repeats no line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import TypeVar

from bot.adapters.system.output import shown
from bot.core.errors import NotAccepted, Unavailable
from bot.core.ports.provider import Run

T = TypeVar("T")
_LATE_TRIES = 5
"""How often somebody is asked at least who does not answer, though the time is over."""


class Section:
    """The lines of one thing, always the same ones from its beginning on (idempotent).

    Where it begins is kept before its first line is written: so many lines of the run came before it, and of what
    comes again whatever is among the lines that are stored already is passed over.
    """

    def __init__(self, run: Run, name: str, *lines: str, secrets: tuple[str, ...] = ()) -> None:
        self._run = run
        self._secrets = secrets
        kept = patiently(run, lambda: run.note(name))
        if kept is None:
            kept = f"{run.written()} {run.clock.now().isoformat()}"
            patiently(run, lambda: run.keep(name, kept or ""))
        at, _, began = kept.partition(" ")
        self._next = int(at)
        self.began = datetime.fromisoformat(began)
        for line in lines:
            self.write(line)

    def write(self, line: str) -> None:
        at, self._next = self._next, self._next + 1
        if at >= self._run.written():
            self._run.write(shown(line, self._secrets))


def patiently(run: Run, ask: Callable[[], T]) -> T:
    """What it returns, asked for again and again while whoever is asked does not answer, and there is time."""
    for tries in count(1):
        try:
            return ask()
        except NotAccepted:
            raise
        except Unavailable as error:
            if tries >= _LATE_TRIES and run.remaining() <= 0:
                raise
            run.pause(min(error.retry_after or 1.0, 5.0))
    raise AssertionError("it returns or raises")
