"""What each process cannot start without, and where to get it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

from bot.core.ports.chat import Finding
from bot.settings.environment import Process, Secrets
from bot.settings.webhooks import WebhookSettings


class HasSecrets(Protocol):
    """Settings, as far as this module looks at them."""

    @property
    def secrets(self) -> Secrets: ...

    @property
    def webhooks(self) -> Sequence[WebhookSettings]: ...


def requirements(secrets: Secrets, process: Process) -> list[Finding]:
    """A finding for each thing that is missing: what, and how to mend it. Empty when the process may start."""
    missing: list[Finding] = []
    talks_to_slack = process != "web" or not secrets.socket_mode
    if talks_to_slack:
        missing += _slack(secrets)
    if process != "worker" and secrets.github_webhook_secret is None:
        missing.append(
            _missing(
                "GITHUB_WEBHOOK_SECRET is not set",
                "Make one up (openssl rand -hex 32), and enter the same one as the secret of the webhook on GitHub.",
            )
        )
    if process != "worker":
        missing += _sign_in(secrets)
    if process != "web" and not secrets.github_app and secrets.github_token is None:
        missing.append(_github(secrets))
    if secrets.sentry_dsn is not None and find_spec("sentry_sdk") is None:
        missing.append(
            _missing(
                "SENTRY_DSN is set, but what reports to Sentry is not installed",
                'Run pip install "sentry-sdk" (on Heroku, add it to requirements.txt), or unset SENTRY_DSN.',
            )
        )
    return missing


def requirements_missing(settings: HasSecrets, process: Process) -> list[str]:
    """What ``process`` cannot start without, a plain sentence each: ``SLACK_BOT_TOKEN is not set: copy ….``."""
    missing = requirements(settings.secrets, process)
    if process != "web":  # which sends none
        missing += unsigned(settings.webhooks)
    return [_sentence(finding) for finding in missing]


def unsigned(webhooks: Sequence[WebhookSettings]) -> list[Finding]:
    """A finding for each outgoing webhook that nothing can be signed for."""
    return [
        _missing(
            f"{one.secret} is not set, which webhooks[{number}] names as its secret",
            f"Make one up (openssl rand -hex 32), set it, and give the same one to {one.host}.",
        )
        for number, one in enumerate(webhooks)
        if not one.held
    ]


def _slack(secrets: Secrets) -> list[Finding]:
    missing = []
    if secrets.slack_bot_token is None:
        missing.append(
            _missing(
                "SLACK_BOT_TOKEN is not set",
                "Copy the bot user's token (xoxb-…) from OAuth & Permissions of your app at https://api.slack.com/apps.",
            )
        )
    if not secrets.socket_mode and secrets.slack_signing_secret is None:
        missing.append(
            _missing(
                "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set, so nothing said in Slack reaches the bot",
                "On the page Basic Information of your Slack app, make an app-level token (xapp-…) with the scope "
                "connections:write for Socket Mode, or copy the signing secret for HTTP.",
            )
        )
    return missing


def _sign_in(secrets: Secrets) -> list[Finding]:
    """What Sign in with Slack lacks, where somebody wants it."""
    if secrets.slack_client_id is None:
        return []
    wanted = {
        "SLACK_CLIENT_SECRET": (
            secrets.slack_client_secret,
            "Copy the client secret from Basic Information of your Slack app, or unset SLACK_CLIENT_ID.",
        ),
        "BASE_URL": (
            secrets.base_url,
            "Set it to the public address of the web process, to which Slack sends people back.",
        ),
        "SLACK_BOT_TOKEN": (
            secrets.slack_bot_token,
            "Set it for this process too: whoever signs in is looked up with it.",
        ),
    }
    return [
        _missing(f"SLACK_CLIENT_ID is set but {name} is not", mend)
        for name, (value, mend) in wanted.items()
        if not value
    ]


def _github(secrets: Secrets) -> Finding:
    if secrets.github_app_id is not None:
        return _missing(
            "GITHUB_APP_ID is set but GITHUB_PRIVATE_KEY is not",
            "Make a private key on the page of your GitHub App and set the whole file.",
        )
    if secrets.github_private_key is not None:
        return _missing(
            "GITHUB_PRIVATE_KEY is set but GITHUB_APP_ID is not", "Copy it from the page of your GitHub App."
        )
    return _missing(
        "GITHUB_TOKEN is not set, nor are GITHUB_APP_ID and GITHUB_PRIVATE_KEY",
        "Use a GitHub App, or make a classic token with the scope repo at https://github.com/settings/tokens "
        "(fine-grained ones cannot read check runs).",
    )


def _sentence(finding: Finding) -> str:
    mend = finding.mend or ""
    return f"{finding.what}: {mend[:1].lower()}{mend[1:]}"


def _missing(what: str, mend: str) -> Finding:
    return Finding(good=False, what=what, mend=mend)
