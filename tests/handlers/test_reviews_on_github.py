"""Conversations in which GitHub protects an environment, and holds a deployment until somebody reviews it there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.deployments.model import State
from tests.handlers.scenes import another_tool, answers, broadcasts, channel, notification, parent, thread, told
from tests.world import REPOSITORY, World

RUN = "https://github.com/acme/web/actions/runs/7"


def held(world: World, *before: str, log_url: str = RUN) -> int:
    """Maria deploys, and GitHub wants a review; the deployment's id there."""
    world.says("maria", "deploy main to staging")
    another_tool(world, *before)
    another_tool(world, "waiting", log_url=log_url)
    return world.github.deployments(REPOSITORY)[-1].id


@pytest.mark.parametrize("before", [(), ("queued",), ("in_progress",)], ids=str)
def test_a_review_on_github_is_asked_for_with_a_link(world: World, before: tuple[str, ...]) -> None:
    held(world, *before)

    assert parent(world, 1) == (
        "🙋 *web → staging*  waits for a review on GitHub\n"
        "main@d470312 · maria · first deployment here · since 10:00 UTC · open the review"
    )
    assert (
        notification(world, 1) == "maria is deploying main@d470312 of web to staging. It waits for a review on GitHub."
    )
    assert thread(world, 1)[-1] == "🙋 waits for a review on GitHub · open the review"
    assert f"<{RUN}|open the review>" in world.thread(1)[-1]


def test_where_github_does_not_say_where_the_environments_page_is_linked(world: World) -> None:
    held(world, log_url="")

    assert "/acme/web/deployments/staging|open the review>" in world.thread(1)[-1]


@pytest.mark.parametrize("end", ["success", "failure"])
def test_the_page_of_a_review_that_is_over_is_called_no_log(world: World, end: str) -> None:
    held(world, log_url="")

    another_tool(world, "in_progress", end)

    assert "log" not in parent(world, 1)
    assert not [line for line in thread(world, 1) if "log" in line]


@pytest.mark.parametrize("before", [(), ("queued",), ("in_progress",)], ids=str)
def test_no_clock_runs_while_it_waits_for_a_review(world: World, before: tuple[str, ...]) -> None:
    held(world, *before)
    state = world.deployment(1).state

    world.wait(days=9)

    assert (world.deployment(1).state, world.deployment(1).due_at) == (state, None)
    assert broadcasts(world, "#web") == []


@pytest.mark.parametrize("before", [("queued",), ("in_progress",)], ids=str)
def test_how_long_it_took_is_told_without_its_review(world: World, before: tuple[str, ...]) -> None:
    held(world, *before)
    world.wait(hours=30)
    another_tool(world, "in_progress")
    world.wait(minutes=5)

    another_tool(world, "success")

    assert "✅ reviewed after 30 h" in thread(world, 1)
    assert thread(world, 1)[-1] == "✅ @maria live in 5 min 30 s"


@pytest.mark.parametrize("before", [(), ("queued",), ("in_progress",)], ids=str)
@pytest.mark.parametrize("then", ["pending", "queued", "in_progress"])
def test_the_next_status_ends_the_wait_and_the_time_that_it_may_take_begins_anew(
    world: World, before: tuple[str, ...], then: str
) -> None:
    held(world, *before)
    world.wait(days=2)

    another_tool(world, then)
    waits, due_at = world.deployment(1).reviewed_elsewhere, world.deployment(1).due_at
    world.wait(minutes=14)
    running = world.deployment(1).busy
    world.wait(minutes=2)

    assert not waits
    assert due_at is not None
    assert running
    assert world.deployment(1).given_up


@pytest.mark.parametrize(
    ("status", "state"), [("success", State.SUCCEEDED), ("failure", State.FAILED), ("error", State.ERROR)]
)
def test_it_may_end_right_there(world: World, status: str, state: State) -> None:
    held(world, "in_progress")

    another_tool(world, status)

    assert (world.deployment(1).state, world.deployment(1).waits_since) == (state, None)


def test_it_is_told_once_however_often_github_says_so(world: World) -> None:
    held(world)
    before = thread(world, 1)

    another_tool(world, "waiting", "waiting", log_url=RUN)

    assert thread(world, 1) == before


def test_several_reviews_one_after_the_other_are_each_told(world: World) -> None:
    held(world)

    another_tool(world, "in_progress", "waiting", log_url=RUN)

    assert thread(world, 1) == [
        "✅ reviewed after 10 s\n🙋 waits for a review on GitHub · open the review",
        "🚀 Started 10:00 UTC · logs",
    ]


@pytest.mark.parametrize(
    ("status", "told"),
    [("success", "✅ reviewed after 10 s"), ("failure", "❌ failed after 10 s in review")],
)
def test_where_it_ends_right_there_the_thread_does_not_go_on_asking(world: World, status: str, told: str) -> None:
    held(world)

    another_tool(world, status)

    assert thread(world, 1)[0] == told


def test_a_lost_webhook_of_it_only_costs_time(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_webhooks = True
    another_tool(world, "waiting", log_url=RUN)

    world.wait(minutes=1)

    assert world.deployment(1).reviewed_elsewhere
    assert broadcasts(world, "#web") == []


def test_it_can_be_cancelled_and_the_next_one_goes(world: World) -> None:
    remote = held(world)
    world.says("bob", "deploy main to staging")

    said = world.says("maria", "cancel #1")

    assert world.deployment(1).state is State.CANCELLED
    assert world.statuses(remote)[-1] == "error"
    assert world.deployment(2).state is State.STARTING
    assert told(world, "maria") == []
    assert answers(world, said)


def test_one_of_another_tool_waits_for_its_review_in_peace_too(world: World) -> None:
    remote = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="argo")
    world.github.report_deployment_status(REPOSITORY, remote, "waiting", log_url=RUN)
    world.settle()

    world.wait(days=1)

    assert channel(world, "#web") == ["🙋 *web → staging*  waits for a review on GitHub"]
    assert world.deployment(1).busy


def test_status_and_the_history_say_for_what_it_waits(world: World) -> None:
    held(world)

    said = world.says("maria", "status web staging")
    details = world.says("maria", "deploys #1")

    assert "🙋 #1 main@d470312 by maria waits for a review on GitHub" in answers(world, said)[0]
    assert "waiting for a review on GitHub" in answers(world, details)[0]


def test_the_wait_is_counted_from_its_beginning(world: World) -> None:
    held(world)
    began = world.deployment(1).waits_since

    another_tool(world, "waiting", log_url=RUN)

    assert began is not None
    assert world.deployment(1).waits_since == began
    assert world.clock.now() - began == timedelta(seconds=10)


@pytest.mark.parametrize("event", ["deployment_protection_rule", "deployment_review"])
def test_githubs_other_events_about_it_are_passed_over(world: World, event: str) -> None:
    held(world)
    before = (parent(world, 1), thread(world, 1))

    world.github.send(
        world.github.repository(REPOSITORY), event, {"action": "requested", "environment": "staging"}, "octocat"
    )
    world.settle()

    assert (parent(world, 1), thread(world, 1)) == before
    webhook = world.github.webhooks_of(event)[0]
    kept = world.store.inbox.delivery(f"github:{webhook.delivery_id}")
    assert kept is not None
    assert kept[1] is not None
