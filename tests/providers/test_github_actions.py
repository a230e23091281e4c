"""Deployments that a workflow of GitHub Actions carries out: dispatched once, found again, followed, stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.deployments.model import HEARD
from bot.core.errors import NotAllowed, NotThere, Rejected, Unavailable
from bot.core.ports.chat import Finding
from bot.core.ports.provider import Outcome
from bot.providers import github_actions as provider
from tests.providers.conftest import ModelRun
from tests.servers.github import actions
from tests.servers.github.pair import REPO, Pair, pair
from tests.servers.github.state import WorkflowRun

REQUEST = "0f7c1e52-8a0b-4c33-9d6e-2f1a7b3c4d5e"
OTHER = "11111111-2222-4333-8444-555555555555"
WITHOUT_SHA = {"environment": "{environment}", "request_id": "{request_id}"}


@dataclass
class Scene:
    """One deployment of acme/web, and what outlives each process that carries it out."""

    github: Pair
    make: Callable[..., ModelRun]
    settings: provider.Settings = field(default_factory=lambda: provider.Settings(workflow="deploy.yml"))
    notes: dict[str, str] = field(default_factory=dict)
    memory: dict[str, str] = field(default_factory=dict)

    def run(self, **changes: Any) -> ModelRun:
        """The run as a process that has just been started sees it."""
        sha = self.github.server.repository(REPO).branches["main"]
        job = {"ref": "main", "sha": sha, "request_id": REQUEST, "repository": REPO, **changes}
        found = self.make(self.settings, **job)
        found.workflows = self.github.client.workflows
        found.notes, found.memory = self.notes, self.memory
        return found

    def dispatched(self) -> list[WorkflowRun]:
        return actions.dispatched(self.github.server, REPO)

    def carried_out(self, run: ModelRun | None = None) -> Outcome:
        run = run or self.run()
        return provider.follow(run, provider.start(run))


@pytest.fixture
def scene(run_with) -> Iterator[Scene]:
    with pair() as both:
        actions.add_workflow(both.server, REPO, "deploy.yml")
        yield Scene(both, run_with)


def ends_at_once(scene: Scene, how: Callable[..., None] = actions.succeed, *log: str) -> None:
    scene.github.server.on_dispatch = lambda run: how(scene.github.server, REPO, run.id, *log)


def at_pause(run: ModelRun, number: int, do: Callable[[], None]) -> None:
    """At the n-th pause of the provider something happens."""
    count = iter(range(1, 1_000))
    run.on_pause = lambda: do() if next(count) == number else None


# --- dispatching -----------------------------------------------------------------------------------------------------


def test_the_workflow_is_told_what_to_deploy_and_its_success_is_ours(scene: Scene) -> None:
    ends_at_once(scene)
    run = scene.run()

    outcome = scene.carried_out(run)

    [begun] = scene.dispatched()
    assert begun.inputs == {
        "environment": "production",
        "ref": "main",
        "sha": run.job.sha,
        "deployment_id": "7",
        "request_id": REQUEST,
    }
    assert outcome == Outcome(
        "succeeded", "The workflow succeeded", log_url=f"https://github.com/acme/web/actions/runs/{begun.id}"
    )
    assert run.lines == ["Dispatched deploy.yml on main"]


def test_inputs_of_ones_own_are_filled_in_one_pass(scene: Scene) -> None:
    server = scene.github.server
    actions.add_workflow(server, REPO, "deploy.yml", inputs=("what", "dry_run", "count"))
    inputs = {"what": "{ref}@{sha}", "dry_run": False, "count": 3}
    scene.settings = provider.Settings(workflow="deploy.yml", inputs=inputs)
    sha = server.commit(REPO, "x-{sha}", "A strange name")

    provider.start(scene.run(ref="x-{sha}", sha=sha))

    [begun] = scene.dispatched()
    assert begun.inputs == {"what": f"x-{{sha}}@{sha}", "dry_run": "false", "count": "3"}
    assert (begun.branch, begun.sha) == ("x-{sha}", sha)


@pytest.mark.parametrize(
    ("ref", "on"),
    [("topic", "topic"), ("#1", "topic"), ("#2", "main"), ("v1", "v1"), ("{sha}", "main"), ("gone", "main")],
)
def test_commits_and_branches_of_forks_are_deployed_through_the_default_branch(scene: Scene, ref: str, on: str) -> None:
    server = scene.github.server
    sha = server.commit(REPO, "topic", "Add search")
    server.open_pull_request(REPO, "topic")
    server.open_pull_request(REPO, "fix", fork="mallory/web")
    server.tag(REPO, "v1")

    provider.start(scene.run(ref=ref.replace("{sha}", sha), sha=sha))

    [begun] = scene.dispatched()
    assert (begun.branch, begun.inputs["sha"]) == (on, sha)


def test_a_ref_of_the_settings_is_where_the_workflow_is_taken_from(scene: Scene) -> None:
    server = scene.github.server
    sha = server.commit(REPO, "topic", "Add search")
    scene.settings = provider.Settings(workflow="deploy.yml", ref="main")
    provider.start(scene.run(ref="topic", sha=sha))
    scene.settings = provider.Settings(workflow="deploy.yml", ref="release")
    scene.notes.clear()

    with pytest.raises(Rejected) as refused:
        provider.start(scene.run())

    [begun] = scene.dispatched()
    assert (begun.branch, begun.inputs["ref"]) == ("main", "topic")
    assert str(refused.value) == "acme/web has no branch and no tag release, which `ref` of the settings names."


def test_no_other_commit_is_deployed_than_was_asked_for(scene: Scene) -> None:
    scene.settings = provider.Settings(workflow="deploy.yml", inputs=WITHOUT_SHA)
    pinned = scene.run()
    moved = scene.github.server.commit(REPO, "main", "Later")

    with pytest.raises(Rejected) as refused:
        provider.start(pinned)

    assert str(refused.value).startswith(f"deploy.yml would deploy {moved[:7]}, and not {pinned.job.sha[:7]}: ")
    assert scene.dispatched() == []


def test_a_workflow_of_another_branch_may_be_told_the_ref_while_that_is_the_commit(scene: Scene) -> None:
    server = scene.github.server
    actions.add_workflow(server, REPO, "deploy.yml", inputs=("ref",))
    scene.settings = provider.Settings(workflow="deploy.yml", ref="main", inputs={"ref": "{ref}"})
    sha = server.commit(REPO, "topic", "Add search")
    for ref in ("topic", sha, sha[:8]):
        provider.start(scene.run(ref=ref, sha=sha))
        scene.notes.clear()
    moved = server.commit(REPO, "topic", "Later")

    with pytest.raises(Rejected, match=f"would deploy {moved[:7]}, and not {sha[:7]}"):
        provider.start(scene.run(ref="topic", sha=sha))

    assert [(one.branch, one.inputs["ref"]) for one in scene.dispatched()] == [
        ("main", "topic"),
        ("main", sha),
        ("main", sha[:8]),
    ]


def test_a_branch_that_moves_at_that_moment_is_not_deployed_either(scene: Scene) -> None:
    scene.settings = provider.Settings(workflow="deploy.yml", inputs=WITHOUT_SHA)
    run = scene.run()

    def moves(begun: WorkflowRun) -> None:
        begun.sha = scene.github.server.commit(REPO, "main", "Later")

    scene.github.server.on_dispatch = moves
    outcome = scene.carried_out(run)

    [begun] = scene.dispatched()
    assert (begun.conclusion, outcome.result) == ("cancelled", "error")
    assert outcome.description == f"main moved to {begun.sha[:7]} as it began, which nobody has asked for"


@pytest.mark.parametrize("declared", [None, ("environment", "ref")])
def test_the_lines_that_a_workflow_lacks_are_shown(scene: Scene, declared: tuple[str, ...] | None) -> None:
    actions.add_workflow(scene.github.server, REPO, "deploy.yml", inputs=declared)
    run = scene.run()

    with pytest.raises(Rejected) as refused:
        provider.start(run)

    names = ["environment", "ref"] if declared is None else []
    names += ["sha", "deployment_id", "request_id"]
    assert str(refused.value) == (
        "deploy.yml cannot be dispatched: it has no workflow_dispatch trigger."
        if declared is None
        else "deploy.yml does not declare the inputs sha, deployment_id, request_id."
    )
    assert run.lines == [
        "Add to .github/workflows/deploy.yml, or change `inputs` in settings.toml:",
        "on:",
        "  workflow_dispatch:",
        "    inputs:",
        *(f"      {name}: {{ type: string }}" for name in names),
    ]


def test_a_permission_that_is_lacking_is_named(scene: Scene) -> None:
    scene.github.server.deny(scene.github.server.token, "actions=write")

    with pytest.raises(NotAllowed, match="“actions: write”"):
        provider.start(scene.run())


# --- never twice -----------------------------------------------------------------------------------------------------


class BotKilled(Exception):
    """Stands for kill -9: nothing after this line of the bot is carried out."""


def killed_at(run: ModelRun, step: int) -> None:
    """The process ends at its n-th word to the database or to GitHub: before it, or after it was done."""
    count = iter(range(1, 10_000))

    def through(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if next(count) == step:
                raise BotKilled
            answer = method(*given, **named)
            if next(count) == step:
                raise BotKilled
            return answer

        return call

    class Through:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return through(getattr(self.inner, name))

    run.workflows = Through(run.workflows)  # type: ignore[assignment]
    for name in ("note", "keep", "remember", "remembered", "tell"):
        setattr(run, name, through(getattr(run, name)))


@pytest.mark.parametrize("named", [True, False], ids=["told", "by its name"])
@pytest.mark.parametrize("end", [actions.succeed, actions.fail])
def test_killed_at_any_step_the_workflow_is_dispatched_once(
    scene: Scene, named: bool, end: Callable[..., None]
) -> None:
    ends_at_once(scene, end)
    scene.github.server.returns_run_details = named
    step, killed = 0, True
    while killed:
        step += 1
        scene.notes.clear()
        before, doomed = len(scene.dispatched()), scene.run(request_id=f"{step:08x}{REQUEST[8:]}")
        killed_at(doomed, step)
        try:
            scene.carried_out(doomed)
            killed = False
        except BotKilled:
            pass

        again = scene.run(request_id=doomed.job.request_id)
        outcome = scene.carried_out(again)

        begun = len(scene.dispatched()) - before
        assert begun <= 1, step
        expected = {actions.succeed: "succeeded", actions.fail: "failed"}[end]
        assert outcome.result == (expected if begun else "error"), step
    assert step > 20


def test_what_may_have_been_lost_on_its_way_is_looked_for_and_not_dispatched_again(scene: Scene) -> None:
    ends_at_once(scene)
    scene.github.server.fail_next("POST", "/dispatches", "cut_after")

    outcome = scene.carried_out()

    assert outcome.result == "succeeded"
    assert len(scene.dispatched()) == 1


def test_what_was_lost_on_its_way_ends_as_an_error_that_says_so(scene: Scene) -> None:
    scene.github.server.fail_next("POST", "/dispatches", 502)

    outcome = scene.carried_out()

    assert outcome == Outcome(
        "error", "Whether the workflow has begun is not known: look at its runs on GitHub before you retry"
    )
    assert scene.dispatched() == []


def test_what_github_has_not_taken_is_dispatched_later(scene: Scene) -> None:
    scene.github.server.fail_next("POST", "/dispatches", 429, headers={"Retry-After": "3"})

    with pytest.raises(Unavailable):
        provider.start(scene.run())
    scene.github.clock.tick(seconds=4)
    provider.start(scene.run())

    assert len(scene.dispatched()) == 1


def test_without_a_number_the_run_is_known_by_the_request_id_in_its_name(scene: Scene) -> None:
    server = scene.github.server
    server.returns_run_details = False
    handle = provider.start(scene.run())
    for one in scene.dispatched():
        actions.succeed(server, REPO, one.id)
    other = scene.github.client.workflows.dispatch(REPO, "deploy.yml", "main", {"request_id": OTHER})
    assert other is None

    outcome = provider.follow(scene.run(), handle)

    assert outcome.log_url == f"https://github.com/acme/web/actions/runs/{scene.dispatched()[0].id}"


def test_the_only_one_that_fits_is_taken_with_a_word_of_doubt(scene: Scene) -> None:
    server = scene.github.server
    server.returns_run_details = False
    actions.add_workflow(server, REPO, "deploy.yml", run_name="")
    scene.github.client.workflows.dispatch(REPO, "deploy.yml", "main", {})
    server.commit(REPO, "topic", "Add search")
    run = scene.run()
    handle = provider.start(run)
    scene.github.client.workflows.dispatch(REPO, "deploy.yml", "topic", {})
    begun = scene.dispatched()[1]
    actions.succeed(server, REPO, begun.id)

    outcome = provider.follow(run, handle)

    assert outcome.result == "succeeded"
    assert run.lines[-1] == (
        f"GitHub does not say which run is this deployment's. It is probably {outcome.log_url}, the only one that "
        "began on this branch since; a run-name with the request_id would tell."
    )


def test_of_several_none_is_guessed(scene: Scene) -> None:
    scene.github.server.returns_run_details = False
    actions.add_workflow(scene.github.server, REPO, "deploy.yml", run_name="")
    handle = provider.start(scene.run())
    scene.github.client.workflows.dispatch(REPO, "deploy.yml", "main", {})

    outcome = provider.follow(scene.run(), handle)

    assert outcome == Outcome(
        "error", "Several runs may be this deployment's: look at them on GitHub, and give the workflow a run-name"
    )


# --- following -------------------------------------------------------------------------------------------------------


def test_the_steps_of_the_only_job_are_the_cards(scene: Scene) -> None:
    run, server = scene.run(), scene.github.server
    handle = provider.start(run)
    number = scene.dispatched()[0].id

    def goes_on() -> None:
        steps = (("Set up job", "success"), ("Build", "success"), ("Migrate", None))
        actions.set_job(server, REPO, number, "deploy", *steps)
        actions.set_run(server, REPO, number, "in_progress")
        at_pause(run, 6, lambda: actions.succeed(server, REPO, number))

    at_pause(run, 2, goes_on)
    outcome = provider.follow(run, handle)

    assert outcome.result == "succeeded"
    assert run.told[0].description == "Waits for a runner of GitHub Actions"
    under_way = next(one for one in run.told if one.steps.runs)
    assert [(one.name, one.ended_at is None) for one in under_way.steps.runs] == [("Build", False), ("Migrate", True)]
    assert under_way.log_url == outcome.log_url


def looks(scene: Scene) -> int:
    return len([one for one in scene.github.server.requests if re.search(r"/actions/runs/\d+$", one.path)])


def test_a_webhook_is_looked_after_at_once_and_polls_are_seldom_while_they_come(scene: Scene) -> None:
    run, server = scene.run(), scene.github.server
    handle = provider.start(run)
    number = scene.dispatched()[0].id
    paused: list[int] = []

    def goes_on() -> None:
        paused.append(looks(scene))
        if len(paused) == 5:
            run.notes[HEARD] = "github:1"
        if len(paused) == 18:
            actions.succeed(server, REPO, number)
            run.notes[HEARD] = "github:2"

    run.on_pause = goes_on
    outcome = provider.follow(run, handle)

    # One look each four pauses, then one at the webhook, and one each ten pauses from then on.
    assert paused == [1] * 4 + [2] + [3] * 10 + [4] * 3
    assert (outcome.result, len(paused)) == ("succeeded", 18)


def test_a_webhook_that_comes_while_github_is_asked_is_not_lost(scene: Scene) -> None:
    run, server = scene.run(), scene.github.server
    run.notes[HEARD] = "github:1"
    handle = provider.start(run)
    number = scene.dispatched()[0].id
    tell = run.tell

    def ends_meanwhile(progress: Any) -> None:
        tell(progress)
        if run.notes[HEARD] == "github:1":
            actions.succeed(server, REPO, number)
            run.notes[HEARD] = "github:2"

    run.tell = ends_meanwhile  # type: ignore[method-assign]
    at_pause(run, 1, lambda: pytest.fail("it was waited for"))

    assert provider.follow(run, handle).result == "succeeded"


def test_a_run_that_is_looked_for_is_found_at_the_webhook(scene: Scene) -> None:
    scene.github.server.returns_run_details = False
    run, server = scene.run(), scene.github.server
    handle = provider.start(run)
    [hidden] = server.repository(REPO).workflow_runs
    server.repository(REPO).workflow_runs.clear()
    paused: list[None] = []

    def goes_on() -> None:
        paused.append(None)
        if len(paused) == 2:
            server.repository(REPO).workflow_runs.append(hidden)
            actions.succeed(server, REPO, hidden.id)
            run.notes[HEARD] = "github:1"

    run.on_pause = goes_on

    assert provider.follow(run, handle).result == "succeeded"
    assert len(paused) == 2


def test_of_several_jobs_each_is_a_step(scene: Scene) -> None:
    run, server = scene.run(), scene.github.server
    handle = provider.start(run)
    number = scene.dispatched()[0].id
    actions.set_job(server, REPO, number, "build", ("Compile", "success"), conclusion="success")
    scene.github.clock.tick(seconds=20)
    actions.set_job(server, REPO, number, "deploy", ("Push", "failure"), conclusion="failure", log=["no route to host"])
    actions.set_run(server, REPO, number, "completed", "failure")

    outcome = provider.follow(run, handle)

    assert [(one.name, one.failed) for one in run.told[-1].steps.runs] == [("build", False), ("deploy", True)]
    assert (outcome.result, outcome.description) == ("failed", "“Push” of deploy failed")
    assert run.lines[-1] == "no route to host"


def test_the_last_lines_of_a_failure_are_written_once_though_the_bot_is_restarted(scene: Scene) -> None:
    ends_at_once(scene, actions.fail, "no such table", "##[error]Process completed with exit code 1.")
    first, second = scene.run(), scene.run()

    outcomes = [scene.carried_out(first), scene.carried_out(second)]

    assert outcomes[0] == outcomes[1]
    assert outcomes[0].description == "“Migrate database” of deploy failed"
    assert first.lines[1:] == ["no such table"]
    assert second.lines == []


@pytest.mark.parametrize("fault", [404, 410, 500, "cut_before"])
def test_without_its_log_a_failure_is_one_all_the_same(scene: Scene, fault: int | str) -> None:
    ends_at_once(scene, actions.fail, "no such table")
    scene.github.server.fail_next("GET", "/logs$", fault, times=10)

    assert scene.carried_out().description == "“Migrate database” of deploy failed"


def test_a_review_that_github_wants_is_shown_with_its_link(scene: Scene) -> None:
    run, server = scene.run(), scene.github.server
    handle = provider.start(run)
    number = scene.dispatched()[0].id
    actions.set_job(server, REPO, number, "build", ("Compile", "success"), conclusion="success")
    actions.set_job(server, REPO, number, "deploy", status="waiting")
    actions.set_run(server, REPO, number, "waiting")
    at_pause(run, 2, lambda: actions.succeed(server, REPO, number))

    outcome = provider.follow(run, handle)

    assert [one.review_url for one in run.told] == [outcome.log_url, None]
    assert outcome.result == "succeeded"


def test_one_that_is_stopped_while_a_review_is_waited_for_was_not_reviewed(scene: Scene) -> None:
    run, server = scene.run(), scene.github.server
    handle = provider.start(run)
    number = scene.dispatched()[0].id
    actions.set_job(server, REPO, number, "deploy", status="waiting")
    actions.set_run(server, REPO, number, "waiting")
    at_pause(run, 2, run.cancel)

    outcome = provider.follow(run, handle)

    assert outcome.result == "cancelled"
    assert [one.review_url for one in run.told] == [outcome.log_url]


@pytest.mark.parametrize(
    ("conclusion", "result", "says"),
    [
        ("success", "succeeded", "The workflow succeeded"),
        ("failure", "failed", "The workflow failed"),
        ("cancelled", "cancelled", "The run was cancelled on GitHub"),
        ("timed_out", "timed_out", "GitHub's own timeout ended the run"),
        ("action_required", "failed", "GitHub wanted somebody's approval before it started the run"),
        ("skipped", "failed", "All its jobs were skipped: look at their “if” conditions"),
        ("stale", "failed", "GitHub gave the run up, as nothing came of it for too long"),
        ("startup_failure", "failed", "GitHub could not start the workflow: its file is not valid"),
        ("neutral", "succeeded", "The workflow succeeded"),
        ("strange", "error", "The run ended as “strange”, which says nothing of success"),
    ],
)
def test_every_conclusion_has_a_sentence(scene: Scene, conclusion: str, result: str, says: str) -> None:
    server = scene.github.server
    server.on_dispatch = lambda run: actions.set_run(server, REPO, run.id, "completed", conclusion)

    outcome = scene.carried_out()

    assert (outcome.result, outcome.description) == (result, says)


@pytest.mark.parametrize("end", [actions.succeed, actions.fail])
def test_a_database_that_is_away_as_a_run_ends_is_no_end(scene: Scene, end: Callable[..., None]) -> None:
    ends_at_once(scene, end)
    run = scene.run()
    handle = provider.start(run)
    note, away = run.note, iter([True])

    def comes_back(name: str) -> str | None:
        if next(away, False):
            raise Unavailable("The database does not answer.", uncertain=True)
        return note(name)

    run.note = comes_back  # type: ignore[method-assign]

    try:
        outcome = provider.follow(run, handle)
    except Unavailable:  # then it is followed again
        outcome = provider.follow(run, handle)

    assert outcome.result == {actions.succeed: "succeeded", actions.fail: "failed"}[end]


@pytest.mark.parametrize("fault", [500, 502, 429, "cut_before", "malformed"])
def test_an_outage_is_waited_for(scene: Scene, fault: int | str) -> None:
    run, server = scene.run(), scene.github.server
    handle = provider.start(run)
    server.fail_next("GET", "/actions/runs/", fault, times=1_000)

    def over() -> None:
        server.heal()
        scene.github.clock.tick(minutes=5)
        actions.succeed(server, REPO, scene.dispatched()[0].id)

    at_pause(run, 8, over)
    outcome = provider.follow(run, handle)

    assert outcome.result == "succeeded"


def test_a_run_that_is_gone_is_told(scene: Scene) -> None:
    run = scene.run()
    handle = provider.start(run)
    scene.github.server.repository(REPO).workflow_runs.clear()

    outcome = provider.follow(run, handle)

    assert outcome == Outcome("error", "The run is gone from GitHub, so nobody can tell how it ended")


def test_a_run_that_is_there_a_moment_later_is_followed(scene: Scene) -> None:
    ends_at_once(scene)
    scene.github.server.fail_next("GET", r"/actions/runs/\d+$", 404, times=3)

    assert scene.carried_out().result == "succeeded"


# --- stopping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stubborn", [set(), {"cancel"}])
@pytest.mark.parametrize(
    ("stop", "expected"),
    [("cancel", ("cancelled", "Cancelled")), ("time", ("timed_out", "Stopped at the timeout of 15 min"))],
)
def test_a_run_is_stopped_and_by_force_where_it_does_not_end(
    scene: Scene, stubborn: set[str], stop: str, expected: tuple[str, str]
) -> None:
    run = scene.run()
    scene.github.server.stubborn = stubborn
    handle = provider.start(run)
    at_pause(run, 3, run.cancel if stop == "cancel" else run.run_out_of_time)

    outcome = provider.follow(run, handle)

    assert (outcome.result, outcome.description) == expected
    assert scene.dispatched()[0].conclusion == "cancelled"
    asked = [one.rpartition("/")[2] for one in scene.github.asked("POST") if "cancel" in one]
    assert asked == (["cancel", "force-cancel"] if stubborn else ["cancel"])


def test_one_that_will_not_end_is_told_of(scene: Scene) -> None:
    run = scene.run()
    scene.github.server.stubborn = {"cancel", "force-cancel"}
    handle = provider.start(run)
    run.cancel()

    outcome = provider.follow(run, handle)

    number = scene.dispatched()[0].id
    assert outcome.description == f"Cancelled, but run {number} would not end: look at it on GitHub"


def test_what_was_cancelled_before_it_could_begin_is_not_dispatched(scene: Scene) -> None:
    run = scene.run()
    run.cancel()

    outcome = scene.carried_out(run)

    assert outcome == Outcome("cancelled", "Cancelled before anything had begun")
    assert scene.dispatched() == []


def test_a_run_that_is_not_there_yet_is_stopped_a_moment_later(scene: Scene) -> None:
    run = scene.run()
    handle = provider.start(run)
    run.cancel()
    scene.github.server.fail_next("GET", r"/actions/runs/\d+$", 404, times=2)
    scene.github.server.fail_next("POST", "/cancel$", 404, times=2)

    assert provider.follow(run, handle).description == "Cancelled"
    assert scene.dispatched()[0].conclusion == "cancelled"


def test_what_has_succeeded_before_it_could_be_stopped_has_succeeded(scene: Scene) -> None:
    run, server = scene.run(), scene.github.server
    server.stubborn = {"cancel", "force-cancel"}
    handle = provider.start(run)
    run.cancel()
    at_pause(run, 3, lambda: actions.succeed(server, REPO, scene.dispatched()[0].id))

    assert provider.follow(run, handle).result == "succeeded"


STOPS = [
    ("cancel", ("cancelled", "Cancelled")),
    ("run_out_of_time", ("timed_out", "Stopped at the timeout of 15 min")),
]


@pytest.mark.parametrize(("stop", "expected"), STOPS, ids=["cancelled", "timed out"])
@pytest.mark.parametrize("moment", ["requested", "queued", "pending", "waiting", "in_progress"])
@pytest.mark.parametrize("killed", [False, True], ids=["", "by a bot that is killed then"])
def test_it_is_stopped_at_each_moment_and_known_why(
    scene: Scene, moment: str, stop: str, expected: tuple[str, str], killed: bool
) -> None:
    run, server = scene.run(), scene.github.server
    handle = provider.start(run)
    number = scene.dispatched()[0].id
    actions.set_run(server, REPO, number, moment)
    if moment == "in_progress":
        actions.set_job(server, REPO, number, "deploy", ("Build", "success"), ("Upload", None))
    if killed:
        scene.github.client.workflows.cancel(REPO, number)
        run = scene.run()
    getattr(run, stop)()

    outcome = provider.follow(run, handle)

    assert (outcome.result, outcome.description) == expected
    assert scene.dispatched()[0].conclusion == "cancelled"
    assert scene.github.asked("POST")[-1].endswith("/cancel")


@pytest.mark.parametrize("stop", ["cancel", "run_out_of_time"])
@pytest.mark.parametrize(
    ("end", "result"), [(actions.succeed, "succeeded"), (actions.fail, "failed")], ids=["succeeded", "failed"]
)
def test_what_has_ended_is_not_stopped_any_more(scene: Scene, stop: str, end: Callable[..., None], result: str) -> None:
    run = scene.run()
    handle = provider.start(run)
    end(scene.github.server, REPO, scene.dispatched()[0].id)
    getattr(run, stop)()

    assert provider.follow(run, handle).result == result
    assert not [one for one in scene.github.asked("POST") if "cancel" in one]


def test_one_that_somebody_cancels_on_github_is_told_of_as_that(scene: Scene) -> None:
    run = scene.run()
    handle = provider.start(run)
    scene.github.client.workflows.cancel(REPO, scene.dispatched()[0].id)

    outcome = provider.follow(run, handle)

    assert (outcome.result, outcome.description) == ("cancelled", "The run was cancelled on GitHub")


def test_one_whose_number_is_not_known_yet_is_found_to_be_stopped(scene: Scene) -> None:
    scene.github.server.returns_run_details = False
    run = scene.run()
    handle = provider.start(run)
    run.cancel()

    outcome = provider.follow(run, handle)

    assert outcome.result == "cancelled"
    assert scene.dispatched()[0].conclusion == "cancelled"


@pytest.mark.parametrize(("stop", "expected"), STOPS, ids=["cancelled", "timed out"])
def test_what_is_to_stop_after_a_kill_at_any_step_is_left_running_by_none(
    scene: Scene, stop: str, expected: tuple[str, str]
) -> None:
    step, ended = 0, False
    while not ended:
        step += 1
        scene.notes.clear()
        before, doomed = len(scene.dispatched()), scene.run(request_id=f"{step:08x}{REQUEST[8:]}")
        killed_at(doomed, step)
        doomed.on_pause = lambda: (_ for _ in ()).throw(BotKilled)
        try:
            scene.carried_out(doomed)
        except BotKilled:
            ended = bool(doomed.told)
        again = scene.run(request_id=doomed.job.request_id)
        getattr(again, stop)()

        outcome = scene.carried_out(again)

        begun = scene.dispatched()[before:]
        assert [one.conclusion for one in begun] == ["cancelled"] * len(begun), step
        assert outcome.result in ({expected[0]} if begun else {expected[0], "error"}), step
        if not begun:
            assert "not known" in outcome.description or "before anything had begun" in outcome.description, step
    assert step > 10


@pytest.mark.parametrize(
    ("stop", "outcome"),
    [
        ("cancel", Outcome("cancelled", "Cancelled before anything had begun")),
        ("run_out_of_time", Outcome("timed_out", "The time was up before anything had begun")),
    ],
)
def test_what_is_to_stop_while_github_is_away_never_begins(scene: Scene, stop: str, outcome: Outcome) -> None:
    run = scene.run()
    scene.github.server.fail_next("GET", ".", 503, times=9)
    with pytest.raises(Unavailable) as away:
        provider.start(run)
    getattr(run, stop)()

    assert not away.value.uncertain
    assert scene.carried_out(run) == outcome
    assert scene.dispatched() == []


# --- once more -------------------------------------------------------------------------------------------------------


def failed_before(scene: Scene, **changes: Any) -> ModelRun:
    """#7 has failed; the run of #8, which is to do the same once more."""
    ends_at_once(scene, actions.fail, "no such table")
    assert scene.carried_out().result == "failed"
    scene.notes.clear()
    return scene.run(**{"deployment_id": 8, "request_id": OTHER, "retry_of": 7, **changes})


