"""What ``python -m bot check`` says of a secret is what the listener does with it, however the variable is written."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot.adapters.storage.batching_inbox import BatchingInbox
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.check import Doctors, check
from bot.context import SystemClock
from bot.http.server import listener
from bot.settings import Settings, SettingsProblems, read
from tests.http.door import PING, door, signature

APP = """
[apps.web]
repository = "corner/web"
channel = "#web"
[apps.web.environments.production]
"""
OTHERS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "GITHUB_TOKEN": "ghp_1"}
SIGNERS = ("old-secret", "new-secret", "third-secret", "", " ", ",", "old-secret,new-secret")

NOT_SET = "✗ GITHUB_WEBHOOK_SECRET is not set"
NOT_UNDERSTOOD = "✗ GITHUB_WEBHOOK_SECRET must be one secret, or two"
TWO = "! GITHUB_WEBHOOK_SECRET holds two secrets"


def settings(given: str) -> Settings:
    return read(APP, {**OTHERS, "GITHUB_WEBHOOK_SECRET": given})


def said(given: str) -> str:
    """What check says of the secret, by how the line begins."""
    out = io.StringIO()
    check(lambda: settings(given), lambda _: Doctors(), out)
    lines = [line for line in out.getvalue().splitlines() if "GITHUB_WEBHOOK_SECRET" in line]
    return next((begins for begins in (NOT_SET, NOT_UNDERSTOOD, TWO) for line in lines if line.startswith(begins)), "")


def accepted(directory: Path, given: str) -> list[str]:
    """By which secrets a webhook may be signed that the listener stores; made of the settings as ``web`` makes it."""
    try:
        found = settings(given)
    except SettingsProblems:
        return []
    store = Store(connect(f"sqlite:///{directory / 'asked.db'}"), SystemClock())
    secrets = listener(found, store, BatchingInbox(store.database), lambda one: one, lambda: None, None).webhook_secrets
    store.database.engine.dispose()
    with door(directory, secrets=secrets) as listening:
        answers = {one: listening.posts(PING, X_Hub_Signature_256=signature(PING, one))[0] for one in SIGNERS}
    return [secret for secret, status in answers.items() if status == 202]


@pytest.mark.parametrize(
    ("given", "line", "signers"),
    [
        ("old-secret", "", ["old-secret"]),
        (" old-secret\n", "", ["old-secret"]),
        ("old-secret,", "", ["old-secret"]),
        (",new-secret", "", ["new-secret"]),
        ("old-secret,new-secret", TWO, ["old-secret", "new-secret"]),
        (" old-secret , new-secret ", TWO, ["old-secret", "new-secret"]),
        ("", NOT_SET, []),
        (" ", NOT_SET, []),
        (",", NOT_UNDERSTOOD, []),
        (" , ", NOT_UNDERSTOOD, []),
        ("old-secret,new-secret,third-secret", NOT_UNDERSTOOD, []),
    ],
)
def test_check_and_the_listener_agree_about_a_secret(tmp_path: Path, given: str, line: str, signers: list[str]) -> None:
    assert (said(given), accepted(tmp_path, given)) == (line, signers)
