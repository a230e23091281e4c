"""Many poisonous things at once in the real engine, on both databases: people are answered, also after a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot.adapters.storage import serialization, tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.leases import Lease
from bot.context import Context
from bot.core.effects import RenderParent, Reply
from bot.core.events.external import CommandGiven, Place
from bot.core.events.internal import Reconsider
from bot.core.grammar.commands import Version
from bot.core.ports.chat import Delivery
from bot.core.rich_text import Message, say
from bot.runtime.decoder import decoder
from bot.runtime.dispatcher import Engine
from bot.runtime.provider_runner import Passwords, ProviderRunner
from bot.runtime.retries import FAULT_TRIES
from bot.settings import read
from tests.patience import PATIENCE
from tests.postgres import new_database
from tests.runtime.works import SETTINGS, HandClock, Works

MANY = 20
DEEP: dict[str, Any] = {"payload": "[" * 1_000, "created_at": "2026-03-02T10:00:00Z"}
EARLY: dict[str, Any] = {"payload": {}, "created_at": "0001-01-01T00:00:00+14:00"}


class MovingClock(HandClock):
    """The real one, ahead by as much as somebody has moved it."""

    def __init__(self) -> None:
        self.ahead = self.at = datetime.now(UTC)
        self.began = self.at

    def now(self) -> datetime:
        return datetime.now(UTC) + (self.at - self.began)


class Factory:
    """Works whose pipeline runs in the engine; ``opens`` starts one, ``dies`` ends it."""

    def __init__(self, engine: sa.Engine) -> None:
        self.works = Works(engine, MovingClock(), dispatched=True)
        self.answered: list[str] = []
        self.changed = Condition()
        self._engine: Engine | None = None
        router = self.works.router

        @router.command(Version)
        def version(context: Context, command: Version) -> Message:
            return say("Shipmate 1")

        @router.performs(Reply)
        def reply(context: Context, effect: Reply) -> list[Any]:
            with self.changed:
                self.answered.append(f"{effect.place.message}: {effect.message.text()}")
                self.changed.notify_all()
            return []

        @router.on(Reconsider, name="test.poisoned")
        def reconsider(context: Context, event: Reconsider) -> None:
            raise ZeroDivisionError

    def opens(self) -> None:
        kept = self.works.kept
        lease = Lease(kept.database)
        self._engine = Engine(kept, lease, beat_every=0.2)
        pipeline = self.works.another(lease.id)
        pipeline._decode = decoder(read(SETTINGS, {}))
        runner = ProviderRunner(kept, None, read(SETTINGS, {}), self.works.clock, Passwords())  # type: ignore[arg-type]
        self._engine.launch(pipeline, runner)

    def dies(self) -> None:
        if self._engine is not None:
            self._engine.close(0)
            self._engine = None

    def puts(self, name: str, source: Any, kind: str, body: bytes) -> None:
        self.works.kept.inbox.put(Delivery(name, source, kind, body))

    def asks(self, person: str, number: int) -> None:
        given = CommandGiven("version", person, Place("#web", message=f"{person}{number}"), "mention")
        self.puts(f"chat:{person}:{number}", "chat", "CommandGiven", serialization.event_to_bytes(given))
        if self._engine is not None:
            self._engine.nudge()

    def waits_for_answer(self, message: str) -> None:
        with self.changed:
            answered = self.changed.wait_for(lambda: f"{message}: Shipmate 1" in self.answered, PATIENCE)
        assert answered, f"{message} was not answered: {self.answered}"

    def poison(self) -> None:
        """Of each kind more than there are slots."""
        for n in range(MANY):
            for kind, more in (("deep", DEEP), ("early", EARLY)):
                self.puts(f"github:{kind}:{n}", "github", "deployment", json.dumps(deployment(more)).encode())
            self.puts(f"bot:unknown:{n}", "bot", "Sunrise", b"{}")
            self.puts(f"bot:wrong:{n}", "bot", "RunFinished", b'{"deployment_id": "seven"}')
            self.puts(f"bot:run:{n}", "bot", "RunWanted", b'{"deployment_id": "seven"}')
            self.puts(f"bot:fault:{n}", "bot", "Reconsider", b'{"deployment_id": %d}' % n)
            self.puts(f"github:broken:{n}", "github", "status", b"\x28\xb5\x2f\xfd broken")
            self.puts(f"chat:odd:{n}", "chat", "CommandGiven", b'{"text": 7, "person": "mallory"}')
            self.works.emits(RenderParent(n), cause=f"github:effect:{n}")
        with self.works.kept.database.writing() as connection:
            connection.execute(sa.update(tables.effects).values(body='{"$": "Sunset"}'))


def deployment(more: dict[str, Any]) -> dict[str, Any]:
    made = {"id": 7, "sha": "1a2b3c4" + "0" * 33, "ref": "main", "task": "deploy", "environment": "staging"}
    return {"action": "created", "deployment": made | more, "repository": {"full_name": "acme/web"}}


@pytest.fixture(params=["sqlite", "postgres"])
def factory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Factory]:
    url = new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'factory.db'}"
    engine = connect(url)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        stack.enter_context(capture_logs())
        factory = Factory(engine)
        stack.callback(factory.dies)
        yield factory


def test_a_person_is_answered_in_front_of_poison_of_every_kind_also_after_a_restart(factory: Factory) -> None:
    factory.poison()
    factory.opens()
    factory.asks("maria", 1)
    factory.waits_for_answer("maria1")
    factory.dies()

    factory.opens()
    factory.asks("maria", 2)

    factory.waits_for_answer("maria2")


def test_all_of_it_is_over_or_set_aside_in_the_end_and_stays_so_after_a_restart(factory: Factory) -> None:
    kept = factory.works.kept
    factory.poison()
    with kept.database.writing() as connection:  # so that eight minutes need not pass
        for table in (tables.deliveries, tables.effects):
            connection.execute(sa.update(table).values(faults=FAULT_TRIES))
    factory.opens()
    assert factory._engine is not None
    quiet = factory._engine.wait_until_quiet(PATIENCE)
    before = kept.set_aside.count()
    factory.dies()

    factory.opens()
    factory.asks("maria", 1)
    factory.waits_for_answer("maria1")

    assert quiet
    assert factory._engine.wait_until_quiet(PATIENCE)
    # Unreadable webhooks have ended; what the bot has stored itself, and faults of its own, wait for somebody.
    assert before == kept.set_aside.count() == 7 * MANY


def test_sixty_commands_of_one_person_delay_nobody_elses(factory: Factory) -> None:
    for number in range(60):
        factory.asks("maria", number)
    factory.asks("bob", 1)

    factory.opens()
    for one in ("bob1", *(f"maria{number}" for number in range(60))):
        factory.waits_for_answer(one)

    decided = [one.split(":")[0] for one in factory.answered]
    assert decided.index("bob1") < 12
    assert len(decided) == 61
