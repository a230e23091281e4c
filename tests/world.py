"""The whole bot under frozen time, between a real small Slack and a real small GitHub.

A test is a conversation: people say and press things, GitHub moves, time passes; then one reads what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from freezegun import freeze_time

from bot import providers
from bot.adapters.github.auth import AppAuth, TokenAuth
from bot.adapters.github.forge import GitHub
from bot.adapters.github.http import Auth
from bot.adapters.hooks.webhooks import WebhookClient
from bot.adapters.slack.bolt_app import build
from bot.adapters.slack.chat import Slack
from bot.adapters.storage import serialization
from bot.adapters.storage.bulk_insert import Stored
from bot.adapters.storage.store import Store
from bot.app import page_links, pipeline_of
from bot.core.deployments.model import Deployment
from bot.core.errors import Unavailable
from bot.core.events.external import Tick
from bot.core.events.internal import RunWanted
from bot.core.ports.chat import Delivery
from bot.core.stored import stored_name
from bot.http.server import moment_reader
from bot.runtime.decoder import labels
from bot.runtime.outgoing_webhooks import WebhookSender
from bot.runtime.provider_runner import Passwords, ProviderRunner
from bot.runtime.timers import put_due
from bot.settings import read
from tests.doorstep import comes_in
from tests.servers.github.server import GitHubServer
from tests.servers.github.webhooks import Webhook
from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import Message
from tests.world_database import new_database

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""A Monday."""
REPOSITORY = "acme/web"

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "external" }

[apps.web.environments.staging]
checks_settle = "0s"
deploy_on_merge = ["main"]

