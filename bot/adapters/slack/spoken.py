"""What the log tells of what is said in Slack: where it stands and of what kind it is, never its text."""

from __future__ import annotations

from threading import Lock

import structlog
from cachetools import LRUCache

from bot.core.ports.chat import Tag

log = structlog.get_logger(__name__)

REMEMBERED = 2_000
"""Of so many messages it is known in which state they were drawn last."""


class Spoken:
    """A line for each message, and for each state in which one is drawn anew: how far it has got is no state."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._states: LRUCache[tuple[str, str], str] = LRUCache(REMEMBERED)

    def said(self, channel: str, ts: str, tag: Tag | None, *, thread: str | None) -> None:
        self._is_new(channel, ts, tag)
        more = {"thread": thread} if thread else {}
        log.info("said", **_kind(tag), channel=channel, **more, ts=ts)

    def edited(self, channel: str, ts: str, tag: Tag | None) -> None:
        if self._is_new(channel, ts, tag):
            log.info("edited", **_kind(tag), channel=channel, ts=ts)

    def whispered(self, channel: str, person: str) -> None:
        log.info("said", kind="whisper", channel=channel, to=person)

    def _is_new(self, channel: str, ts: str, tag: Tag | None) -> bool:
        state = tag.state if tag is not None else ""
        with self._guard:
            known, self._states[channel, ts] = self._states.get((channel, ts)), state
        return known != state


def _kind(tag: Tag | None) -> dict[str, str]:
    return {"kind": tag.kind, "state": str(tag.state)} if tag is not None else {"kind": "message"}