def test_a_retry_runs_the_failed_jobs_of_the_same_run_again(scene: Scene) -> None:
    retry = failed_before(scene)
    ends_at_once(scene)

    outcome = scene.carried_out(retry)

    [run] = scene.dispatched()
    assert (outcome.result, run.attempt) == ("succeeded", 2)
    assert retry.lines == [f"Running the failed jobs of run {run.id} again"]


@pytest.mark.parametrize("fault", ["cut_after", "cut_before", 502])
def test_another_attempt_whose_answer_was_lost_is_asked_for_once(scene: Scene, fault: int | str) -> None:
    retry = failed_before(scene)
    scene.github.server.fail_next("POST", "/rerun-failed-jobs", fault)
    with pytest.raises(Unavailable):
        provider.start(retry)
    ends_at_once(scene)
    for one in scene.dispatched():
        if one.status != "completed":
            actions.succeed(scene.github.server, REPO, one.id)

    outcome = scene.carried_out(scene.run(deployment_id=8, request_id=OTHER, retry_of=7))

    assert outcome.result == ("failed" if fault == "cut_after" else "succeeded")
    assert [one.attempt for one in scene.dispatched()] == [2]


@pytest.mark.parametrize("stop", ["cancel", "run_out_of_time"])
def test_a_retry_that_is_to_stop_after_a_kill_at_any_step_runs_nothing_more(scene: Scene, stop: str) -> None:
    step, ended = 0, False
    while not ended:
        step += 1
        scene.memory.clear()
        scene.notes.clear()
        doomed = failed_before(scene)
        scene.github.server.on_dispatch = lambda _: None
        run = scene.dispatched()[-1]
        killed_at(doomed, step)
        doomed.on_pause = lambda: (_ for _ in ()).throw(BotKilled)
        try:
            scene.carried_out(doomed)
        except BotKilled:
            ended = bool(doomed.told)
        again = scene.run(deployment_id=8, request_id=OTHER, retry_of=7)
        again.clock = doomed.clock
        getattr(again, stop)()
        attempt, before = run.attempt, len(scene.dispatched())

        outcome = provider.follow(again, begun(again))

        assert (run.attempt, len(scene.dispatched())) == (attempt, before), step
        assert run.conclusion == ("cancelled" if attempt == 2 else "failure"), step
        assert outcome.result == {"cancel": "cancelled", "run_out_of_time": "timed_out"}[stop], step
        assert attempt == 2 or "before anything had begun" in outcome.description, step
    assert step > 10


