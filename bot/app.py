"""Puts the bot together: settings → adapters → router → pipeline → engine. Nothing is started here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

import handlers
from bot.adapters.clock.crons import Crons
from bot.adapters.clock.natural_time import Times
from bot.adapters.clock.scheduler import Schedule
from bot.adapters.github import webhooks as github_webhooks
from bot.adapters.github.auth import AppAuth, TokenAuth
from bot.adapters.github.forge import GitHub
from bot.adapters.github.http import Auth
from bot.adapters.local.forge import LocalGit, find_repositories
from bot.adapters.slack import doctor as slack_doctor
from bot.adapters.slack.chat import Slack
from bot.adapters.storage import migrations, serialization
from bot.adapters.storage.engine import connect
from bot.adapters.storage.leases import Lease
from bot.adapters.storage.store import Store
from bot.check import Doctors
from bot.context import Archive, SkippableClock, SystemClock
from bot.core.events import Event
from bot.core.events.external import CommandGiven, Place, Tick
from bot.core.events.internal import Due
from bot.core.ports.chat import Chat, Clock, Delivery, Finding
from bot.core.ports.forge import Forge
from bot.core.stored import stored_name
from bot.router import collect
from bot.runtime.dispatcher import Engine
from bot.runtime.pipeline import Decode, Pipeline
from bot.runtime.provider_runner import Passwords, ProviderRunner
from bot.settings import Settings
from bot.talk.console import Terminal

MOST_RESTS = 100
RESTS = 10.0
"""How often, and for how many seconds at most, the hands of the terminal's clock rest on their way forward."""


@dataclass(slots=True)
class Bot:
    """A bot that is put together. ``launch`` lets it work, ``stop`` lets go of it."""

    settings: Settings
    store: Store
    forge: Forge
    chat: Chat
    clock: Clock
    engine: Engine
    pipeline: Pipeline
    provider_runner: ProviderRunner
    schedule: Schedule
    passwords: Passwords

    def launch(self) -> None:
        self.engine.launch(self.pipeline, self.provider_runner)
        self.schedule.start()
        # What happened while nobody was here is not left for the first tick of the clock.
        self.schedule.reconcile_at_once()

    def stop(self) -> None:
        self.schedule.stop()
        self.provider_runner.stopping.set()
        self.engine.stop()

    def put(self, delivery: Delivery) -> bool:
        """The Inbox port, with word to the engine."""
        new = self.store.inbox.put(delivery)
        self.engine.nudge()
        return new


def build(
    settings: Settings, forge: Forge, chat: Chat, clock: Clock, the_store: Store, lease: Lease | None = None
) -> Bot:
    """Everything behind the ports; the ports themselves are given."""
    lease = lease or Lease(the_store.database)
    engine = Engine(the_store, lease)
    passwords = Passwords()
    pipeline = pipeline_of(settings, forge, chat, clock, the_store, engine, owner=lease.id)
    provider_runner = ProviderRunner(the_store, forge, settings, clock, passwords, lease.check)

    def tick(name: str, at: datetime) -> None:
        body = serialization.event_to_bytes(Tick(name, at))
        the_store.inbox.put(Delivery(f"clock:{name}:{at.isoformat()}", "clock", stored_name(Tick), body))
        engine.nudge()

    def look() -> None:
        if put_due(the_store, clock):
            engine.nudge()

    schedule = Schedule(clock, tick, look)
    return Bot(settings, the_store, forge, chat, clock, engine, pipeline, provider_runner, schedule, passwords)


def pipeline_of(
    settings: Settings, forge: Forge, chat: Chat, clock: Clock, the_store: Store, archive: Archive, *, owner: str
) -> Pipeline:
    return Pipeline(
        store=the_store,
        router=collect(handlers),
        settings=settings,
        forge=forge,
        chat=chat,
        clock=clock,
        times=Times(),
        cron=Crons(),
        decode=decoder(settings),
        archive=archive,
        owner=owner,
    )


def put_due(the_store: Store, clock: Clock) -> bool:
    """Waiting deployments and timers whose moment has come become events; whether there were any."""
    rung = the_store.timers.ring()
    due = the_store.timers.due_deployments(clock.now())
    for deployment_id, due_at in due:
        the_store.inbox.put_event(Due(deployment_id, due_at), f"due:{deployment_id}:{due_at.isoformat()}")
    return bool(due or rung)


def decoder(settings: Settings) -> Decode:
    """What a stored delivery means. GitHub ignores the case of repository names, so events get ours."""
    spelling = {app.repository.lower(): app.repository for app in settings.apps.values()}

    def decode(delivery: Delivery) -> Sequence[Event]:
        if delivery.source != "github":
            return [serialization.event_from_bytes(delivery.name, delivery.body)]
        return [_spelled(event, spelling) for event in github_webhooks.events_of(delivery.name, delivery.body)]

    return decode


def _spelled(event: Any, spelling: dict[str, str]) -> Event:
    if not any(field.name == "repository" for field in fields(event)):
        return event  # type: ignore[no-any-return]
    return replace(event, repository=spelling.get(event.repository.lower(), event.repository))  # type: ignore[no-any-return]


# --- the real world ---------------------------------------------------------------------------------------------


