"""A pipeline between a database and handlers that a test writes, under a clock that somebody moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from bot.adapters.clock.crons import Crons
from bot.adapters.clock.natural_time import Times
from bot.adapters.storage import serialization
from bot.adapters.storage.outbox import Outbox, PendingEffect
from bot.adapters.storage.store import Store
from bot.context import Context
from bot.core.effects import Reply
from bot.core.errors import Unavailable
from bot.core.events import Event
from bot.core.events.external import CommandGiven, Place
from bot.core.ports.chat import Chat, Delivery, Person
from bot.core.ports.forge import Forge
from bot.router import Router
from bot.runtime.pipeline import Pipeline
from bot.settings import read
from tests.databases import migrate

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SETTINGS = """
[apps.web]
repository = "acme/web"
channel = "#web"

[apps.web.environments.production]
"""


@dataclass
class HandClock:
    """Stands still until somebody moves it."""

    at: datetime = T0

    def now(self) -> datetime:
        return self.at

    def passes(self, **how_long: float) -> None:
        self.at += timedelta(**how_long)


class Room:
    """As much of a chat as understanding a command needs: everybody is called like their id."""

    between_edits = 0.0

    def person(self, person: str) -> Person:
        return Person(person, person, bot=person == "robot", foreign=person == "stranger")

    def channel_names(self, channel: str) -> frozenset[str]:
        return frozenset({channel})


class Faltering(Outbox):
    """A database whose connection breaks just when an effect's end is to be written, so many times."""

    breaks = 0

    def done(
        self, pending: PendingEffect, owner: str, follow_ups: Sequence[Event] = (), failure: str | None = None
    ) -> PendingEffect | None:
        if self.breaks:
            self.breaks -= 1
            raise Unavailable("The database does not answer: connection reset.")
        return super().done(pending, owner, follow_ups, failure)


class Works:
    """A pipeline with a router that a test fills; ``log`` is for its handlers to write into."""

    def __init__(self, engine: sa.Engine, clock: HandClock, *, dispatched: bool = False) -> None:
        self.clock = clock
        migrate(engine, dispatched=dispatched)
        self.kept = Store(engine, clock)
        self.kept.outbox = self.outbox = Faltering(self.kept.database)
        self.router = Router()
        self.log: list[str] = []
        self.pipeline = self.another("one process")

    def another(self, owner: str) -> Pipeline:
        """The same works in another process."""
        return Pipeline(
            store=self.kept,
            router=self.router,
            settings=read(SETTINGS, {}),
            forge=cast("Forge", None),
            chat=cast("Chat", Room()),
            clock=self.clock,
            times=Times(),
            cron=Crons(),
            decode=lambda delivery: [serialization.event_from_bytes(delivery.name, delivery.body)],
            archive=self.kept,
            owner=owner,
        )

    def hears(self, text: str, person: str = "maria") -> list[str]:
        """A command comes and is decided on; the lanes that have something to do."""
        given = CommandGiven(text, person, Place("#web", message="1.0"), "mention")
        self.kept.inbox.put(Delivery("chat:1", "chat", "CommandGiven", serialization.event_to_bytes(given)))
        return self.decides("chat:1")

    def happens(self, event: Event) -> list[str]:
        self.kept.inbox.put_event(event, "event")
        return self.decides("bot:event")

    def decides(self, delivery_id: str) -> list[str]:
        self.kept.inbox.take(16, "one process")
        return self.pipeline.decide(delivery_id)

    def tries_again(self, delivery_id: str, times: int) -> None:
        """Time passes, and the delivery is decided on whenever its moment has come."""
        for _ in range(times):
            self.clock.passes(minutes=6)
            self.decides(delivery_id)

    def emits(self, *effects: Any, cause: str = "github:1") -> None:
        with self.kept.decisions.open(cause, "test") as decision:
            decision.begin(None, None).emit(*effects)

    def replies(self) -> list[tuple[str | None, str]]:
        """To whom alone, and what, of the answers that wait to be sent."""
        found: list[tuple[str | None, str]] = []

        def sent(context: Context, effect: Reply) -> Iterable[Event]:
            found.append((effect.only_to, effect.message.text()))
            return []

        self.router.effects[Reply] = sent
        self.pipeline.deliver("reply:#web:1.0")
        return found