def begun(run: ModelRun) -> str:
    """The handle, after as many tries as it takes."""
    for _ in range(9):
        try:
            return provider.start(run)
        except Unavailable as error:
            run.clock.at += timedelta(seconds=error.retry_after or 5)
    raise AssertionError("it is never begun")


@pytest.mark.parametrize(("fault", "shown"), [("cut_after", "cancelled"), ("cut_before", "failure")])
def test_another_attempt_whose_answer_was_lost_is_looked_for_before_it_counts_as_never_begun(
    scene: Scene, fault: str, shown: str
) -> None:
    retry = failed_before(scene)
    scene.github.server.on_dispatch = lambda _: None
    scene.github.server.fail_next("POST", "/rerun-failed-jobs", fault)
    with pytest.raises(Unavailable):
        provider.start(retry)
    scene.github.server.fail_next("GET", ".", 503, times=9)
    retry.cancel()
    with pytest.raises(Unavailable) as away:
        provider.start(retry)
    scene.github.clock.tick(minutes=1)

    outcome = provider.follow(retry, begun(retry))

    assert away.value.uncertain
    assert (outcome.result, [one.conclusion for one in scene.dispatched()]) == ("cancelled", [shown])


def test_a_retry_of_a_retry_runs_them_a_third_time(scene: Scene) -> None:
    assert scene.carried_out(failed_before(scene)).result == "failed"
    scene.notes.clear()
    ends_at_once(scene)

    outcome = scene.carried_out(scene.run(deployment_id=9, request_id=REQUEST, retry_of=8))

    [run] = scene.dispatched()
    assert (outcome.result, run.attempt) == ("succeeded", 3)


