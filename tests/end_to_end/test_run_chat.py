"""The bot as a process, asked in the chat: through Socket Mode, through HTTP, and as a worker without a port."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing

import pytest

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
    parent = site.ended("failed")

    last_lines = "\n".join(f"line {number}" for number in range(11, 31))
    assert site.thread(said)[-1] == (
        f"❌ *web → production* failed: exit code 3\n@(person)\n```\n{last_lines}\n```\n1. `retry #1`"
    )
    assert site.told(parent) == site.thread(said)
    assert site.thread(parent) == []
    assert shown(parent).startswith("❌ *web → production*  failed: exit code 3\ntopic@(sha) · maria · ")
    assert "line 30" in shown(parent)
    [deployment] = site.deployments()
    assert site.statuses(deployment.id) == ["queued", "in_progress", "failure"]
    assert deployment.payload["ref"] == "topic"
    assert deployment.sha == site.github.repository(REPOSITORY).branches["topic"]


def test_a_worker_alone_deploys_without_a_port_and_without_webhooks(site: Installation) -> None:
    bot = site.runs("worker")

    said = site.deploys()
    parent = site.ended("is live")
    site.wait_for(lambda: site.thread(said), "an answer")

    assert shown(parent) == "✅ *web → production*  is live\ntopic@(sha) · maria · first deployment here · (n) s"
    assert site.statuses(site.deployments()[0].id) == ["queued", "in_progress", "success"]
    assert status_of(f"{site.url}/healthz") == "refused"
    assert bot.terminate() == 0


def test_a_press_on_the_retry_button_deploys_the_same_commit_again(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with("test -e {directory}/again || { touch {directory}/again; exit 1; }")
    site.runs()
    site.deploys()
    parent = site.ended("failed")

    site.slack.press("maria", parent, "Retry")
    site.wait_for(lambda: len(site.parents()) == 2 and "is live" in shown(site.parents()[1]), "the retry")

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
    parent = site.ended("is live")
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

    assert answers == [200, 200, 200, 401, 404]  # the board is for those who may see it
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


WAITS = "until test -e {directory}/go; do sleep 0.02; done"


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_a_slash_command_where_the_bot_is_no_member_is_answered_there_and_then_directly(
    site: Installation, mode: str
) -> None:
    site.slack.add_channel("elsewhere", members=["maria"], bot=False)
    if mode == "http":
        del site.environ["SLACK_APP_TOKEN"]
        site.environ["SLACK_SIGNING_SECRET"] = site.slack.signing_secret
        site.slack.http_target(f"{site.url}/slack/events")
    bot = site.runs()

    site.slack.slash("maria", "#elsewhere", "/deploy", "main to production")
    site.ended("is live")
    site.wait_for(lambda: "live in" in "".join(map(shown, site.slack.messages("@maria"))), "the end, directly")

    assert [shown(one) for one in site.slack.ephemerals("maria")] == [
        "On it: *web* → *production*  main@(sha) (#1), announced in #web."
    ]
    assert site.slack.messages("#elsewhere") == []
    assert len(site.slack.calls("response_url")) == 1
    assert bot.terminate() == 0
    [file] = site.directory.glob("*.db")
    with closing(sqlite3.connect(file)) as database:
        assert "/respond/" not in "\n".join(database.iterdump())
    assert "/respond/" not in bot.printed


def test_an_answer_that_was_lost_with_the_bot_is_not_said_there_again(site: Installation) -> None:
    site.slack.add_channel("elsewhere", members=["maria"], bot=False)
    bot = site.runs()
    site.slack.fail_next("response_url", cut="after")
    site.slack.slash("maria", "#elsewhere", "/deploy", "lock production because testing")
    site.wait_for(lambda: site.slack.ephemerals("maria"), "the answer")
    bot.kill()

    site.runs()
    site.wait_for(lambda: site.slack.messages("@maria"), "the same, directly")
    site.slack.slash("maria", "#elsewhere", "/deploy", "locks")
    site.wait_for(lambda: len(site.slack.ephemerals("maria")) > 1, "the next answer")

    first, _ = site.slack.ephemerals("maria")
    assert [shown(one) for one in site.slack.messages("@maria")] == [shown(first)]
    assert site.slack.messages("#elsewhere") == []


def test_what_a_closed_channel_does_not_take_is_told_elsewhere_and_goes_home_again(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(WAITS)
    site.slack.add_channel("elsewhere", members=["maria"])
    site.slack.removes_bot("#web")
    site.runs()

    said = site.slack.says("maria", "#elsewhere", "@shipmate deploy main to production")
    [away] = site.wait_for(lambda: site.parents("#deploys"), "the message elsewhere")
    site.wait_for(lambda: "Started" in "".join(site.told(away)), "that it has begun")
    answered = site.thread(said)[0]
    reason = shown(away).splitlines()[-1]
    site.slack.invites("#web", "shipmate", by="maria")
    [home] = site.wait_for(lambda: site.parents("#web"), "the message at home")
    (site.directory / "go").touch()
    site.wait_for(lambda: "is live" in shown(home), "the end")

    assert answered.startswith("🚀 *web → production*  is under way\nmain@(sha) · maria · ")
    assert answered.endswith(" · #1 in #deploys\nI cannot announce it in #web: I am not in the channel #web.")
    assert reason == "Here and not in #web: I am not in the channel #web."
    assert [shown(one) for one in site.parents("#deploys")] == ["*web* → *production* #1 goes on in #web."]
    assert len(site.parents("#web")) == 1
    assert len(site.deployments()) == 1


def test_two_people_who_press_retry_at_once_start_one(site_with: Callable[[str], Installation]) -> None:
    site = site_with("test -e {directory}/again || { touch {directory}/again; exit 1; }")
    bob = site.slack.add_user("bob")
    with (site.directory / "settings.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n{bob.id} = "bob"\n')
    site.github.set_permission(REPOSITORY, "bob", "write")
    site.runs()
    site.deploys()
    parent = site.ended("failed")

    for person in ("maria", "bob", "maria", "bob"):
        site.slack.press(person, parent, "Retry")
    site.wait_for(lambda: len(site.parents()) == 2 and "is live" in shown(site.parents()[1]), "the retry")
    site.wait_for(lambda: told_late(site) == 3, "three who are told that it was done")

    assert len(site.deployments()) == 2


def told_late(site: Installation) -> int:
    directly = [*site.slack.messages("@bob"), *site.slack.ephemerals("bob"), *site.slack.ephemerals("maria")]
    return sum("retried it already" in shown(one) for one in directly)


def test_a_message_that_is_changed_twice_at_once_is_one_deed(site: Installation) -> None:
    site.runs()
    site.github.commit(REPOSITORY, "topic", "Add search")
    said = site.slack.says("maria", "#web", "@shipmate delpoyy topic two production")
    site.slack.edits(said, "@shipmate deploy topic to production")
    site.slack.edits(said, "@shipmate deploy main to production")

    site.ended("is live")
    site.wait_for(lambda: "as #1" in "".join(site.thread(said)), "the answer to the second change")

    assert len(site.deployments()) == 1
