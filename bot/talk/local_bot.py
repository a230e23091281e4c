"""The running bot as the terminal needs it: spoken to directly, and told what happens in the world around it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from bot.adapters.storage import serialization
from bot.adapters.storage.store import Store
from bot.context import SkippableClock
from bot.core.api import messages
from bot.core.api.model import ApiToken, digest, is_name, new_secret
from bot.core.errors import NotThere, Rejected
from bot.core.events import Event
from bot.core.events.external import CommandGiven, Place
from bot.core.grammar.parser import split_one_time_password
from bot.core.ports.chat import Delivery
from bot.core.stored import stored_name
from bot.runtime.dispatcher import Engine
from bot.runtime.timers import put_due

MOST_RESTS = 100
RESTS = 10.0
"""How often, and for how many seconds at most, the hands of the terminal's clock rest on their way forward."""


class LocalBot:
    """The bot as ``talk`` needs it: spoken to directly, and told what happens in the world."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        clock: SkippableClock,
        channel: str,
        keep_password: Callable[[str, str], None],
    ) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._channel = channel
        self._keep_password = keep_password

    def say(self, person: str, text: str) -> None:
        said, password = split_one_time_password(text)
        key = f"terminal:{uuid4()}"
        if password is not None:
            self._keep_password(key, password)
        given = CommandGiven(said, person, Place(self._channel), "terminal")
        body = serialization.event_to_bytes(given)
        self._store.inbox.put(Delivery(key, "chat", stored_name(CommandGiven), body))
        self._engine.nudge()

    def deliver(self, event: Event) -> None:
        self._store.inbox.put_event(event, f"world:{uuid4()}")
        self._engine.nudge()

    def quiet(self) -> bool:
        return self._engine.quiet()

    def wait_until_quiet(self, timeout: float) -> bool:
        return self._engine.wait_until_quiet(timeout)

    def skip(self, delta: timedelta) -> None:
        """The hands go forward, and rest at each moment at which something is due: nothing comes late."""
        end = self._clock.now() + delta
        for _ in range(MOST_RESTS):
            due = (self._store.timers.next_due(), self._store.timers.next_due_deployment())
            following = min((moment for moment in due if moment is not None), default=end)
            if following >= end:
                break
            self._go_on(following)
            self.wait_until_quiet(RESTS)
        self._go_on(end)

    def make_token(self, name: str, person: str) -> str:
        if not is_name(name):
            raise Rejected(messages.no_name(name))
        secret = new_secret()
        # Nothing else can revoke it here, and whoever asks again has lost the one before.
        with suppress(NotThere):
            self._store.api.revoke(name)
        made = ApiToken(0, name, person, apps=(), read_only=False, created_at=self._clock.now())
        self._store.api.create(made, digest(secret))
        return secret

    def _go_on(self, moment: datetime) -> None:
        self._clock.skip(max(moment - self._clock.now(), timedelta(0)))
        put_due(self._store, self._clock)
        self._engine.nudge()
