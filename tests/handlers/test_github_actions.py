"""Conversations about deployments that a workflow of GitHub Actions carries out, dispatched by the bot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.deployments.model import HEARD, State, notes_key
from tests.handlers.scenes import channel, news, parent, thread
from tests.servers.github import actions
from tests.servers.github.state import WorkflowRun
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

OURS = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "github_actions", workflow = "deploy.yml" }'
)
BOT = "shipmate-bot"


class Script:
    """In the place of the provider runner's stopwatch: at each pause time passes, and the next thing happens.

    ``steps`` are what happens; nothing more happens when they are used up.
    """

    def __init__(self, world: World, *steps: Callable[[], None]) -> None:
        self._world = world
        self._steps = iter(steps)

    def wait(self, seconds: float) -> bool:
        next(self._steps, lambda: None)()
        self._world.wait(seconds=max(seconds, 0.0))
        return False

    def set(self) -> None:
        """Nobody waits in earnest."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, OURS) as world:
        actions.add_workflow(world.github, REPOSITORY, "deploy.yml")
        yield world


def plays(world: World, *steps: Callable[[], None]) -> None:
    """What happens while the provider follows a run, at a pause each; its stopwatch goes by the frozen time."""
    world.provider_runner.stopwatch = lambda: world.clock.now().timestamp()
    world.provider_runner.stopping = Script(world, *steps)  # type: ignore[assignment]


def at_once(world: World, how: Callable[..., None], *log: str) -> None:
    world.github.on_dispatch = lambda run: how(world.github, REPOSITORY, run.id, *log)


def run(world: World) -> WorkflowRun:
    return actions.dispatched(world.github, REPOSITORY)[-1]


def job(world: World, *steps: tuple[str, str | None], **how: Any) -> Callable[[], None]:
    def goes_on() -> None:
        actions.set_job(world.github, REPOSITORY, run(world).id, "deploy", *steps, **how)
        actions.set_run(world.github, REPOSITORY, run(world).id, how.get("status", "in_progress"))

    return goes_on


def test_a_deployment_is_seen_step_by_step_until_it_is_live(world: World) -> None:
    seen = []
    plays(
        world,
        lambda: seen.append(news(world, 1)),
        job(world, ("Set up job", "success"), ("Build", None)),
        *[lambda: None] * 8,
        job(world, ("Set up job", "success"), ("Build", "success"), ("Migrate", None)),
        *[lambda: None] * 8,
        lambda: seen.append(parent(world, 1)),
        lambda: actions.succeed(world.github, REPOSITORY, run(world).id),
    )

    world.says("maria", "deploy main to staging")

    assert seen[1].split("\n")[0] == "🚀 *web → staging*  step 2 of 2"
    assert "logs" in seen[1].split("\n")[1]
    assert parent(world, 1).split("\n")[0] == "✅ *web → staging*  is live"
    assert thread(world, 1)[0].startswith("🚀 Started 10:00 UTC · Build ")
    [remote] = world.github.deployments(REPOSITORY)
    assert [one.state for one in remote.statuses] == ["queued", "in_progress", "in_progress", "success"]
    assert remote.statuses[-1].log_url == f"https://github.com/acme/web/actions/runs/{run(world).id}"
    assert run(world).inputs["deployment_id"] == "1"
    assert run(world).inputs["request_id"] == world.deployment(1).request_id


def test_a_failure_says_where_and_shows_the_last_lines(world: World) -> None:
    at_once(
        world, actions.fail, "ERROR: relation “orders” does not exist", "##[error]Process completed with exit code 1."
    )
    plays(world)

    world.says("maria", "deploy main to staging")

    ended = thread(world, 1)[-1]
    assert ended.startswith("❌ *web → staging* failed at step 2, Migrate database\n@maria\n```\n")
    assert "ERROR: relation “orders” does not exist\n```" in ended
    assert world.deployment(1).state is State.FAILED
    assert world.parent(1).labels == ["Retry"]


def test_a_retry_runs_the_failed_jobs_again_and_is_live(world: World) -> None:
    at_once(world, actions.fail, "no")
    plays(world)
    world.says("maria", "deploy main to staging")
    at_once(world, actions.succeed)

    world.says("maria", "retry #1")

    assert world.deployment(2).state is State.SUCCEEDED
    assert [(one.attempt, one.conclusion) for one in actions.dispatched(world.github, REPOSITORY)] == [(2, "success")]


