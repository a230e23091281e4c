"""What is under way when the settings give its environment to somebody else: it stays with whoever has begun it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, answers, news, parent
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

EXTERNAL = 'provider = { type = "external" }'
SHELL = 'provider = { type = "shell", command = ["sh", "-c", "echo begun; sleep 60"] }'


def becomes(world: World, before: str, after: str) -> None:
    assert before in world.text
    world.restart(world.text.replace(before, after))


def sent(world: World) -> list[str]:
    return world.statuses(world.deployment(1).remote_id or 0)


@pytest.mark.parametrize("before", [(), ("in_progress",)], ids=["asked for", "running"])
def test_what_another_tool_carries_out_is_followed_to_its_end(world: World, before: tuple[str, ...]) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, *before)
    becomes(world, EXTERNAL, SHELL)

    another_tool(world, *(["in_progress"] if not before else []), "success")

    assert parent(world, 1).startswith("✅ *web → staging*  is live")
    assert sent(world) == ["in_progress", "success"]


def test_what_another_tool_carries_out_is_marked_as_cancelled_at_once(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")
    becomes(world, EXTERNAL, SHELL)

    said = world.says("maria", "cancel")

    assert answers(world, said)[0].startswith("#1 is marked as cancelled. Another tool carries it out")
    assert news(world, 1) == "cancelled by maria"


def test_what_runs_here_is_stopped_here_and_by_nothing_that_comes_from_github(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS.replace(EXTERNAL, SHELL)) as world:
        world.hold_runs = True
        world.says("maria", "deploy main to staging")
        handle = str(world.provider_runner.begin(1)["handle"])
        world.settle()
        becomes(world, SHELL, EXTERNAL)
        another_tool(world, "success")
        world.reconcile()

        said = world.says("bob", "cancel #1")
        world.provider_runner.follow(1, handle)
        world.settle()

        assert answers(world, said) == ["Stopping #1 (web → staging) …"]
        assert news(world, 1) == "cancelled by bob"
        assert sent(world)[-1] == "error"


def test_the_statuses_of_what_runs_here_are_our_own_coming_back(tmp_path: Path) -> None:
    at_once = SHELL.replace("sleep 60", "true")
    with open_world(tmp_path, SETTINGS.replace(EXTERNAL, at_once)) as world:
        world.hold_runs = True
        world.says("maria", "deploy main to staging")
        world.provider_runner.begin(1)
        becomes(world, at_once, EXTERNAL)
        world.hold_runs = False
        world.settle()
        world.wait(minutes=1)

        assert sent(world) == ["queued", "in_progress", "success"]
        assert parent(world, 1).startswith("✅ *web → staging*  is live")
        assert world.github.deployments(REPOSITORY)[0].statuses[-1].description == "The command succeeded"


def test_what_was_to_run_here_and_has_not_begun_says_that_another_tool_is_to_do_it_now(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS.replace(EXTERNAL, SHELL)) as world:
        world.hold_runs = True
        world.says("maria", "deploy main to staging")
        becomes(world, SHELL, EXTERNAL)
        world.hold_runs = False
        world.settle()

        assert "web in staging is carried out by another tool, not by Shipmate" in parent(world, 1)
        assert sent(world) == ["queued", "error"]
