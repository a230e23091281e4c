"""Conversations about merges that nothing deploys by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, channel, parent, seen
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

BY_HAND = SETTINGS.replace('deploy_on_merge = ["main"]\n', "")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Production has a commit, and nothing is deployed by itself."""
    with open_world(tmp_path, BY_HAND) as made:
        made.says("maria", "deploy main")
        another_tool(made, "success")
        yield made


def cards(world: World) -> list[str]:
    bot = world.slack.workspace.user("shipmate").id
    said = [one for one in world.slack.messages("#web") if one.user == bot and not one.broadcast]
    return [text for one in said if (text := seen(world, read_out(one))).startswith("🔀")]


def test_a_merge_is_announced_with_what_can_be_done(world: World) -> None:
    merge(world, "gift", by="bob")

    assert cards(world) == [
        "🔀 *web* #1 Add gift was merged by bob\n"
        "not deployed by itself · 1 pull request waits for production since 10:00 UTC"
    ]
    assert world.slack.messages("#web")[-1].labels == ["Deploy to staging", "Deploy to production"]
    assert len(world.github.deployments(REPOSITORY)) == 1


def test_several_merges_are_one_card(world: World) -> None:
    for name in ("one", "two", "three"):
        merge(world, name, by="bob")
        world.wait(minutes=5)

    [card] = cards(world)
    assert card.startswith("🔀 *web* #3 Add three was merged by bob\n")
    assert "3 pull requests wait for production since 10:00 UTC" in card


def test_what_is_pressed_becomes_the_deployments_card(world: World) -> None:
    merge(world, "gift", by="bob")
    card = world.slack.messages("#web")[-1]

    world.presses("maria", card, "Deploy to production")
    another_tool(world, "in_progress", "success")

    assert world.deployment(2).parent == card.ts
    assert parent(world, 2).split("\n")[0] == "✅ *web → production*  is live"
    assert cards(world) == []
    merge(world, "more", by="bob")
    assert len(cards(world)) == 1


def test_pressed_twice_it_is_deployed_once(world: World) -> None:
    merge(world, "gift", by="bob")
    card = world.slack.messages("#web")[-1]

    for person in ("maria", "bob"):
        world.slack.press(person, card, "Deploy to production")
    world.settle()

    assert len(world.github.deployments(REPOSITORY)) == 2


def test_what_went_out_another_way_is_said_to_be_live(world: World) -> None:
    merge(world, "gift", by="bob")
    world.says("maria", "deploy main")
    another_tool(world, "success")

    assert cards(world) == ["🔀 *web* #1 Add gift was merged by bob\nlive in production"]
    merge(world, "more", by="bob")
    assert len(cards(world)) == 2


def test_another_branch_than_the_default_one_is_no_news(world: World) -> None:
    world.github.branch(REPOSITORY, "stable")
    world.github.commit(REPOSITORY, "fix", "Fix it", author="alice")
    number = world.github.open_pull_request(REPOSITORY, "fix", base="stable", author="alice")
    world.github.merge_pull_request(REPOSITORY, number, by="bob")
    world.settle()

    assert cards(world) == []


def test_where_an_environment_takes_merges_there_is_no_such_card(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        merge(world, "gift", by="bob")

        assert not any(line.startswith("🔀") for line in channel(world, "#web"))


def test_a_merge_that_is_told_twice_or_late_changes_nothing(world: World) -> None:
    merge(world, "one", by="bob")
    first = world.github.webhooks[-1]
    world.wait(minutes=1)
    merge(world, "two", by="bob")
    world.deliver(first)
    world.reconcile()

    [card] = cards(world)
    assert card.startswith("🔀 *web* #2 ")


def test_after_a_lost_answer_it_is_posted_once(world: World) -> None:
    world.slack.fail_next("chat.postMessage", cut="after")
    merge(world, "gift", by="bob")
    world.wait(minutes=2)

    assert len(cards(world)) == 1


def test_where_nothing_can_be_compared_it_is_announced_all_the_same(tmp_path: Path) -> None:
    with open_world(tmp_path, BY_HAND) as world:
        merge(world, "gift", by="bob")

        assert cards(world) == ["🔀 *web* #1 Add gift was merged by bob\nnot deployed by itself"]