def test_after_other_settings_a_retry_is_a_new_run(world: World) -> None:
    at_once(world, actions.fail, "no")
    plays(world)
    world.says("maria", "deploy main to staging")
    world.restart(
        OURS.replace('"deploy.yml"', '"deploy.yml", inputs = { sha = "{sha}", request_id = "{request_id}" }')
        + '[people]\nU00000001 = "maria"\nU00000002 = "bob"\n'
    )
    at_once(world, actions.succeed)
    plays(world)

    world.says("maria", "retry #1")

    assert [one.attempt for one in actions.dispatched(world.github, REPOSITORY)] == [1, 1]
    assert set(run(world).inputs) == {"sha", "request_id"}


def heard(world: World, number: int = 1) -> str | None:
    return world.store.reads().kept(notes_key(number, HEARD))


def test_a_webhook_of_its_run_wakes_whoever_follows_it_and_nobody_else(world: World) -> None:
    seen: list[str | None] = []

    def another_run() -> None:
        world.forge.workflows.dispatch(REPOSITORY, "deploy.yml", "main", {})
        world.settle()
        seen.append(heard(world))
        other = run(world)
        actions.succeed(world.github, REPOSITORY, other.id)
        world.settle()
        seen.append(heard(world))

    def its_own() -> None:
        actions.succeed(world.github, REPOSITORY, actions.dispatched(world.github, REPOSITORY)[0].id)
        world.settle()
        seen.append(heard(world))

    plays(world, *[lambda: None] * 2, another_run, its_own)

    world.says("maria", "deploy main to staging")

    before, same, after = seen
    assert before == same != after
    assert world.deployment(1).state is State.SUCCEEDED
    assert heard(world) is None


def test_a_webhook_that_comes_late_leaves_nothing_behind(world: World) -> None:
    at_once(world, actions.succeed)
    plays(world)
    world.says("maria", "deploy main to staging")

    actions.set_run(world.github, REPOSITORY, run(world).id, "completed", "success")
    world.settle()

    assert heard(world) is None
    assert world.deployment(1).state is State.SUCCEEDED


def test_cancel_stops_the_run_on_github(world: World) -> None:
    plays(world, *[lambda: None] * 3, lambda: world.slack.says("maria", "#web", "@shipmate cancel #1") and None)

    world.says("maria", "deploy main to staging")

    assert run(world).conclusion == "cancelled"
    assert world.deployment(1).state is State.CANCELLED
    assert news(world, 1) == "cancelled by maria"


def test_a_protected_environment_is_waited_for_and_no_clock_runs(world: World) -> None:
    seen = []

    def a_day_passes() -> None:
        seen.append(parent(world, 1).split("\n")[0])
        world.wait(days=1)
        seen.append(world.deployment(1).state)

    plays(
        world,
        job(world, ("Set up job", None), status="waiting"),
        *[lambda: None] * 8,
        a_day_passes,
        lambda: actions.succeed(world.github, REPOSITORY, run(world).id),
    )

    world.says("maria", "deploy main to staging")

    assert seen == ["🙋 *web → staging*  waits for a review on GitHub", State.RUNNING]
    assert world.deployment(1).state is State.SUCCEEDED


def test_what_the_workflow_lacks_is_told_with_the_lines_to_add(world: World) -> None:
    actions.add_workflow(world.github, REPOSITORY, "deploy.yml", inputs=("sha", "ref", "environment"))
    plays(world)

    world.says("maria", "deploy main to staging")

    ended = thread(world, 1)[-1]
    assert ended.startswith(
        "❌ *web → staging* did not work: deploy.yml does not declare the inputs deployment_id, request_id."
    )
    assert "      request_id: { type: string }" in ended


# --- what the job makes of it on GitHub ------------------------------------------------------------------------------


def twin(world: World, **how: Any) -> int:
    """A job with ``environment:`` makes a deployment of its own, as GitHub names its creator: whoever dispatched it."""
    more = {"environment": "staging", "by": BOT, "via_app": "github-actions", **how}
    return world.github.create_deployment(REPOSITORY, more.pop("ref", "main"), **more)


