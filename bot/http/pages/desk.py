"""Threads for what waits for others, few of them and with a short queue, so that nothing else has to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

WAITING = 40
"""So many may wait for their turn; others are asked to come again."""

Found = TypeVar("Found")


class Busy(Exception):
    """Too many want something just now."""


class Late(Exception):
    """What is done takes too long. It goes on, and nobody waits for it."""


class Desk:
    """``threads`` at once are attended to. To be used in one event loop. ``patience``: seconds, None without an end."""

    def __init__(self, threads: int, name: str, waiting: int = WAITING, patience: float | None = None) -> None:
        self._patience = patience
        self._threads = ThreadPoolExecutor(threads, name)
        self._most = threads + waiting
        self._there = 0

    async def do(self, work: Callable[[], Found]) -> Found:
        """What ``work`` returns, done in a thread. Raises Busy where its turn does not come, Late where it has not
        ended in time, and whatever it raises."""
        if self._there >= self._most:
            raise Busy
        self._there += 1
        job = self._threads.submit(work)
        try:
            done = asyncio.wrap_future(job)
            await asyncio.wait({done}, timeout=self._patience)
            if done.done():
                return done.result()
            raise Busy if job.cancel() else Late
        finally:
            # Whoever goes takes along what they wanted: else those who come and go would make a queue without an end.
            job.cancel()
            self._there -= 1