[apps.web.environments.production]
checks_settle = "0s"
"""
"""Green checks are believed at once; ``tests/handlers/test_checks.py`` is about the wait for more."""

PEOPLE = """
[people]
U00000001 = "maria"
U00000002 = "bob"
"""
"""Who maria and bob are on GitHub, unless a test says otherwise: the first two whom Slack gets to know."""


# The bot asks its clock. The others have no time in them, call none of our code, and need not be looked through.
KEEP_REAL_TIME = [
    *("bot", "sqlalchemy", "apscheduler", "alembic", "cryptography", "dbos", "mypy", "packaging", "prompt_toolkit"),
    *("cronsim", "psycopg", "pydantic", "pygments", "rich", "uvicorn"),
]


for provider in providers.names():
    # What is loaded while time is frozen has freezegun's classes.
    providers.load(provider)


class FrozenClock:
    """The frozen time. The bot's modules keep the real ``datetime`` class: of freezegun's own msgspec writes none."""

    def __init__(self, frozen: Any) -> None:
        self._frozen = frozen

    def now(self) -> datetime:
        moment: datetime = self._frozen()
        return moment.replace(tzinfo=UTC)


class World:
    """Everything around one bot. ``settle`` lets the bot work until there is nothing left to do at this moment.

    ``hold_webhooks`` keeps GitHub's webhooks back until ``deliver`` is called; ``hold_runs`` keeps providers from
    working.
    """

    def __init__(
        self,
        directory: Path,
        settings: str,
        github: GitHubServer,
        slack: SlackServer,
        frozen: Any,
        environ: Mapping[str, str] | None,
        engine: sa.Engine,
    ) -> None:
        self.github = github
        self.slack = slack
        self.directory = directory
        self.hold_webhooks = False
        self.hold_runs = False
        self._frozen = frozen
        self._seen = 0
        self._runs: list[tuple[datetime, int, str | None]] = []
        self.clock = FrozenClock(frozen)
        environ = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "GITHUB_TOKEN": github.token,
            "GITHUB_WEBHOOK_SECRET": github.webhook_secret,
            "SLACK_API_URL": slack.api_url,
            "GITHUB_API_URL": github.url,
            "GITHUB_CLIENT_ID": github.client_id,
            **(environ or {}),
        }
        self.environ = environ
        self.text = settings
        self.settings = read(settings, environ)
        self.store = Store(engine, self.clock)
        self.passwords = Passwords()
        self.restart()

    def restart(self, settings: str | None = None) -> None:
        """A new bot on the same database, as after a crash; with other ``settings``, if they are given.

        What was changed in ``environ`` counts from here on.
        """
        if settings is not None:
            self.text = settings
        self.settings = read(self.text, self.environ)
        self.chat = Slack(
            self.environ["SLACK_BOT_TOKEN"],
            api_url=self.slack.api_url,
            clock=self.clock,
            names=self.store.channels,
            notebook=self.store.notebook,
        )
        self.forge = GitHub(
            self.github.url,
            self._auth(),
            clock=self.clock,
            web_url=self.github.url,
            client_id=self.settings.secrets.github_client_id,
            pause=lambda _: None,  # half a second of the clock on the wall between two tries is nobody's test
            deploying=lambda: self.settings.deploying_workflows,
        )
        owner = str(uuid4())
        self.pipeline = pipeline_of(
            self.settings,
            self.forge,
            self.chat,
            self.clock,
            self.store,
            self.store,
            owner=owner,
            pages=page_links(self.settings, self.store),
        )
        self.sender = WebhookSender(
            self.store, lambda: self.settings.receivers, WebhookClient(), self.clock, owner=owner
        )
        self.sender.settle()
        self.provider_runner = ProviderRunner(self.store, self.forge, self.settings, self.clock, self.passwords)
        self.bolt = build(
            self.chat,
            bot_name=self.settings.bot.name,
            inbox=self.store.inbox,
            on_stored=lambda: None,
            keep_password=self.passwords.put,
            suggest=self.pipeline.suggestions,
            read_moment=moment_reader(self.settings, self.chat),
        )
        self.slack.dispatches_to(self.bolt)
        self.store.inbox.retake()

    def _auth(self) -> Auth:
        secrets = self.settings.secrets
        if secrets.github_app_id is None or secrets.github_private_key is None:
            return TokenAuth(self.environ["GITHUB_TOKEN"])
        key = secrets.github_private_key.get_secret_value()
        return AppAuth(secrets.github_app_id, key, api_url=self.github.url, clock=self.clock, pause=lambda _: None)

    # --- what happens ---------------------------------------------------------------------------------------------

    def says(self, person: str, text: str, channel: str = "#web", thread: str | None = None) -> Message:
        """Somebody mentions the bot, or writes to it directly where the channel is theirs (``@maria``)."""
        words = text if channel.startswith("@") else f"@shipmate {text}"
        message = self.slack.says(person, channel, words, thread)
        self.settle()
        return message

    def slash(self, person: str, text: str, channel: str = "#web") -> None:
        self.slack.slash(person, channel, "/deploy", text)
        self.settle()

    def presses(self, person: str, message: Any, label: str) -> None:
        """Somebody presses a button, or chooses from the menu behind the buttons; a form is sent off as it is."""
        before = self.slack.modal(person)
        self.opens_form(person, message, label)
        form = self.slack.modal(person)
        if form is not None and form is not before:
            self.slack.submits(person)
            self.settle()

    def opens_form(self, person: str, message: Any, label: str) -> None:
        """The same, and what is asked then is left open."""
        self.slack.press(person, message, label if label in {*message.labels, *message.menu} else f"{label}…")
        self.settle()

    def opens_home(self, person: str) -> str:
        """Somebody opens their home tab; what they read there then."""
        self.slack.opens_home(person)
        self.settle()
        return self.home(person)

    def home(self, person: str) -> str:
        """What somebody reads on their home tab, nothing where nothing was published."""
        shown = self.slack.home(person)
        return read_out(shown) if shown is not None else ""

    def presses_home(self, person: str, label: str, *, nth: int = 0) -> None:
        """Somebody presses a button on their home tab, or chooses from its menu."""
        shown = self.slack.home(person)
        assert shown is not None
        self.slack.press_in_view(person, shown, label, nth=nth)
        self.settle()

    def wait(self, **delta: float) -> None:
        """Time passes: ``wait(minutes=5)``. What becomes due on the way happens at its moment."""
        end = self.clock.now() + timedelta(**delta)
        for _ in range(10_000):
            put_due(self.store, self.clock)
            self.settle()
            due = [
                moment
                for moment in (
                    self.store.next_due(),
                    *(self.sender.next_due(one) for one in self.settings.receivers),
                    self.store.timers.next_due_deployment(),
                    self.store.timers.next_due(),
                    *(moment for moment, _, _ in self._runs if not self.hold_runs),
                )
                # What was due before and could not be decided on yet has its own delivery to wait for.
                if moment and moment > self.clock.now()
            ]
            following = min(due, default=None)
            if following is None or following > end:
                break
            self._frozen.move_to(following)
        self._frozen.move_to(max(end, self.clock.now()))
        self.settle()

    def stands_still(self, **delta: float) -> None:
        """Time passes in which the bot does nothing at all, as if its machine were off."""
        self._frozen.move_to(self.clock.now() + timedelta(**delta))

    def is_down(self, **delta: float) -> None:
        """Nobody runs the bot for so long; what became due meanwhile is found when it comes back."""
        self._frozen.move_to(self.clock.now() + timedelta(**delta))
        self.restart()
        put_due(self.store, self.clock)
        self.settle()

    def heartbeat(self) -> None:
        """What others left to be done in the world, such as a command of the terminal, is found and done."""
        for lane in self.store.outbox.forgotten_lanes():
            self.pipeline.deliver(lane)
        self.settle()

    def reconcile(self) -> None:
        """The clock's job that looks at GitHub."""
        self.fires("reconcile")

    def fires(self, job: str) -> None:
        """One of the clock's jobs is due now."""
        now = self.clock.now()
        body = serialization.event_to_bytes(Tick(job, now))
        self.store.inbox.put(Delivery(f"clock:{job}:{now.isoformat()}", "clock", "Tick", body))
        self.settle()

    def deliver(self, webhook: Webhook) -> None:
        """One of GitHub's webhooks arrives, perhaps again, perhaps out of order."""
        self.knocks(webhook)
        self.settle()

    def hears_now(self) -> Stored:
        """The webhook that GitHub sent last arrives at this very moment, whatever the bot is at; what became of it."""
        self._seen = len(self.github.webhooks)
        return self.knocks(self.github.webhooks[-1])

    def knocks(self, webhook: Webhook) -> Stored:
        """One of GitHub's webhooks is stored, and waits to be taken up."""
        arrived = Delivery(f"github:{webhook.delivery_id}", "github", webhook.event, webhook.body)
        return comes_in(self.store, labels(self.settings)(arrived))

    # --- the bot works ----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let the bot work; edits that it holds back for two seconds are waited for."""
        for _ in range(2_000):
            if not self._step():
                due = self.store.next_due()
                if due is None or due > self.clock.now() + timedelta(seconds=3):
                    return
                self._frozen.move_to(max(due, self.clock.now()))
        raise AssertionError("The bot does not come to rest.")

    def _step(self) -> bool:
        new = [] if self.hold_webhooks else self.github.webhooks[self._seen :]
        for webhook in new:
            self.knocks(webhook)
        self._seen += len(new)
        lanes = self.store.outbox.take_lanes()
        for lane in lanes:
            self.pipeline.deliver(lane)
        taken = self.store.inbox.take(16)
        for one in taken:
            if one.name == stored_name(RunWanted):
                wanted = serialization.event_from_bytes(one.name, one.body)
                assert isinstance(wanted, RunWanted)
                self._runs.append((self.clock.now(), wanted.deployment_id, None))
                self.store.inbox.handled(one.id)
                continue
            for lane in self.pipeline.decide(one.id, one.joined):
                self.pipeline.deliver(lane)
        sent = [self.sender.send_due(one) for one in self.settings.receivers]
        return bool(new or lanes or taken or any(sent)) or self._run()

    def _run(self) -> bool:
        following = next((one for one in self._runs if one[0] <= self.clock.now()), None)
        if self.hold_runs or following is None:
            return False
        self._runs.remove(following)
        _, deployment_id, handle = following
        if handle is None:
            begun = self.provider_runner.begin(deployment_id)
            if "later" in begun:
                later = self.clock.now() + timedelta(seconds=float(begun["later"]))
                self._runs.append((later, deployment_id, None))
            handle = str(begun["handle"]) if "handle" in begun else None
        if handle is not None:
            try:
                self.provider_runner.follow(deployment_id, handle)
            except Unavailable:  # the engine takes such a step again
                self._runs.append((self.clock.now() + timedelta(seconds=2), deployment_id, handle))
        return True

    # --- what is there ----------------------------------------------------------------------------------------------

    def deployment(self, deployment_id: int) -> Deployment:
        found = self.store.reads().deployment(deployment_id)
        assert found is not None
        return found

    def parent(self, deployment_id: int) -> Message:
        """The deployment's parent message, as it stands now."""
        deployment = self.deployment(deployment_id)
        assert deployment.channel
        return next(one for one in self.slack.messages(deployment.channel) if one.ts == deployment.parent)

    def thread(self, deployment_id: int) -> list[str]:
        """What is said in the deployment's thread: under the command that asked for it, else under its card."""
        deployment = self.deployment(deployment_id)
        assert deployment.channel
        assert deployment.parent
        asked = deployment.thread if deployment.asked_channel == deployment.channel else None
        bot = self.slack.workspace.user("shipmate").id
        said = self.slack.thread(deployment.channel, asked or deployment.parent)
        return [read_out(one) for one in said if one.user == bot]

    def answers(self, message: Message) -> list[str]:
        """What was answered in the thread of a message."""
        return [read_out(one) for one in self.slack.thread(message.channel, message.thread_ts or message.ts)]

    def told(self, person: str) -> list[str]:
        """What this person alone was shown."""
        return [read_out(one) for one in self.slack.ephemerals(person)]

    def statuses(self, remote_id: int, repository: str = REPOSITORY) -> list[str]:
        """The states of a deployment on GitHub, oldest first."""
        return [one.state for one in self.github.deployment_statuses(repository, remote_id)]


