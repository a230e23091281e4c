"""What the log tells of requests that were refused: the first at once, and then how many there were, once a minute."""

from __future__ import annotations

import asyncio

import structlog

from bot.http.limits import API, CALLBACKS, SLACK_EVENTS, WEBHOOK

log = structlog.get_logger(__name__)

_Kind = tuple[int, str]


class Refusals:
    """Bounded in memory and lines, however much is refused. To be used in an event loop."""

    def __init__(self, told_every: float) -> None:
        self._told_every = told_every
        self._untold: dict[_Kind, int] = {}

    def note(self, answer: int, path: str, address: str) -> None:
        """``answer`` is the status; ``path`` is told where it is one of ours: others are the sender's invention."""
        path = next((one for one in (CALLBACKS, API) if path.startswith(one)), path)
        kind = (answer, path if path in (WEBHOOK, SLACK_EVENTS, CALLBACKS, API) else "other")
        if kind in self._untold:
            self._untold[kind] += 1
            return
        log.warning("request refused", answer=answer, path=kind[1], address=address)
        self._count_from_now(kind)

    def _count_from_now(self, kind: _Kind) -> None:
        self._untold[kind] = 0
        asyncio.get_running_loop().call_later(self._told_every, self._tell, kind)

    def _tell(self, kind: _Kind) -> None:
        count = self._untold.pop(kind)
        if count:
            answer, path = kind
            log.warning("requests refused", answer=answer, path=path, count=count, seconds=self._told_every)
            self._count_from_now(kind)
