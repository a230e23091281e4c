"""A deployment to start from, and deployments kept in memory: Records with behaviour for the rules of their life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.deployments.model import Actor, Deployment, State
from bot.core.effects import Effect, PostInThread, PostStatus, Reply, TellAsker
from bot.core.events import Event
from tests.core.ledger import LockLedger

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHA = "64fd7b0133f020d4b28c3e619ce562eff4b316a8"
BASE = "d47031240fd681ce6541bef0548347c6cddca0a6"


def t(**later: float) -> datetime:
    """So much later than the beginning."""
    return T0 + timedelta(**later)


def a_deployment(**different: Any) -> Deployment:
    """Maria's request to deploy topic of web to production."""
    plain = Deployment(
        id=1,
        request_id="request-1",
        app="web",
        environment="production",
        repository="acme/web",
        ref="topic",
        sha=SHA,
        state=State.REQUESTED,
        trigger="chat",
        by=Actor("maria", "U00000001"),
        created_at=T0,
    )
    return replace(plain, **different)


@dataclass
class Register:
    """Implements as much of Records as the life of a deployment needs."""

    rows: dict[int, Deployment] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    locks: LockLedger = field(default_factory=LockLedger)
    kept_values: dict[str, str] = field(default_factory=dict)
    timers: dict[str, datetime] = field(default_factory=dict)
    cause: str = "test"

    def keep(self, key: str, value: str) -> None:
        self.kept_values[key] = value

    def add(self, deployment: Deployment) -> Deployment:
        new = replace(deployment, id=len(self.rows) + 1)
        self.rows[new.id] = new
        return new

    def save(self, deployment: Deployment) -> None:
        self.rows[deployment.id] = deployment

    def emit(self, *effects: Effect) -> None:
        self.effects += effects

    def set_timer(self, key: str, at: datetime, event: Event) -> None:
        self.timers[key] = at

    def put(self, event: Event, key: str) -> None:
        self.events.append(event)

    def busy(self, app: str, environment: str) -> Sequence[Deployment]:
        return [one for one in self._of(app, environment) if one.busy]

    def waiting(self, app: str, environment: str) -> Sequence[Deployment]:
        return [one for one in self._of(app, environment) if one.state is State.WAITING]

    def deployment(self, deployment_id: int) -> Deployment | None:
        return self.rows.get(deployment_id)

    def last_success(self, app: str, environment: str) -> Deployment | None:
        return next((one for one in reversed(self._of(app, environment)) if one.state is State.SUCCEEDED), None)

    def offering(self, app: str, environment: str) -> Sequence[Deployment]:
        return [one for one in self._of(app, environment) if one.ended and one.replaced_by is None]

    def history(
        self, *, app: str | None, environment: str | None, ref: str | None, limit: int, task: str | None = None
    ) -> Sequence[Deployment]:
        wanted = {"app": app, "environment": environment, "ref": ref, "task": task}
        named = {name: value for name, value in wanted.items() if value is not None}
        found = [one for one in self.rows.values() if all(getattr(one, name) == named[name] for name in named)]
        return sorted(found, key=lambda one: one.id, reverse=True)[:limit]

    def on_card(self, card: int) -> Sequence[Deployment]:
        return [one for _, one in sorted(self.rows.items()) if (one.card or one.id) == card]

    def leave_card(self, deployment_ids: Sequence[int], card: int) -> None:
        for one in deployment_ids:
            shown_on = None if one == card else card
            self.rows[one] = replace(self.rows[one], card=shown_on, channel=None, parent=None, edited_at=None)

    def output(self, deployment_id: int, last: int) -> Sequence[str]:
        return self.lines[-last:]

    def _of(self, app: str, environment: str) -> list[Deployment]:
        return [one for _, one in sorted(self.rows.items()) if (one.app, one.environment) == (app, environment)]

    # What tests read

    @property
    def thread(self) -> list[str]:
        """What is said of each change, in the order in which it is said."""
        return [one.message.text() for one in self.effects if isinstance(one, PostInThread)]

    @property
    def parts(self) -> list[tuple[int, str | None]]:
        """Which reply of which deployment each change is told by."""
        return [(one.deployment_id, one.part) for one in self.effects if isinstance(one, PostInThread)]

    @property
    def replies(self) -> list[str]:
        """What is said where the command was given."""
        return [one.message.text() for one in self.effects if isinstance(one, Reply)]

    @property
    def asked(self) -> list[int]:
        """The deployments of which whoever asked elsewhere hears how they stand."""
        return [one.deployment_id for one in self.effects if isinstance(one, TellAsker)]

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """What is reported to GitHub."""
        return [(one.state, one.description) for one in self.effects if isinstance(one, PostStatus)]
