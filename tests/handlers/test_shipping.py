"""What is kept of what a deployment ships, for everything that tells people of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.core.deployments.model import Changes, Deployment
from tests.handlers.scenes import another_tool
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

MIGRATIONS = SETTINGS.replace(
    "[apps.web.environments.production]",
    '[apps.web.environments.production]\nmigration_paths = ["db/migrate/**"]',
)


def merge(world: World, branch: str, method: str = "merge", steps: int = 1, path: str = "") -> str:
    for step in range(steps):
        name = f"{path or branch}/{step}.txt"
        world.github.commit(REPOSITORY, branch, f"Step {step} of {branch}", files={name: "x"}, author="alice")
    number = world.github.open_pull_request(REPOSITORY, branch, title=f"Add {branch}", author="alice")
    world.settle()
    return world.github.merge_pull_request(REPOSITORY, number, method, by="bob")


def shipped(changes: Changes) -> list[tuple[int | None, str, str | None]]:
    return [(one.number, one.title, one.login) for one in changes.shipped]


def deploys(world: World, ref: str, environment: str = "production") -> Changes:
    name, _, more = ref.partition(" ")
    world.says("maria", f"deploy {name} to {environment} {more}".strip())
    another_tool(world, "success")
    return newest(world, environment).changes


def newest(world: World, environment: str = "production") -> Deployment:
    return world.store.reads().history(app="web", environment=environment, ref=None, limit=1)[0]


def test_the_first_deployment_is_known_as_such_and_no_other(world: World) -> None:
    merge(world, "search")
    world.settle()
    by_merge = newest(world, "staging").changes
    another_tool(world, "success")

    by_hand, again = deploys(world, "main"), deploys(world, 'main --force "once more"')

    assert (by_merge.first, by_merge.base, shipped(by_merge)) == (True, None, [(1, "Add search", "alice")])
    assert (by_hand, again) == (Changes(first=True), Changes(base=newest(world).sha))


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merge_costs_no_request_about_its_pull_request_beyond_its_confirmation(world: World, method: str) -> None:
    deploys(world, "main", "staging")
    world.github.requests.clear()

    merge(world, "search", method)
    world.settle()

    asked = [
        re.sub("[0-9a-f]{40}", "SHA", one.path.removeprefix(f"/repos/{REPOSITORY}")) for one in world.github.requests
    ]
    assert [path for path in asked if "pulls" in path or "compare" in path] == ["/pulls/1", "/compare/SHA...SHA"]
    assert shipped(world.deployment(2).changes) == [(1, "Add search", "alice")]


def test_since_the_last_success_and_not_since_the_last_attempt(world: World) -> None:
    first = world.github.repository(REPOSITORY).branches["main"]
    deploys(world, "main")
    merge(world, "search")
    world.says("maria", "deploy main to production")
    another_tool(world, "failure")
    merge(world, "filters", "squash")

    found = deploys(world, "main")

    assert (found.base, shipped(found)) == (first, [(2, "Add filters", "alice"), (1, "Add search", "alice")])


def test_a_rollback_keeps_what_it_takes_back_with_its_migrations(tmp_path: Path) -> None:
    with open_world(tmp_path, MIGRATIONS) as world:
        deploys(world, "main")
        merge(world, "search", "squash", steps=2)
        merge(world, "index", "rebase", steps=2, path="db/migrate")
        world.github.commit(REPOSITORY, "main", "Mend the footer", author="bob")
        ships = deploys(world, "main")

        world.says("maria", "rollback production")
        another_tool(world, "success")
        back = newest(world).changes

        lines = ["Add index", "Add search", "Mend the footer"]
        assert [one.title for one in ships.shipped] == [one.title for one in back.taken_back] == lines
        assert (ships.taken_back, back.shipped) == ((), ())
        assert (ships.migrations, ships.migrations_back) == (("db/migrate",), ())
        assert (back.migrations, back.migrations_back) == ((), ("db/migrate",))


def test_a_task_takes_as_long_as_that_task_usually_does(world: World) -> None:
    usual = []
    for verb, seconds in (("deploy", 60), ("deploy:migrate", 600)) * 3:
        world.says("maria", f'{verb} main to production --force "once more"')
        usual.append(newest(world).usual_seconds)
        world.wait(seconds=seconds - 10)
        another_tool(world, "success")

    assert usual == [None, None, None, None, 60, 600]
