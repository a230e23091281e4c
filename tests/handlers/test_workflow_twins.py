"""Conversations in which a job of GitHub Actions carries ours out, and makes a second deployment of it there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.deployments.model import State
from tests.handlers.scenes import broadcasts, channel, parent, thread
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

ACTIONS = "github-actions[bot]"
OURS = "shipmate-bot"
RUN = "https://github.com/acme/web/actions/runs/7/job/8"
TWO_APPS = SETTINGS + '\n[apps.api]\nrepository = "acme/web"\nchannel = "#random"\nprovider = { type = "external" }\n'


def asked(world: World, place: str = "staging", app: str = "") -> int:
    """Maria deploys; the id of our deployment on GitHub."""
    world.says("maria", f"deploy {app}{'/' if app else ''}main to {place}")
    return world.github.deployments(REPOSITORY)[-1].id


def job(world: World, ref: str = "main", environment: str = "staging", by: str = ACTIONS, **more: str) -> int:
    """A job with ``environment:`` is taken up; the id of the deployment that GitHub makes for it."""
    world.wait(seconds=5)
    made = world.github.create_deployment(REPOSITORY, ref, environment=environment, by=by, **more)
    world.settle()
    return made


def says(world: World, remote_id: int, *states: str, by: str = ACTIONS, **more: str) -> None:
    for state in states:
        world.wait(seconds=10)
        world.github.report_deployment_status(REPOSITORY, remote_id, state, by=by, **more)
        world.settle()


def only_ours(world: World) -> bool:
    """Whether nobody was told of a second deployment."""
    return world.store.reads().deployment(2) is None and len(channel(world, "#web")) == 1


def test_a_job_of_the_same_commit_and_environment_is_ours(world: World) -> None:
    ours = asked(world)

    twin = job(world)
    says(world, twin, "in_progress", log_url=RUN)
    says(world, twin, "success", log_url=RUN, environment_url="https://staging.example")

    assert only_ours(world)
    assert parent(world, 1) == (
        "✅ *web → staging*  is live\nmain@d470312 · maria · first deployment here · 25 s · open · logs"
    )
    assert thread(world, 1) == ["🚀 Started 10:00 UTC · logs", "✅ @maria live in 25 s"]
    shown = world.github.deployment_statuses(REPOSITORY, ours)
    assert [(one.state, one.log_url, one.creator) for one in shown] == [
        ("in_progress", RUN, OURS),
        ("success", RUN, OURS),
    ]
    assert shown[-1].environment_url == "https://staging.example"


@pytest.mark.parametrize(("end", "state"), [("failure", State.FAILED), ("error", State.ERROR)])
def test_a_job_that_fails_is_our_failure_here_and_on_github(world: World, end: str, state: State) -> None:
    ours = asked(world)

    says(world, job(world), "in_progress", end, description="exit code 3")

    assert (world.deployment(1).state, world.deployment(1).description) == (state, "exit code 3")
    assert world.statuses(ours) == ["in_progress", end]


def test_nobody_is_told_that_nothing_picked_it_up_and_nothing_is_given_up_early(world: World) -> None:
    asked(world)
    twin = job(world)

    world.wait(minutes=14)
    says(world, twin, "in_progress")
    world.wait(minutes=14)
    says(world, twin, "success")

    assert broadcasts(world, "#web") == []
    assert world.deployment(1).state is State.SUCCEEDED


def test_the_next_in_the_queue_goes_when_the_job_has_ended(world: World) -> None:
    asked(world)
    twin = job(world)
    world.says("bob", "deploy main to staging")
    before = world.deployment(2).state

    says(world, twin, "in_progress", "success")

    assert (before, world.deployment(2).state) == (State.WAITING, State.STARTING)


@pytest.mark.parametrize("made", [{"environment": "Pre-Prod"}, {"environment": "STAGING"}], ids=str)
def test_an_alias_of_the_environment_is_the_same_place(tmp_path: Path, made: dict[str, str]) -> None:
    named = SETTINGS.replace("deploy_on_merge", 'aliases = ["pre-prod"]\ndeploy_on_merge')
    with open_world(tmp_path, named) as world:
        asked(world)

        says(world, job(world, **made), "success")

        assert only_ours(world)
        assert world.deployment(1).state is State.SUCCEEDED


@pytest.mark.parametrize("by", ["maria", OURS])
def test_one_that_github_names_after_whoever_set_the_workflow_off_is_known_by_its_app(world: World, by: str) -> None:
    asked(world)

    says(world, job(world, by=by, via_app="github-actions"), "in_progress", "success", by=by)

    assert only_ours(world)
    assert world.deployment(1).state is State.SUCCEEDED


def test_a_review_that_github_wants_of_the_job_is_told_of_ours(world: World) -> None:
    asked(world)
    twin = job(world)

    says(world, twin, "waiting", log_url=RUN)
    world.wait(days=2)
    waiting = parent(world, 1).split("\n")[0]
    says(world, twin, "in_progress", "success")

    assert waiting == "🙋 *web → staging*  waits for a review on GitHub"
    assert world.deployment(1).state is State.SUCCEEDED


def test_a_job_that_ends_after_ours_was_given_up_ends_it_after_all_on_github_too(world: World) -> None:
    ours = asked(world)
    twin = job(world)
    says(world, twin, "in_progress")
    world.wait(minutes=20)
    given_up = world.deployment(1).state

    says(world, twin, "success")

    assert (given_up, world.deployment(1).state) == (State.TIMED_OUT, State.SUCCEEDED)
    assert world.statuses(ours) == ["in_progress", "error", "success"]


def test_after_a_cancel_the_job_moves_nothing_and_is_announced_to_nobody(world: World) -> None:
    ours = asked(world)
    twin = job(world)
    world.says("maria", "cancel #1")

    says(world, twin, "in_progress", "success")

    assert world.deployment(1).state is State.CANCELLED
    assert world.statuses(ours) == ["error"]
    assert only_ours(world)


# --- who is no twin ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "different",
    [
        {"by": "mallory"},
        {"by": "github-actions"},
        {"by": "GitHub-Actions[bot]"},
        {"by": "my-github-actions[bot]"},
        {"by": OURS},
        {"by": "mallory", "via_app": "github-actions-fake"},
        {"via_app": "another-app"},
        {"environment": "production"},
        {"ref": "topic"},
    ],
    ids=str,
)
def test_what_only_looks_like_it_is_somebody_elses_and_moves_ours_nowhere(
    world: World, different: dict[str, str]
) -> None:
    world.github.commit(REPOSITORY, "topic", "Another", author="mallory")
    ours = asked(world)

    says(world, job(world, **different), "in_progress", "success")

    assert world.deployment(1).state is State.STARTING
    assert world.statuses(ours) == []
    assert world.deployment(2).trigger == "foreign"


def test_a_job_in_another_repository_is_nobodys_business(world: World) -> None:
    world.github.add_repository("acme/other")
    asked(world)

    remote = world.github.create_deployment("acme/other", "main", environment="staging", by=ACTIONS)
    world.github.report_deployment_status("acme/other", remote, "success", by=ACTIONS)
    world.settle()

    assert world.deployment(1).state is State.STARTING


def test_a_job_that_nobody_waits_for_is_announced_as_before(world: World) -> None:
    says(world, job(world), "success")

    assert channel(world, "#web") == ["✅ *web → staging*  is live"]
    assert "main@d470312 · by github-actions[bot]" in parent(world, 1)


@pytest.mark.parametrize("state", ["queued", "in_progress"])
def test_what_another_tool_has_picked_up_is_not_the_jobs(world: World, state: str) -> None:
    ours = asked(world)
    says(world, ours, state, by="argo")

    says(world, job(world), "in_progress", "success")

    assert world.deployment(1).busy
    assert world.deployment(2).state is State.SUCCEEDED


@pytest.mark.parametrize("ended", ["success", "failure", "given up", "cancelled"])
def test_a_job_after_ours_has_ended_is_another_deployment(world: World, ended: str) -> None:
    ours = asked(world)
    if ended == "given up":
        world.wait(minutes=20)
    elif ended == "cancelled":
        world.says("maria", "cancel #1")
    else:
        says(world, ours, ended, by="argo")
    before = world.deployment(1).state

    says(world, job(world), "success")

    assert world.deployment(1).state is before
    assert world.deployment(2).trigger == "foreign"


def test_what_we_carry_out_ourselves_has_no_twins(tmp_path: Path) -> None:
    local = SETTINGS.replace('{ type = "external" }', '{ type = "local", directory = "{directory}/releases" }')
    with open_world(tmp_path, local) as world:
        world.hold_runs = True
        asked(world)

        says(world, job(world), "failure")

        assert world.deployment(1).busy
        assert world.deployment(2).trigger == "foreign"


def test_where_two_apps_wait_for_the_same_it_is_neithers(tmp_path: Path) -> None:
    both = TWO_APPS + "[apps.api.environments.staging]\n"
    with open_world(tmp_path, both) as world:
        asked(world, app="web")
        asked(world, app="api")

        says(world, job(world), "success")

        assert [world.deployment(n).state for n in (1, 2)] == [State.STARTING] * 2
        assert world.deployment(3).trigger == "foreign"


def test_one_of_two_apps_that_waits_alone_is_meant(tmp_path: Path) -> None:
    both = TWO_APPS + "[apps.api.environments.staging]\n"
    with open_world(tmp_path, both) as world:
        asked(world, app="api")

        says(world, job(world), "success")

        assert world.deployment(1).state is State.SUCCEEDED


# --- a workflow that reports to ours itself ---------------------------------------------------------------------


def test_a_workflow_that_reports_to_ours_itself_has_the_last_word_there(world: World) -> None:
    ours = asked(world)
    twin = job(world)
    says(world, twin, "in_progress")
    says(world, ours, "in_progress", log_url=RUN)

    says(world, twin, "success")
    between = world.deployment(1).state
    says(world, ours, "failure", description="smoke test")

    assert between is State.RUNNING
    assert (world.deployment(1).state, world.deployment(1).description) == (State.FAILED, "smoke test")
    assert only_ours(world)


def test_a_job_whose_workflow_has_reported_to_ours_before_is_passed_over_in_silence(world: World) -> None:
    ours = asked(world)
    says(world, ours, "in_progress")
    twin = job(world)

    says(world, twin, "in_progress", "success")
    between = world.deployment(1).state
    says(world, ours, "success")

    assert (between, world.deployment(1).state) == (State.RUNNING, State.SUCCEEDED)
    assert only_ours(world)


# --- a matrix: several jobs -------------------------------------------------------------------------------------


def test_several_jobs_have_succeeded_when_all_have(world: World) -> None:
    ours = asked(world)
    first, second = job(world), job(world)
    says(world, first, "in_progress", "success")
    between = world.deployment(1).state

    says(world, second, "in_progress", "success")

    assert (between, world.deployment(1).state) == (State.RUNNING, State.SUCCEEDED)
    assert only_ours(world)
    assert world.statuses(ours) == ["in_progress", "success"]


def test_one_of_several_jobs_that_fails_has_failed_for_all(world: World) -> None:
    asked(world)
    first, second = job(world), job(world)

    says(world, first, "in_progress", "success")
    says(world, second, "failure", description="exit code 3")

    assert world.deployment(1).state is State.FAILED
    assert only_ours(world)


def test_one_of_several_jobs_that_waits_for_a_review_holds_the_clocks_for_all(world: World) -> None:
    asked(world)
    first, second = job(world), job(world)
    says(world, second, "waiting", log_url=RUN)

    says(world, first, "in_progress", "success")
    world.wait(days=2)

    assert world.deployment(1).reviewed_elsewhere


# --- webhooks that are lost, late, twice, or in another order ---------------------------------------------------


def test_the_jobs_statuses_may_come_before_its_deployment(world: World) -> None:
    asked(world)
    world.hold_webhooks = True
    twin = job(world)
    says(world, twin, "in_progress", "success")

    for webhook in reversed(world.github.webhooks[-3:]):
        world.deliver(webhook)

    assert world.deployment(1).state is State.SUCCEEDED
    assert only_ours(world)


def test_a_job_that_is_heard_of_before_githubs_answer_to_us_is_ours_all_the_same(world: World) -> None:
    world.hold_webhooks = True
    world.github.fail_next("POST", "/deployments$", "cut_after")
    world.github.fail_next("GET", "/deployments$", 503, times=99)
    world.says("maria", "deploy main to staging")
    before = world.deployment(1).remote_id
    world.github.create_deployment(REPOSITORY, "main", environment="staging", by=ACTIONS)

    world.deliver(world.github.webhooks[-1])
    world.github.heal()
    world.wait(minutes=10)
    world.hold_webhooks = False
    world.settle()
    says(world, world.github.deployments(REPOSITORY)[-1].id, "success")

    assert before is None
    assert world.deployment(1).state is State.SUCCEEDED
    assert only_ours(world)


def test_a_job_whose_webhooks_are_all_lost_is_found(world: World) -> None:
    world.reconcile()
    asked(world)
    world.hold_webhooks = True
    twin = job(world)
    says(world, twin, "in_progress")

    for _ in range(2):
        world.wait(minutes=3)
        world.reconcile()
    says(world, twin, "success")
    world.wait(minutes=3)
    world.reconcile()

    assert world.deployment(1).state is State.SUCCEEDED
    assert only_ours(world)


def test_a_lost_end_of_the_job_is_looked_for_before_ours_is_given_up(world: World) -> None:
    asked(world)
    twin = job(world)
    says(world, twin, "in_progress")
    world.hold_webhooks = True
    says(world, twin, "success")

    world.wait(minutes=15)

    assert world.deployment(1).state is State.SUCCEEDED


def test_what_is_passed_on_to_github_is_passed_on_once(world: World) -> None:
    ours = asked(world)
    twin = job(world)
    world.github.fail_next("POST", rf"/deployments/{ours}/statuses", "cut_after", times=2)

    says(world, twin, "in_progress")
    world.wait(minutes=1)
    says(world, twin, "success")
    world.wait(minutes=1)

    assert world.statuses(ours) == ["in_progress", "success"]


def test_where_github_does_not_say_who_we_are_a_job_is_not_taken_for_ours(world: World) -> None:
    asked(world)
    world.restart()
    world.github.fail_next("GET", "^/user$", 403, times=99)

    says(world, job(world), "success")

    assert world.deployment(1).state is State.STARTING


@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 5), max_size=6), st.randoms(use_true_random=False))
def test_in_any_order_and_any_number_of_webhooks_two_jobs_end_ours_once(
    tmp_path_factory: object, repeated: list[int], chance: object
) -> None:
    directory = tmp_path_factory.mktemp("world")  # type: ignore[attr-defined]
    with open_world(directory) as world:
        ours = asked(world)
        world.hold_webhooks = True
        first, second = (
            world.github.create_deployment(REPOSITORY, "main", environment="staging", by=ACTIONS) for _ in range(2)
        )
        for state in ("in_progress", "success"):
            for twin in (first, second):
                world.github.report_deployment_status(REPOSITORY, twin, state, by=ACTIONS)
        created, told = world.github.webhooks[-6:-4], world.github.webhooks[-4:]
        order = [*told, *(told[n % 4] for n in repeated)]
        chance.shuffle(order)  # type: ignore[attr-defined]

        for webhook in [*created, *order]:
            world.deliver(webhook)

        assert world.deployment(1).state is State.SUCCEEDED
        assert world.statuses(ours) == ["in_progress", "success"]
        assert only_ours(world)
