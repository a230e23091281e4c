"""Answers that are remembered for a while, so that the same question is not asked again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from bot.core.ports.chat import Clock

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Values by key, each for ``kept_for``, the oldest forgotten first. Safe to share between threads."""

    def __init__(self, clock: Clock, *, kept_for: timedelta, most: int) -> None:
        self._clock = clock
        self._kept_for = kept_for
        self._most = most
        self._values: OrderedDict[str, tuple[datetime, Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str, ask: Callable[[], Value]) -> Value:
        """The value of ``key``, from ``ask`` where it is not known or too old. Errors are not remembered."""
        now = self._clock.now()
        with self._lock:
            known = self._values.get(key)
        if known and now - known[0] < self._kept_for:
            return known[1]
        value = ask()
        with self._lock:
            self._values[key] = (now, value)
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        return value
