"""What the bot is told: settings.toml and the environment, as frozen models, or every problem at once."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field

from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from bot.core.outgoing_webhooks.model import Receiver
from bot.core.repositories.model import KnownRepository
from bot.settings.env_file import ENV_FILE, Unreadable, variables_in
from bot.settings.environment import Process, Secrets, from_environment, masked, secret_values, secrets_in
from bot.settings.errors import SettingsProblems, validated, without_secrets
from bot.settings.loader import Inherited, apps_of, people_of, sections_of, table_of, text_of, webhooks_of
from bot.settings.models import (
    DISPATCHING,
    AppSettings,
    BotSettings,
    EnvironmentSettings,
    ProviderSettings,
    SlackSettings,
    Table,
    WindowSettings,
    same_channel,
)
from bot.settings.required import requirements_missing
from bot.settings.webhooks import WebhookSettings, receivers

__all__ = [
    "AppSettings",
    "BotSettings",
    "EnvironmentSettings",
    "Process",
    "ProviderSettings",
    "Secrets",
    "Settings",
    "SettingsProblems",
    "SlackSettings",
    "WebhookSettings",
    "WindowSettings",
    "load",
    "masked",
    "process_environment",
    "read",
    "requirements_missing",
    "secret_values",
    "secrets_in",
]

DEFAULT_PATH = Path("settings.toml")


class Settings(Table):
    """Everything the bot is told. ``path`` is the file it was read from; ``people`` are GitHub logins by Slack id.

    Called, they are themselves: whoever asks which settings are in use may be given some that never change.
    """

    def __call__(self) -> Self:
        return self

    bot: BotSettings = BotSettings()
    slack: SlackSettings = SlackSettings()
    apps: dict[str, AppSettings]
    people: dict[str, str] = Field(default_factory=dict)
    webhooks: tuple[WebhookSettings, ...] = ()
    secrets: Secrets = Field(default_factory=Secrets)
    path: Path = DEFAULT_PATH

    def app(self, name: str) -> AppSettings | None:
        """The app of this name, in any case."""
        wanted = name.casefold()
        return next((app for app in self.apps.values() if app.name.casefold() == wanted), None)

    def apps_of_repository(self, repository: str) -> tuple[AppSettings, ...]:
        """The apps whose code is in ``owner/name``, in the order of the file; GitHub ignores case there."""
        wanted = repository.casefold()
        return tuple(app for app in self.apps.values() if app.repository.casefold() == wanted)

    def as_called(self, known: Iterable[KnownRepository]) -> Settings:
        """With what GitHub calls the repositories now, in the place of what they were called when this was written."""
        by_app = {one.app: one for one in known}
        apps = {name: app.as_called(by_app.get(name)) for name, app in self.apps.items()}
        return self if apps == self.apps else self.model_copy(update={"apps": apps})

    @property
    def receivers(self) -> tuple[Receiver, ...]:
        """Who is told of deployments by outgoing webhooks."""
        return receivers(self.webhooks)

    @property
    def deploying_workflows(self) -> frozenset[str]:
        """The files of the workflows that deployments dispatch, of whatever repository."""
        return frozenset(
            name
            for app in self.apps.values()
            for environment in app.all_environments.values()
            if environment.provider.type == DISPATCHING
            for name in (environment.provider.settings.workflow, environment.provider.settings.remove)
            if name is not None
        )

    def table_of(self, app: str, environment: str) -> str:
        """The name of the table that an app's environment stands in: that of all previews for one of them."""
        there = self.apps.get(app)
        return there.table_of(environment) if there is not None else environment

    @property
    def places(self) -> dict[str, tuple[str, ...]]:
        """Each app with the names of its environments; those of previews are among them, and not listed."""
        return {name: EnvironmentNames(app) for name, app in self.apps.items()}

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose the repositories are, in lower case: GitHub ignores it."""
        return tuple(dict.fromkeys(app.repository.partition("/")[0].lower() for app in self.apps.values()))

    def app_of_channel(self, names: Collection[str]) -> str | None:
        """The app that commands mean in the channel that goes by ``names`` (its name, its id).

        None where no app has the channel, and where several have it: then a command must name one.
        """
        found = [app.name for app in self.apps.values() if same_channel(app.channel, names)]
        return found[0] if len(found) == 1 else None

    def vocabulary(self, here: str | None) -> Vocabulary:
        """The names that commands may use where ``here`` is the channel's app, None where it has several or none."""
        host = urlsplit(self.secrets.github_web_url).netloc or "github.com"
        return Vocabulary(apps={name: _words(app) for name, app in self.apps.items()}, here=here, web_host=host)


class EnvironmentNames(tuple[str, ...]):
    """The names of an app's environments, and whether a name is one of them: previews come and go."""

    app: AppSettings

    def __new__(cls, app: AppSettings) -> Self:
        names = super().__new__(cls, app.environments)
        names.app = app
        return names

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.app.environment(name) is not None

    @property
    def templates(self) -> tuple[str, ...]:
        """Those of which each pull request has its own: nothing is deployed to them, but they can be frozen."""
        return tuple(self.app.previews)


def _words(app: AppSettings) -> AppVocabulary:
    aliases = {alias: name for name, environment in app.all_environments.items() for alias in environment.aliases}
    return AppVocabulary(tuple(app.environments), aliases, app.repository, tuple(app.previews))


def process_environment(*, file: bool = True) -> Mapping[str, str]:
    """The variables this process was started with, and where they are not set those of ``.env``, if there is one.

    Nothing else in the project reads them. Without ``file`` they are those of the process alone. Raises
    SettingsProblems where the file cannot be read.
    """
    if not file or not ENV_FILE.exists():
        return os.environ
    try:
        return ChainMap(os.environ, dict(variables_in(ENV_FILE)))
    except Unreadable as error:
        raise SettingsProblems([str(error)]) from error


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings in ``path``, else in the file that SHIPMATE_SETTINGS names, else in ./settings.toml.

    Raises SettingsProblems with everything that is wrong with the file and the environment.
    """
    file = path or Path(environ.get("SHIPMATE_SETTINGS") or DEFAULT_PATH)
    problems: list[str] = []
    text = text_of(file, problems)
    return _settings(text, file, environ, problems)


def read(text: str, environ: Mapping[str, str], path: Path = DEFAULT_PATH) -> Settings:
    """The settings that ``text`` would be as a file. Raises SettingsProblems."""
    return _settings(text, path, environ, [])


def _settings(text: str | None, file: Path, environ: Mapping[str, str], problems: list[str]) -> Settings:
    secrets = from_environment(environ, problems)
    table = None if text is None else table_of(text, file, problems)
    if table is None:
        raise SettingsProblems(problems)
    sections = sections_of(without_secrets(table, "", problems), problems)
    bot = validated(BotSettings, sections["bot"], "bot", problems) or BotSettings()
    slack = validated(SlackSettings, sections["slack"], "slack", problems)
    # Where [slack] is wrong, apps need not complain of the channel that they would have had.
    inherited = Inherited(timezone=bot.timezone, channel=slack.channel if slack else "#deploys")
    apps = apps_of(sections["apps"], inherited, problems)
    people = people_of(sections["people"], problems)
    webhooks = webhooks_of(table.get("webhooks"), sections["apps"], environ, problems)
    if problems:
        raise SettingsProblems(list(dict.fromkeys(problems)))
    return Settings(
        bot=bot,
        slack=slack or SlackSettings(),
        apps=apps,
        people=people,
        webhooks=webhooks,
        secrets=secrets,
        path=file,
    )
