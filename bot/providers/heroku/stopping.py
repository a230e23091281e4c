"""How what runs on Heroku is stopped: a build can be, a release phase and a promotion cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from bot.core.errors import NotAccepted, ShipmateError, Unavailable
from bot.core.ports.provider import Outcome, Run
from bot.providers.heroku.sections import patiently

STOPPED_WITHIN = 60
"""Looks within which a build that is to stop has stopped."""
_NOTE = "stopping"
Reason = Literal["cancelled", "timed_out"]


class Stopping:
    """Asks ``stop`` once it is wanted; None where Heroku has no way to. ``tell`` is for what people have to know."""

    def __init__(self, run: Run, stop: Callable[[], None] | None, tell: Callable[[str], None]) -> None:
        self._run = run
        self._stop = stop
        self._tell = tell
        self._reason: Reason | None = None
        self._accepted = False
        self._refusal: str | None = None
        self._told = False
        self._looks = 0

    @property
    def wanted(self) -> bool:
        return self._reason is not None

    def asked(self) -> Outcome | None:
        """Look whether it is to stop, and have it stopped; an outcome where it is not to be waited for any longer."""
        timed_out = self._run.remaining() <= 0
        if self._reason is None and not timed_out and not self._run.cancelled():
            return None
        reason: Reason = "cancelled" if self._run.cancelled() else "timed_out"
        if self._stop is None:
            return self._cannot(timed_out, "Heroku cannot stop it any more")
        if self._reason is None:
            try:
                # A build that is stopped has failed: whoever sees that after a restart has to know why.
                self._run.keep(_NOTE, reason)
            except Unavailable:
                return None
            self._reason = reason
        self._looks += 1
        if not self._accepted and self._refusal is None and not (timed_out and self._looks > STOPPED_WITHIN):
            self._try()
            return None
        if not self._accepted:
            return self._cannot(timed_out, f"Heroku does not stop the build ({self._refusal})")
        return self.outcome() if self._looks > STOPPED_WITHIN else None

    def outcome(self) -> Outcome | None:
        """How a build ended that has stopped; None where nobody wanted that."""
        reason: str | None = self._reason or patiently(self._run, lambda: self._run.note(_NOTE))
        if reason is None:
            return None
        if reason == "timed_out":
            return Outcome("timed_out", f"Stopped at the timeout of {self._minutes()}")
        return Outcome("cancelled", "Cancelled")

    def _try(self) -> None:
        assert self._stop is not None
        try:
            self._stop()
            self._accepted = True
        except NotAccepted:
            raise
        except Unavailable:
            return  # asked again at the next look
        except ShipmateError as error:
            self._refusal = str(error).rstrip(".")

    def _cannot(self, timed_out: bool, why: str) -> Outcome | None:
        """It is waited for, as it goes live when it succeeds; only until the time is over."""
        if timed_out:
            return Outcome("timed_out", f"Heroku was not done within {self._minutes()}; it goes on there")
        if not self._told:
            self._told = True
            self._tell(f"{why}, so its end is waited for")
        return None

    def _minutes(self) -> str:
        seconds = self._run.job.timeout_seconds
        return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
