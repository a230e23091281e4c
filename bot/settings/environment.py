"""What comes from the environment: tokens, addresses and the database, hidden wherever they could be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from bot.core.masking import MASK, SHORTEST

Process: TypeAlias = Literal["run", "web", "worker", "check"]


def _address(value: str) -> str:
    if not re.match(r"https?://[^\s/]", value):
        raise ValueError(f'must be an address that begins with https:// or http://, not "{value}"')
    return value.rstrip("/")


def _slack_address(value: str) -> str:
    return _address(value) + "/"  # slack_sdk joins base address and method without a slash of its own


def _private_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value().replace("\\n", "\n")
    if "-----BEGIN" not in key:
        raise ValueError("must be the whole key file that GitHub gave you, beginning with -----BEGIN")
    return SecretStr(key.strip() + "\n")


def _database(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if url.startswith("sqlite:///"):
        return value
    kind, separator, rest = url.partition("://")
    if not separator or not re.fullmatch(r"postgres|postgresql|postgresql\+psycopg", kind):
        raise ValueError("must begin with sqlite:/// or postgres://")
    return SecretStr(f"postgresql+psycopg://{rest}")


def _dsn(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"https?://[^\s/@]+@[^\s/@]+/(?:\S*/)?[0-9]+", value.get_secret_value()):
        raise ValueError("must be the DSN of a project in Sentry: https://<key>@<host>/<number>")
    return value


def _port(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise ValueError(f'must be a number between 0 and 65535, not "{text}"')
    return int(text)


def _one_or_two(value: SecretStr) -> SecretStr:
    """Both of them hold while one takes the place of the other."""
    secrets = secrets_in(value)
    if not 1 <= len(secrets) <= 2:
        raise ValueError("must be one secret, or two with a comma between them while it is changed")
    return SecretStr(",".join(secrets))


def secrets_in(value: SecretStr | None) -> tuple[str, ...]:
    """One, two while it is changed, or none; never an empty one."""
    parts = (part.strip() for part in value.get_secret_value().split(",")) if value else ()
    return tuple(part for part in parts if part)


def secrets_named(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Those in the variable of that name, which may be any."""
    return secrets_in(SecretStr(environ.get(name, "")))


Changing: TypeAlias = Annotated[SecretStr, AfterValidator(_one_or_two)]
Address: TypeAlias = Annotated[str, AfterValidator(_address)]


def _web_of(api_url: str) -> str:
    """Where people see what the API tells of.

    >>> _web_of("https://api.github.com"), _web_of("https://ghe.example/api/v3"), _web_of("https://api.acme.ghe.com/")
    ('https://github.com', 'https://ghe.example', 'https://acme.ghe.com')
    """
    address = urlsplit(api_url)
    return f"{address.scheme}://{address.netloc.removeprefix('api.')}" if address.netloc else "https://github.com"


