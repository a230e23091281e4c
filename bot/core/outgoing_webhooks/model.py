"""Outgoing webhooks: who receives which events, what an event is, and what came of sending one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.deployments.model import Deployment
from bot.core.deployments.representation import represented, state_told, timestamp

EVENT = "deployment."
"""What the name of each event begins with; the state follows."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """``states`` are those of which it wants to hear, None for all; ``apps`` the apps, empty for all."""

    states: frozenset[str] | None = None
    apps: frozenset[str] = frozenset()

    def wants(self, app: str, state: str) -> bool:
        return (self.states is None or state in self.states) and (not self.apps or app in self.apps)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where events go. ``name`` is what people call it: an address may be secret itself, as a key may.

    ``id`` stays the same while the address does. ``key`` signs, None where it is not set; ``secrets`` are all that
    nobody may read.
    """

    id: str
    name: str
    url: str = field(repr=False)
    key: str | None = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    subscriptions: tuple[Subscription, ...] = (Subscription(),)

    def wants(self, app: str, state: str) -> bool:
        return any(one.wants(app, state) for one in self.subscriptions)


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """Snapshot: an event that waits to be sent to one receiver, as it was when its deployment changed.

    ``delivery`` is its idempotency key: the same at each try. ``failing_since`` is since when the receiver has taken
    nothing, whatever was sent, and ``failures`` counts how often in a row it was away then; ``told_at`` is when admins
    were last told that events were given up.
    """

    id: int
    receiver: str
    delivery: str
    deployment_id: int
    name: str
    deployment: str
    created_at: datetime
    tries: int
    failures: int = 0
    failing_since: datetime | None = None
    told_at: datetime | None = None

    def body(self, now: datetime) -> bytes:
        """As it goes out at that moment: JSON, in UTF-8."""
        told = {"event": self.name, "sent_at": timestamp(now), "deployment": json.loads(self.deployment)}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of sending an event: it is ``taken``, or there is a ``reason`` in words that name the host only.

    ``away``: the receiver is down or wants to be left in peace, which has nothing to do with the event; else it does
    not want this one, or, where it is ``gone``, none any more. ``wait`` is in seconds, None where it was not asked for.
    """

    taken: bool
    reason: str = ""
    away: bool = False
    gone: bool = False
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a receiver: how many events wait, and since when and why it does not take them.

    ``failing_since`` is None where all is well. It is ``lasting`` where that will hardly be over in a moment;
    ``given_up`` counts the events that were given up since.
    """

    receiver: str
    name: str
    waiting: int
    failing_since: datetime | None = None
    reason: str = ""
    lasting: bool = False
    given_up: int = 0


class PostsEvents(Protocol):
    """The way to receivers. Safe to share between threads."""

    def post(self, receiver: Receiver, event: PendingEvent, now: datetime) -> Answer:
        """Send it, signed, once. Whatever goes wrong on the other side or on the way there is an answer."""


class WebhookRecords(Protocol):
    """Events are kept in the transaction that changes the deployment."""

    def subscribe(self, receivers: Sequence[Receiver], base_url: str | None) -> None:
        """From here on each change of a deployment's state is kept for those who want to hear of it.

        ``base_url`` is where the bot's own pages are.
        """


def name_of(deployment: Deployment) -> str:
    """The name of the event that the deployment has come to its state."""
    return f"{EVENT}{state_told(deployment)}"


def snapshot(deployment: Deployment, base_url: str | None) -> str:
    """The deployment as it is now, as JSON that any database keeps."""
    told = json.dumps(represented(deployment, base_url), ensure_ascii=False, separators=(",", ":"))
    return told.encode("utf-8", "replace").decode("utf-8")
