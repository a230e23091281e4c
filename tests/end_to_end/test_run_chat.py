"""The bot as a process, asked in the chat: through Socket Mode, through HTTP, and as a worker without a port."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

from tests.end_to_end.installation import REPOSITORY, Installation, shown
from tests.patience import PATIENCE

FAILS = "for n in $(seq 30); do echo line $n; done; exit 3"


def test_a_command_that_fails_shows_its_last_lines_in_the_thread(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(FAILS)
    site.runs()
    site.subscribe()

    said = site.deploys()
    parent = site.ended("Failed")
    site.wait_for(lambda: "Failed" in "".join(site.thread(said)), "the end in the thread of the command")

    last_lines = "\n".join(f"line {number}" for number in range(11, 31))
    assert site.thread(parent) == [
        "🕐 Queued (deployment (id) on GitHub)",
        "🚀 In progress",
        f"❌ Failed: exit code 3\n```\n{last_lines}\n```",
    ]
    assert shown(parent).startswith("❌ *web* → *production*  topic@(sha)  asked for by @(person)\nFailed: exit code 3")
    [deployment] = site.deployments()
    assert site.statuses(deployment.id) == ["queued", "in_progress", "failure"]
    assert deployment.payload["ref"] == "topic"
    assert deployment.sha == site.github.repository(REPOSITORY).branches["topic"]


def test_a_worker_alone_deploys_without_a_port_and_without_webhooks(site: Installation) -> None:
    bot = site.runs("worker")

    said = site.deploys()
    parent = site.ended("Succeeded")
    site.wait_for(lambda: site.thread(said), "an answer")

    assert shown(parent).startswith("✅ *web* → *production*  topic@(sha)  asked for by @(person)\nSucceeded in (n) s")
    assert site.statuses(site.deployments()[0].id) == ["queued", "in_progress", "success"]
    assert status_of(f"{site.url}/healthz") == "refused"
    assert bot.terminate() == 0


def test_a_press_on_the_retry_button_deploys_the_same_commit_again(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with("test -e {directory}/again || { touch {directory}/again; exit 1; }")
    site.runs()
    site.deploys()
    parent = site.ended("Failed")

    site.slack.press("maria", parent, "Retry")
    site.wait_for(lambda: len(site.parents()) == 2 and "Succeeded" in shown(site.parents()[1]), "the retry")

    first, second = site.deployments()
    assert first.sha == second.sha
    site.wait_for(lambda: site.statuses(second.id) == ["queued", "in_progress", "success"], "its statuses")
    assert site.statuses(first.id) == ["queued", "in_progress", "failure"]


def test_slack_may_come_over_http(site: Installation) -> None:
    del site.environ["SLACK_APP_TOKEN"]
    site.environ["SLACK_SIGNING_SECRET"] = site.slack.signing_secret
    bot = site.runs()
    site.slack.http_target(f"{site.url}/slack/events")

    site.deploys()
    parent = site.ended("Succeeded")
    site.slack.slash("maria", "#web", "/deploy", "topic to nowhere")
    site.wait_for(lambda: site.slack.ephemerals("maria"), "the refusal")

    assert site.slack.sockets.open == []
    assert [one.statuses for one in site.slack.envelopes] == [[200], [200], [200]]
    assert site.parents() == [parent]
    assert "no environment called nowhere" in shown(site.slack.ephemerals("maria")[0])
    assert bot.terminate() == 0


def test_who_signs_as_slack_with_another_secret_is_not_heard(site: Installation) -> None:
    del site.environ["SLACK_APP_TOKEN"]
    site.environ["SLACK_SIGNING_SECRET"] = site.slack.signing_secret
    site.runs()
    site.slack.http_target(f"{site.url}/slack/events", signing_secret="somebody else's")

    site.deploys()

    assert [one.statuses for one in site.slack.envelopes] == [[401], [401]]
    assert site.parents() == []
    assert site.deployments() == []


def test_health_is_shown_and_an_unsigned_webhook_refused(site: Installation) -> None:
    site.runs()
    pages = ("healthz", "readyz", "metrics", "", "nothing")

    answers = [status_of(f"{site.url}/{page}") for page in pages]
    refused = status_of(f"{site.url}/github/webhook", json.dumps({"action": "created"}).encode())

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