def read_out(message: Any) -> str:
    """What a person reads: the lines of the blocks, one below the other."""
    return "\n".join(message.lines)


@contextmanager
def world(
    directory: Path,
    settings: str = SETTINGS,
    environ: Mapping[str, str] | None = None,
    database: sa.Engine | None = None,
) -> Iterator[World]:
    """A world with the repository acme/web, the channels #web, #deploys and #random, and the people maria and bob.

    On a new SQLite file, or on ``database``, which is up to date and empty.
    """
    with ExitStack() as stack:
        frozen = stack.enter_context(freeze_time(START, real_asyncio=True, ignore=KEEP_REAL_TIME))
        github = stack.enter_context(GitHubServer())
        slack = stack.enter_context(SlackServer())
        for person in ("maria", "bob"):
            slack.add_user(person)
        for channel in ("web", "deploys", "random"):
            slack.add_channel(channel, members=["maria", "bob"])
        github.add_repository(REPOSITORY)
        engine = stack.enter_context(new_database(directory)) if database is None else database
        if "[people]" not in settings:
            settings += PEOPLE
        the_world = World(
            directory, settings.replace("{directory}", str(directory)), github, slack, frozen, environ, engine
        )
        for login in ("maria", "bob", *the_world.settings.people.values()):
            github.set_base_permission(login, "write")
        yield the_world
