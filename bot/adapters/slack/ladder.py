"""Graceful degradation: messages are drawn with Slack's newest blocks, and without them where a workspace lacks these.

Slack brings new blocks to one workspace after the other and says of none that it has them: it refuses the message.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from bot.adapters.slack.blocks import blocks_of, has_phased, text_of
from bot.adapters.slack.errors import BLOCKS_REFUSED, SlackRejected
from bot.core.errors import Unavailable
from bot.core.ports.chat import Clock, Notebook
from bot.core.rich_text import Message

Words: TypeAlias = dict[str, Any]
T = TypeVar("T")

TRIED_AGAIN_AFTER = timedelta(days=1)
KEY = "slack:lacks-new-blocks"


class Ladder:
    """Sends messages in the best form that the workspace takes. Safe to share between threads.

    ``workspace`` says which one that is; ``notebook`` keeps for other processes, and for the next start, that one lacks
    the new blocks, else that is forgotten with the process.
    """

    def __init__(self, clock: Clock, workspace: Callable[[], str], notebook: Notebook | None) -> None:
        self._clock = clock
        self._workspace = workspace
        self._notebook = notebook
        self._refused_at: datetime | None = None
        self._looked_up = notebook is None

    def send(self, message: Message, call: Callable[[Words], T]) -> T:
        """What ``call`` returns for the message's words, plainer ones the second time; raises what that raises."""
        words = _words(message)
        if not has_phased(words["blocks"]):
            return call(words)
        if self._lacking():
            return call(_words(message, plainly=True))
        try:
            return call(words)
        except SlackRejected as error:
            if error.code not in BLOCKS_REFUSED:
                raise
        try:
            answer = call(_words(message, plainly=True))
        except Unavailable:
            # The next try is of the form that is left: two requests at once may be what Slack has no time for.
            self._refused_at, self._looked_up = self._clock.now(), True
            raise
        # Only now is it known that it was the form, and not the message.
        self._remember()
        return answer

    def _lacking(self) -> bool:
        if not self._looked_up:
            with suppress(Unavailable):
                self._refused_at = self._kept()
                self._looked_up = True
        return self._refused_at is not None and self._clock.now() - self._refused_at < TRIED_AGAIN_AFTER

    def _kept(self) -> datetime | None:
        workspace, _, at = ((self._notebook and self._notebook.read(KEY)) or "").partition(" ")
        return datetime.fromisoformat(at) if workspace and workspace == self._workspace() else None

    def _remember(self) -> None:
        now = self._clock.now()
        self._refused_at, self._looked_up = now, True
        # A second process, or the next start, tries once more where that could not be kept.
        with suppress(Unavailable):
            if self._notebook is not None:
                self._notebook.write(KEY, f"{self._workspace()} {now.isoformat()}")


def _words(message: Message, *, plainly: bool = False) -> Words:
    return {"text": text_of(message), "blocks": blocks_of(message, plainly=plainly)}
