"""The GitHub that the other tests talk to keeps GitHub's rules."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import product
from typing import Any

import pytest
import requests
from freezegun import freeze_time

from bot.adapters.github.webhooks import payload_of, verify
from tests.servers.background import Background
from tests.servers.github.pair import REPO
from tests.servers.github.server import GitHubServer


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as github:
        github.add_repository(REPO)
        yield github


def ask(server: GitHubServer, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    return requests.request(
        method,
        f"{server.url}/repos/{REPO}{path}",
        json=body,
        headers={"Authorization": f"Bearer {server.token}", **headers},
        timeout=5,
    )


def test_a_merge_by_hand_merges_the_pull_requests_that_it_brings_in(server: GitHubServer) -> None:
    for branch in ("one", "two", "three"):
        server.commit(REPO, branch, f"Add {branch}")
    numbers = [server.open_pull_request(REPO, branch) for branch in ("one", "two", "three")]

    sha = server.push_merge(REPO, "main", "one", "two")

    found = [ask(server, "GET", f"/pulls/{number}").json() for number in numbers]
    assert [(one["merged"], one["merge_commit_sha"]) for one in found] == [(True, sha), (True, sha), (False, None)]
    assert [parent["sha"] for parent in ask(server, "GET", "/commits/main").json()["parents"][1:]] == [
        one["head"]["sha"] for one in found[:2]
    ]


def test_a_merge_queue_pushes_once(server: GitHubServer) -> None:
    numbers = []
    for branch in ("one", "two"):
        server.commit(REPO, branch, f"Add {branch}")
        numbers.append(server.open_pull_request(REPO, branch))
    before = len(server.webhooks_of("push"))

    head = server.merge_queue(REPO, numbers, "squash")

    merges = [ask(server, "GET", f"/pulls/{number}").json()["merge_commit_sha"] for number in numbers]
    assert merges[1] == head
    assert [one["sha"] for one in ask(server, "GET", "/commits/main").json()["parents"]] == merges[:1]
    assert len(server.webhooks_of("push")) == before + 1


@contextlib.contextmanager
def listener(answers: list[int]) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A webhook listener that answers with these statuses in turn, then 200."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((dict(self.headers.items()), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    http = HTTPServer(("127.0.0.1", 0), Handler)
    running = Background(http)
    running.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/github/webhook", got
    finally:
        running.stop()


@pytest.mark.parametrize("content_type", ["json", "form"])
def test_subscriber_gets_signed_webhooks_in_order(server: GitHubServer, content_type: str) -> None:
    with listener([500]) as (url, got):
        server.subscribe(url, "s3cret", content_type=content_type, repository=REPO)
        server.add_repository("acme/other")
        server.commit("acme/other", "main", "Not for this one")
        server.commit(REPO, "topic", "Größe")
        server.merge_pull_request(REPO, server.open_pull_request(REPO, "topic"))
        server.settle()

    names = [headers["X-GitHub-Event"] for headers, _ in got]
    assert names == ["create", "push", "pull_request", "pull_request", "push"]
    assert all(verify(("s3cret",), body, headers["X-Hub-Signature-256"]) for headers, body in got)
    mine = [webhook for webhook in server.webhooks if webhook.repository == REPO]
    assert [payload_of(headers["Content-Type"], body) for headers, body in got] == [webhook.body for webhook in mine]
    assert [attempt.status for attempt in server.attempts] == [500, 200, 200, 200, 200]


def test_redelivery_keeps_its_id(server: GitHubServer) -> None:
    with listener([]) as (url, got):
        server.subscribe(url, events=["status"])
        server.set_status(REPO, "main", "ci", "success")
        server.redeliver(server.webhooks[-1])
        server.settle()

    assert [headers["X-GitHub-Delivery"] for headers, _ in got] == [server.webhooks[-1].delivery_id] * 2


def test_kept_webhooks_can_be_delivered_by_hand(server: GitHubServer) -> None:
    server.set_status(REPO, "main", "ci", "success")

    webhook = server.webhooks[-1]

    assert verify((server.webhook_secret,), webhook.body, webhook.headers["X-Hub-Signature-256"])
    assert webhook.headers["X-GitHub-Delivery"] == webhook.delivery_id


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 422, 'Invalid request.\n\n"ref" wasn\'t supplied.'),
        ({"ref": "nope"}, 422, "No ref found for: nope"),
        ({"ref": "main", "colour": "red"}, 422, 'Invalid request.\n\n"colour" is not a permitted key.'),
        (
            {"ref": "main", "auto_merge": "no"},
            422,
            "Invalid request.\n\nFor 'properties/auto_merge', 'no' is not of type boolean.",
        ),
        ({"ref": "main", "description": "x" * 141}, 422, "Validation Failed"),
    ],
)
def test_bad_deployments_are_refused(server: GitHubServer, body: Any, status: int, message: str) -> None:
    answer = ask(server, "POST", "/deployments", body)

    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert server.deployments(REPO) == []


def test_skipped_check_blocks_where_contexts_are_left_out(server: GitHubServer) -> None:
    server.set_status(REPO, "main", "ci", "success")
    server.set_check_run(REPO, "main", "docs", "skipped")

    answer = ask(server, "POST", "/deployments", {"ref": "main"})

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["contexts"] == [
        {"context": "ci", "state": "success"},
        {"context": "docs", "state": "skipped"},
    ]
    assert ask(server, "POST", "/deployments", {"ref": "main", "required_contexts": ["ci"]}).status_code == 201


def test_branch_that_is_behind_is_merged_unless_told_otherwise(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Ours")
    server.commit(REPO, "main", "Theirs")

    merged = ask(server, "POST", "/deployments", {"ref": "topic"})
    deployed = ask(server, "POST", "/deployments", {"ref": "topic"})

    assert (merged.status_code, merged.json()) == (202, {"message": "Auto-merged main into topic on deployment."})
    assert (deployed.status_code, deployed.json()["sha"]) == (201, server.repository(REPO).branches["topic"])


def test_payload_comes_back_as_it_was_sent(server: GitHubServer) -> None:
    as_text = ask(server, "POST", "/deployments", {"ref": "main", "payload": '{"a": 1}'})
    as_object = ask(server, "POST", "/deployments", {"ref": "main", "payload": {"a": 1}})

    assert (as_text.json()["payload"], as_object.json()["payload"]) == ('{"a": 1}', {"a": 1})


def test_review_is_upper_case_in_the_api_and_lower_case_in_webhooks(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Ours")
    number = server.open_pull_request(REPO, "topic")
    server.review(REPO, number, "approved", author="hubot")

    answer = ask(server, "GET", f"/pulls/{number}/reviews")

    assert answer.json()[0]["state"] == "APPROVED"
    assert server.webhooks[-1].json["review"]["state"] == "approved"


def test_pull_request_is_merged_over_the_api(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Ours")
    number = server.open_pull_request(REPO, "topic")

    answer = ask(server, "PUT", f"/pulls/{number}/merge", {"merge_method": "squash"})
    again = ask(server, "PUT", f"/pulls/{number}/merge")

    assert answer.json()["sha"] == server.repository(REPO).branches["main"]
    assert (again.status_code, again.json()["message"]) == (405, "Pull Request is not mergeable")
    assert [webhook.json["action"] for webhook in server.webhooks_of("pull_request")] == ["opened", "closed"]


def test_lists_have_thirty_items_and_a_link(server: GitHubServer) -> None:
    for number in range(40):
        server.branch(REPO, f"b{number}")

    answer = ask(server, "GET", "/branches")

    assert len(answer.json()) == 30
    assert answer.links["next"]["url"] == f"{server.url}/repos/{REPO}/branches?page=2"


def test_unknown_version_and_nameless_client_are_refused(server: GitHubServer) -> None:
    assert ask(server, "GET", "", **{"X-GitHub-Api-Version": "2020-01-01"}).status_code == 400
    assert ask(server, "GET", "", **{"User-Agent": ""}).status_code == 403
    assert ask(server, "GET", "", Authorization="Bearer wrong").status_code == 401


def test_collaborators_have_permissions(server: GitHubServer) -> None:
    server.set_permission(REPO, "hubot", "maintain")

    answer = ask(server, "GET", "/collaborators/hubot/permission")

    assert (answer.json()["permission"], answer.json()["role_name"]) == ("write", "maintain")


def test_frozen_time_is_the_servers_time_and_stops_nothing(server: GitHubServer) -> None:
    with listener([]) as (url, got), freeze_time("2026-05-01T12:00:00Z"):
        server.subscribe(url)
        answer = ask(server, "POST", "/deployments", {"ref": "main"})
        server.settle()

    assert answer.json()["created_at"] == "2026-05-01T12:00:00Z"
    assert len(got) == 1


@pytest.mark.parametrize("new", ["acme/site", "newowner/web", "newowner/site"])
def test_a_renamed_repository_answers_to_its_old_names_until_another_has_them(server: GitHubServer, new: str) -> None:
    number = server.repository(REPO).id
    server.rename_repository(REPO, new)
    server.rename_repository(new, "acme/last")

    asked = (("GET", "", 301), ("GET", "/deployments", 301), ("POST", "/deployments", 307))
    for old, (method, path, status) in product((REPO, new), asked):
        answer = requests.request(
            method,
            f"{server.url}/repos/{old}{path}",
            headers={"Authorization": f"Bearer {server.token}"},
            timeout=5,
            allow_redirects=False,
        )
        location = f"{server.url}/repositories/{number}{path}"
        assert (answer.status_code, answer.headers["Location"]) == (status, location)
    server.add_repository(REPO)
    assert ask(server, "GET", "").json()["id"] != number


# --- comments, labels, releases -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "status", "problem"),
    [
        ("/issues/1/comments", {}, 422, 'Invalid request.\n\n"body" wasn\'t supplied.'),
        ("/issues/1/comments", {"body": " "}, 422, "Validation Failed"),
        ("/issues/1/comments", {"body": 1}, 422, "Invalid request.\n\nFor 'properties/body', 1 is not of type string."),
        ("/issues/9/comments", {"body": "x"}, 404, "Not Found"),
        ("/issues/1/labels", {"labels": ["x" * 51]}, 422, "Validation Failed"),
        ("/issues/1/labels", {"labels": [""]}, 422, "Validation Failed"),
        ("/issues/9/labels", {"labels": ["x"]}, 404, "Not Found"),
        ("/releases", {}, 422, 'Invalid request.\n\n"tag_name" wasn\'t supplied.'),
        ("/releases", {"tag_name": "v1"}, 422, "Validation Failed"),
        ("/releases", {"tag_name": "v2", "target_commitish": "4f5a" * 10}, 422, "Validation Failed"),
        ("/releases", {"tag_name": "v2", "make_latest": "maybe"}, 422, "Validation Failed"),
        (
            "/releases",
            {"tag_name": "v2", "make_latest": True},
            422,
            "Invalid request.\n\nFor 'properties/make_latest', True is not of type string.",
        ),
        ("/releases/generate-notes", {"tag_name": "v2", "previous_tag_name": "v0"}, 422, "Validation Failed"),
    ],
)
def test_what_cannot_be_written_is_refused(
    server: GitHubServer, path: str, body: Any, status: int, problem: str
) -> None:
    server.commit(REPO, "topic", "Ours")
    server.open_pull_request(REPO, "topic")
    server.publish_release(REPO, "v1", "main")

    answer = ask(server, "POST", path, body)

    assert (answer.status_code, answer.json()["message"]) == (status, problem)


def test_a_label_is_one_in_whatever_case_it_is_written(server: GitHubServer) -> None:
    server.commit(REPO, "topic", "Ours")
    number = server.open_pull_request(REPO, "topic")

    ask(server, "POST", f"/issues/{number}/labels", {"labels": ["Live", "live"]})
    answer = ask(server, "POST", f"/issues/{number}/labels", {"labels": ["LIVE"]})
    gone = ask(server, "DELETE", f"/issues/{number}/labels/lIVE")
    again = ask(server, "DELETE", f"/issues/{number}/labels/live")

    assert [one["name"] for one in answer.json()] == ["Live"]
    assert (gone.status_code, gone.json()) == (200, [])
    assert (again.status_code, again.json()["message"]) == (404, "Label does not exist")


def test_a_release_makes_its_tag_and_is_the_latest_unless_told_otherwise(server: GitHubServer) -> None:
    made = ask(server, "POST", "/releases", {"tag_name": "v1", "target_commitish": "main"})
    ask(server, "POST", "/releases", {"tag_name": "v2", "make_latest": "false"})

    assert made.status_code == 201
    assert server.repository(REPO).tags["v1"].commit_sha == server.repository(REPO).branches["main"]
    assert server.latest_release(REPO) == "v1"
    assert ask(server, "GET", "/releases/tags/v2").json()["tag_name"] == "v2"
    assert ask(server, "GET", "/releases/tags/v3").status_code == 404
    assert [one.json["action"] for one in server.webhooks_of("release")] == ["published"] * 2
