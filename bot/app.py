"""Puts the bot together: settings → adapters → router → pipeline → engine. Nothing is started here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

import handlers
from bot.adapters.clock.crons import Crons
from bot.adapters.clock.natural_time import Times
from bot.adapters.clock.scheduler import Schedule
from bot.adapters.github.auth import AppAuth, TokenAuth
from bot.adapters.github.forge import GitHub
from bot.adapters.github.http import Auth
from bot.adapters.hooks.webhooks import WebhookClient
from bot.adapters.local.forge import LocalGit, find_repositories
from bot.adapters.signing import PageLinks
from bot.adapters.slack.chat import Slack
from bot.adapters.slack.doctor import SlackDoctor
from bot.adapters.storage import migrations, serialization
from bot.adapters.storage.clock import DatabaseClock
from bot.adapters.storage.engine import connect
from bot.adapters.storage.leases import Lease
from bot.adapters.storage.store import Store
from bot.adapters.system.directories import make_private
from bot.check import Doctors
from bot.context import Archive, SkippableClock, SystemClock
from bot.core.errors import Unavailable
from bot.core.events.external import Tick
from bot.core.ports.chat import ChannelNames, Chat, Clock, Delivery, Notebook
from bot.core.ports.forge import Forge
from bot.core.ports.measures import UNMEASURED, Measures
from bot.core.ports.pages import NO_PAGES, Pages
from bot.core.publications import refusals
from bot.core.stored import stored_name
from bot.http.server import signatures
from bot.mend import Mender
from bot.router import collect
from bot.runtime import api_requests
from bot.runtime.decoder import decoder
from bot.runtime.dispatcher import Engine
from bot.runtime.outgoing_webhooks import WebhookSender, WebhookThreads
from bot.runtime.pipeline import Pipeline
from bot.runtime.provider_runner import Passwords, ProviderRunner
from bot.settings import Settings
from bot.settings.current import CurrentSettings, InUse
from bot.talk.console import Terminal
from bot.talk.local_bot import LocalBot

WEBHOOKS_END_WITHIN = 4.0
"""Seconds that what is on its way to receivers gets on SIGTERM; the next process sends again what takes longer."""


@dataclass(slots=True)
class Bot:
    """A bot that is put together. ``launch`` lets it work, ``stop`` lets go of it."""

    settings: CurrentSettings
    store: Store
    forge: Forge
    chat: Chat
    clock: Clock
    engine: Engine
    pipeline: Pipeline
    provider_runner: ProviderRunner
    schedule: Schedule
    passwords: Passwords
    webhooks: WebhookThreads

    def launch(self) -> None:
        self.engine.launch(self.pipeline, self.provider_runner)
        self.webhooks.start()
        self.schedule.start()
        # What happened while nobody was here is not left for the first tick of the clock.
        self.schedule.reconcile_at_once()

    def stop(self) -> None:
        self.schedule.stop()
        self.provider_runner.stopping.set()
        self.webhooks.stop(WEBHOOKS_END_WITHIN)
        self.engine.stop()


def build(
    settings: Settings | CurrentSettings,
    forge: Forge,
    chat: Chat,
    clock: Clock,
    the_store: Store,
    lease: Lease | None = None,
    measures: Measures = UNMEASURED,
    pages: Pages = NO_PAGES,
) -> Bot:
    """Everything behind the ports; the ports themselves are given."""
    current = settings if isinstance(settings, CurrentSettings) else CurrentSettings(settings)
    lease = lease or Lease(the_store.database)
    engine = Engine(the_store, lease)
    passwords = Passwords()
    pipeline = pipeline_of(
        current, forge, chat, clock, the_store, engine, owner=lease.id, measures=measures, pages=pages
    )
    provider_runner = ProviderRunner(the_store, forge, current, clock, passwords, lease.check, measures)
    sender = WebhookSender(
        the_store, lambda: current().receivers, WebhookClient(), clock, owner=lease.id, before_send=lease.check
    )
    webhooks = WebhookThreads(sender)
    the_store.decisions.kept_events = webhooks.nudge

    def tick(name: str, at: datetime) -> None:
        body = serialization.event_to_bytes(Tick(name, at))
        the_store.inbox.put(Delivery(f"clock:{name}:{at.isoformat()}", "clock", stored_name(Tick), body))
        engine.nudge()

    schedule = Schedule(clock, tick)
    return Bot(current, the_store, forge, chat, clock, engine, pipeline, provider_runner, schedule, passwords, webhooks)


def pipeline_of(
    settings: InUse,
    forge: Forge,
    chat: Chat,
    clock: Clock,
    the_store: Store,
    archive: Archive,
    *,
    owner: str,
    measures: Measures = UNMEASURED,
    pages: Pages = NO_PAGES,
) -> Pipeline:
    the_store.decisions.place_of = lambda app, environment: settings().table_of(app, environment)
    router = collect(handlers)
    router.include(api_requests.answering(router))
    return Pipeline(
        store=the_store,
        router=router,
        settings=settings,
        forge=forge,
        chat=chat,
        clock=clock,
        times=Times(),
        cron=Crons(),
        decode=decoder(settings, the_store.repositories.all),
        archive=archive,
        owner=owner,
        measures=measures,
        pages=pages,
    )


def page_links(settings: Settings, the_store: Store) -> Pages:
    """Where the web process is, if that is said."""
    secrets = settings.secrets
    if secrets.base_url is None:
        return NO_PAGES
    return PageLinks(secrets.base_url, signatures(settings, the_store), sign_in=secrets.signs_people_in)


# --- the real world ---------------------------------------------------------------------------------------------


def real(settings: Settings, *, connections: int, measures: Measures = UNMEASURED) -> Bot:
    """With Slack, GitHub and the database that the environment names."""
    the_store = open_store(settings, pool_size=connections)
    clock = the_store.database.clock
    lease = Lease(the_store.database)
    current = CurrentSettings(settings)
    forge = github(settings, clock, lease.check, measures, lambda: current().deploying_workflows)
    chat = slack(settings, clock, lease.check, the_store.channels, the_store.notebook, measures)
    return build(current, forge, chat, clock, the_store, lease, measures, page_links(settings, the_store))


def open_store(settings: Settings, *, pool_size: int = 5) -> Store:
    """Its ``database.clock`` is the one that everything else is to go by."""
    engine = connect(settings.secrets.database_url.get_secret_value(), pool_size=pool_size)
    return Store(engine, DatabaseClock(SystemClock()))


def token_of(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def slack(
    settings: Settings,
    clock: Clock,
    before_call: Callable[[], None] = lambda: None,
    names: ChannelNames | None = None,
    notebook: Notebook | None = None,
    measures: Measures = UNMEASURED,
) -> Slack:
    return Slack(
        token_of(settings.secrets.slack_bot_token) or "",
        api_url=settings.secrets.slack_api_url,
        clock=clock,
        before_call=before_call,
        names=names,
        notebook=notebook,
        measures=measures,
    )


def github(
    settings: Settings,
    clock: Clock,
    before_change: Callable[[], None] = lambda: None,
    measures: Measures = UNMEASURED,
    deploying: Callable[[], Collection[str]] = tuple,
) -> GitHub:
    """``deploying`` are the files of the workflows that are dispatched to deploy, as the settings are by then."""
    secrets = settings.secrets
    auth: Auth
    if secrets.github_app_id is not None and secrets.github_private_key is not None:
        auth = AppAuth(
            secrets.github_app_id,
            secrets.github_private_key.get_secret_value(),
            api_url=secrets.github_api_url,
            clock=clock,
            measures=measures,
        )
    else:
        auth = TokenAuth(token_of(secrets.github_token) or "")
    return GitHub(
        secrets.github_api_url,
        auth,
        clock=clock,
        web_url=secrets.github_web_url,
        git_url=secrets.git_url,
        client_id=secrets.github_client_id,
        before_change=before_change,
        deploying=deploying,
        measures=measures,
    )


def doctors(settings: Settings) -> Doctors:
    """Who answers the questions of ``python -m bot check``, as far as there are credentials to ask with."""
    the_store = open_store(settings)
    clock = the_store.database.clock
    with suppress(Unavailable):  # a finding of its own
        the_store.database.look_at_clock()
    secrets = settings.secrets
    has_github = secrets.github_token is not None or secrets.github_app
    forge = github(settings, clock) if has_github else None
    # A SQLite file that is not there yet is not made by looking.
    current = the_store.database.is_current()
    names = the_store.channels if current else None
    in_slack = None
    if secrets.slack_bot_token:
        in_slack = SlackDoctor(slack(settings, clock, names=names), token_of(secrets.slack_app_token))
    return Doctors(
        github=forge,
        slack=in_slack,
        messages=in_slack,
        store=the_store,
        orphans=Mender(the_store, settings),
        counts=forge.head_counts if forge else None,
        names=forge.repository if forge else None,
        merging=forge.merging if forge else None,
        publishing=forge.publishing if forge else None,
        refused=lambda: refusals.lasting(the_store.reads()) if current else (),
        workflows=forge.workflows if forge else None,
        known=lambda: the_store.repositories.all() if current else (),
        webhooks=lambda: the_store.events.standings() if current else (),
    )


# --- the terminal -----------------------------------------------------------------------------------------------


def talking(
    settings: Settings, home: Path, terminal: Terminal, clock: SkippableClock, base: str | None = None
) -> tuple[LocalBot, Bot, LocalGit]:
    """With the terminal for Slack, and git repositories on this machine for GitHub; everything is kept in ``home``.

    ``base`` is where the pages are served.
    """
    make_private(home)
    # What happens in a terminal is nobody else's business.
    settings = settings.model_copy(update={"webhooks": ()})
    the_store = Store(connect(f"sqlite:///{home / 'talk.db'}"), clock)
    migrations.upgrade(the_store.database.engine)
    heard: list[LocalBot] = []
    names = [app.repository for app in settings.apps.values()]
    paths = find_repositories(names, settings.path.resolve().parent)
    forge = LocalGit(paths, home / "record.json", clock, lambda event: heard[0].deliver(event))
    pages = PageLinks(base, signatures(settings, the_store), sign_in=False) if base is not None else NO_PAGES
    bot = build(settings, forge, terminal, clock, the_store, pages=pages)
    channel = settings.slack.channel or "terminal"
    local_bot = LocalBot(the_store, bot.engine, clock, channel, bot.passwords.put)
    heard.append(local_bot)
    return local_bot, bot, forge
