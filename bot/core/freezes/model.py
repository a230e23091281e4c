"""What a freeze is, what keeps an environment closed, and who may pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.deployments.model import By
from bot.core.freezes.windows import Shut


@dataclass(frozen=True, slots=True)
class Freeze:
    """An environment of an app that a person has closed. Several people may; each freeze ends by itself.

    ``until`` is None for one without an end. All times are aware and in UTC.
    """

    id: int
    app: str
    environment: str
    by: By
    reason: str
    declared_at: datetime
    until: datetime | None = None

    def ended(self, now: datetime) -> bool:
        """Whether its time is over, also where nobody has taken it away yet."""
        return self.until is not None and self.until <= now

    def declared_by(self, who: By) -> bool:
        return self.by.chat_id is not None and self.by.chat_id == who.chat_id


@dataclass(frozen=True, slots=True)
class WindowState:
    """What the channel was told last of an environment's windows; ``changes_at`` is when they are looked at next."""

    app: str
    environment: str
    closed: bool
    changes_at: datetime | None = None


class FreezeReads(Protocol):
    """Freezes as they are now, those included whose time is over and that nobody has taken away yet."""

    def of(self, app: str, environment: str) -> Sequence[Freeze]:
        """Oldest first."""

    def all(self) -> Sequence[Freeze]:
        """By app and environment, oldest first."""

    def window_state(self, app: str, environment: str) -> WindowState | None: ...


class FreezeRecords(FreezeReads, Protocol):
    """Freezes to be changed; whoever does has begun with the app and the environment."""

    def declare(self, freeze: Freeze) -> Freeze:
        """Store it, in the place of an earlier one by the same person; the returned one has its ``id``."""

    def remove(self, freeze_id: int) -> None: ...

    def save_window_state(self, state: WindowState) -> None: ...

    def forget_windows(self, app: str, environment: str) -> None:
        """There are none any more."""


@dataclass(frozen=True, slots=True)
class Force:
    """Who wants to pass by force. ``admin`` is true for admins of the bot; ``explained`` where a reason was given."""

    by: By
    admin: bool = False
    tried: bool = False
    explained: bool = False


@dataclass(frozen=True, slots=True)
class Closure:
    """All that keeps an environment closed at a moment: freezes, longest first, and windows."""

    freezes: tuple[Freeze, ...]
    shut: Shut | None = None

    @property
    def until(self) -> datetime | None:
        """When all of it is over, as far as it is known now; None where no end is in sight."""
        ends = [freeze.until for freeze in self.freezes] + ([self.shut.until] if self.shut else [])
        known = [end for end in ends if end is not None]
        return max(known) if len(known) == len(ends) else None

    def lets_pass(self, force: Force) -> bool:
        """Admins may pass everything, and whoever declared a freeze may pass that."""
        return force.admin or (self.shut is None and all(one.declared_by(force.by) for one in self.freezes))


def closure(freezes: Sequence[Freeze], shut: Shut | None, now: datetime) -> Closure | None:
    """What keeps the environment closed now, None where nothing does."""
    lasting = [freeze for freeze in freezes if not freeze.ended(now)]
    if not lasting and shut is None:
        return None
    return Closure(tuple(sorted(lasting, key=_length, reverse=True)), shut)


def _length(freeze: Freeze) -> tuple[bool, datetime]:
    return freeze.until is None, freeze.until or freeze.declared_at
