"""Conversations about rolling back."""

from __future__ import annotations

import pytest

from tests.handlers.scenes import another_tool, answers, broadcasts, cards, notification, parent, told
from tests.world import REPOSITORY, World


@pytest.fixture
def versions(world: World) -> list[str]:
    """Three commits of main, deployed to production one after the other."""
    shas = []
    for n in (1, 2, 3):
        shas.append(world.github.commit(REPOSITORY, "main", f"Version {n}"))
        world.says("maria", "deploy main")
        another_tool(world, "success")
    return shas


def test_rollback_deploys_what_was_there_before(world: World, versions: list[str]) -> None:
    said = world.says("bob", 'rollback "errors in checkout"')
    another_tool(world, "success")

    assert answers(world, said) == [f"⏪ @bob back on {versions[1][:7]} in 10 s"]
    assert parent(world, 4) == (
        f"⏪ *web → production*  is back on {versions[1][:7]} 🔒\n"
        f"by bob: “errors in checkout” · takes back {versions[2][:7]} Version 3 · octocat · 10 s · "
        "locked for bob, merges wait"
    )
    assert notification(world, 4) == (
        f"web: production was rolled back to main@{versions[1][:7]} in 10 s. It is locked for bob, so that merges wait."
    )
    assert world.deployment(4).rollback_of == 3
    assert world.github.deployments(REPOSITORY)[-1].sha == versions[1]


def test_a_rollback_is_shown_in_the_channel(world: World, versions: list[str]) -> None:
    before = broadcasts(world, "#web")
    world.says("bob", "rollback")
    another_tool(world, "success")

    assert broadcasts(world, "#web") == [*before, f"⏪ @bob back on {versions[1][:7]} in 10 s"]


def test_after_a_failure_it_goes_back_to_the_last_success(world: World, versions: list[str]) -> None:
    world.github.commit(REPOSITORY, "main", "Version 4")
    world.says("maria", "deploy main")
    another_tool(world, "failure")

    world.says("bob", "rollback")

    assert world.github.deployments(REPOSITORY)[-1].sha == versions[2]
    assert world.deployment(5).rollback_of == 4


def test_the_button_under_a_failure_does_the_same(world: World, versions: list[str]) -> None:
    world.github.commit(REPOSITORY, "main", "Version 4")
    world.says("maria", "deploy main")
    another_tool(world, "failure")

    world.presses("bob", world.parent(4), f"Roll back to {versions[2][:7]}")

    assert world.github.deployments(REPOSITORY)[-1].sha == versions[2]


@pytest.mark.parametrize("to", ["sha", "short sha", "#1"])
def test_it_goes_back_to_the_commit_or_deployment_that_is_named(world: World, versions: list[str], to: str) -> None:
    named = {"sha": versions[0], "short sha": versions[0][:7], "#1": "#1"}[to]

    world.says("bob", f"rollback web on production to {named}")

    assert world.github.deployments(REPOSITORY)[-1].sha == versions[0]
    assert parent(world, 4).split("\n")[2:5] == [
        "▸ 2 commits · octocat",
        f"• {versions[2][:7]} Version 3 · octocat",
        f"• {versions[1][:7]} Version 2 · octocat",
    ]


def test_its_checks_are_not_asked_again(world: World, versions: list[str]) -> None:
    world.github.set_status(REPOSITORY, versions[1], "ci/test", "failure")

    world.says("bob", "rollback")

    assert world.github.deployments(REPOSITORY)[-1].sha == versions[1]


def test_a_failed_rollback_can_be_tried_again(world: World, versions: list[str]) -> None:
    world.github.set_status(REPOSITORY, versions[1], "ci/test", "failure")
    world.says("bob", "rollback")
    another_tool(world, "failure")

    world.presses("bob", world.parent(4), "Retry")

    assert cards(world, "#web")[-1] == (
        "🚀 *web → production*  is under way, usually 10 s\n"
        f"main@{versions[1][:7]} · bob · takes back {versions[2][:7]} Version 3 · octocat · since 10:00 UTC"
    )


def test_what_was_never_deployed_there_is_refused(world: World, versions: list[str]) -> None:
    world.says("bob", "rollback to 1234567")
    world.says("bob", "rollback to #77")
    world.says("bob", "rollback on staging")

    assert told(world, "bob") == [
        "1234567 is not a successful deployment of web on production. `deploys web in production` lists them.",
        "#77 is not a successful deployment of web on production. `deploys web in production` lists them.",
        "*web* has no earlier successful deployment on staging to go back to. "
        "Deploy the commit you want: `deploy web/<sha> to staging`",
    ]


def test_one_success_is_nothing_to_go_back_to(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "success")

    world.says("bob", "rollback")

    assert told(world, "bob") == [
        "*web* has no earlier successful deployment on production to go back to. "
        "Deploy the commit you want: `deploy web/<sha> to production`"
    ]


def test_the_same_commit_again_offers_no_way_back_to_itself(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "success")
    world.says("maria", "retry #1")

    another_tool(world, "success")

    assert parent(world, 2) == "✅ *web → production*  is live\nmain@d470312 · maria · 10 s"
    assert world.parent(2).labels == []
