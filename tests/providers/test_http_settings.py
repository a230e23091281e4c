"""The settings of the ``http`` provider: what is wrong with them is said, and no secret stands in them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.core.ports.chat import Finding
from bot.providers import http
from bot.settings import SettingsProblems, read

ROOT = Path(__file__).parents[2]
APP = '[apps.web]\nrepository = "acme/web"\nchannel = "#web"\n[apps.web.environments.production]\n'
PLACE = "apps.web.environments.production.provider"
HOOK = 'url = "https://deploy.example.com/hooks/web"'
NAMES = (
    "{request_id}, {deployment_id}, {app}, {environment}, {repository}, {ref}, {sha}, {task}, {requested_by}, "
    "{callback_url} and {number} (in previews)"
)
A_VARIABLE = "which belongs in the environment: write the name of a variable, such as"
NOBODY = "secrets of the bot itself are not sent to anybody."


def problems(*lines: str) -> list[str]:
    with pytest.raises(SettingsProblems) as refused:
        read(f'{APP}provider = {{ type = "http", {", ".join(lines)} }}\n', {})
    return [one.removeprefix(PLACE) for one in refused.value.problems]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (('url = "x.example"',), '.url must be an address that begins with https:// or http://, not "x.example".'),
        (('url = "https://x.example/{a}"',), f".url has {{a}} in it, which stands for nothing. There are {NAMES}."),
        (('url = "https://x.example/{sha"',), ".url has a brace in it that has no other: gaps are written {sha}."),
        (('url = "https://a:b@x.example"',), f".url has a secret in it (before the @), {A_VARIABLE} $DEPLOY_HOOK_KEY."),
        (('url = "https://x.example/?key=abc"',), f".url has a secret in it (`key`), {A_VARIABLE} $DEPLOY_HOOK_KEY."),
        (('url = "$GITHUB_TOKEN"',), f".url cannot hold $GITHUB_TOKEN: {NOBODY}"),
        (
            (HOOK, 'headers = { Authorization = "Bearer abc" }'),
            f'.headers has a secret in Authorization, {A_VARIABLE} "Bearer $RENDER_API_KEY".',
        ),
        (
            (HOOK, 'headers = { Idempotency-Key = "1" }'),
            ".headers cannot set Idempotency-Key: that is not a header's name, or one that is set already.",
        ),
        (
            (HOOK, 'body = { commit = "{sha}" }', "remove = true"),
            " has `remove` and a `body` without {task}: the hook could not tell that it is to remove, and would "
            "deploy. Write {task} into the `body`, or set `remove_url`.",
        ),
        ((HOOK, 'remove_url = "x"'), '.remove_url must be an address that begins with https:// or http://, not "x".'),
        (
            (HOOK, 'body = { at = ["{/id}"] }'),
            ".body has {/id} in it, which stands for nothing.",
        ),
        (
            (HOOK, 'poll = { url = "https://x.example/{id}", success = ["a"], failure = ["b"] }'),
            f".poll.url has {{id}} in it, which stands for nothing. There are {NAMES}, and JSON pointers into the "
            "hook's answer, such as {/id}.",
        ),
        (
            (HOOK, 'poll = { url = "https://x.example/", success = ["live"], failure = ["Live"] }'),
            ".poll.failure has live, which means success already.",
        ),
        (
            (HOOK, 'poll = { url = "https://x.example/", success = "live", failure = ["no"] }'),
            '.poll.success must be a list of states such as ["live"], not "live".',
        ),
        (
            (HOOK, 'poll = { url = "https://x.example/", state = "status", success = ["live"], failure = ["no"] }'),
            '.poll.state must be a JSON pointer such as "/status" or "/deploy/id", not "status".',
        ),
        ((HOOK, 'cancel = { url = "$STOP", method = "GET" }'), ".cancel.method cannot be GET, which changes nothing."),
        ((HOOK, 'secret = "SLACK_BOT_TOKEN"'), f".secret cannot hold $SLACK_BOT_TOKEN: {NOBODY}"),
        (
            (HOOK, 'poll = { url = "https://x.example/", sucess = ["a"], success = ["a"], failure = ["b"] }'),
            ".poll.sucess is not a setting. Did you mean `success`?",
        ),
        ((HOOK, "pol = 1"), ".pol is not a setting. Did you mean `poll`?"),
    ],
)
def test_what_is_wrong_is_said(lines: tuple[str, ...], sentence: str) -> None:
    assert problems(*lines) == [sentence]


def examples() -> list[Any]:
    page = (ROOT / "docs/providers.md").read_text(encoding="utf-8")
    section = re.findall(r"^## http\n(.*?)(?=^## )", page, flags=re.MULTILINE | re.DOTALL)[0]
    blocks = [tomllib.loads(one) for one in re.findall(r"^```toml\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)]
    return [one["apps"]["web"]["environments"]["production"]["provider"] for one in blocks]


@pytest.mark.parametrize("example", examples(), ids=lambda one: one["url"].split("/")[2])
def test_the_examples_on_the_page_are_understood_and_hold_no_secret(example: dict[str, Any]) -> None:
    settings = http.Settings(**{key: value for key, value in example.items() if key != "type"})

    assert settings.named[0] == "HTTP_PROVIDER_SECRET"
    assert len(settings.named) == (2 if settings.headers else 1)


def test_what_is_kept_of_a_run_is_read_again_as_it_was() -> None:
    poll = {"url": "https://x.example/{/id}", "success": ["live"], "failure": ["no"], "every": "90s"}
    settings = http.Settings(url="https://x.example/", poll=poll, cancel={"url": "$STOP"}, body={"a": [1, "{sha}"]})

    assert http.Settings(**settings.model_dump(mode="json")) == settings


# --- python -m bot check --------------------------------------------------------------------------------------------


def test_what_a_hook_needs_is_examined_without_asking_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = http.Settings(url="https://x.example/?key=$HOOK_KEY")

    lacking = http.doctor(settings)
    monkeypatch.setenv("HOOK_KEY", "hook-key-123")
    monkeypatch.setenv("HTTP_PROVIDER_SECRET", "hook-secret-123")
    monkeypatch.setenv("BASE_URL", "https://shipmate.example.com/")
    complete = http.doctor(settings)

    make = "Make one up (openssl rand -hex 32), and set it for the hook, and for `web` and `worker` of the bot."
    base = "Set BASE_URL to the public address of the web process, so that the hook can call back, or `poll`."
    assert lacking == [
        Finding(False, "HTTP_PROVIDER_SECRET is not set", make),
        Finding(False, "HOOK_KEY is not set", "Set it in the bot's environment."),
        Finding(False, "nobody could tell how a deployment ends, so none is begun", base),
    ]
    assert complete == [Finding(True, "the hook may call back at https://shipmate.example.com/providers/http/…")]


def test_what_is_sent_in_the_clear_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROVIDER_SECRET", "hook-secret-123")
    poll = {"url": "http://localhost:8080/{/id}", "success": ["live"], "failure": ["no"]}

    found = http.doctor(http.Settings(url="http://deploy.example.com/", poll=poll))

    in_the_clear = "what is sent to deploy.example.com is not encrypted"
    assert found == [
        Finding(True, "it is asked every 5 s how it goes on"),
        Finding(True, in_the_clear, "write https:// where it speaks it", warning=True),
    ]