def test_what_github_still_shows_of_the_attempt_before_is_not_believed(scene: Scene) -> None:
    retry = failed_before(scene)
    server = scene.github.server
    [run] = scene.dispatched()
    server.on_dispatch = lambda _: None
    handle = provider.start(retry)
    run.attempt, run.status, run.conclusion = 1, "completed", "failure"

    def appears() -> None:
        run.attempt = 2
        actions.succeed(server, REPO, run.id)

    at_pause(retry, 3, appears)

    assert provider.follow(retry, handle).result == "succeeded"


@pytest.mark.parametrize(
    "changed",
    [
        {"retry_of": None},
        {"retry_of": 5},
        {"environment": "staging"},
        {"sha": "topic"},
        {"settings": provider.Settings(workflow="deploy.yml", inputs={"sha": "{sha}", "environment": "eu"})},
    ],
    ids=str,
)
def test_whatever_else_is_deployed_gets_a_run_of_its_own(scene: Scene, changed: dict[str, Any]) -> None:
    if "sha" in changed:
        changed = {"sha": scene.github.server.commit(REPO, "topic", "Add search")}
    settings = changed.pop("settings", None)
    retry = failed_before(scene, **changed)
    if settings is not None:
        retry.job = replace(retry.job, settings=settings)

    provider.start(retry)

    assert [run.attempt for run in scene.dispatched()] == [1, 1]


