"""What a provider writes, on its way into the database: in batches, its secrets masked, within two seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable

import structlog

from bot.adapters.storage.output import FIRST_KEPT, LAST_KEPT, OUTPUT_LINES
from bot.adapters.storage.store import Store
from bot.core.ansi import coloured, cut
from bot.core.errors import Unavailable
from bot.core.masking import KEY_LINES, Masker

log = structlog.get_logger(__name__)

FLUSH_AT = 50
"""So many lines are stored at once."""
LONGEST_WAIT = 1.0
"""Seconds that a line waits for others."""
LONGEST_LINE = 2_000


class RunOutput:
    """The lines of one run, numbered on from those that are stored already."""

    def __init__(self, store: Store, deployment_id: int, secrets: Iterable[str]) -> None:
        self._store = store
        self._deployment_id = deployment_id
        self._number = store.output.next_number(deployment_id)
        self._buffer: list[str] = []
        self._oldest = 0.0
        self._failed = False
        self._left_out = 0
        self._masker = Masker(secrets)
        if self._number:
            # The process before may have stopped in the middle of a private key.
            for line in store.reads().output(deployment_id, KEY_LINES):
                self._masker.hide(line)

    @property
    def count(self) -> int:
        """How many lines there are, stored or not."""
        return self._number + len(self._buffer)

    def write(self, text: str) -> None:
        """Keep a line; where it has several they are several."""
        if not self._buffer:
            self._oldest = time.monotonic()
        for line in text.split("\n"):
            self._buffer.append(cut(self._masker.hide(coloured(line)), LONGEST_LINE))
        if len(self._buffer) > OUTPUT_LINES:
            self._leave_out()
        self.look()

    def look(self) -> None:
        """Store what has waited long enough, or is enough."""
        waited = time.monotonic() - self._oldest >= LONGEST_WAIT
        if self._buffer and (waited or (len(self._buffer) >= FLUSH_AT and not self._failed)):
            self.flush_if_possible()

    def flush(self) -> None:
        """Store what was written. Raises Unavailable, and keeps it, while the database does not answer."""
        lines = tuple(self._buffer)
        self._store.output.write(self._deployment_id, self._number, lines)
        self._number += len(lines)
        del self._buffer[: len(lines)]
        self._failed, self._left_out = False, 0

    def flush_if_possible(self) -> None:
        """The work goes on while the database is away; what comes out meanwhile is kept, as much as is ever stored."""
        try:
            self.flush()
        except Unavailable as error:
            told = {"deployment": self._deployment_id, "reason": str(error)}
            log.warning("output not stored yet", **told, during=error.service)
            self._failed, self._oldest = True, time.monotonic()

    def _leave_out(self) -> None:
        left_out = slice(FIRST_KEPT, FLUSH_AT - LAST_KEPT)
        self._left_out += len(self._buffer[left_out]) - (self._left_out > 0)
        self._buffer[left_out] = [f"… {self._left_out:,} lines left out: the database did not answer …"]
