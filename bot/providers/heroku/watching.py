"""Stays with something on Heroku until it is pending no longer, and passes its output on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from bot.adapters.heroku.output import OutputStream
from bot.adapters.heroku.platform import Heroku
from bot.core.errors import NotAccepted, Unavailable
from bot.core.ports.provider import Outcome, Run
from bot.providers.heroku.sections import Section
from bot.providers.heroku.stopping import Stopping

TICK = 0.5
"""Seconds between two looks at whether somebody cancelled, and at what has come out."""
POLL, POLL_SELDOM, POLL_SOON = 3.0, 15.0, 1.0
"""Seconds between two questions to Heroku: usually, where few requests are left, and where it should end soon."""
DRAIN = 20
"""Ticks in which the rest of the output comes after the end."""


class Watchable(Protocol):
    @property
    def status(self) -> str | None: ...

    @property
    def output_stream_url(self) -> str | None: ...


Seen = TypeVar("Seen", bound=Watchable)


def watched(run: Run, heroku: Heroku, ask: Callable[[], Seen], section: Section, stopping: Stopping) -> Seen | Outcome:
    """What it is in the end, or an outcome where that is not waited for. Raises what ``ask`` does but Unavailable."""
    output = _Output(run, section)
    wait = 0.0
    try:
        while True:
            if wait <= 0:
                found, wait = _answer(heroku, ask)
                if found is not None:
                    output.open(found.output_stream_url)
                    if found.status != "pending":
                        output.drain()
                        return found
            output.pass_on()
            outcome = stopping.asked()
            if outcome is not None:
                output.close()
                return outcome
            run.pause(TICK)
            soon = stopping.wanted or output.ended
            wait = min(wait - TICK, POLL_SOON if soon else wait)
    finally:
        # Whoever follows it next reads it from the beginning.
        output.abandon()


def _answer(heroku: Heroku, ask: Callable[[], Seen]) -> tuple[Seen | None, float]:
    """What was answered, None in an outage, and when to ask again."""
    usual = POLL_SELDOM if heroku.runs_low else POLL
    try:
        return ask(), usual
    except NotAccepted:
        raise
    except Unavailable as error:
        return None, error.retry_after or usual


class _Output:
    """The stream that goes with it, once there is one."""

    def __init__(self, run: Run, section: Section) -> None:
        self._run = run
        self._section = section
        self._stream: OutputStream | None = None

    @property
    def ended(self) -> bool:
        return self._stream is not None and self._stream.ended

    def open(self, url: str | None) -> None:
        if self._stream is None and url is not None:
            self._stream = OutputStream(url)

    def pass_on(self) -> None:
        for line in self._stream.take() if self._stream else ():
            self._section.write(line)

    def drain(self) -> None:
        """Wait for what comes after the end, but not for long."""
        for _ in range(DRAIN):
            self.pass_on()
            if self._stream is None or self._stream.ended:
                break
            self._run.pause(TICK)
        self.close()

    def close(self) -> None:
        stream, self._stream = self._stream, None
        for line in stream.close() if stream else ():
            self._section.write(line)

    def abandon(self) -> None:
        stream, self._stream = self._stream, None
        for _ in stream.close() if stream else ():
            pass