class Secrets(BaseModel):
    """The variables of the environment, by their names in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False)

    slack_bot_token: SecretStr | None = Field(
        default=None, description="Lets the bot talk in Slack; begins with `xoxb-`."
    )
    slack_app_token: SecretStr | None = Field(
        default=None,
        description="Opens the connection of Socket Mode; begins with `xapp-`. Unset: HTTP at `/slack/events`.",
    )
    slack_signing_secret: Changing | None = Field(
        default=None, description="Proves that HTTP requests come from Slack; two with a comma while it is changed."
    )
    slack_client_id: str | None = Field(
        default=None,
        description="Sign in with Slack for the pages, with `SLACK_CLIENT_SECRET` and `BASE_URL`. Unset: signed links.",
    )
    slack_client_secret: SecretStr | None = Field(
        default=None, description="The client secret of the Slack app, for Sign in with Slack."
    )
    github_webhook_secret: Changing | None = Field(
        default=None, description="Proves that webhooks come from GitHub; two with a comma while it is changed."
    )
    github_token: SecretStr | None = Field(
        default=None, description="How the bot talks to GitHub, unless a GitHub App is set."
    )
    github_app_id: str | None = Field(
        default=None, description="The GitHub App that the bot is, with `GITHUB_PRIVATE_KEY`."
    )
    github_private_key: Annotated[SecretStr, AfterValidator(_private_key)] | None = Field(
        default=None, description="The App's private key; line ends may be written as `\\n`."
    )
    github_client_id: str | None = Field(
        default=None, description="For `link`, by which people tell their GitHub login."
    )
    heroku_api_key: SecretStr | None = Field(default=None, description="For the `heroku` provider.")
    http_provider_secret: Changing | None = Field(
        default=None,
        description="For the `http` provider: signs what is sent to hooks, and what they call back; two with a comma "
        "while it is changed.",
    )
    database_url: Annotated[SecretStr, AfterValidator(_database)] = Field(
        default=SecretStr("sqlite:///shipmate.db"),
        description="Where everything is kept: `sqlite:///…` or `postgres://…`.",
    )
    port: Annotated[int, BeforeValidator(_port)] = Field(default=3000, description="The port of the web process.")
    metrics_port: Annotated[int, BeforeValidator(_port)] | None = Field(
        default=None,
        description="The port on which a `worker` shows `/metrics`, `/healthz` and `/readyz`; unset: none. `web` and "
        "`run` show them on `PORT`.",
    )
    base_url: Address | None = Field(
        default=None,
        description="The public address of the web process: the pages of deployments are there, hooks of the `http` "
        "provider call back there, and links that begin with it unfurl in Slack.",
    )
    secret_key: Changing | None = Field(
        default=None,
        description="Signs links to pages, and sessions; where it is unset one is made and kept in the database. Two "
        "with a comma while it is changed: the first signs.",
    )
    sentry_dsn: Annotated[SecretStr, AfterValidator(_dsn)] | None = Field(
        default=None,
        description='Where faults of the bot\'s own are reported; needs `pip install "sentry-sdk"`.',
    )
    slack_api_url: Annotated[str, AfterValidator(_slack_address)] = Field(
        default="https://slack.com/api/", description="Where Slack's API is."
    )
    github_api_url: Address = Field(default="https://api.github.com", description="Where GitHub's API is.")
    github_web_url: Address = Field(
        default="https://github.com",
        description="Where people see GitHub; and where git fetches, which is else the host of `GITHUB_API_URL`.",
    )
    heroku_api_url: Address = Field(default="https://api.heroku.com", description="Where Heroku's API is.")

    @classmethod
    def variables(cls) -> list[str]:
        """The names of the variables, as they are set."""
        return [name.upper() for name in cls.model_fields]

    @property
    def git_url(self) -> str:
        """Where git fetches: where people see GitHub, as far as that is said, else beside the API."""
        return self.github_web_url if "github_web_url" in self.model_fields_set else _web_of(self.github_api_url)

    @property
    def socket_mode(self) -> bool:
        """Whether Slack reaches the bot through Socket Mode rather than over HTTP."""
        return self.slack_app_token is not None

    @property
    def github_app(self) -> bool:
        """Whether the bot talks to GitHub as a GitHub App, which wins over a token."""
        return self.github_app_id is not None and self.github_private_key is not None

    @property
    def signs_people_in(self) -> bool:
        """Whether the pages are for whoever signs in with Slack, rather than for whoever has a signed link."""
        return bool(self.slack_client_id and self.slack_client_secret and self.slack_bot_token and self.base_url)

    @property
    def base_path(self) -> str:
        """What the paths of all addresses begin with: a proxy in front may have the bot below an address of its own."""
        return urlsplit(self.base_url or "").path.rstrip("/")

    @property
    def on_postgres(self) -> bool:
        return not self.database_url.get_secret_value().startswith("sqlite:")


def from_environment(environ: Mapping[str, str], problems: list[str]) -> Secrets:
    """The variables that are set and not empty; what is wrong with them is added to ``problems``, never their value."""
    given = {name.lower(): environ[name].strip() for name in Secrets.variables() if environ.get(name, "").strip()}
    try:
        return Secrets.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            reason = detail.get("ctx", {}).get("error", detail["msg"])
            problems.append(f"{str(detail['loc'][0]).upper()} {reason}.")
    return Secrets()


def secret_values(secrets: Secrets) -> list[str]:
    """Everything that nobody may read, the longest first: each token, each line of the key, the database's password."""
    found: set[str] = set()
    for name in Secrets.model_fields:
        value = getattr(secrets, name)
        if not isinstance(value, SecretStr):
            continue
        text = value.get_secret_value()
        if name == "database_url":
            password = re.match(r"[^:]+://[^:/@]*:(.*)@", text)
            found.update({text, password[1], unquote(password[1])} if password else ())
        else:
            found.update({text, *text.splitlines(), *secrets_in(value)})
    kept = (text for text in found if len(text) >= SHORTEST and not text.startswith("-----"))
    return sorted(kept, key=len, reverse=True)


def masked(text: str, secrets: Secrets) -> str:
    """The text with every secret in it replaced by ``••••``."""
    for secret in secret_values(secrets):
        text = text.replace(secret, MASK)
    return text
