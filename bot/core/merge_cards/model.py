"""What a merge card is: the newest merge of an app that nothing deploys by itself, and where it is announced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MergeCard:
    """The card of an app. A newer merge takes it over; ``first_sha`` is the merge that it was posted for.

    ``channel`` and ``message_id`` are None until it is posted.
    """

    app: str
    number: int
    title: str
    url: str
    merged_by: str
    base: str
    sha: str
    first_sha: str
    merged_at: datetime
    channel: str | None = None
    message_id: str | None = None


class MergeCardReads(Protocol):
    def of(self, app: str) -> MergeCard | None: ...

    def at(self, channel: str, message_id: str) -> MergeCard | None:
        """The one that is that message."""


class MergeCardRecords(MergeCardReads, Protocol):
    def save(self, card: MergeCard) -> None:
        """In the place of the one before; where that is posted stays as it was."""

    def remove(self, app: str) -> None: ...
