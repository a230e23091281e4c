"""Deployments that wait for their moment, and when it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.core.deployments.model import Actor
from bot.core.events.external import Place

MOST = 100
"""How many entries an app may have at a time."""


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """A command that is given again, in its person's name, at its moment. All times are aware and in UTC.

    ``name`` is what people type (``unschedule s3``). ``command`` is a complete ``deploy`` without its moment. ``every``
    are the person's words for a repetition, ``cron`` the line that they mean in ``timezone``. ``place`` is where it was
    asked for, and so where it is answered.
    """

    id: int
    app: str
    environment: str
    command: str
    ref: str
    by: Actor
    place: Place
    created_at: datetime
    at: datetime
    timezone: str
    every: str | None = None
    cron: str | None = None

    @property
    def name(self) -> str:
        """Its number, as no deployment's looks: ``s3``."""
        return scheduled_as(self.id)


class ScheduleReads(Protocol):
    """Entries as they are now."""

    def entry(self, entry_id: int) -> ScheduleEntry | None: ...

    def of(self, app: str | None) -> Sequence[ScheduleEntry]:
        """Those of an app, or all: the next one first."""


class ScheduleRecords(ScheduleReads, Protocol):
    """Entries to be changed; whoever does has begun with the app and the environment."""

    def add(self, entry: ScheduleEntry) -> ScheduleEntry:
        """Store a new entry; the returned one has its ``id`` (the given one's is ignored)."""

    def save(self, entry: ScheduleEntry) -> None:
        """The entry of this id becomes this one."""

    def move(self, entry_id: int, at: datetime) -> None:
        """Its next moment."""

    def remove(self, entry_id: int) -> None: ...


def as_words(at: datetime) -> str:
    """A moment as people may type it, and as the bot understands it again; not before the moment itself.

    >>> as_words(datetime(2026, 3, 9, 8, 0, 1, tzinfo=UTC))
    '2026-03-09 08:01 UTC'
    """
    whole = at.astimezone(UTC).replace(second=0, microsecond=0)
    return f"{whole if whole == at else whole + timedelta(minutes=1):%Y-%m-%d %H:%M} UTC"


def scheduled_as(number: int) -> str:
    return f"s{number}"


def timer_of(entry_id: int) -> str:
    return f"schedule:{entry_id}"


def is_missed(at: datetime, now: datetime, grace: timedelta) -> bool:
    """Whether it is too late to do at ``now`` what was to be done at ``at``."""
    return now - at > grace
