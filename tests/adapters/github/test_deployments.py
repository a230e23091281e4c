"""GitHub's record of deployments, against a server that speaks its REST API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.github.webhooks import events_of
from bot.core.errors import Conflict, NotAllowed, Rejected, Unavailable
from bot.core.events.external import DeploymentCreated
from bot.core.ports.forge_types import MergedInstead, NewRemoteDeployment, NewRemoteStatus
from tests.servers.github.pair import REPO, T0, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def new_deployment(sha: str, **changes: object) -> NewRemoteDeployment:
    fields: dict[str, object] = {
        "repository": REPO,
        "sha": sha,
        "task": "deploy",
        "environment": "production",
        "description": "Asked for by octocat",
        "payload": {"ref": "main", "hosts": None, "params": {"speed": "fast"}},
        "request_id": "r-1",
        "production": True,
    }
    return NewRemoteDeployment(**{**fields, **changes})  # type: ignore[arg-type]


def test_deployment_is_created_with_the_whole_contract(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]

    remote_id = github.client.deployments.create(new_deployment(sha, description="Why\nnot? " * 40, transient=True))

    assert isinstance(remote_id, int)
    assert github.server.requests[-1].body == {
        "ref": sha,
        "task": "deploy",
        "environment": "production",
        "description": ("Why not? " * 16)[:-6] + "…",
        "payload": {"ref": "main", "hosts": None, "params": {"speed": "fast"}, "request_id": "r-1"},
        "auto_merge": False,
        "required_contexts": [],
        "production_environment": True,
        "transient_environment": True,
    }
    created = github.client.deployments.get(REPO, remote_id)
    assert created is not None
    assert (created.id, created.sha, created.ref, created.request_id) == (remote_id, sha, sha, "r-1")
    assert (created.creator, created.created_at, created.environment) == ("shipmate-bot", T0, "production")


def test_failing_checks_do_not_stop_a_deployment_at_github(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.set_status(REPO, sha, "ci", "failure")

    assert isinstance(github.client.deployments.create(new_deployment(sha)), int)


def test_auto_merge_tells_the_merge_commit_instead(github: Pair) -> None:
    topic = github.server.commit(REPO, "topic", "Add search")
    github.server.commit(REPO, "main", "Elsewhere")

    found = github.client.deployments.create(new_deployment(topic, auto_merge=True, payload={"ref": "topic"}))

    merged = github.server.repository(REPO).branches["topic"]
    assert found == MergedInstead(merged, "Auto-merged main into topic on deployment.")
    assert github.server.deployments(REPO) == []


def test_merge_conflict_is_told(github: Pair) -> None:
    topic = github.server.commit(REPO, "topic", "Ours", files={"README.md": "ours"})
    github.server.commit(REPO, "main", "Theirs", files={"README.md": "theirs"})

    with pytest.raises(Conflict) as error:
        github.client.deployments.create(new_deployment(topic, auto_merge=True))

    assert str(error.value) == "Conflict merging main into topic."


def test_failing_contexts_are_named(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    contexts = [
        {"context": "ci/test", "state": "failure"},
        {"context": "ci/lint", "state": "success"},
        {"context": "build", "state": "pending"},
        {"context": "build", "state": "pending"},
    ]
    body = {"message": "Conflict: Commit status checks failed for main.", "errors": [{"contexts": contexts}]}
    github.server.fail_next("POST", "/deployments$", 409, body=body)

    with pytest.raises(Conflict) as error:
        github.client.deployments.create(new_deployment(sha))

    assert str(error.value) == (
        "Conflict: Commit status checks failed for main. Not successful: ci/test (failure), build (pending)."
    )


def test_unknown_commit_cannot_be_deployed(github: Pair) -> None:
    with pytest.raises(Rejected) as error:
        github.client.deployments.create(new_deployment("f" * 40))

    assert str(error.value) == f"No ref found for: {'f' * 40}."


def test_reader_may_not_deploy(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.set_permission(REPO, github.server.bot_login, "read")

    with pytest.raises(NotAllowed) as error:
        github.client.deployments.create(new_deployment(sha))

    assert str(error.value) == (
        "GITHUB_TOKEN lacks the permission “deployments: write” on acme/web: "
        "Resource not accessible by personal access token."
    )


def test_deployment_is_found_again_after_a_lost_answer(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    new = new_deployment(sha)
    assert github.client.deployments.find(new) is None
    github.server.fail_next("POST", "/deployments$", "cut_after")

    with pytest.raises(Unavailable) as error:
        github.client.deployments.create(new)
    found = github.client.deployments.find(new)

    assert error.value.uncertain
    assert [deployment.id for deployment in github.server.deployments(REPO)] == [found]


def test_deployment_is_found_among_those_of_others(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    mine = github.server.bot_login
    ours = github.server.create_deployment(REPO, sha, payload='{"request_id": "r-1"}', by=mine)
    for payload in ({"request_id": "r-2"}, "no json", "", '["r-1"]', {"request_id": 1}):
        github.server.create_deployment(REPO, sha, payload=payload)
    for number in range(130):
        github.server.create_deployment(REPO, sha, payload={"n": number})
    github.server.create_deployment(REPO, sha, payload={"request_id": "r-1"}, task="migrate", by=mine)
    github.server.create_deployment(REPO, sha, payload={"request_id": "r-1"}, by="mallory")

    assert github.client.deployments.find(new_deployment(sha)) == ours


def test_a_token_that_may_not_ask_who_it_is_believes_the_request_id(github: Pair) -> None:
    github.server.fail_next("GET", "^/user$", 403)
    sha = github.server.repository(REPO).branches["main"]
    copied = github.server.create_deployment(REPO, sha, payload={"request_id": "r-1"}, by="ghs-app[bot]")

    assert github.client.users.own_login() is None
    assert github.client.deployments.find(new_deployment(sha)) == copied


def test_unknown_deployment_is_none(github: Pair) -> None:
    assert github.client.deployments.get(REPO, 5) is None


def test_status_is_posted_and_read_back(github: Pair) -> None:
    remote_id = github.server.create_deployment(REPO, "main", environment="staging")
    status = NewRemoteStatus("success", "It went well " * 20, "staging", "https://log/1", "https://staging", False)

    status_id = github.client.deployments.post_status(REPO, remote_id, status)

    (found,) = github.client.deployments.statuses(REPO, remote_id)
    assert github.server.requests[-2].body["auto_inactive"] is False
    assert (found.id, found.state, found.creator, found.created_at) == (status_id, "success", "shipmate-bot", T0)
    assert (found.log_url, found.environment_url) == ("https://log/1", "https://staging")
    assert len(found.description) == 140
    assert found.description.endswith(" It went w…")


def test_statuses_come_oldest_first_and_without_empty_links(github: Pair) -> None:
    remote_id = github.server.create_deployment(REPO, "main")
    ids = [github.server.report_deployment_status(REPO, remote_id, "in_progress") for _ in range(120)]

    found = github.client.deployments.statuses(REPO, remote_id)

    assert [status.id for status in found] == ids
    assert (found[0].log_url, found[0].environment_url) == (None, None)


def test_success_makes_its_predecessor_inactive(github: Pair) -> None:
    ids = [github.server.create_deployment(REPO, "main", environment="staging") for _ in range(2)]

    for remote_id in ids:
        github.client.deployments.post_status(REPO, remote_id, NewRemoteStatus("success", "Done", "staging"))

    assert [deployment.state for deployment in github.server.deployments(REPO)] == ["inactive", "success"]


def test_unknown_state_is_rejected(github: Pair) -> None:
    remote_id = github.server.create_deployment(REPO, "main")

    with pytest.raises(Rejected) as error:
        github.client.deployments.post_status(REPO, remote_id, NewRemoteStatus("great", "Done", "staging"))

    assert str(error.value) == "Validation Failed: state is not included in the list."


def test_renamed_repository_is_followed(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.rename_repository(REPO, "acme/site")

    found = github.client.resolve(REPO, "main")
    remote_id = github.client.deployments.create(new_deployment(sha))

    assert found is not None
    assert found.sha == sha
    assert [deployment.id for deployment in github.server.deployments("acme/site")] == [remote_id]
    assert github.client.repository(REPO).name == "acme/site"


@pytest.mark.parametrize(
    ("by", "via_app", "by_workflow"),
    [
        ("github-actions[bot]", None, True),
        ("github-actions[bot]", "github-actions", True),
        ("octocat", "github-actions", True),
        ("octocat", None, False),
        ("octocat", "octo-app", False),
        ("github-actions[bot]", "octo-app", False),
        ("github-actions", None, False),
        ("GitHub-Actions[bot]", None, False),
    ],
)
def test_what_a_workflow_made_is_known_by_its_app_however_it_is_read(
    github: Pair, by: str, via_app: str | None, by_workflow: bool
) -> None:
    remote_id = github.server.create_deployment(REPO, "main", by=by, via_app=via_app)

    read = github.client.deployments.get(REPO, remote_id)
    [listed] = github.client.backfill.deployments(REPO, T0)
    [told] = events_of("deployment", github.server.webhooks_of("deployment")[-1].body)

    assert read is not None
    assert isinstance(told, DeploymentCreated)
    assert [read.by_workflow, listed.by_workflow, told.by_workflow] == [by_workflow] * 3
