"""GitHub as the forge, against a server that speaks its REST API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.core.errors import Conflict, NotAllowed, NotThere, Rejected, Unavailable
from bot.core.ports.forge_types import Check, Commit, MergedInstead, NewRemoteDeployment, NewRemoteStatus, Repository
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


def test_repository_is_described(github: Pair) -> None:
    found = github.client.repository(REPO)

    assert found == Repository("acme/web", "main", "https://github.com/acme/web")


def test_unknown_repository_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere) as error:
        github.client.repository("acme/nothing")

    assert str(error.value) == "acme/nothing does not exist on GitHub, or GITHUB_TOKEN cannot see it."


def test_branch_resolves_with_one_request(github: Pair) -> None:
    parent = github.server.repository(REPO).branches["main"]
    sha = github.server.commit(REPO, "feature/search", "Add search\n\nIt finds things.", author="hubot")

    found = github.client.resolve(REPO, "feature/search")

    assert found == Commit(
        sha=sha,
        ref="feature/search",
        title="Add search",
        author="hubot",
        url=f"https://github.com/acme/web/commit/{sha}",
        parents=(parent,),
    )
    assert github.asked() == ["/branches/feature%2Fsearch"]


@pytest.mark.parametrize("name", ["$(rm -rf /)", "a b", "?", "50%", "ünï", "#", "a#b", "x&y=z", "100%25", "heads/main"])
def test_odd_branch_names_are_quoted(github: Pair, name: str) -> None:
    sha = github.server.commit(REPO, name, "Odd")

    found = github.client.resolve(REPO, name)

    assert found is not None
    assert (found.sha, found.ref) == (sha, name)


@pytest.mark.parametrize("name", ["", ".", "..", "../../user", "a/../b", "nope", "\ud800", "x" * 5000, "#12a", "a\nb"])
def test_names_that_nothing_has_resolve_to_nothing(github: Pair, name: str) -> None:
    found = github.client.resolve(REPO, name)

    assert found is None
    assert {request.path.split("/")[1] for request in github.server.requests} <= {"repos"}


def test_tags_are_peeled(github: Pair) -> None:
    light = github.server.tag(REPO, "v1")
    github.server.commit(REPO, "main", "Next")
    annotated = github.server.tag(REPO, "v2", annotated=True)

    found = [github.client.resolve(REPO, name) for name in ("v1", "v2")]

    assert [commit and (commit.sha, commit.ref) for commit in found] == [(light, "v1"), (annotated, "v2")]


def test_branch_wins_over_tag_and_over_commit_id(github: Pair) -> None:
    first = github.server.repository(REPO).branches["main"]
    second = github.server.commit(REPO, "main", "Second")
    github.server.branch(REPO, first[:8], at=second)
    github.server.tag(REPO, "same", at=first)
    github.server.branch(REPO, "same", at=second)

    found = [github.client.resolve(REPO, name) for name in (first[:8], "same")]

    assert [commit and commit.sha for commit in found] == [second, second]


def test_tag_wins_over_commit_id(github: Pair) -> None:
    first = github.server.repository(REPO).branches["main"]
    second = github.server.commit(REPO, "main", "Second")
    github.server.tag(REPO, first[:8], at=second)

    found = github.client.resolve(REPO, first[:8])

    assert found is not None
    assert found.sha == second


def test_commit_ids_need_seven_characters(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]

    found = [github.client.resolve(REPO, name) for name in (sha, sha[:7], sha[:7].upper(), sha[:6])]

    assert [commit and commit.sha for commit in found] == [sha, sha, sha, None]


def test_full_commit_id_resolves_with_one_request(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]

    github.client.resolve(REPO, sha)
    github.client.resolve(REPO, "f" * 40)

    assert github.asked() == [f"/commits/{sha}", f"/commits/{'f' * 40}"]


def test_pull_request_resolves_to_its_head(github: Pair) -> None:
    sha = github.server.commit(REPO, "topic", "Add search")
    number = github.server.open_pull_request(REPO, "topic")

    found = github.client.resolve(REPO, f"#{number}")

    assert found is not None
    assert (found.sha, found.ref, found.title, found.pull_request) == (sha, "topic", "Add search", number)


def test_pull_request_of_a_fork_says_whose_branch_it_is(github: Pair) -> None:
    number = github.server.open_pull_request(REPO, "main", fork="mallory/web", author="mallory")

    found = github.client.resolve(REPO, f"#{number}")

    assert found is not None
    assert found.ref == "mallory:main"
    assert found.sha != github.server.repository(REPO).branches["main"]


def test_unknown_pull_request_resolves_to_nothing(github: Pair) -> None:
    assert github.client.resolve(REPO, "#99") is None
    assert github.client.pull_request(REPO, 99) is None


def test_ref_of_an_unknown_repository_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere, match=r"acme/nothing does not exist on GitHub, or GITHUB_TOKEN cannot see it\."):
        github.client.resolve("acme/nothing", "main")


def test_ref_of_an_empty_repository_resolves_to_nothing(github: Pair) -> None:
    github.server.add_repository("acme/new", empty=True)

    assert github.client.resolve("acme/new", "main") is None


def test_refs_names_branches_then_tags_over_all_pages(github: Pair) -> None:
    for number in range(120):
        github.server.branch(REPO, f"b{number:03}")
    github.server.tag(REPO, "v1")

    found = github.client.refs(REPO)

    assert found == (*(f"b{number:03}" for number in range(120)), "main", "v1")


def test_checks_reads_statuses_and_check_runs(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.set_status(REPO, sha, "ci/test", "success", description="12 tests", target_url="https://ci/1")
    github.server.set_status(REPO, sha, "ci/lint", "error")
    github.server.set_status(REPO, sha, "ci/slow", "pending")
    for conclusion in (
        "success",
        "neutral",
        "skipped",
        "failure",
        "cancelled",
        "timed_out",
        "action_required",
        "stale",
    ):
        github.server.set_check_run(REPO, sha, conclusion, conclusion, title=f"It was {conclusion}", url="https://ci/2")
    for status in ("queued", "in_progress", "waiting", "pending", "requested"):
        github.server.set_check_run(REPO, sha, status, None, status=status)

    found = {check.name: check for check in github.client.checks(REPO, sha)}

    assert found["ci/test"] == Check("ci/test", "success", "https://ci/1", "12 tests")
    assert found["neutral"] == Check("neutral", "success", "https://ci/2", "It was neutral")
    assert {name: check.state for name, check in found.items()} == {
        "ci/test": "success",
        "ci/lint": "failure",
        "ci/slow": "pending",
        "success": "success",
        "neutral": "success",
        "skipped": "success",
        "failure": "failure",
        "cancelled": "failure",
        "timed_out": "failure",
        "action_required": "failure",
        "stale": "failure",
        "queued": "pending",
        "in_progress": "pending",
        "waiting": "pending",
        "pending": "pending",
        "requested": "pending",
    }


def test_latest_report_of_a_check_counts(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.set_status(REPO, sha, "ci", "failure")
    github.server.set_status(REPO, sha, "ci", "success")
    github.server.set_check_run(REPO, sha, "build", "failure")
    github.server.set_check_run(REPO, sha, "build", "success")

    found = github.client.checks(REPO, sha)

    assert [(check.name, check.state) for check in found] == [("ci", "success"), ("build", "success")]


def test_worst_of_two_apps_with_one_check_name_counts(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.set_check_run(REPO, sha, "build", "failure", app="one")
    github.server.set_check_run(REPO, sha, "build", "success", app="two")

    found = github.client.checks(REPO, sha)

    assert [(check.name, check.state) for check in found] == [("build", "failure")]


def test_checks_are_read_over_all_pages(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    for number in range(101):
        github.server.set_status(REPO, sha, f"status {number}", "success")
        github.server.set_check_run(REPO, sha, f"run {number}", "success")

    found = github.client.checks(REPO, sha)

    assert len(found) == 202


def test_token_that_may_not_read_check_runs_is_told_so(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.deny(github.server.token, "checks")

    with pytest.raises(NotAllowed) as error:
        github.client.checks(REPO, sha)

    assert str(error.value) == (
        "GITHUB_TOKEN lacks the permission “checks: read” on acme/web: "
        "Resource not accessible by personal access token."
    )


def test_compare_lists_the_new_commits_oldest_first(github: Pair) -> None:
    base = github.server.repository(REPO).branches["main"]
    one = github.server.commit(REPO, "topic", "One")
    two = github.server.commit(REPO, "topic", "Two")
    github.server.commit(REPO, "main", "Elsewhere")

    found = github.client.compare(REPO, "main", "topic")

    assert (found.ahead_by, found.behind_by) == (2, 1)
    assert [(commit.sha, commit.ref, commit.title) for commit in found.commits] == [
        (one, one[:7], "One"),
        (two, two[:7], "Two"),
    ]
    assert found.commits[0].parents == (base,)
    assert found.url == "https://github.com/acme/web/compare/main...topic"


def test_compare_stops_at_250_commits(github: Pair) -> None:
    for number in range(260):
        github.server.commit(REPO, "topic", f"Commit {number}", files={})

    found = github.client.compare(REPO, "main", "topic")

    assert found.ahead_by == 260
    assert [commit.title for commit in found.commits] == [f"Commit {number}" for number in range(250)]


def test_compare_with_an_unknown_ref_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere, match=r"acme/web has no compare/main\.\.\.gone on GitHub"):
        github.client.compare(REPO, "main", "gone")


def test_merged_pull_request_tells_its_merge_commit(github: Pair) -> None:
    head = github.server.commit(REPO, "topic", "Add search")
    number = github.server.open_pull_request(REPO, "topic", title="Search", author="hubot")
    before = github.client.pull_request(REPO, number)
    merge = github.server.merge_pull_request(REPO, number, method="squash", by="octocat")

    after = github.client.pull_request(REPO, number)

    assert before is not None
    assert (before.state, before.merge_sha, before.merged_at) == ("open", None, None)
    assert after is not None
    assert (after.state, after.merge_sha, after.merged_at, after.merged_by) == ("merged", merge, T0, "octocat")
    assert (after.title, after.author, after.head_ref, after.head_sha) == ("Search", "hubot", "topic", head)
    assert (after.base, after.url) == ("main", f"https://github.com/acme/web/pull/{number}")


def test_pull_requests_of_a_commit_come_merged_first(github: Pair) -> None:
    head = github.server.commit(REPO, "topic", "Add search")
    github.server.branch(REPO, "release", at="main")
    waiting = github.server.open_pull_request(REPO, "topic", base="release")
    merged = github.server.open_pull_request(REPO, "topic")
    merge = github.server.merge_pull_request(REPO, merged)

    of_head = github.client.pull_requests_of(REPO, head)
    of_merge = github.client.pull_requests_of(REPO, merge)

    assert [(pull.number, pull.state) for pull in of_head] == [(merged, "merged"), (waiting, "open")]
    assert [pull.number for pull in of_merge] == [merged]
    assert github.client.pull_requests_of(REPO, "f" * 40) == ()


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
    ours = github.server.create_deployment(REPO, sha, payload='{"request_id": "r-1"}')
    for payload in ({"request_id": "r-2"}, "no json", "", '["r-1"]', {"request_id": 1}):
        github.server.create_deployment(REPO, sha, payload=payload)
    for number in range(130):
        github.server.create_deployment(REPO, sha, payload={"n": number})
    github.server.create_deployment(REPO, sha, payload={"request_id": "r-1"}, task="migrate")

    assert github.client.deployments.find(new_deployment(sha)) == ours


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