def only_ours(world: World) -> bool:
    return world.store.reads().deployment(2) is None and len(channel(world, "#web")) == 1


def test_the_deployment_that_the_job_makes_is_ours_and_changes_nothing(world: World) -> None:
    made: list[int] = []

    def reports(state: str) -> Callable[[], None]:
        def told() -> None:
            links = {"log_url": "https://x.example/1", "environment_url": "https://staging.example"}
            world.github.report_deployment_status(REPOSITORY, made[0], state, by=BOT, **links)

        return told

    plays(
        world,
        lambda: made.append(twin(world)),
        *(reports(one) for one in ("in_progress", "failure")),
        *[lambda: None] * 4,
        lambda: actions.succeed(world.github, REPOSITORY, run(world).id),
    )

    world.says("maria", "deploy main to staging")

    assert only_ours(world)
    assert world.deployment(1).state is State.SUCCEEDED
    assert (world.deployment(1).log_url or "").endswith(f"/actions/runs/{run(world).id}")
    assert world.deployment(1).environment_url == "https://staging.example"


def test_one_that_is_heard_of_late_is_ours_too_and_what_comes_later_is_not(world: World) -> None:
    world.hold_webhooks = True
    world.github.on_dispatch = lambda one: (twin(world), actions.succeed(world.github, REPOSITORY, one.id))[1]
    plays(world)
    world.says("maria", "deploy main to staging")
    world.wait(minutes=5)
    world.hold_webhooks = False
    world.settle()
    ours = only_ours(world)

    twin(world)
    world.settle()

    assert ours
    assert world.deployment(2).trigger == "foreign"


def test_where_a_commit_goes_through_the_default_branch_the_job_makes_one_of_that_branch(world: World) -> None:
    sha = world.github.repository(REPOSITORY).branches["main"]
    world.github.commit(REPOSITORY, "main", "Later")
    world.github.on_dispatch = lambda one: (twin(world), actions.succeed(world.github, REPOSITORY, one.id))[1]
    plays(world)

    world.says("maria", f"deploy {sha} to staging")

    assert run(world).sha != sha
    assert run(world).inputs["sha"] == sha
    assert only_ours(world)


@pytest.mark.parametrize(
    "how", [{"environment": "production"}, {"ref": "topic"}, {"by": "another-tool", "via_app": None}], ids=str
)
def test_whatever_else_is_deployed_there_is_announced(world: World, how: dict[str, Any]) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    plays(world, lambda: twin(world, **how) and None, lambda: actions.succeed(world.github, REPOSITORY, run(world).id))

    world.says("maria", "deploy main to staging")

    assert world.deployment(2).trigger == "foreign"


def test_what_a_workflow_makes_is_not_carried_out_by_a_workflow(tmp_path: Path) -> None:
    carried = OURS.replace("default_environment", 'foreign_deployments = "carry_out"\ndefault_environment')
    with open_world(tmp_path, carried) as world:
        actions.add_workflow(world.github, REPOSITORY, "deploy.yml")
        plays(world)

        twin(world)
        world.settle()
        by_hand = world.github.create_deployment(REPOSITORY, "main", environment="production", by="maria")
        at_once(world, actions.succeed)
        world.settle()

        assert world.deployment(1).state is State.STARTING
        assert [one.inputs["environment"] for one in actions.dispatched(world.github, REPOSITORY)] == ["production"]
        assert world.statuses(by_hand)[-1] == "success"


def test_the_run_is_no_check_of_the_commit_it_deploys(world: World) -> None:
    at_once(world, actions.fail, "no")
    plays(world)
    world.says("maria", "deploy main to staging")
    at_once(world, actions.succeed)

    world.says("maria", "deploy main to production")

    assert world.deployment(1).state is State.FAILED
    assert world.deployment(2).state is State.SUCCEEDED


def test_another_workflow_that_somebody_dispatched_is_one(world: World) -> None:
    actions.add_workflow(world.github, REPOSITORY, "ci.yml")
    world.forge.workflows.dispatch(REPOSITORY, "ci.yml", "main", {})
    actions.fail(world.github, REPOSITORY, run(world).id, "no")
    plays(world)

    world.says("maria", "deploy main to staging")

    assert [one.file for one in actions.dispatched(world.github, REPOSITORY)] == ["ci.yml"]