@pytest.mark.parametrize("why", ["old", "gone", "succeeded"])
def test_what_cannot_be_run_again_is_dispatched_anew(scene: Scene, why: str) -> None:
    retry = failed_before(scene)
    [run] = scene.dispatched()
    if why == "old":
        scene.github.clock.tick(days=31)
    elif why == "gone":
        scene.github.server.repository(REPO).workflow_runs.clear()
    else:
        run.conclusion = "success"

    provider.start(retry)

    assert [one.attempt for one in scene.dispatched()] == ([1] if why == "gone" else [1, 1])
    assert scene.dispatched()[-1].inputs["request_id"] == OTHER


def test_killed_at_any_step_the_failed_jobs_are_run_again_once(scene: Scene) -> None:
    step, killed = 0, True
    while killed:
        step += 1
        scene.memory.clear()
        scene.notes.clear()
        doomed = failed_before(scene)
        run = scene.dispatched()[-1]
        ends_at_once(scene)
        killed_at(doomed, step)
        try:
            scene.carried_out(doomed)
            killed = False
        except BotKilled:
            pass

        again = scene.run(deployment_id=8, request_id=OTHER, retry_of=7)
        outcome = scene.carried_out(again)

        assert (step, outcome.result) == (step, "succeeded")
        assert (step, run.attempt, len(scene.dispatched())) == (step, 2, step)
    assert step > 20


