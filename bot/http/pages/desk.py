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


class Desk:
    """``threads`` at once are attended to. To be used in one event loop."""

    def __init__(self, threads: int, name: str, waiting: int = WAITING) -> None:
        self._threads = ThreadPoolExecutor(threads, name)
        self._most = threads + waiting
        self._there = 0

    async def do(self, work: Callable[[], Found]) -> Found:
        """What ``work`` returns, done in a thread. Raises Busy, and whatever it raises."""
        if self._there >= self._most:
            raise Busy
        self._there += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._there -= 1
