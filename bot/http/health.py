"""What a monitor is told: whether something can be stored, and what was set aside."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.core.errors import Unavailable


class Aside(Protocol):
    """What was set aside after it had failed again and again. Raises Unavailable."""

    def count(self) -> int: ...

    def names(self) -> Sequence[str]: ...


class Health:
    """The database is asked by one at a time, however many strangers want to know.

    ``obstacles`` tells why nothing can be stored just now, a clause each; ``aside`` what nobody tries any more.
    """

    def __init__(self, obstacles: Callable[[], Sequence[str]], aside: Aside | None) -> None:
        self._obstacles = obstacles
        self._aside = aside
        self._asking: asyncio.Future[tuple[Sequence[str], Sequence[str]]] | None = None

    async def page(self, _: Request) -> Response:
        """What is set aside is named, and the status stays 200.

        Others come through; whoever takes a process out of rotation because of one poisonous delivery does to everybody
        what the delivery could not.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(run_in_threadpool(self._look))
        obstacles, aside = await self._asking
        if obstacles:
            return PlainTextResponse(f"not ready: {', '.join(obstacles)}\n", 503)
        return PlainTextResponse(f"ready; set aside: {', '.join(aside)}\n" if aside else "ready\n")

    def _look(self) -> tuple[Sequence[str], Sequence[str]]:
        if obstacles := self._obstacles():
            return obstacles, ()
        try:
            return (), self._aside.names() if self._aside is not None else ()
        except Unavailable:  # the next look says that the database does not answer
            return (), ()

    def count_set_aside(self) -> float:
        """Not a number while the database does not tell: none would be a lie."""
        try:
            return self._aside.count() if self._aside is not None else 0
        except Unavailable:
            return math.nan