# --- settings and check ----------------------------------------------------------------------------------------------


def test_check_says_what_is_wrong_with_the_workflow(scene: Scene) -> None:
    server, settings = scene.github.server, scene.settings

    def findings(**how: Any) -> list[Finding]:
        if how:
            actions.add_workflow(server, REPO, "deploy.yml", **how)
        return [*provider.doctor_at(settings, REPO, scene.github.client.workflows)]

    assert findings() == [Finding(True, "deploy.yml can be dispatched")]
    assert [one.what for one in findings(inputs=None)] == ["deploy.yml has no workflow_dispatch trigger"]
    assert [one.what for one in findings(inputs=("sha", "ref"))] == [
        "deploy.yml does not declare the inputs environment, deployment_id and request_id"
    ]
    nameless = findings(run_name="")
    assert [(one.what, one.warning) for one in nameless] == [
        ("deploy.yml can be dispatched", False),
        ("deploy.yml does not name its runs", True),
    ]
    server.repositories[REPO].workflows["deploy.yml"].state = "disabled_manually"
    assert [one.what for one in findings()] == ["deploy.yml is disabled on GitHub (disabled_manually)"]
    server.repositories[REPO].workflows.clear()
    assert [(one.good, one.what) for one in findings()] == [(False, "acme/web has no workflow deploy.yml")]


def test_what_the_forge_says_for_good_ends_it(scene: Scene) -> None:
    actions.add_workflow(scene.github.server, REPO, "other.yml")
    scene.settings = provider.Settings(workflow="none.yml")

    with pytest.raises(NotThere):
        provider.start(scene.run())
    scene.settings = provider.Settings(workflow="other.yml")
    provider.start(scene.run())

    assert [one.file for one in scene.dispatched()] == ["other.yml"]
