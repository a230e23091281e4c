"""Conversations about deployments that other tools create or carry out."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.deployments.model import State
from bot.core.ports.chat import Delivery
from tests.handlers.scenes import (
    another_tool,
    answers,
    broadcasts,
    channel,
    facts,
    news,
    notification,
    parent,
    thread,
    told,
)
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

FOLLOWED = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "local", directory = "{directory}/releases" }'
)
LOCAL = FOLLOWED.replace("[apps.web]", '[apps.web]\nforeign_deployments = "carry_out"')


def created(world: World, environment: str = "staging", **more: str) -> int:
    """Somebody else creates a deployment."""
    remote_id = world.github.create_deployment(REPOSITORY, "main", environment=environment, by="argo", **more)
    world.settle()
    return remote_id


def said_on_github(world: World, remote_id: int) -> list[tuple[str, str]]:
    """The statuses of the deployment with what they say."""
    return [(one.state, one.description) for one in world.github.deployment_statuses(REPOSITORY, remote_id)]


def test_somebody_elses_deployment_is_announced_and_followed(world: World) -> None:
    created(world)
    announced = (parent(world, 1), notification(world, 1))

    another_tool(world, "queued", "in_progress", "success", environment_url="https://staging.example")

    assert announced == (
        "🚀 *web → staging*  is under way\nmain@d470312 · by argo · first deployment here · since 10:00 UTC",
        "argo is deploying main@d470312 of web to staging.",
    )
    assert parent(world, 1) == (
        "✅ *web → staging*  is live\nmain@d470312 · by argo · first deployment here · 30 s · open"
    )
    assert thread(world, 1) == ["🚀 Started 10:00 UTC", "✅ live in 30 s"]


def test_it_counts_as_what_is_deployed_there(world: World) -> None:
    created(world)
    another_tool(world, "success")

    said = world.says("maria", "status web staging")

    assert answers(world, said) == [
        "*web* · staging has all of main\n"
        "where | what is live | since | now\nstaging | main@d470312 | 10:00 UTC, argo | –"
    ]


def test_a_deployment_to_an_environment_that_the_settings_do_not_name_is_ignored(world: World) -> None:
    remote_id = created(world, "review-app-7")
    world.github.report_deployment_status(REPOSITORY, remote_id, "success")
    world.settle()

    assert channel(world, "#web") == []


def test_an_alias_of_the_environment_is_understood(tmp_path: Path) -> None:
    settings_ = SETTINGS.replace("deploy_on_merge", 'aliases = ["Pre-Prod"]\ndeploy_on_merge')
    with open_world(tmp_path, settings_) as world:
        created(world, "pre-prod")

        assert channel(world, "#web") == ["🚀 *web → staging*  is under way"]


def test_where_the_provider_is_ours_it_is_carried_out(tmp_path: Path) -> None:
    with open_world(tmp_path, LOCAL) as world:
        world.github.set_permission(REPOSITORY, "argo", "write")

        remote_id = created(world)

        assert parent(world, 1) == ("✅ *web → staging*  is live\nmain@d470312 · by argo · first deployment here · 0 s")
        assert world.statuses(remote_id) == ["queued", "in_progress", "success"]
        assert (tmp_path / "releases" / "current" / "README.md").read_text() == "acme/web\n"


def test_unless_the_app_says_so_it_is_not_carried_out(tmp_path: Path) -> None:
    with open_world(tmp_path, FOLLOWED) as world:
        remote_id = created(world)

        another_tool(world, "success")

        assert world.statuses(remote_id) == ["success"]
        assert (news(world, 1), facts(world, 1)[-1]) == ("is live", "10 s")


def test_two_of_ours_to_carry_out_queue_like_any_other(tmp_path: Path) -> None:
    with open_world(tmp_path, LOCAL) as world:
        world.github.set_permission(REPOSITORY, "argo", "write")
        world.hold_runs = True
        created(world)
        second = created(world)
        waiting = (news(world, 2), facts(world, 2)[-1], said_on_github(world, second))

        world.hold_runs = False
        world.settle()

        assert waiting == (
            "is next",
            "behind #1 (argo)",
            [("queued", "Queued: #1 (main) is being deployed to staging now")],
        )
        assert world.statuses(second) == ["queued", "queued", "in_progress", "success"]


def test_our_own_deployment_does_not_come_back_as_somebody_elses(world: World) -> None:
    world.says("maria", "deploy to staging")

    assert channel(world, "#web") == ["🚀 *web → staging*  is under way"]


def test_a_status_that_comes_before_the_deployment_event_is_not_lost(world: World) -> None:
    world.hold_webhooks = True
    remote_id = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="argo")
    world.github.report_deployment_status(REPOSITORY, remote_id, "success")
    event, status = world.github.webhooks

    world.deliver(status)
    world.deliver(event)

    assert channel(world, "#web") == ["✅ *web → staging*  is live"]


def test_a_status_that_another_worker_takes_up_before_the_deployment_is_there_is_not_lost(world: World) -> None:
    world.hold_webhooks = True
    remote_id = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="argo")
    world.github.report_deployment_status(REPOSITORY, remote_id, "success")
    _, status = world.github.webhooks
    world.store.inbox.put(Delivery(f"github:{status.delivery_id}", "github", status.event, status.body))

    world.pipeline.decide(f"github:{status.delivery_id}")
    again = next(one.id for one in world.store.inbox.take(9) if one.name == "DeploymentStatusReported")
    for _ in range(3):
        world.pipeline.decide(again)
    world.restart()
    world.settle()

    assert (news(world, 1), facts(world, 1)[-1]) == ("is live", "1 s")


def test_an_older_status_never_moves_it_back_and_none_is_told_twice(world: World) -> None:
    remote_id = created(world)
    world.hold_webhooks = True
    for state in ("queued", "in_progress", "success"):
        world.github.report_deployment_status(REPOSITORY, remote_id, state)
    queued, in_progress, success = world.github.webhooks_of("deployment_status")

    for webhook in (success, queued, in_progress, success):
        world.deliver(webhook)

    assert (news(world, 1), facts(world, 1)[-1]) == ("is live", "0 s")
    # That it has begun is no news of one that has ended.
    assert thread(world, 1) == ["✅ live in 0 s"]


def test_the_same_state_again_is_told_only_where_it_says_something_new(world: World) -> None:
    remote_id = created(world)

    shown, edits = [], []
    for description in ("step 1", "step 1", "step 2"):
        world.github.report_deployment_status(REPOSITORY, remote_id, "in_progress", description=description)
        world.settle()
        shown.append(facts(world, 1)[-1])
        edits.append(len(world.slack.calls("chat.update")))

    assert shown == ["`step 1`", "`step 1`", "`step 2`"]
    assert (edits[1] - edits[0], edits[2] - edits[1]) == (0, 1)
    assert thread(world, 1) == ["🚀 Started 10:00 UTC"]


def test_a_description_that_wants_to_ping_everybody_does_not(world: World) -> None:
    remote_id = created(world)

    world.github.report_deployment_status(REPOSITORY, remote_id, "failure", description="<!here> broke it")
    world.settle()

    assert world.thread(1)[-1].split("\n")[0] == "❌ *web → staging* failed: &lt;!here&gt; broke it"


def test_nothing_picked_up_is_said_after_half_a_minute_and_once(world: World) -> None:
    world.says("maria", "deploy to staging")

    world.wait(minutes=5)

    assert broadcasts(world, "#web") == [
        "🚀 Nobody has picked it up yet · usual causes: no webhook or workflow takes deployment events up"
    ]
    assert thread(world, 1) == broadcasts(world, "#web")


def test_one_that_is_picked_up_late_says_so_in_the_same_reply(world: World) -> None:
    world.says("maria", "deploy to staging")
    world.wait(minutes=1)

    another_tool(world, "in_progress")

    assert thread(world, 1) == ["🚀 Started 10:00 UTC"]


def test_one_that_is_picked_up_is_left_in_peace(world: World) -> None:
    world.says("maria", "deploy to staging")

    another_tool(world, "queued")
    world.wait(minutes=5)

    assert broadcasts(world, "#web") == []


def test_silent_webhooks_are_not_taken_for_a_silent_tool(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_webhooks = True
    another_tool(world, "in_progress")

    world.wait(minutes=1)

    assert broadcasts(world, "#web") == []
    assert thread(world, 1) == ["🚀 Started 10:00 UTC"]


def test_one_that_nobody_picks_up_ends_as_an_error_and_lets_the_next_one_pass(world: World) -> None:
    world.says("maria", "deploy to staging")
    world.says("bob", "deploy to staging")

    world.wait(minutes=16)

    assert news(world, 1) == "did not work: no tool has picked it up"
    assert world.statuses(world.deployment(1).remote_id or 0) == ["error"]
    assert (world.deployment(2).waited[0].reason, world.deployment(2).state) == ("queue", "starting")


def test_one_whose_end_is_never_reported_times_out(world: World) -> None:
    world.says("maria", "deploy to staging")
    another_tool(world, "in_progress")

    world.wait(minutes=15)

    assert news(world, 1) == "has not reported its end in time"
    assert world.statuses(world.deployment(1).remote_id or 0) == ["in_progress", "error"]
    assert broadcasts(world, "#web") == ["⌛ *web → staging* has not reported its end in time\n@maria\n1. `retry #1`"]


def test_a_foreign_one_may_run_beside_ours_and_ours_waits_for_it(world: World) -> None:
    created(world)

    world.says("maria", "deploy to staging")

    assert told(world, "maria") == []
    assert (news(world, 2), facts(world, 2)[-1]) == ("is next", "behind #1 (argo)")


STATUSES = ("queued", "in_progress", "success")


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 3), max_size=8), st.randoms(use_true_random=False))
def test_webhooks_in_any_order_and_any_number_end_in_the_same_state_and_the_same_thread(
    tmp_path_factory: object, repeated: list[int], chance: object
) -> None:
    directory = tmp_path_factory.mktemp("world")  # type: ignore[attr-defined]
    with open_world(directory) as world:
        world.hold_webhooks = True
        remote_id = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="argo")
        for state in STATUSES:
            world.github.report_deployment_status(REPOSITORY, remote_id, state, description=f"it is {state}")
        webhooks = list(world.github.webhooks)
        order = [*range(len(webhooks)), *repeated]
        chance.shuffle(order)  # type: ignore[attr-defined]

        for n, which in enumerate(order):
            again = dataclasses.replace(webhooks[which], delivery_id=f"{webhooks[which].delivery_id}-{n % 2}")
            world.deliver(again)

        state, cards, told_there = ended(world)
        assert (state, cards) == (State.SUCCEEDED, ["✅ *web → staging*  is live"])
        # That it has begun is told while it is news; whatever is told is told once.
        assert told_there in (["✅ live in 0 s"], ["🚀 Started 10:00 UTC", "✅ live in 0 s"])


def ended(world: World) -> tuple[State, list[str], list[str]]:
    return world.deployment(1).state, channel(world, "#web"), thread(world, 1)


def test_a_webhook_of_another_repository_is_nobody_elses_business(world: World) -> None:
    world.github.add_repository("acme/other")
    remote_id = world.github.create_deployment("acme/other", "main", environment="staging")
    world.github.report_deployment_status("acme/other", remote_id, "success")
    world.settle()

    assert channel(world, "#web") == []


# --- all gates are asked before one of ours to carry out --------------------------------------------------------

GATED = LOCAL.replace("[apps.web.environments.staging]", "[apps.web.environments.staging]\n{gates}")


def carried(tmp_path: Path, gates: str = "") -> AbstractContextManager[World]:
    return open_world(tmp_path, GATED.replace("{gates}", gates))


def allow(world: World, login: str = "argo") -> None:
    world.github.set_permission(REPOSITORY, login, "write")


def test_who_may_not_deploy_there_has_nothing_carried_out_and_reads_why_on_github(tmp_path: Path) -> None:
    with carried(tmp_path) as world:
        remote = created(world)

        assert said_on_github(world, remote) == [
            (
                "error",
                "Not deployed: argo may not deploy to staging: argo has no permission on acme/web, and it takes write;"
                " its admins can give it",
            )
        ]
        assert not (tmp_path / "releases").exists()


@pytest.mark.parametrize("deployers", ['["argo"]', '["ARGO"]', '["acme/tools"]'])
def test_who_the_environment_names_may(tmp_path: Path, deployers: str) -> None:
    with carried(tmp_path, f"deployers = {deployers}") as world:
        world.github.add_team("acme/tools", ["argo"])

        remote = created(world)

        assert world.statuses(remote)[-1] == "success"


@pytest.mark.parametrize(("deployers", "goes"), [('["release[bot]"]', True), ('["release"]', False), ("[]", False)])
def test_an_app_is_named_with_its_suffix(tmp_path: Path, deployers: str, goes: bool) -> None:
    with carried(tmp_path, f"deployers = {deployers}") as world:
        remote = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="release[bot]")
        world.settle()

        assert (world.statuses(remote)[-1] == "success") is goes


def test_checks_are_waited_for_and_github_reads_which(tmp_path: Path) -> None:
    with carried(tmp_path) as world:
        allow(world)
        world.github.set_status(REPOSITORY, "main", "ci/test", "failure")

        remote = created(world)
        waiting = said_on_github(world, remote)
        world.github.set_status(REPOSITORY, "main", "ci/test", "success")
        world.settle()

        assert waiting == [("pending", "Waiting: checks failed: ci/test")]
        assert world.statuses(remote) == ["pending", "queued", "in_progress", "success"]


def test_an_approval_is_waited_for_and_github_reads_whose(tmp_path: Path) -> None:
    with carried(tmp_path, 'approvals = 1\napprovers = ["bob"]') as world:
        allow(world)

        remote = created(world)
        waiting = said_on_github(world, remote)
        world.says("bob", "approve #1")

        assert waiting == [("pending", "Waiting: 1 approval is needed, from bob")]
        assert world.statuses(remote)[-1] == "success"


def test_a_freeze_holds_it_back_and_its_end_lets_it_go(tmp_path: Path) -> None:
    with carried(tmp_path) as world:
        allow(world)
        world.says("maria", "freeze staging because audit")

        remote = created(world)
        waiting = said_on_github(world, remote)
        world.says("maria", "unfreeze staging")

        assert waiting[0][0] == "pending"
        assert "audit" in waiting[0][1]
        assert world.statuses(remote)[-1] == "success"


def test_order_is_waited_for(tmp_path: Path) -> None:
    settings_ = LOCAL + 'after = "staging"\n'
    with open_world(tmp_path, settings_) as world:
        allow(world)

        remote = created(world, "production")
        waiting = world.statuses(remote)
        world.says("maria", "deploy main to staging")

        assert waiting == ["pending"]
        assert world.statuses(remote)[-1] == "success"


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_one_that_never_starts_ends_on_github_too(tmp_path: Path, how: str) -> None:
    with carried(tmp_path, "approvals = 1") as world:
        allow(world)
        remote = created(world)

        if how == "cancelled":
            world.says("maria", "cancel #1")
        else:
            world.wait(hours=2)

        assert world.statuses(remote) == ["pending", "error"]


def test_who_loses_the_right_while_it_waits_has_nothing_carried_out(tmp_path: Path) -> None:
    with carried(tmp_path) as world:
        allow(world)
        world.github.set_status(REPOSITORY, "main", "ci/test", "pending")
        remote = created(world)

        world.github.set_permission(REPOSITORY, "argo", "read")
        world.github.set_status(REPOSITORY, "main", "ci/test", "success")
        world.settle()

        assert world.statuses(remote) == ["pending", "error"]
        assert not (tmp_path / "releases").exists()
