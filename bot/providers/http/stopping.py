"""How what a hook has begun is stopped: by a request of its own, where the settings say which."""

from __future__ import annotations

from typing import Literal

from bot.adapters.hooks.client import Request
from bot.core.deployments.wording import spoken
from bot.core.errors import Rejected, ShipmateError, Unavailable
from bot.core.hooks import templates
from bot.core.ports.provider import Outcome, Run
from bot.providers.http.access import hooks
from bot.providers.http.handles import STOPPING, Begun
from bot.providers.http.polling import Polling, beside
from bot.providers.http.settings import Cancel, Settings
from bot.providers.http.variables import Variables

STOPPED_WITHIN = 15
"""Looks within which it has to have ended that was asked to stop, or not to have taken the request."""
Reason = Literal["cancelled", "timed_out"]


class Stopping:
    """Sees to it once somebody has cancelled, or its time is over."""

    def __init__(self, run: Run, settings: Settings, variables: Variables, begun: Begun) -> None:
        self._run = run
        self._settings = settings
        self._variables = variables
        self._begun = begun
        self._reason: Reason | None = None
        self._accepted = False
        self._refusal = ""
        # Whether it may have been told to stop although nothing was heard of that.
        self._doubt = False
        self._looks = 0

    def look(self, polling: Polling) -> Outcome | None:
        """Have it stopped if that is wanted; an outcome where it is not to be waited for any longer."""
        reason = self._reason or self._wanted()
        if reason is None:
            return None
        cancel = self._settings.cancel
        if cancel is None:
            return self._goes_on(reason, polling, "it cannot be stopped from here")
        if self._reason is None:
            try:
                self._doubt = self._run.note(STOPPING) is not None
                self._run.keep(STOPPING, reason)
            except Unavailable:
                return None  # whoever finds it ended after a restart has to know why, so it is not told before
            self._reason = reason
        return self._told(reason, cancel, polling)

    def _told(self, reason: Reason, cancel: Cancel, polling: Polling) -> Outcome | None:
        """Whoever refuses to stop it may have come to its end by that: it is looked for before that is believed."""
        self._looks += 1
        if not self._accepted and not self._refusal:
            try:
                self._ask(self._request(cancel), polling)
            except Rejected as error:
                return self._goes_on(reason, polling, self._variables.masked(str(error).rstrip(".")))
        if self._looks <= STOPPED_WITHIN:
            return None
        if self._accepted:
            return self.ended(polling)
        return self._goes_on(reason, polling, self._refusal or "it could not be told to stop")

    def ended(self, polling: Polling) -> Outcome | None:
        """How one ended that has come to an end without success; None where nobody has stopped it."""
        if self._refusal and not self._doubt:
            return None
        reason = self._reason or self._noted()
        if reason == "timed_out":
            return Outcome("timed_out", f"Timed out after {self._minutes()}, and was stopped{_because(polling)}")
        return Outcome("cancelled", "Cancelled") if reason is not None else None

    def _wanted(self) -> Reason | None:
        if self._run.cancelled():
            return "cancelled"
        return "timed_out" if self._run.remaining() <= 0 else None

    def _noted(self) -> str | None:
        """A process before this one may have asked it to stop."""
        try:
            return self._run.note(STOPPING)
        except Unavailable:
            return None

    def _ask(self, request: Request, polling: Polling) -> None:
        try:
            hooks(self._run).ask(request)
        except Unavailable as error:
            self._doubt = self._doubt or error.uncertain
            return  # asked again at the next look
        except ShipmateError as error:
            self._refusal = self._variables.masked(str(error).rstrip("."))
        else:
            self._accepted = True
            self._run.write(f"{polling.who} was told to stop")
        polling.hurry()

    def _request(self, cancel: Cancel) -> Request:
        """Raises Rejected."""
        if not set(templates.pointers_in(cancel.url)) <= set(self._begun.values):
            raise Rejected("its answer did not tell how to stop it")
        return beside(
            self._run, self._settings, self._variables, self._begun, cancel.method, cancel.url, cancel.headers
        )

    def _goes_on(self, reason: Reason, polling: Polling, why: str) -> Outcome:
        late = reason == "timed_out"
        if not self._begun.certain:
            unknown = f"{self._said(reason)}: whether {polling.who} has begun is not known"
            return Outcome(reason, unknown, given_up=late)
        goes_on = f"whether {polling.who} has stopped is not known" if self._doubt else f"it goes on at {polling.who}"
        return Outcome(reason, f"{self._said(reason)}: {goes_on} ({why}){_because(polling)}", given_up=late)

    def _said(self, reason: Reason) -> str:
        return "Cancelled" if reason == "cancelled" else f"Timed out after {self._minutes()}"

    def _minutes(self) -> str:
        return spoken(self._run.job.timeout_seconds)


def _because(polling: Polling) -> str:
    return f"; {polling.trouble}" if polling.trouble else ""
