"""What a monitor is told: whether something can be stored, whether anybody works on it, and what was set aside."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.core.deployments.wording import spoken
from bot.core.errors import Unavailable

NO_ANSWER = "the database does not answer"
PATIENCE = 5.0
"""Seconds to wait for it: whoever watches gives up after ten."""
START_ONE = "what comes in is stored and waits: start one (python -m bot worker), or look at its log"


class Aside(Protocol):
    """What was set aside after it had failed again and again. Raises Unavailable."""

    def count(self) -> int: ...

    def names(self) -> Sequence[str]: ...


class WorkerWatch:
    """Whether a worker lives, by the leases, for a process that has none itself. Safe from any thread.

    ``heard`` tells how many seconds ago each process was last heard of that has not left in order; ``lasts`` is how
    long a lease lasts. That long nobody is missed: neither before the first worker, which starts after the listener,
    nor where one leaves and another takes its place. One that was killed is missed when its lease is over.
    """

    def __init__(self, heard: Callable[[], Sequence[float]], lasts: float, passed: Callable[[], float]) -> None:
        self._heard = heard
        self._lasts = lasts
        self._passed = passed
        self._was_alive = False
        self._patient_until = passed() + lasts

    def obstacles(self) -> list[str]:
        """A clause where nobody works on what is stored."""
        try:
            heard = min(self._heard(), default=None)
        except Unavailable:
            return [NO_ANSWER]
        if heard is not None and heard < self._lasts:
            self._was_alive = True
            return []
        if self._was_alive:
            self._was_alive = False
            self._patient_until = -math.inf if heard is not None else self._passed() + self._lasts
        if self._passed() < self._patient_until:
            return []
        since = f" for {spoken(timedelta(seconds=round(heard)))}" if heard is not None else ""
        return [f"no worker has been heard of{since}; {START_ONE}"]

    def excuse(self) -> None:
        """The database was away, so nobody could be heard: they have the time of a lease to come back."""
        self._was_alive = False
        self._patient_until = self._passed() + self._lasts


class Health:
    """The database is asked by one at a time, however many strangers want to know.

    ``obstacles`` tells why nothing can be stored just now, a clause each; ``aside`` what nobody tries any more;
    ``outages`` who refuses the bot's own credentials, a sentence each.
    """

    def __init__(
        self,
        obstacles: Callable[[], Sequence[str]],
        aside: Aside | None,
        outages: Callable[[], Sequence[str]],
        patience: float = PATIENCE,
    ) -> None:
        self._obstacles = obstacles
        self._aside = aside
        self._outages = outages
        self._patience = patience
        self._asking: asyncio.Future[tuple[str, int]] | None = None

    async def page(self, _: Request) -> Response:
        """What is set aside is named, and the status stays 200.

        Others come through; whoever takes a process out of rotation because of one poisonous delivery does to everybody
        what the delivery could not.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(run_in_threadpool(self._look))
        done = (await asyncio.wait({self._asking}, timeout=self._patience))[0]
        return PlainTextResponse(*self._asking.result()) if done else PlainTextResponse(_refused([NO_ANSWER]), 503)

    def _look(self) -> tuple[str, int]:
        """The page, and its status."""
        if obstacles := self._obstacles():
            return _refused(obstacles), 503
        try:
            aside = self._aside.names() if self._aside is not None else ()
            outages = self._outages()
        except Unavailable:  # the next look says that the database does not answer
            aside, outages = (), ()
        ready = f"ready; set aside: {', '.join(aside)}" if aside else "ready"
        return "".join(f"{line}\n" for line in (ready, *outages)), 200

    def count_set_aside(self) -> float:
        """Not a number while the database does not tell: none would be a lie."""
        try:
            return self._aside.count() if self._aside is not None else 0
        except Unavailable:
            return math.nan


def _refused(obstacles: Sequence[str]) -> str:
    return f"not ready: {', '.join(obstacles)}\n"
