"""Dispatching workflows of GitHub Actions, and what GitHub tells of their runs, over its REST API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.adapters.github.auth import AppAuth
from bot.adapters.github.forge import GitHub
from bot.core.errors import NotAllowed, NotThere, Rejected, Unavailable
from bot.core.ports.workflows import NoSuchRef, NotDispatchable, UnknownInputs, Workflows
from bot.core.workflows.model import DispatchRef
from tests.servers.github import actions
from tests.servers.github.pair import REPO, Pair, pair

FILE = "deploy.yml"


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        actions.add_workflow(both.server, REPO, FILE)
        yield both


def workflows(github: Pair) -> Workflows:
    return github.client.workflows


def dispatch(github: Pair, ref: str = "main", **inputs: str) -> int | None:
    return workflows(github).dispatch(REPO, FILE, ref, inputs)


# --- dispatching -----------------------------------------------------------------------------------------------------


def test_the_answer_tells_which_run_it_is(github: Pair) -> None:
    number = dispatch(github, environment="staging", request_id="r-1")

    [run] = actions.dispatched(github.server, REPO)
    assert (number, run.inputs) == (run.id, {"environment": "staging", "request_id": "r-1"})
    told = workflows(github).run(REPO, run.id)
    assert (told.title, told.event, told.status, told.conclusion) == ("Deploy r-1", "workflow_dispatch", "queued", None)
    assert (told.ref, told.actor, told.attempt) == ("main", "shipmate-bot", 1)
    assert told.is_of(FILE)
    assert not told.is_of("other.yml")
    assert told.url == f"https://github.com/acme/web/actions/runs/{run.id}"


def test_an_enterprise_server_that_cannot_tell_is_asked_without_and_no_second_time(github: Pair) -> None:
    github.server.returns_run_details = False

    assert [dispatch(github), dispatch(github)] == [None, None]
    posts = [one for one in github.server.requests if one.method == "POST"]
    assert ["return_run_details" in one.body for one in posts] == [True, False, False]
    assert len(actions.dispatched(github.server, REPO)) == 2


def test_what_is_wrong_with_the_workflow_is_said(github: Pair) -> None:
    actions.add_workflow(github.server, REPO, "ci.yml", inputs=None)

    with pytest.raises(UnknownInputs) as unknown:
        dispatch(github, colour="red", size="xl", sha="1")
    with pytest.raises(NotDispatchable) as no_trigger:
        workflows(github).dispatch(REPO, "ci.yml", "main", {})
    with pytest.raises(NoSuchRef):
        dispatch(github, ref="nowhere")
    with pytest.raises(NotThere) as missing:
        workflows(github).dispatch(REPO, "none.yml", "main", {})
    github.server.repositories[REPO].workflows[FILE].state = "disabled_manually"
    with pytest.raises(Rejected) as disabled:
        dispatch(github)

    assert (str(unknown.value), unknown.value.names) == (
        "deploy.yml does not declare the inputs colour, size.",
        ("colour", "size"),
    )
    assert str(no_trigger.value) == "ci.yml cannot be dispatched: it has no workflow_dispatch trigger."
    assert str(missing.value) == "acme/web has no workflow none.yml on its default branch, or I may not see it."
    assert str(disabled.value) == (
        "GitHub does not begin deploy.yml: Cannot trigger a 'workflow_dispatch' on a disabled workflow."
    )
    assert actions.dispatched(github.server, REPO) == []


def test_a_missing_permission_is_named(github: Pair) -> None:
    github.server.deny(github.server.token, "actions=write")

    with pytest.raises(NotAllowed) as refused:
        dispatch(github)

    assert "lacks the permission “actions: write” on acme/web" in str(refused.value)


def test_it_is_never_repeated_and_known_to_have_been_uncertain(github: Pair) -> None:
    github.server.fail_next("POST", "/dispatches", "cut_after")

    with pytest.raises(Unavailable) as lost:
        dispatch(github)

    assert lost.value.uncertain
    assert len(actions.dispatched(github.server, REPO)) == 1


@pytest.mark.parametrize("fault", [429, 403])
def test_a_limit_means_that_nothing_was_begun(github: Pair, fault: int) -> None:
    github.server.fail_next("POST", "/dispatches", fault, headers={"Retry-After": "7"})

    with pytest.raises(Unavailable) as limited:
        dispatch(github)

    assert (limited.value.uncertain, limited.value.retry_after) == (False, 7.0)


def test_an_app_knows_whether_it_may(github: Pair) -> None:
    app = github.server.add_app(REPO)
    auth = AppAuth(app.app_id, app.private_key, api_url=github.server.url, clock=github.clock)
    client = GitHub(github.server.url, auth, clock=github.clock, web_url=github.server.web_url)

    before = client.workflows.may_dispatch()
    app.permissions["actions"] = "write"

    assert (before, client.workflows.may_dispatch(), workflows(github).may_dispatch()) == (False, True, None)
    client.close()


# --- where -----------------------------------------------------------------------------------------------------------


def test_branches_and_tags_can_be_dispatched_on_and_commits_cannot(github: Pair) -> None:
    server, find = github.server, workflows(github).dispatchable
    main = server.repository(REPO).branches["main"]
    sha = server.commit(REPO, "feature/x", "Add search")
    server.tag(REPO, "v1", at="main", annotated=True)

    assert find(REPO, "feature/x") == DispatchRef("feature/x", sha)
    assert find(REPO, "refs/heads/feature/x") == DispatchRef("feature/x", sha)
    assert find(REPO, "v1") == DispatchRef("v1", main)
    assert find(REPO, "refs/tags/v1") == DispatchRef("v1", main)
    assert [find(REPO, one) for one in (sha, sha[:8], "gone", "refs/tags/feature/x", "#99")] == [None] * 5
    assert workflows(github).default_branch(REPO) == DispatchRef("main", main)


def test_a_name_of_a_branch_and_a_tag_is_written_whole(github: Pair) -> None:
    server = github.server
    branch = server.commit(REPO, "v2", "On the branch")
    tag = server.tag(REPO, "v2", at="main")

    assert workflows(github).dispatchable(REPO, "v2") == DispatchRef("refs/heads/v2", branch)
    assert workflows(github).dispatchable(REPO, "refs/tags/v2") == DispatchRef("refs/tags/v2", tag)


def test_a_pull_request_is_its_branch_unless_that_is_in_a_fork(github: Pair) -> None:
    server = github.server
    sha = server.commit(REPO, "topic", "Add search")
    inside = server.open_pull_request(REPO, "topic")
    outside = server.open_pull_request(REPO, "main", fork="mallory/web")

    assert workflows(github).dispatchable(REPO, f"#{inside}") == DispatchRef("topic", sha)
    assert workflows(github).dispatchable(REPO, f"#{outside}") is None


# --- its runs --------------------------------------------------------------------------------------------------------


def test_runs_that_were_dispatched_since_are_found_among_others(github: Pair) -> None:
    before = workflows(github).newest(REPO)
    first = dispatch(github)
    newest = workflows(github).newest(REPO)
    actions.add_workflow(github.server, REPO, "other.yml")
    github.server.start_workflow(REPO, "main", "Deploy", event="push")
    workflows(github).dispatch(REPO, "other.yml", "main", {})
    later = [dispatch(github) for _ in range(120)]

    assert (before, newest) == (0, first)
    found = workflows(github).dispatched(REPO, FILE, newest)
    assert [one.id for one in found] == later[::-1]


def test_jobs_and_steps_are_told_as_they_go_on(github: Pair) -> None:
    number = dispatch(github) or 0
    actions.set_job(github.server, REPO, number, "build", ("Set up job", "success"), ("Compile", None))
    github.clock.tick(seconds=20)
    actions.set_job(github.server, REPO, number, "test", conclusion="skipped")

    build, test = workflows(github).jobs(REPO, number)
    assert [(one.name, one.status, one.conclusion) for one in build.steps] == [
        ("Set up job", "completed", "success"),
        ("Compile", "in_progress", None),
    ]
    assert build.steps[0].ended_at == build.started_at
    assert (test.conclusion, test.failed) == ("skipped", False)


def test_what_has_not_changed_costs_nothing(github: Pair) -> None:
    number = dispatch(github) or 0

    for _ in range(3):
        workflows(github).run(REPO, number)
        workflows(github).jobs(REPO, number)

    polls = [one.status for one in github.server.requests if one.method == "GET" and f"/runs/{number}" in one.path]
    assert polls == [200, 200, 304, 304, 304, 304]


def test_the_last_lines_of_the_step_that_failed_are_read_from_the_other_host_without_our_token(github: Pair) -> None:
    number, server = dispatch(github) or 0, github.server
    log = ["##[group]Run bin/deploy", *(f"line {n}" for n in range(5)), "\x1b[31mno such table\x1b[0m"]
    job = actions.set_job(server, REPO, number, "deploy", ("Migrate", None), log=log)
    with pytest.raises(NotThere):
        workflows(github).log(REPO, job, None, None, 3)
    github.clock.tick(seconds=30)
    steps = (("Migrate", "failure"), ("Clean up", "success"))
    end = ["##[error]Process completed with exit code 1."]
    actions.set_job(server, REPO, number, "deploy", *steps, conclusion="failure", log=end)
    github.clock.tick(seconds=5)
    actions.set_job(server, REPO, number, "deploy", *steps, conclusion="failure", log=["Post job cleanup."])

    [found] = workflows(github).jobs(REPO, number)
    step = found.failed_step()
    assert step is not None
    lines = workflows(github).log(REPO, job, step.started_at, step.ended_at, 3)

    assert lines == ["line 3", "line 4", "no such table"]
    assert all("Authorization" not in one.headers for one in server.codeload_requests)
    assert workflows(github).log(REPO, job, None, step.started_at, 2) == ["line 4", "no such table"]


def test_cancelling_what_has_ended_does_nothing(github: Pair) -> None:
    number = dispatch(github) or 0

    workflows(github).cancel(REPO, number)
    workflows(github).cancel(REPO, number)
    workflows(github).cancel(REPO, number, force=True)

    assert workflows(github).run(REPO, number).conclusion == "cancelled"


def test_failed_jobs_are_run_again_once_and_not_after_a_month(github: Pair) -> None:
    number, server = dispatch(github) or 0, github.server
    actions.fail(server, REPO, number, "no")

    workflows(github).rerun_failed(REPO, number)
    workflows(github).rerun_failed(REPO, number)

    assert workflows(github).run(REPO, number).attempt == 2
    actions.fail(server, REPO, number, "no")
    github.clock.at += timedelta(days=31)
    with pytest.raises(Rejected) as refused:
        workflows(github).rerun_failed(REPO, number)
    assert str(refused.value).startswith("GitHub does not run it again: ")


def test_a_file_is_read_as_the_default_branch_has_it(github: Pair) -> None:
    found = workflows(github).file(REPO, FILE)

    assert (found.path, found.state) == (".github/workflows/deploy.yml", "active")
    assert "workflow_dispatch:" in found.text
    with pytest.raises(NotThere):
        workflows(github).file(REPO, "none.yml")