def real(settings: Settings, *, connections: int) -> Bot:
    """With Slack, GitHub and the database that the environment names."""
    clock = SystemClock()
    the_store = open_store(settings, clock, pool_size=connections)
    lease = Lease(the_store.database)
    forge, chat = github(settings, clock, lease.check), slack(settings, clock, lease.check)
    return build(settings, forge, chat, clock, the_store, lease)


def open_store(settings: Settings, clock: Clock, *, pool_size: int = 5) -> Store:
    return Store(connect(settings.secrets.database_url.get_secret_value(), pool_size=pool_size), clock)


def slack(settings: Settings, clock: Clock, before_call: Callable[[], None] = lambda: None) -> Slack:
    token = settings.secrets.slack_bot_token
    return Slack(
        token.get_secret_value() if token else "",
        api_url=settings.secrets.slack_api_url,
        clock=clock,
        before_call=before_call,
    )


def github(settings: Settings, clock: Clock, before_change: Callable[[], None] = lambda: None) -> GitHub:
    secrets = settings.secrets
    auth: Auth
    if secrets.github_app_id is not None and secrets.github_private_key is not None:
        auth = AppAuth(
            secrets.github_app_id,
            secrets.github_private_key.get_secret_value(),
            api_url=secrets.github_api_url,
            clock=clock,
        )
    else:
        auth = TokenAuth(secrets.github_token.get_secret_value() if secrets.github_token else "")
    return GitHub(
        secrets.github_api_url,
        auth,
        clock=clock,
        web_url=secrets.github_web_url,
        client_id=secrets.github_client_id,
        before_change=before_change,
    )


def doctors(settings: Settings) -> Doctors:
    """Who answers the questions of ``python -m bot check``, as far as there are credentials to ask with."""
    clock = SystemClock()
    secrets = settings.secrets
    has_github = secrets.github_token is not None or secrets.github_app
    return Doctors(
        github=github(settings, clock) if has_github else None,
        slack=SlackExaminer(slack(settings, clock), secrets.slack_app_token) if secrets.slack_bot_token else None,
        store=open_store(settings, clock).database,
    )


class SlackExaminer:
    """Asks Slack about the bot token, the channels and, where there is one, the app token."""

    def __init__(self, the_slack: Slack, app_token: SecretStr | None) -> None:
        self._slack = the_slack
        self._app_token = app_token

    def doctor(self, names: Sequence[str], /) -> Sequence[Finding]:
        found = slack_doctor.doctor(self._slack, names)
        if self._app_token is not None:
            found.append(slack_doctor.examine_app_token(self._slack, self._app_token.get_secret_value()))
        return found


# --- the terminal -----------------------------------------------------------------------------------------------


class TalkingBot:
    """The bot as ``talk`` needs it: spoken to directly, and told what happens in the world."""

    def __init__(self, bot: Bot, clock: SkippableClock) -> None:
        self._bot = bot
        self._clock = clock

    def say(self, person: str, text: str) -> None:
        from bot.core.grammar.parser import split_one_time_password

        said, password = split_one_time_password(text)
        key = f"terminal:{uuid4()}"
        if password is not None:
            self._bot.passwords.put(key, password)
        given = CommandGiven(said, person, Place(self._bot.settings.slack.channel or "terminal"), "terminal")
        self._bot.put(Delivery(key, "chat", stored_name(CommandGiven), serialization.event_to_bytes(given)))

    def deliver(self, event: Event) -> None:
        self._bot.store.inbox.put_event(event, f"world:{uuid4()}")
        self._bot.engine.nudge()

    def quiet(self) -> bool:
        return self._bot.engine.quiet()

    def wait_until_quiet(self, timeout: float) -> bool:
        return self._bot.engine.wait_until_quiet(timeout)

    def skip(self, delta: timedelta) -> None:
        """The hands go forward, and rest at each moment at which something is due: nothing comes late."""
        end = self._clock.now() + delta
        for _ in range(MOST_RESTS):
            due = (self._bot.store.timers.next_due(), self._bot.store.timers.next_due_deployment())
            following = min((moment for moment in due if moment is not None), default=end)
            if following >= end:
                break
            self._go_on(following)
            self.wait_until_quiet(RESTS)
        self._go_on(end)

    def _go_on(self, moment: datetime) -> None:
        self._clock.skip(max(moment - self._clock.now(), timedelta(0)))
        put_due(self._bot.store, self._bot.clock)
        self._bot.engine.nudge()


def talking(
    settings: Settings, home: Path, terminal: Terminal, clock: SkippableClock
) -> tuple[TalkingBot, Bot, LocalGit]:
    """With the terminal for Slack, and git repositories on this machine for GitHub; everything is kept in ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    the_store = Store(connect(f"sqlite:///{home / 'talk.db'}"), clock)
    migrations.upgrade(the_store.database.engine)
    heard: list[TalkingBot] = []
    names = [app.repository for app in settings.apps.values()]
    paths = find_repositories(names, settings.path.resolve().parent)
    forge = LocalGit(paths, home / "record.json", clock, lambda event: heard[0].deliver(event))
    bot = build(settings, forge, terminal, clock, the_store)
    talking_bot = TalkingBot(bot, clock)
    heard.append(talking_bot)
    return talking_bot, bot, forge
