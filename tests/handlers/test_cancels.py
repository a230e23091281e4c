"""Conversations about cancelling."""

from __future__ import annotations

from pathlib import Path

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

SLEEPS = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "shell", command = ["sh", "-c", "echo begun; sleep 60"] }'
)


def test_one_that_waits_is_cancelled_at_once(world: World) -> None:
    world.github.set_check_run(REPOSITORY, "main", "lint", None)
    world.says("maria", "deploy main to staging when green")

    said = world.says("maria", "cancel")
    world.github.set_check_run(REPOSITORY, "main", "lint", "success")
    world.settle()

    assert answers(world, said) == ["#1 (web → staging) is cancelled."]
    assert news(world, 1) == "cancelled by maria"
    assert notification(world, 1) == "Deploying main@d470312 of web to staging is off. Cancelled by maria."
    # That one takes back one's own is no news to anybody.
    assert broadcasts(world, "#web") == []
    assert thread(world, 1) == ["🛑 cancelled by maria"]
    assert world.github.deployments(REPOSITORY) == []


def test_the_button_cancels_too(world: World) -> None:
    world.github.set_check_run(REPOSITORY, "main", "lint", None)
    world.says("maria", "deploy main to staging when green")

    world.presses("bob", world.parent(1), "Cancel")

    assert news(world, 1) == "cancelled by bob"
    assert thread(world, 1) == ["🛑 @maria cancelled by bob"]
    assert world.parent(1).labels == ["Ask again"]


def test_the_channel_hears_of_it_where_it_wants_to(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS + 'notify = ["cancellation"]\n') as world:
        world.says("maria", "deploy main to production")
        world.says("bob", "cancel #1")

        assert broadcasts(world, "#web") == ["🛑 @maria cancelled by bob"]


def test_one_that_runs_here_is_stopped(tmp_path: Path) -> None:
    with open_world(tmp_path, SLEEPS) as world:
        world.hold_runs = True
        world.says("maria", "deploy main to staging")
        begun = world.provider_runner.begin(1)
        world.settle()

        said = world.says("bob", "cancel #1")
        world.provider_runner.follow(1, str(begun["handle"]))
        world.settle()

        assert answers(world, said) == ["Stopping #1 (web → staging) …"]
        assert news(world, 1) == "cancelled by bob"
        assert world.statuses(world.deployment(1).remote_id or 0) == ["queued", "in_progress", "error"]
        assert world.github.deployments(REPOSITORY)[0].statuses[-1].description == "Cancelled by bob"


def test_one_that_another_tool_runs_is_marked_and_the_rest_is_explained(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")

    said = world.says("maria", "cancel")
    another_tool(world, "success")

    assert answers(world, said) == [
        "#1 is marked as cancelled. Another tool carries it out, and I cannot stop that one; please stop it there too."
    ]
    assert news(world, 1) == "cancelled by maria"
    assert world.statuses(world.deployment(1).remote_id or 0) == ["in_progress", "error", "success"]


def test_the_next_in_the_queue_starts_when_one_is_cancelled(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.says("bob", "deploy main to staging")
    before = parent(world, 2).split("\n")[0]

    world.says("maria", "cancel #1")

    assert before == "⏸️ *web → staging*  is next"
    assert parent(world, 2).split("\n")[0] == "🚀 *web → staging*  is under way"
    assert world.deployment(2).state == "starting"


def test_those_behind_a_cancelled_one_move_up(world: World) -> None:
    for _ in range(3):
        world.says("maria", "deploy main to staging")
    before = (news(world, 3), facts(world, 3)[-1])

    world.says("maria", "cancel #2")

    assert before == ("is 2nd in line", "behind #1 (maria) and #2 (maria)")
    assert (news(world, 3), facts(world, 3)[-1]) == ("is next", "behind #1 (maria)")


def test_ones_own_is_meant_before_that_of_others(world: World) -> None:
    world.says("bob", "deploy main to production")
    world.says("maria", "deploy main to staging")

    world.says("bob", "cancel")

    assert [line[:1] for line in channel(world, "#web")] == ["🛑", "🚀"]


def test_several_that_may_be_meant_are_a_question_with_buttons(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.says("maria", "deploy main to production")
    world.says("maria", "cancel")
    question = world.slack.ephemerals("maria")[-1]

    world.presses("maria", question, "Cancel #1 web → staging (main)")

    assert told(world, "maria") == ["Which one do you want to cancel?"]
    assert question.labels == ["Cancel #2 web → production (main)", "Cancel #1 web → staging (main)"]
    assert [line[:1] for line in channel(world, "#web")][:2] == ["🛑", "🚀"]


def test_what_cannot_be_cancelled_is_said(world: World) -> None:
    world.says("maria", "cancel")
    world.says("maria", "cancel #9")
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.says("maria", "cancel #1")

    assert told(world, "maria") == [
        "There is nothing to cancel. `status` shows what is where.",
        "There is no deployment #9. `deploys` lists the last ones.",
        "#1 has ended already: it succeeded.",
    ]
