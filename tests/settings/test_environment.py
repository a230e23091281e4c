"""What comes from the environment: how it is read, that it is never shown, and what each process needs of it."""

from __future__ import annotations

import pytest

from bot.settings import Secrets, Settings, SettingsProblems, masked, read, requirements_missing, secrets_in

APP = """
[apps.web]
repository = "acme/web"
channel = "#web"
[apps.web.environments.production]
"""
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx1\nPq2dAbCdEfGh12345==\n-----END RSA PRIVATE KEY-----\n"
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1-bot",
    "SLACK_APP_TOKEN": "xapp-1-app",
    "SLACK_SIGNING_SECRET": "signing-secret",
    "GITHUB_WEBHOOK_SECRET": "webhook-secret",
    "GITHUB_TOKEN": "ghp_token",
    "GITHUB_PRIVATE_KEY": KEY,
    "HEROKU_API_KEY": "heroku-key",
    "HTTP_PROVIDER_SECRET": "hook-secret",
    "DATABASE_URL": "postgres://shipmate:p%40ssword@db.example.com/shipmate",
    "SECRET_KEY": "link-signing-key",
}


def settings(**environ: str) -> Settings:
    return read(APP, environ)


def test_secrets_come_from_the_environment_by_their_names() -> None:
    secrets = settings(**SECRETS).secrets

    assert secrets.slack_bot_token is not None
    assert secrets.slack_bot_token.get_secret_value() == "xoxb-1-bot"
    assert secrets.socket_mode
    assert not secrets.github_app
    assert secrets.port == 3000
    assert secrets.slack_api_url == "https://slack.com/api/"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_spelling_of_postgres_means_the_driver_that_is_installed(scheme: str) -> None:
    secrets = settings(DATABASE_URL=f"{scheme}://user:password@db.example.com/shipmate").secrets

    assert secrets.on_postgres
    assert secrets.database_url.get_secret_value() == "postgresql+psycopg://user:password@db.example.com/shipmate"


def test_a_private_key_may_be_written_in_one_line() -> None:
    secrets = settings(GITHUB_APP_ID="12", GITHUB_PRIVATE_KEY=KEY.replace("\n", "\\n")).secrets

    assert secrets.github_app
    assert secrets.github_private_key is not None
    assert secrets.github_private_key.get_secret_value() == KEY


def test_addresses_end_the_way_their_clients_want_them() -> None:
    secrets = settings(SLACK_API_URL="http://localhost:1/api", GITHUB_API_URL="http://localhost:2/").secrets

    assert secrets.slack_api_url == "http://localhost:1/api/"
    assert secrets.github_api_url == "http://localhost:2"


def test_no_secret_is_shown_by_the_settings() -> None:
    found = settings(**SECRETS)

    shown = f"{found!r} {found} {found.model_dump()!r} {found.model_dump_json()}"

    assert [value for value in (*SECRETS.values(), "p%40ssword", "MIIEowIBAAKCAQEAx1") if value in shown] == []


def test_secrets_are_masked_wherever_they_occur() -> None:
    secrets = settings(**SECRETS).secrets

    assert masked("token xoxb-1-bot and webhook-secret", secrets) == "token •••• and ••••"
    assert masked("cannot reach db with p%40ssword or p@ssword", secrets) == "cannot reach db with •••• or ••••"
    assert masked("line MIIEowIBAAKCAQEAx1 of a key", secrets) == "line •••• of a key"
    assert masked("nothing to hide", Secrets()) == "nothing to hide"


BEING_CHANGED = ("GITHUB_WEBHOOK_SECRET", "SLACK_SIGNING_SECRET", "HTTP_PROVIDER_SECRET")


@pytest.mark.parametrize("name", BEING_CHANGED)
@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("one", ("one",)),
        ("old,new", ("old", "new")),
        (" old , new ", ("old", "new")),
        ("old,\tnew\n", ("old", "new")),
        ("new,", ("new",)),
        (",new", ("new",)),
        (", ,old,, new,", ("old", "new")),
        ("with space,new", ("with space", "new")),
    ],
)
def test_a_secret_that_is_changed_may_be_two(name: str, given: str, held: tuple[str, ...]) -> None:
    secrets = settings(**{name: given}).secrets

    assert secrets_in(getattr(secrets, name.lower())) == held


@pytest.mark.parametrize("name", BEING_CHANGED)
@pytest.mark.parametrize("given", [",", " , ", ",,,", "a,b,c", "old,new,newer,"])
def test_a_secret_that_is_none_or_too_many_is_a_problem_that_does_not_show_it(name: str, given: str) -> None:
    with pytest.raises(SettingsProblems) as refused:
        settings(**{name: given})

    assert refused.value.problems == [
        f"{name} must be one secret, or two with a comma between them while it is changed."
    ]


@pytest.mark.parametrize("name", BEING_CHANGED)
@pytest.mark.parametrize("given", ["", " ", "\n"])
def test_a_blank_secret_is_none(name: str, given: str) -> None:
    assert secrets_in(getattr(settings(**{name: given}).secrets, name.lower())) == ()


def test_both_secrets_are_masked_each_by_itself() -> None:
    secrets = settings(
        GITHUB_WEBHOOK_SECRET="old-secret, new-secret", SLACK_SIGNING_SECRET="slack-old,slack-new"
    ).secrets

    text = masked("old-secret new-secret slack-old slack-new old-secret,new-secret", secrets)

    assert text == "•••• •••• •••• •••• ••••"


def test_each_process_says_what_it_cannot_start_without() -> None:
    bare = settings()
    bot_token = (
        "SLACK_BOT_TOKEN is not set: copy the bot user's token (xoxb-…) from OAuth & Permissions of your app at "
        "https://api.slack.com/apps."
    )
    webhooks = (
        "GITHUB_WEBHOOK_SECRET is not set: make one up (openssl rand -hex 32), and enter the same one as the secret of "
        "the webhook on GitHub."
    )

    assert requirements_missing(bare, "run")[0] == bot_token
    assert requirements_missing(bare, "check") == requirements_missing(bare, "run")
    assert requirements_missing(settings(SLACK_APP_TOKEN="xapp-1"), "web") == [webhooks]
    assert requirements_missing(settings(**SECRETS), "worker") == []
    assert webhooks not in requirements_missing(bare, "worker")


def test_half_a_github_app_is_told_its_other_half() -> None:
    half = settings(**{**SECRETS, "GITHUB_TOKEN": "", "GITHUB_PRIVATE_KEY": "", "GITHUB_APP_ID": "12"})

    assert requirements_missing(half, "run") == [
        "GITHUB_APP_ID is set but GITHUB_PRIVATE_KEY is not: make a private key on the page of your GitHub App and set "
        "the whole file."
    ]


def test_whoever_wants_people_to_sign_in_is_told_what_that_lacks() -> None:
    given = {**SECRETS, "SLACK_CLIENT_ID": "1.2"}

    missing = requirements_missing(settings(**given), "web")

    assert [one.partition(":")[0] for one in missing] == [
        "SLACK_CLIENT_ID is set but SLACK_CLIENT_SECRET is not",
        "SLACK_CLIENT_ID is set but BASE_URL is not",
    ]
    assert requirements_missing(settings(**given), "worker") == []
    whole = {**given, "SLACK_CLIENT_SECRET": "client-secret", "BASE_URL": "https://bot.example.com"}
    assert requirements_missing(settings(**whole), "web") == []
    assert settings(**whole).secrets.signs_people_in
