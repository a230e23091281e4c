"""``python -m bot audit``: every decision since a moment, as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from bot.core.audit.model import AuditEntry
from bot.core.durations import duration
from bot.core.errors import Rejected

PAGE = 1_000
Page = Callable[[datetime, int, int], Sequence[AuditEntry]]
"""Entries from a moment on, after the one with that id, so many at most: see ``AuditReads.since``."""


def moment(text: str, now: datetime) -> datetime:
    """When ``--since`` begins: a duration before now (``7d``), a date (``2026-03-01``) or a moment, in UTC.

    Raises Rejected for anything else.
    """
    length = duration(text)
    if length is not None:
        return now - length
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        hint = "Write a duration (7d, 12h), a date (2026-03-01) or a moment (2026-03-01T09:00)."
        raise Rejected(f"“{text}” is not understood as a moment. {hint}") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def export(read: Page, since: datetime, out: TextIO) -> int:
    """Write one JSON object a line, oldest first; how many there were."""
    written = 0
    for entry in _all(read, since):
        out.write(json.dumps(line(entry), ensure_ascii=False) + "\n")
        written += 1
    return written


def _all(read: Page, since: datetime) -> Iterator[AuditEntry]:
    after = 0
    while page := read(since, after, PAGE):
        yield from page
        after = page[-1].id


def line(entry: AuditEntry) -> dict[str, Any]:
    """An entry as it is exported; the page docs/audit.md says what the keys mean."""
    origin = entry.origin
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "who": {"name": origin.name, "chat": origin.chat_id, "github": origin.login},
        "from": {"via": origin.via, "channel": origin.channel} | ({"token": origin.token} if origin.token else {}),
        "action": entry.action,
        "outcome": entry.outcome,
        "app": entry.app,
        "environment": entry.environment,
        "deployment": entry.deployment_id,
        "command": entry.command,
        "reason": entry.reason or None,
        "cause": entry.cause,
    }
