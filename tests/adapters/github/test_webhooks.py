"""GitHub's webhooks: which are genuine, and what they mean."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.adapters.github.webhooks import NamedRepository, events_of, heard_in, payload_of, verify
from bot.core.errors import Rejected
from bot.core.events.external import (
    ChecksChanged,
    DeploymentCreated,
    DeploymentStatusReported,
    PullRequestChanged,
    PullRequestClosed,
    PullRequestDequeued,
    PullRequestMerged,
    ReviewChanged,
    WorkflowRunChanged,
)
from tests.servers.github.pair import REPO, T0, StillClock
from tests.servers.github.server import GitHubServer

# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
GITHUBS_EXAMPLE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer(now=StillClock().now) as github:
        github.add_repository(REPO)
        yield github


def changed(server: GitHubServer, event: str, **changes: Any) -> bytes:
    """The last webhook of a kind, with other values at paths such as ``pull_request__title``."""
    payload = server.webhooks_of(event)[-1].json
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = payload
        for parent in parents:
            place = place[parent]
        place[name] = value
    return json.dumps(payload).encode()


def test_githubs_own_example_is_genuine() -> None:
    assert verify(("It's a Secret to Everybody",), b"Hello, World!", GITHUBS_EXAMPLE)


@pytest.mark.parametrize(
    ("secret", "body", "header"),
    [
        ("another secret", b"Hello, World!", GITHUBS_EXAMPLE),
        ("It's a Secret to Everybody", b"Hello, World?", GITHUBS_EXAMPLE),
        ("It's a Secret to Everybody", b"Hello, World!", GITHUBS_EXAMPLE.removeprefix("sha256=")),
        ("It's a Secret to Everybody", b"Hello, World!", GITHUBS_EXAMPLE.upper()),
        ("It's a Secret to Everybody", b"Hello, World!", "sha256=ü\udcff"),
        ("It's a Secret to Everybody", b"Hello, World!", ""),
        ("It's a Secret to Everybody", b"Hello, World!", None),
        ("", b"", "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ],
)
def test_everything_else_is_not_genuine(secret: str, body: bytes, header: str | None) -> None:
    assert not verify((secret,), body, header)


@pytest.mark.parametrize("secrets", [("old", "It's a Secret to Everybody"), ("It's a Secret to Everybody", "new")])
def test_while_the_secret_is_changed_either_one_signs(secrets: tuple[str, ...]) -> None:
    assert verify(secrets, b"Hello, World!", GITHUBS_EXAMPLE)


@pytest.mark.parametrize("secrets", [(), ("",), ("", ""), ("old", "new"), ("old", "")])
def test_no_other_secret_signs_and_an_empty_one_nothing(secrets: tuple[str, ...]) -> None:
    empty = "sha256=" + hmac.digest(b"", b"Hello, World!", "sha256").hex()

    assert not verify(secrets, b"Hello, World!", GITHUBS_EXAMPLE)
    assert not verify(secrets, b"Hello, World!", empty)
    assert not verify(secrets, b"Hello, World!", None)


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "", None])
def test_json_is_taken_as_it_is(content_type: str | None) -> None:
    assert payload_of(content_type, b'{"a": 1}') == b'{"a": 1}'


def test_form_gives_its_payload() -> None:
    body = urlencode({"payload": '{"title": "Größe & mehr 🚀"}', "other": "x"}).encode()

    found = payload_of("application/x-www-form-urlencoded; charset=utf-8", body)

    assert found == '{"title": "Größe & mehr 🚀"}'.encode()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The webhook's form has no field “payload”."),
        (b"other=1", "The webhook's form has no field “payload”."),
        (b"payload=%ff", "The webhook's form cannot be read."),
        ("payload=ü".encode(), "The webhook's form cannot be read."),
        (b"&".join(b"a=1" for _ in range(1000)), "The webhook's form cannot be read."),
    ],
)
def test_broken_form_is_rejected(body: bytes, sentence: str) -> None:
    with pytest.raises(Rejected) as error:
        payload_of("application/x-www-form-urlencoded", body)

    assert str(error.value) == sentence


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_merged_pull_request_tells_the_commit_on_the_base_branch(server: GitHubServer, method: str) -> None:
    base = server.repository(REPO).branches["main"]
    head = server.commit(REPO, "topic", "Add search")
    number = server.open_pull_request(REPO, "topic", title="Search", author="hubot")
    merge = server.merge_pull_request(REPO, number, method=method, by="octocat")

    events = events_of("pull_request", server.webhooks_of("pull_request")[-1].body)

    assert events == [
        PullRequestMerged(
            repository=REPO,
            number=number,
            title="Search",
            url=f"https://github.com/acme/web/pull/{number}",
            author="hubot",
            merged_by="octocat",
            base="main",
            head_sha=head,
            merge_sha=merge,
            base_sha=base,
            merged_at=T0,
            head_ref="topic",
        )
    ]


def test_accounts_that_were_deleted_are_ghosts(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Add search")
    server.merge_pull_request(REPO, server.open_pull_request(REPO, "topic"))
    body = changed(server, "pull_request", pull_request__user=None, pull_request__merged_by=None, sender=None)

    (event,) = events_of("pull_request", body)

    assert isinstance(event, PullRequestMerged)
    assert (event.author, event.merged_by) == ("ghost", "ghost")


def test_pull_request_of_a_deleted_fork_is_understood(server: GitHubServer) -> None:
    number = server.open_pull_request(REPO, "patch-1", fork="mallory/web", author="mallory")
    server.close_pull_request(REPO, number)
    body = changed(server, "pull_request", pull_request__head__repo=None)

    (event,) = events_of("pull_request", body)

    assert isinstance(event, PullRequestClosed)
    assert event.head_ref == "mallory:patch-1"


def test_pull_request_closed_without_a_merge(server: GitHubServer) -> None:
    head = server.commit(REPO, "topic", "Add search")
    number = server.open_pull_request(REPO, "topic")
    server.close_pull_request(REPO, number)

    events = events_of("pull_request", server.webhooks_of("pull_request")[-1].body)

    assert events == [PullRequestClosed(REPO, number, "topic", head)]


def test_merge_without_its_commit_is_rejected(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Add search")
    server.merge_pull_request(REPO, server.open_pull_request(REPO, "topic"))
    body = changed(server, "pull_request", pull_request__merge_commit_sha=None)

    with pytest.raises(Rejected) as error:
        events_of("pull_request", body)

    assert str(error.value) == ("The webhook “pull_request” is not understood: it tells of a merge without its commit.")


@pytest.mark.parametrize(
    ("payload", "request_id"),
    [
        ({"request_id": "r-1", "ref": "main"}, "r-1"),
        ('{"request_id": "r-1"}', "r-1"),
        ({"request_id": 5}, None),
        ({"request_id": ""}, None),
        ({}, None),
        ("", None),
        ("{broken", None),
        ('"r-1"', None),
        ([1, {"request_id": "r-1"}], None),
        (None, None),
    ],
)
def test_deployment_tells_our_request_id_only(server: GitHubServer, payload: Any, request_id: str | None) -> None:
    remote_id = server.create_deployment(REPO, "main", environment="staging", task="deploy:migrate", by="hubot")
    sha = server.repository(REPO).branches["main"]

    events = events_of("deployment", changed(server, "deployment", deployment__payload=payload))

    assert events == [
        DeploymentCreated(
            repository=REPO,
            remote_id=remote_id,
            sha=sha,
            ref="main",
            task="deploy:migrate",
            environment="staging",
            description="",
            creator="hubot",
            request_id=request_id,
            created_at=T0,
        )
    ]


def test_deployment_status_is_reported(server: GitHubServer) -> None:
    remote_id = server.create_deployment(REPO, "main", payload={"request_id": "r-1"})
    status_id = server.report_deployment_status(
        REPO, remote_id, "failure", description="Tests failed", log_url="https://log/1", by="hubot"
    )

    events = events_of("deployment_status", server.webhooks_of("deployment_status")[-1].body)

    assert events == [
        DeploymentStatusReported(
            repository=REPO,
            remote_id=remote_id,
            status_id=status_id,
            state="failure",
            description="Tests failed",
            log_url="https://log/1",
            environment_url=None,
            creator="hubot",
            created_at=T0,
        )
    ]


def test_old_tools_target_url_is_the_log(server: GitHubServer) -> None:
    server.report_deployment_status(REPO, server.create_deployment(REPO, "main"), "success")
    changes = {"deployment_status__log_url": "", "deployment_status__target_url": "https://old/1"}

    (event,) = events_of("deployment_status", changed(server, "deployment_status", **changes))

    assert isinstance(event, DeploymentStatusReported)
    assert event.log_url == "https://old/1"


def test_times_become_utc(server: GitHubServer) -> None:
    server.create_deployment(REPO, "main")
    body = changed(server, "deployment", deployment__created_at="2026-03-02T11:30:00+02:00")

    (event,) = events_of("deployment", body)

    assert isinstance(event, DeploymentCreated)
    assert event.created_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert event.created_at.tzinfo is UTC


def test_statuses_and_checks_change_the_checks_of_their_commit(server: GitHubServer) -> None:
    sha = server.repository(REPO).branches["main"]
    server.set_status(REPO, "main", "ci", "success")
    server.set_check_run(REPO, "main", "build")
    workflow_run = {"workflow_run": {"head_sha": sha, "id": 1}, "repository": {"full_name": REPO}}

    events = [
        *(events_of(webhook.event, webhook.body) for webhook in server.webhooks),
        events_of("workflow_run", json.dumps(workflow_run).encode()),
    ]

    assert [webhook.event for webhook in server.webhooks] == ["status", "check_run", "check_suite"]
    assert events == [[ChecksChanged(REPO, sha)]] * 4


@pytest.mark.parametrize(
    ("event", "run_is_told"), [("workflow_dispatch", True), ("push", False), ("schedule", False), (None, False)]
)
def test_a_run_that_somebody_dispatched_is_told_before_the_checks_of_its_commit(
    event: str | None, run_is_told: bool
) -> None:
    run = {"head_sha": "1a" * 20, "id": 7, "event": event} if event else {"head_sha": "1a" * 20, "id": 7}
    body = json.dumps({"action": "completed", "workflow_run": run, "repository": {"full_name": REPO}}).encode()

    told = [WorkflowRunChanged(REPO, 7)] if run_is_told else []
    assert events_of("workflow_run", body) == [*told, ChecksChanged(REPO, "1a" * 20)]


def test_what_changes_about_an_open_pull_request_is_told_and_nothing_else(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Add search")
    number = server.open_pull_request(REPO, "topic")
    server.commit(REPO, "topic", "More")
    server.set_draft(REPO, number, True)
    server.set_draft(REPO, number, False)
    server.branch(REPO, "release")
    server.retarget(REPO, number, "release")
    server.enqueue(REPO, number)

    told = [events_of("pull_request", webhook.body) for webhook in server.webhooks_of("pull_request")]

    changed = [PullRequestChanged(REPO, number)]
    assert told == [changed, changed, changed, changed, changed, []]


def test_labels_and_an_opening_once_more_are_told_too(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Add search")
    number = server.open_pull_request(REPO, "topic")
    server.put_labels(REPO, number, ["preview"])
    server.take_label(REPO, number, "preview")
    server.close_pull_request(REPO, number)
    server.reopen_pull_request(REPO, number)

    told = [events_of("pull_request", webhook.body) for webhook in server.webhooks_of("pull_request")]

    changed = [PullRequestChanged(REPO, number)]
    assert [*told[:3], told[4]] == [changed] * 4


@pytest.mark.parametrize(("reason", "told"), [("CI_FAILURE", "CI_FAILURE"), (None, "")])
def test_why_it_left_the_merge_queue(server: GitHubServer, reason: str | None, told: str) -> None:
    server.commit(REPO, "topic", "Add search")
    number = server.open_pull_request(REPO, "topic")
    server.dequeue(REPO, number, "CI_FAILURE")
    body = changed(server, "pull_request", reason=reason)

    assert events_of("pull_request", body) == [PullRequestDequeued(REPO, number, told)]


def test_a_review_names_its_pull_request(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Add search")
    number = server.open_pull_request(REPO, "topic")
    server.review(REPO, number, "approved", author="hubot")

    webhook = server.webhooks_of("pull_request_review")[-1]
    events = events_of(webhook.event, webhook.body)

    assert events == [ReviewChanged(REPO, number)]


def test_what_the_bot_does_not_use_means_nothing(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Add search")
    number = server.open_pull_request(REPO, "topic")
    opened = len(server.webhooks)
    server.enqueue(REPO, number)
    server.tag(REPO, "v1")
    server.delete_branch(REPO, "topic")
    server.ping(REPO)

    names = {webhook.event for webhook in server.webhooks}
    unused = [*server.webhooks[: opened - 1], *server.webhooks[opened:]]
    events = [event for webhook in unused for event in events_of(webhook.event, webhook.body)]

    assert names == {"create", "push", "pull_request", "delete", "ping"}
    assert events == []
    assert events_of("from_the_future", b"{}") == []


@pytest.mark.parametrize(
    "name", ["pull_request", "pull_request_review", "deployment", "deployment_status", "status", "check_run"]
)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"action": "closed"}', b"[" * 100_000, b'{"action": 1}']
)
def test_broken_webhook_is_rejected_in_a_sentence(name: str, body: bytes) -> None:
    if name == "deployment" and body == b'{"action": "closed"}':
        assert events_of(name, body) == []
        return

    with pytest.raises(Rejected) as error:
        events_of(name, body)

    assert str(error.value).startswith(f"The webhook “{name}” is not understood: ")


def test_missing_field_is_named(server: GitHubServer) -> None:
    server.create_deployment(REPO, "main")

    with pytest.raises(Rejected) as error:
        events_of("deployment", changed(server, "deployment", deployment__sha=None))

    assert str(error.value) == (
        "The webhook “deployment” is not understood: Expected `str`, got `null` - at `$.deployment.sha`."
    )


def test_time_without_a_zone_is_rejected(server: GitHubServer) -> None:
    server.create_deployment(REPO, "main")

    with pytest.raises(Rejected):
        events_of("deployment", changed(server, "deployment", deployment__created_at="2026-03-02T11:30:00"))


# --- which repository it is about ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repository", "said"),
    [
        ({"id": 7, "full_name": "acme/web"}, NamedRepository("acme/web", 7)),
        ({"full_name": "acme/web"}, NamedRepository("acme/web")),
        ({"id": None, "full_name": "acme/web"}, NamedRepository("acme/web")),
        (None, None),
    ],
)
@pytest.mark.parametrize("name", ["push", "repository", "sunrise"])
def test_whatever_a_webhook_tells_it_names_its_repository(
    name: str, repository: dict[str, object] | None, said: NamedRepository | None
) -> None:
    assert heard_in(name, json.dumps({"repository": repository, "ref": "refs/heads/main"}).encode())[0] == said
    assert heard_in(name, b"{}") == (None, [])


@pytest.mark.parametrize("name", ["check_run", "check_suite", "status", "pull_request", "pull_request_review"])
def test_what_is_about_a_repository_and_names_none_is_refused(server: GitHubServer, name: str) -> None:
    told = {
        "check_run": {"head_sha": "1a2b3c4"},
        "check_suite": {"head_sha": "1a2b3c4"},
        "pull_request": {"number": 3},
        "sha": "1a2b3c4",
        "action": "opened",
    }

    with pytest.raises(Rejected, match="names no repository"):
        heard_in(name, json.dumps(told).encode())
    found = heard_in(name, json.dumps({**told, "repository": {"id": 7, "full_name": "acme/web"}}).encode())

    assert found[0] == NamedRepository("acme/web", 7)
    assert len(found[1]) == 1


@pytest.mark.parametrize("lacks", ["action", "pull_request"])
def test_a_pull_request_without_its_number_or_what_happened_to_it_is_refused(lacks: str) -> None:
    told = {"repository": {"full_name": "acme/web"}, "action": "opened", "pull_request": {"number": 3}}
    del told[lacks]

    with pytest.raises(Rejected, match="lacks"):
        heard_in("pull_request", json.dumps(told).encode())


@pytest.mark.parametrize("repository", ["acme/web", 7, {}, {"id": "7", "full_name": "acme/web"}, {"id": 2**63}])
def test_a_repository_that_is_none_is_refused(repository: object) -> None:
    with pytest.raises(Rejected):
        heard_in("push", json.dumps({"repository": repository}).encode())


@pytest.mark.parametrize("new", ["acme/site", "newowner/web"])
def test_a_renamed_repository_keeps_its_number_in_each_webhook(server: GitHubServer, new: str) -> None:
    number = server.repository(REPO).id
    server.rename_repository(REPO, new)
    server.set_status(new, "main", "ci", "success")

    said = [heard_in(one.event, one.body)[0] for one in server.webhooks]

    assert said == [NamedRepository(new, number)] * 2
