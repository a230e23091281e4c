"""A worker without a listener hears nothing from GitHub by itself: what it has missed it finds by looking."""

from __future__ import annotations

from tests.world import REPOSITORY, World


def test_a_deployment_that_another_tool_carries_out_ends_by_reconciliation(world: World) -> None:
    world.hold_webhooks = True
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topic to production")
    [deployment] = world.github.deployments(REPOSITORY)
    for state in ("queued", "in_progress", "success"):
        world.github.report_deployment_status(REPOSITORY, deployment.id, state, description="by another tool")
    before = world.deployment(1).state

    world.restart()
    world.reconcile()
    world.wait(seconds=5)

    assert before == "starting"
    assert world.deployment(1).state == "succeeded"
    assert any(line.startswith("✅ <@U00000001> live in ") for line in world.thread(1))
    assert world.statuses(deployment.id) == ["queued", "in_progress", "success"]
