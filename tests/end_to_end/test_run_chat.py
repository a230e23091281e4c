"""The bot as a process, asked in the chat: through Socket Mode, through HTTP, and as a worker without a port."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

from tests.end_to_end.installation import REPOSITORY, Harbour, shown
from tests.patience import PATIENCE

FAILS = "for n in $(seq 30); do echo line $n; done; exit 3"


def test_a_command_that_fails_shows_its_last_lines_in_the_thread(harbour_with: Callable[[str], Harbour]) -> None:
    harbour = harbour_with(FAILS)
    harbour.runs()
    harbour.subscribe()

    said = harbour.deploys()
    parent = harbour.ended("Failed")
    harbour.wait_for(lambda: "Failed" in "".join(harbour.thread(said)), "the end in the thread of the command")

    last_lines = "\n".join(f"line {number}" for number in range(11, 31))
    assert harbour.thread(parent) == [
        "🕐 Queued (deployment (id) on GitHub)",
        "🚀 In progress",
        f"❌ Failed: exit code 3\n```\n{last_lines}\n```",
    ]
    assert shown(parent).startswith("❌ *web* → *production*  topic@(sha)  asked for by @(person)\nFailed: exit code 3")
    [deployment] = harbour.deployments()
    assert harbour.statuses(deployment.id) == ["queued", "in_progress", "failure"]
    assert deployment.payload["ref"] == "topic"
    assert deployment.sha == harbour.github.repository(REPOSITORY).branches["topic"]


def test_a_worker_alone_deploys_without_a_port_and_without_webhooks(harbour: Harbour) -> None:
    bot = harbour.runs("worker")

    said = harbour.deploys()
    parent = harbour.ended("Succeeded")
    harbour.wait_for(lambda: harbour.thread(said), "an answer")

    assert shown(parent).startswith("✅ *web* → *production*  topic@(sha)  asked for by @(person)\nSucceeded in (n) s")
    assert harbour.statuses(harbour.deployments()[0].id) == ["queued", "in_progress", "success"]
    assert status_of(f"{harbour.url}/healthz") == "refused"
    assert bot.terminate() == 0


def test_a_press_on_the_retry_button_deploys_the_same_commit_again(harbour_with: Callable[[str], Harbour]) -> None:
    harbour = harbour_with("test -e {directory}/again || { touch {directory}/again; exit 1; }")
    harbour.runs()
    harbour.deploys()
    parent = harbour.ended("Failed")

    harbour.slack.press("maria", parent, "Retry")
    harbour.wait_for(lambda: len(harbour.parents()) == 2 and "Succeeded" in shown(harbour.parents()[1]), "the retry")

    first, second = harbour.deployments()
    assert first.sha == second.sha
    harbour.wait_for(lambda: harbour.statuses(second.id) == ["queued", "in_progress", "success"], "its statuses")
    assert harbour.statuses(first.id) == ["queued", "in_progress", "failure"]


def test_slack_may_come_over_http(harbour: Harbour) -> None:
    del harbour.environ["SLACK_APP_TOKEN"]
    harbour.environ["SLACK_SIGNING_SECRET"] = harbour.slack.signing_secret
    bot = harbour.runs()
    harbour.slack.http_target(f"{harbour.url}/slack/events")

    harbour.deploys()
    parent = harbour.ended("Succeeded")
    harbour.slack.slash("maria", "#web", "/deploy", "topic to nowhere")
    harbour.wait_for(lambda: harbour.slack.ephemerals("maria"), "the refusal")

    assert harbour.slack.sockets.open == []
    assert [one.statuses for one in harbour.slack.envelopes] == [[200], [200], [200]]
    assert harbour.parents() == [parent]
    assert "no environment called nowhere" in shown(harbour.slack.ephemerals("maria")[0])
    assert bot.terminate() == 0


def test_who_signs_as_slack_with_another_secret_is_not_heard(harbour: Harbour) -> None:
    del harbour.environ["SLACK_APP_TOKEN"]
    harbour.environ["SLACK_SIGNING_SECRET"] = harbour.slack.signing_secret
    harbour.runs()
    harbour.slack.http_target(f"{harbour.url}/slack/events", signing_secret="somebody else's")

    harbour.deploys()

    assert [one.statuses for one in harbour.slack.envelopes] == [[401], [401]]
    assert harbour.parents() == []
    assert harbour.deployments() == []


def test_health_is_shown_and_an_unsigned_webhook_refused(harbour: Harbour) -> None:
    harbour.runs()
    pages = ("healthz", "readyz", "metrics", "", "nothing")

    answers = [status_of(f"{harbour.url}/{page}") for page in pages]
    refused = status_of(f"{harbour.url}/github/webhook", json.dumps({"action": "created"}).encode())

    assert answers == [200, 200, 200, 200, 404]
    assert refused == 401


def status_of(url: str, body: bytes | None = None) -> int | str:
    """The status of an answer, or that there is nobody."""
    try:
        with urllib.request.urlopen(url, data=body, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except urllib.error.URLError:
        return "refused"
