"""Conversations about what is live: only its message offers to roll back, and says what that means."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, told
from tests.handlers.test_modals import modal
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world


def deployed(world: World, title: str, end: str = "success", where: str = "") -> str:
    sha = world.github.commit(REPOSITORY, "main", title)
    world.says("maria", f"deploy main{where}")
    another_tool(world, end)
    return sha


def offers(world: World) -> dict[int, list[str]]:
    """The buttons of every deployment's message."""
    history = world.store.reads().history(app=None, environment=None, ref=None, limit=50)
    return {one.id: world.parent(one.id).labels for one in sorted(history, key=lambda one: one.id)}


def question(world: World, deployment_id: int) -> str:
    """What the form says that the button opens."""
    [label] = [one for one in world.parent(deployment_id).labels if "Roll back" in one]
    world.opens_form("bob", world.parent(deployment_id), label)
    return str(modal(world, "bob").lines[0])


def test_only_what_is_live_offers_to_roll_back(world: World) -> None:
    first, second, _ = deployed(world, "One"), deployed(world, "Two"), deployed(world, "Three")

    assert offers(world) == {1: [], 2: [], 3: [f"Roll back to {second[:7]}"]}
    assert first


def test_what_failed_offers_until_something_else_goes_live(world: World) -> None:
    live = deployed(world, "One")
    deployed(world, "Two", "failure")
    before = offers(world)

    deployed(world, "Three")

    assert before == {1: [], 2: ["Retry", f"Roll back to {live[:7]}"]}
    assert offers(world) == {1: [], 2: [], 3: [f"Roll back to {live[:7]}"]}


def test_another_environment_keeps_what_it_offers(world: World) -> None:
    first = deployed(world, "One", where=" to staging")
    deployed(world, "Two", where=" to staging")
    deployed(world, "Three")
    deployed(world, "Four")

    assert offers(world)[1] == []
    assert offers(world)[2] == [f"Roll back to {first[:7]}"]


def test_what_was_rolled_back_offers_nothing_and_the_rollback_the_way_forward(world: World) -> None:
    deployed(world, "One")
    second = deployed(world, "Two")

    world.says("bob", "rollback")
    another_tool(world, "success")

    assert offers(world) == {1: [], 2: [], 3: ["Unlock", f"Redeploy {second[:7]}"]}


def test_where_it_is_locked_no_more_nothing_is_offered_to_unlock(world: World) -> None:
    deployed(world, "One")
    second = deployed(world, "Two")
    world.says("bob", "rollback")
    another_tool(world, "success")

    world.presses("bob", world.parent(3), "Unlock")

    assert offers(world)[3] == [f"Redeploy {second[:7]}"]
    assert "🔒" not in world.parent(3).lines[0]


def test_a_task_of_its_own_changes_nothing_about_what_is_live(world: World) -> None:
    first = deployed(world, "One")
    deployed(world, "Two")

    world.says("maria", "deploy:migrate main")
    another_tool(world, "success")

    assert offers(world)[2] == [f"Roll back to {first[:7]}"]


def test_a_late_success_that_is_not_live_offers_nothing(world: World) -> None:
    deployed(world, "One")
    world.github.commit(REPOSITORY, "main", "Two")
    world.says("maria", "deploy main")
    another_tool(world, "in_progress")
    world.wait(minutes=40)
    given_up = world.deployment(2).remote_id
    third = deployed(world, "Three")

    world.github.report_deployment_status(REPOSITORY, given_up, "success")
    world.settle()

    assert offers(world)[2] == []
    assert third


def test_whoever_rolls_back_reads_from_what_to_what_and_what_is_lost(world: World) -> None:
    first = deployed(world, "One")
    for number in range(3):
        world.github.commit(REPOSITORY, "main", f"Step {number}")
    last = deployed(world, "Two")

    asked = question(world, 2)

    assert asked.startswith(f"web → production: from {last[:7]} (live) to {first[:7]}. Takes back ")
    assert asked.endswith("Then production is locked for you, so that no merge ships it again.")
    assert asked.count(",") >= 3
    assert len(asked) <= 300


def test_of_many_a_few_are_named(world: World) -> None:
    deployed(world, "One")
    for number in range(30):
        world.github.commit(REPOSITORY, "main", f"Step {number}")
    deployed(world, "Two")

    assert "and 26 more" in question(world, 2)
    assert len(question(world, 2)) <= 300


@pytest.mark.parametrize("label", ["Roll back", "Retry"])
def test_an_old_screen_of_it_does_nothing(tmp_path: Path, label: str) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        deployed(world, "One")
        deployed(world, "Two", "failure")
        screen = deepcopy(world.parent(2))
        pressed = next(one for one in screen.labels if one.startswith(label))
        deployed(world, "Three")
        count = len(offers(world))

        world.presses("bob", screen, pressed)

        assert len(offers(world)) == count
        assert told(world, "bob")


# --- live already -----------------------------------------------------------------------------------------------


def test_what_is_live_already_is_not_deployed_again(world: World) -> None:
    sha = deployed(world, "One")

    world.says("bob", "deploy main to production")

    assert told(world, "bob") == [f"☑️ `main` is live in *production* already: {sha[:7]}, since 10:00 UTC by maria."]
    assert len(world.github.deployments(REPOSITORY)) == 1
    assert told(world, "maria") == []


def test_whoever_wants_it_all_the_same_presses_or_says_so(world: World) -> None:
    sha = deployed(world, "One")
    world.says("bob", "deploy main to production")
    asked = world.slack.ephemerals("bob")[-1]

    world.presses("bob", asked, "Deploy it again")
    another_tool(world, "success")
    world.says("maria", 'deploy main to production --force "a cache must be filled"')
    another_tool(world, "success")

    assert [one.sha for one in world.github.deployments(REPOSITORY)] == [sha] * 3


@pytest.mark.parametrize(
    "said",
    ["deploy main to production canary=10%", "deploy main to production/fe", "deploy:migrate main to production"],
)
def test_more_than_the_commit_is_more_than_what_is_live(world: World, said: str) -> None:
    deployed(world, "One")

    world.says("bob", said)

    assert len(world.github.deployments(REPOSITORY)) == 2


@pytest.mark.parametrize("end", ["failure", "error"])
def test_after_something_else_was_tried_nobody_knows_what_is_there(world: World, end: str) -> None:
    sha = deployed(world, "One")
    world.github.commit(REPOSITORY, "topic", "Two")
    world.says("maria", "deploy topic to production")
    another_tool(world, end)

    world.says("bob", "deploy main to production")

    assert world.github.deployments(REPOSITORY)[-1].sha == sha
    assert len(world.github.deployments(REPOSITORY)) == 3


def test_while_something_else_takes_its_place_it_may_be_asked_for_again(world: World) -> None:
    sha = deployed(world, "One")
    world.github.commit(REPOSITORY, "topic", "Two")
    world.says("maria", "deploy topic to production")

    world.says("bob", "deploy main to production")
    another_tool(world, "success")

    assert world.github.deployments(REPOSITORY)[-1].sha == sha


def test_who_may_not_deploy_there_is_told_that(world: World) -> None:
    deployed(world, "One")
    world.github.set_permission(REPOSITORY, "bob", "read")

    world.says("bob", "deploy main to production")

    assert "already" not in told(world, "bob")[0]
