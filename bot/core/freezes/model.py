"""What a freeze is, what keeps an environment closed, and who may pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.deployments.model import Actor
from bot.core.freezes.windows import ActiveWindow


@dataclass(frozen=True, slots=True)
class Freeze:
    """An environment of an app that a person has closed. Several people may; each freeze ends by itself.

    ``until`` is None for one without an end. All times are aware and in UTC.
    """

    id: int
    app: str
    environment: str
    by: Actor
    reason: str
    declared_at: datetime
    until: datetime | None = None

    def ended(self, now: datetime) -> bool:
        """Whether its time is over, also where nobody has taken it away yet."""
        return self.until is not None and self.until <= now

    def declared_by(self, who: Actor) -> bool:
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

    by: Actor
    admin: bool = False
    tried: bool = False
    explained: bool = False


@dataclass(frozen=True, slots=True)
class ClosedBy:
    """All that keeps an environment closed at a moment: freezes, longest first, and windows."""

    freezes: tuple[Freeze, ...]
    active_window: ActiveWindow | None = None

    @property
    def until(self) -> datetime | None:
        """When all of it is over, as far as it is known now; None where no end is in sight."""
        ends = [freeze.until for freeze in self.freezes] + ([self.active_window.until] if self.active_window else [])
        known = [end for end in ends if end is not None]
        return max(known) if len(known) == len(ends) else None

    def lets_pass(self, force: Force) -> bool:
        """Admins may pass everything, and whoever declared a freeze may pass that."""
        return force.admin or (self.active_window is None and all(one.declared_by(force.by) for one in self.freezes))


def closed_by(freezes: Sequence[Freeze], active_window: ActiveWindow | None, now: datetime) -> ClosedBy | None:
    """What keeps the environment closed now, None where nothing does."""
    lasting = [freeze for freeze in freezes if not freeze.ended(now)]
    if not lasting and active_window is None:
        return None
    return ClosedBy(tuple(sorted(lasting, key=_length, reverse=True)), active_window)


def _length(freeze: Freeze) -> tuple[bool, datetime]:
    return freeze.until is None, freeze.until or freeze.declared_at
