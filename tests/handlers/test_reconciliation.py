"""Conversations in which webhooks are lost, and the clock makes up for them."""

from __future__ import annotations

from pathlib import Path

from tests.handlers.scenes import another_tool, channel, parent, thread
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world


def test_lost_statuses_are_found_and_told_in_order(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_webhooks = True
    another_tool(world, "queued", "success", description="on it")
    before = (world.deployment(1).state, parent(world, 1).split("\n")[0], thread(world, 1))

    world.reconcile()

    assert before == ("starting", "🚀 *web → staging*  is under way", [])
    assert parent(world, 1).split("\n")[0] == "✅ *web → staging*  is live"
    assert thread(world, 1)[-1] == "✅ @maria live in 20 s"


def test_late_webhooks_after_that_change_nothing(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_webhooks = True
    another_tool(world, "in_progress", "success")
    world.reconcile()
    told_before = thread(world, 1)

    for webhook in world.github.webhooks_of("deployment_status"):
        world.deliver(webhook)

    assert thread(world, 1) == told_before


def test_a_lost_check_only_costs_time(world: World) -> None:
    world.github.set_check_run(REPOSITORY, "main", "lint", None)
    world.says("maria", "deploy main to staging when green")
    world.hold_webhooks = True
    world.github.set_check_run(REPOSITORY, "main", "lint", "success")

    world.reconcile()

    assert channel(world, "#web") == ["🚀 *web → staging*  is under way"]


def test_a_repository_that_cannot_be_seen_any_more_does_not_stop_the_others(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.says("maria", "deploy main to production")
    world.hold_webhooks = True
    another_tool(world, "success")
    lost = world.deployment(1).remote_id
    world.github.fail_next("GET", rf"/deployments/{lost}/statuses", 404, times=5)

    world.reconcile()

    assert [line[:1] for line in channel(world, "#web")][:2] == ["🚀", "✅"]


def test_reconciling_in_peace_says_nothing(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")
    before = (channel(world, "#web"), thread(world, 1))

    for _ in range(3):
        world.wait(minutes=4)
        world.reconcile()

    assert (channel(world, "#web"), thread(world, 1)) == before


def test_what_was_handled_is_kept_for_as_long_as_the_settings_say_and_deployments_for_ever(tmp_path: Path) -> None:
    settings = '[bot]\nretention = "5d"\n' + SETTINGS
    with open_world(tmp_path, settings) as world:
        world.says("maria", "deploy main to staging")
        another_tool(world, "success")
        webhook = f"github:{world.github.webhooks_of('deployment_status')[0].delivery_id}"

        world.wait(days=4)
        world.fires("retain")
        still_there = world.store.inbox.delivery(webhook) is not None
        world.wait(days=2)
        world.fires("retain")

        assert still_there
        assert world.store.inbox.delivery(webhook) is None
        assert world.deployment(1).state == "succeeded"
