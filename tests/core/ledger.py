"""Locks, timers and what is to be done, kept in memory: a Records with behaviour for the rules of locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.deployments.model import Deployment, State
from bot.core.effects import Announce, Effect, RenderParent, TellPerson
from bot.core.events import Event
from bot.core.locks.model import Lock, Watcher

Place = tuple[str, str]


@dataclass
class LockLedger:
    """Implements LockRecords."""

    held: dict[Place, Lock] = field(default_factory=dict)
    watching: dict[tuple[str, str, str], Watcher] = field(default_factory=dict)

    def of(self, app: str, environment: str) -> Lock | None:
        return self.held.get((app, environment))

    def all(self) -> Sequence[Lock]:
        return [self.held[place] for place in sorted(self.held)]

    def watchers(self, app: str, environment: str) -> Sequence[Watcher]:
        return [one for key, one in sorted(self.watching.items()) if key[:2] == (app, environment)]

    def claim(self, lock: Lock) -> bool:
        return self.held.setdefault(lock.place, lock) is lock

    def save(self, lock: Lock) -> None:
        self.held[lock.place] = lock

    def remove(self, app: str, environment: str) -> None:
        del self.held[app, environment]
        self.watching = {key: one for key, one in self.watching.items() if key[:2] != (app, environment)}

    def watch(self, watcher: Watcher) -> None:
        self.watching[watcher.app, watcher.environment, watcher.person] = watcher

    def unwatch(self, app: str, environment: str, person: str) -> None:
        self.watching.pop((app, environment, person), None)


@dataclass
class AuditLedger:
    """As much of AuditRecords as locks need: each entry as one line."""

    entries: list[str] = field(default_factory=list)

    def record(self, action: str, *, reason: str, app: str, environment: str) -> None:
        self.entries.append(f"{action} {app} {environment}: {reason}")


@dataclass
class Ledger:
    """As much of Records as locks need."""

    locks: LockLedger = field(default_factory=LockLedger)
    audit: AuditLedger = field(default_factory=AuditLedger)
    timers: dict[str, tuple[datetime, Event]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    cause: str = "test"

    def waiting(self, app: str, environment: str) -> Sequence[Deployment]:
        return [one for one in self._of(app, environment) if one.state is State.WAITING]

    def kept(self, key: str) -> str | None:
        """Nothing is kept beside locks."""

    def last_success(self, app: str, environment: str) -> Deployment | None:
        return next((one for one in reversed(self._of(app, environment)) if one.state is State.SUCCEEDED), None)

    def offering(self, app: str, environment: str) -> Sequence[Deployment]:
        return [one for one in reversed(self._of(app, environment)) if one.ended and one.replaced_by is None]

    def _of(self, app: str, environment: str) -> Sequence[Deployment]:
        return [one for one in self.deployments if (one.app, one.environment) == (app, environment)]

    def emit(self, *effects: Effect) -> None:
        self.effects += effects

    def put(self, event: Event, key: str) -> bool:
        self.events.append(event)
        return True

    def set_timer(self, key: str, at: datetime, event: Event) -> None:
        self.timers[key] = (at, event)

    def stop_timer(self, key: str) -> None:
        self.timers.pop(key, None)

    def announced(self) -> list[str]:
        return [effect.message.text() for effect in self.effects if isinstance(effect, Announce)]

    def drawn(self) -> list[int]:
        """The deployments whose cards are brought up to date."""
        return [effect.deployment_id for effect in self.effects if isinstance(effect, RenderParent)]

    def told(self, person: str) -> list[str]:
        """What this person was told directly."""
        found = [one for one in self.effects if isinstance(one, TellPerson) and one.person == person]
        return [effect.message.text() for effect in found]
