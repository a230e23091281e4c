"""What ``python -m bot check`` says of GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest

from bot.adapters.github.auth import AppAuth, TokenAuth
from bot.adapters.github.forge import GitHub
from bot.core.ports.chat import Finding
from tests.servers.github.accounts import App
from tests.servers.github.pair import REPO, Pair, StillClock, pair
from tests.servers.github.server import GitHubServer
from tests.servers.github.webhooks import Webhook
from tests.servers.webhook_receiver import WebhookReceiver

LISTENER = "http://127.0.0.1:9/github/webhook"
NEEDED = ["pull_request", "deployment", "deployment_status", "status", "check_run"]


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if not finding.good]


def test_everything_is_good(github: Pair) -> None:
    github.server.set_permission(REPO, github.server.bot_login, "admin")
    github.server.subscribe(LISTENER, events=NEEDED, repository=REPO)

    findings = github.client.doctor([REPO, REPO])

    assert findings == [
        Finding(True, "GITHUB_TOKEN is accepted by GitHub, as shipmate-bot."),
        Finding(True, "acme/web can be seen."),
        Finding(True, "Deployments of acme/web can be read."),
        Finding(True, "Commit statuses of acme/web can be read."),
        Finding(True, "Check runs of acme/web can be read."),
        Finding(True, "The webhook of acme/web sends what the bot needs."),
    ]


def test_bot_that_may_not_see_webhooks_is_no_fault(github: Pair) -> None:
    findings = github.client.doctor([REPO])

    assert bad(findings) == []
    assert findings[-1] == Finding(
        True,
        "The webhooks of acme/web are not for the bot to see: "
        "look at https://github.com/acme/web/settings/hooks yourself.",
    )


def test_missing_webhook_is_found(github: Pair) -> None:
    github.server.set_permission(REPO, github.server.bot_login, "admin")
    github.server.subscribe("http://127.0.0.1:9/elsewhere")
    github.server.subscribe(LISTENER, active=False)

    assert bad(github.client.doctor([REPO])) == [
        Finding(
            False,
            "acme/web has no active webhook that ends in /github/webhook.",
            "Add one at https://github.com/acme/web/settings/hooks: the address of the web process with "
            "/github/webhook, and GITHUB_WEBHOOK_SECRET.",
        )
    ]


def test_webhook_that_tells_too_little_is_found(github: Pair) -> None:
    github.server.set_permission(REPO, github.server.bot_login, "admin")
    github.server.subscribe(LISTENER, events=["pull_request", "deployment", "status"])

    assert bad(github.client.doctor([REPO])) == [
        Finding(
            False,
            "The webhook of acme/web does not send deployment_status, check_run.",
            "Tick these events in https://github.com/acme/web/settings/hooks.",
        )
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3600, ["The bot's clock is 1 h ahead of GitHub's."]),
        (75, ["The bot's clock is 1 min 15 s behind GitHub's."]),
        (5, []),
        (0, []),
    ],
)
def test_a_clock_that_is_off_is_told(github: Pair, seconds: int, said: list[str]) -> None:
    github.server.date = format_datetime(github.clock.now() + timedelta(seconds=seconds), usegmt=True)

    found = bad(github.client.doctor([REPO]))

    assert [one.what for one in found] == said
    assert all("time service" in (one.mend or "") for one in found)


def test_refused_token_ends_the_examination(github: Pair) -> None:
    github.server.deny(github.server.token)

    assert github.client.doctor([REPO]) == [
        Finding(
            False,
            "GITHUB_TOKEN is not accepted by GitHub (Bad credentials).",
            "Make new ones at https://github.com/settings, and set the environment again.",
        )
    ]


def test_github_that_is_away_ends_the_examination(github: Pair) -> None:
    github.server.fail_next("GET", "/user$", "cut_before", times=3)

    assert github.client.doctor([REPO]) == [
        Finding(
            False,
            "GitHub cannot be reached.",
            "Look at GITHUB_API_URL, and at the network between here and GitHub.",
        )
    ]


def test_unseen_read_only_and_archived_repositories_are_found(github: Pair) -> None:
    github.server.add_repository("acme/read")
    github.server.set_permission("acme/read", github.server.bot_login, "read")
    github.server.add_repository("acme/old")
    github.server.repository("acme/old").archived = True

    assert bad(github.client.doctor(["acme/gone", "acme/read", "acme/old"])) == [
        Finding(
            False,
            "acme/gone does not exist on GitHub, or GITHUB_TOKEN cannot see it.",
            "Correct `repository` in settings.toml, or give GITHUB_TOKEN access to acme/gone.",
        ),
        Finding(
            False,
            "acme/read may be read only.",
            "Give the owner of GITHUB_TOKEN write access at https://github.com/acme/read/settings/access.",
        ),
        Finding(False, "acme/old is archived: nothing can be deployed from it.", "Unarchive it."),
    ]


def test_missing_permissions_are_found(github: Pair) -> None:
    github.server.deny(github.server.token, "checks", "deployments")

    assert bad(github.client.doctor([REPO])) == [
        Finding(
            False,
            "Deployments of acme/web cannot be read. GITHUB_TOKEN lacks the permission “deployments: read” "
            "on acme/web: Resource not accessible by personal access token.",
            "Give GITHUB_TOKEN the permission “Deployments” on acme/web.",
        ),
        Finding(
            False,
            "Check runs of acme/web cannot be read. GITHUB_TOKEN lacks the permission “checks: read” on acme/web: "
            "Resource not accessible by personal access token.",
            "Give GITHUB_TOKEN the permission “Check runs” on acme/web.",
        ),
    ]


def test_workflow_runs_that_may_not_be_read_are_no_fault_but_said(github: Pair) -> None:
    github.server.deny(github.server.token, "actions")

    findings = github.client.doctor([REPO])

    assert bad(findings) == []
    assert [one for one in findings if one.warning] == [
        Finding(
            True,
            "Workflow runs of acme/web cannot be read, so the bot does not know which jobs are still to come, or "
            "belong to a deployment. GITHUB_TOKEN lacks the permission “actions: read” on acme/web: Resource not "
            "accessible by personal access token.",
            "Give GITHUB_TOKEN the permission “Actions: read” on acme/web, if it uses GitHub Actions.",
            warning=True,
        )
    ]


def test_empty_repository_is_no_fault(github: Pair) -> None:
    github.server.add_repository("acme/new", empty=True)

    assert bad(github.client.doctor(["acme/new"])) == []


def test_token_of_an_installation_is_accepted_without_a_name(github: Pair) -> None:
    app = github.server.add_app(REPO)
    token = str(github.server.accounts.new_installation_token(app, 7001, github.clock.now())["token"])
    client = GitHub(github.server.url, TokenAuth(token), clock=github.clock, web_url="")

    assert client.doctor([])[0] == Finding(True, "GITHUB_TOKEN is accepted by GitHub.")


def test_app_is_examined_by_its_own_webhook() -> None:
    clock = StillClock()
    with GitHubServer(now=clock.now) as server:
        server.add_repository(REPO)
        app = server.add_app(REPO)
        auth = AppAuth(app.app_id, app.private_key, api_url=server.url, clock=clock)
        client = GitHub(server.url, auth, clock=clock, web_url=server.web_url)
        bare = client.doctor([])
        app.hook_url = "https://elsewhere.example/hook"
        before = client.doctor([REPO, "acme/else"])
        app.hook_url = LISTENER
        app.permissions = {**app.permissions, "deployments": "read", "checks": "read"}
        after = client.doctor([REPO])
        app.permissions = {**app.permissions, "contents": "read", "pull_requests": "read"}
        reading = client.doctor([REPO])

    assert bare[-1] == Finding(
        True,
        "The GitHub App has no webhook, so what is merged is not deployed by itself.",
        "Once GitHub can reach the bot, set BASE_URL, and in the App's settings its address with /github/webhook.",
        warning=True,
    )
    assert before[0] == Finding(
        True, "The GitHub App (GITHUB_APP_ID, GITHUB_PRIVATE_KEY) is accepted by GitHub, as shipmate[bot]."
    )
    assert bad(before) == [
        Finding(
            False,
            "The webhook of the GitHub App does not end in /github/webhook.",
            "Set it in the App's settings to the address of the web process with /github/webhook.",
        ),
        Finding(
            False,
            "The GitHub App is not installed on acme/else.",
            "Correct `repository` in settings.toml, or give the GitHub App (GITHUB_APP_ID, GITHUB_PRIVATE_KEY) "
            "access to acme/else.",
        ),
    ]
    assert bad(after) == [
        Finding(
            False,
            "The GitHub App lacks the permissions deployments: write.",
            "Add them in the App's settings, and accept them where it is installed.",
        )
    ]
    assert bad(reading) == bad(after)
    assert [one for one in reading if one.warning and "merge" in one.what] == [
        Finding(
            True,
            "The GitHub App cannot merge pull requests without contents: write, pull_requests: write.",
            "Add them in the App's settings, if people are to ship pull requests.",
            warning=True,
        )
    ]


# --- whether webhooks arrive -------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def subscribed(github: Pair, receiver: WebhookReceiver) -> Pair:
    github.server.set_permission(REPO, github.server.bot_login, "admin")
    github.server.subscribe(receiver.url, events=NEEDED, repository=REPO)
    return github


@pytest.mark.parametrize(
    ("status", "answer", "cause"),
    [
        (401, "was answered with 401", "Enter the value of GITHUB_WEBHOOK_SECRET as the webhook's secret."),
        (404, "was answered with 404", "The address must be that of the web process with /github/webhook."),
        (503, "was answered with 503", "The bot could not store them: look at its database."),
        (502, "was answered with 502", "Look whether the web process runs, and whether GitHub reaches its address."),
    ],
)
def test_webhooks_that_do_not_arrive_are_told_with_the_usual_cause(
    subscribed: Pair, receiver: WebhookReceiver, status: int, answer: str, cause: str
) -> None:
    receiver.status = status
    told(subscribed)

    [found] = bad(subscribed.client.doctor([REPO]))

    assert found.what.startswith(
        "The webhook of acme/web: 1 of the last 1 deliveries did not arrive; the last of them, deployment at "
    )
    assert found.what.endswith(f"UTC, {answer}.")
    assert found.mend == (
        f"{cause} The bot asks GitHub for them again by itself; see them in https://github.com/acme/web/settings/hooks."
    )


def test_webhooks_that_nobody_takes_are_told(subscribed: Pair) -> None:
    with WebhookReceiver() as gone:
        subscribed.server.subscribe(gone.url, events=NEEDED, repository=REPO)
    told(subscribed)

    [found] = bad(subscribed.client.doctor([REPO]))

    assert "UTC, failed (" in found.what


def test_what_arrives_since_is_only_warned_of(subscribed: Pair, receiver: WebhookReceiver) -> None:
    receiver.status = 503
    told(subscribed)
    receiver.status = 202
    told(subscribed)

    findings = subscribed.client.doctor([REPO])

    assert bad(findings) == []
    assert findings[-1].warning
    assert "1 of the last 2 deliveries did not arrive" in findings[-1].what


def test_what_arrived_at_the_second_time_is_no_fault(subscribed: Pair, receiver: WebhookReceiver) -> None:
    receiver.status = 503
    webhook = told(subscribed)
    receiver.status = 202
    subscribed.clock.at += timedelta(minutes=1)
    subscribed.server.redeliver(webhook)
    subscribed.server.settle()

    findings = subscribed.client.doctor([REPO])

    assert findings[-1] == Finding(True, "The webhook of acme/web sends what the bot needs.")


def told(github: Pair) -> Webhook:
    """Something happens that GitHub tells of; returns the webhook."""
    github.server.create_deployment(REPO, "main", environment="production", by="octocat")
    github.server.settle()
    return github.server.webhooks[-1]


def test_a_webhook_that_goes_elsewhere_than_the_bot_says_it_is_is_warned_of(subscribed: Pair) -> None:
    findings = subscribed.client.doctor([REPO], "https://ship.acme.example")

    [warned] = [one for one in findings if one.warning]

    assert warned.what.endswith("/github/webhook, and BASE_URL is https://ship.acme.example.")


# --- where the App is installed ----------------------------------------------------------------------------------


@pytest.fixture
def app() -> Iterator[tuple[GitHubServer, App, GitHub]]:
    clock = StillClock()
    with GitHubServer(now=clock.now) as server:
        server.add_repository(REPO)
        app = server.add_app(REPO)
        app.hook_url = LISTENER
        auth = AppAuth(app.app_id, app.private_key, api_url=server.url, clock=clock)
        yield server, app, GitHub(server.url, auth, clock=clock, web_url=server.web_url)


def test_permissions_that_were_not_accepted_are_told_with_whose_turn_it_is(
    app: tuple[GitHubServer, App, GitHub],
) -> None:
    _, made, client = app
    made.accepted[7001] = {**made.permissions, "contents": "read"}
    del made.accepted[7001]["statuses"]

    assert bad(client.doctor([REPO])) == [
        Finding(
            False,
            "acme has not accepted what the GitHub App asks for now: statuses: write, contents: write.",
            "Let an owner of acme accept them, in the settings of its installation.",
        )
    ]


def test_a_suspended_installation_is_told(app: tuple[GitHubServer, App, GitHub]) -> None:
    _, made, client = app
    made.suspended.add(7001)

    found = bad(client.doctor([]))

    assert found[0] == Finding(
        False, "The GitHub App is suspended at acme.", "Unsuspend it in the settings of its installation."
    )
