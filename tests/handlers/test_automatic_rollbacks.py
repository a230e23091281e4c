"""Conversations about what goes back by itself after a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, parent
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world


@pytest.fixture
def back(tmp_path: Path) -> Iterator[World]:
    """One commit is live in production, and what fails there goes back by itself."""
    with open_world(tmp_path, f"{SETTINGS}rollback_on_failure = true\n") as world:
        world.says("maria", "deploy main")
        another_tool(world, "success")
        yield world


def fails(world: World, state: str = "failure") -> str:
    sha = world.github.commit(REPOSITORY, "main", "Break it")
    world.says("maria", "deploy main")
    another_tool(world, "in_progress", state)
    return sha


def states(world: World) -> list[tuple[str, str]]:
    history = world.store.reads().history(app=None, environment=None, ref=None, limit=50)
    return [(one.trigger, one.state) for one in sorted(history, key=lambda one: one.id)]


def test_it_is_announced_and_goes_back_after_a_minute(back: World) -> None:
    live = back.deployment(1).sha
    fails(back)
    announced = (parent(back, 3).split("\n")[0], back.parent(3).labels)
    back.wait(seconds=50)
    before = states(back)[-1]
    back.wait(seconds=15)
    another_tool(back, "success")

    assert announced == ("⏰ *web → production*  is rolled back by itself at 10:01 UTC", ["Roll back now", "Stop"])
    assert before == ("rollback", "waiting")
    assert back.github.deployments(REPOSITORY)[-1].sha == live
    shown = parent(back, 3)
    assert shown.startswith(f"⏪ *web → production*  is back on {live[:7]} 🔒")
    assert "by shipmate: “#2 failed”" in shown
    assert "takes back" in shown
    assert "Break it" in shown


def test_the_place_is_locked_for_whoever_broke_it(back: World) -> None:
    fails(back)
    back.wait(minutes=2)
    another_tool(back, "success")

    held = back.store.reads().locks.of("web", "production")
    assert held is not None
    assert (held.by.name, held.holds_merges) == ("maria", True)


def test_it_can_be_stopped(back: World) -> None:
    fails(back)
    back.presses("bob", back.parent(3), "Stop")
    back.wait(minutes=5)

    assert states(back)[-1] == ("rollback", "cancelled")


def test_it_can_be_done_at_once(back: World) -> None:
    fails(back)
    back.presses("bob", back.parent(3), "Roll back now")
    another_tool(back, "success")
    back.wait(minutes=5)

    assert states(back)[-2:] == [("rollback", "cancelled"), ("rollback", "succeeded")]


def test_whoever_goes_forward_calls_it_off(back: World) -> None:
    fails(back)
    back.github.commit(REPOSITORY, "main", "Mend it")
    back.says("maria", "deploy main")
    another_tool(back, "success")
    back.wait(minutes=5)

    assert states(back)[-2:] == [("rollback", "cancelled"), ("chat", "succeeded")]
    assert "called off" in parent(back, 3).lower()


@pytest.mark.parametrize("state", ["failure", "error"])
def test_each_way_to_fail_counts(back: World, state: str) -> None:
    fails(back, state)

    assert states(back)[-1] == ("rollback", "waiting")


def test_what_may_still_run_is_left_to_people(back: World) -> None:
    back.github.commit(REPOSITORY, "main", "Hang")
    back.says("maria", "deploy main")
    another_tool(back, "in_progress")
    back.wait(minutes=30)

    assert states(back)[-1] == ("chat", "timed_out")


def test_a_rollback_that_fails_is_not_rolled_back(back: World) -> None:
    fails(back)
    back.wait(minutes=2)
    another_tool(back, "failure")
    back.wait(minutes=5)

    assert states(back)[-1] == ("rollback", "failed")
    assert len(states(back)) == 3


def test_where_nothing_was_live_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    with open_world(tmp_path, f"{SETTINGS}rollback_on_failure = true\n") as world:
        world.says("maria", "deploy main")
        another_tool(world, "failure")
        world.wait(minutes=5)

        assert states(world) == [("chat", "failed")]


def test_the_same_commit_is_not_gone_back_to(back: World) -> None:
    back.says("maria", 'deploy main --force "again"')
    another_tool(back, "failure")

    assert states(back)[-1] == ("chat", "failed")


def test_a_merge_that_fails_is_taken_back_though_nobody_asked_for_it(tmp_path: Path) -> None:
    settings = SETTINGS.replace('deploy_on_merge = ["main"]', 'deploy_on_merge = ["main"]\nrollback_on_failure = true')
    with open_world(tmp_path, settings) as world:
        merge(world, "one", by="bob")
        another_tool(world, "success")
        merge(world, "two", by="bob")
        another_tool(world, "in_progress", "failure")
        world.wait(minutes=2)
        another_tool(world, "success")

        assert states(world)[-1] == ("rollback", "succeeded")
        held = world.store.reads().locks.of("web", "staging")
        assert held is not None
        assert held.by.name == "bob"


def test_it_is_off_by_default(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "success")
    fails(world)

    assert states(world)[-1] == ("chat", "failed")
