"""What conversations leave in the numbers for monitors: each deployment once, in its place, with its times."""

from __future__ import annotations

from pathlib import Path

from bot.adapters.storage.measures import look
from bot.core.measures.model import Tally
from tests.handlers.scenes import another_tool
from tests.handlers.test_previews import APP
from tests.world import REPOSITORY, World
from tests.world import world as open_world


def tally(world: World, environment: str = "production") -> Tally:
    return look(world.store.database, [("web", environment)]).tallies["web", environment]


def test_a_deployment_counts_once_with_its_times_whatever_comes_twice(world: World) -> None:
    world.says("maria", "deploy main to production")
    [remote] = world.github.deployments(REPOSITORY)
    another_tool(world, "in_progress")
    world.wait(minutes=4)
    for _ in range(2):
        another_tool(world, "success")
    world.restart()
    world.settle()

    found = tally(world)
    assert world.statuses(remote.id)[-1] == "success"
    assert found.ends == {"succeeded": 1}
    assert (found.ran.seconds, sum(found.ran.counts.values())) == (260.0, 1)
    assert sum(found.started.counts.values()) == 1


def test_what_is_given_up_counts_as_that_and_as_what_it_came_to(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")
    world.wait(minutes=16)
    given_up = dict(tally(world, "staging").ends)

    another_tool(world, "success")

    assert given_up == {"timed_out": 1}
    assert tally(world, "staging").ends == {"timed_out": 1, "succeeded": 1}
    assert tally(world, "staging").ran.counts == {}


def test_what_another_tool_deploys_counts_and_was_not_asked_for_here(world: World) -> None:
    remote = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="jenkins")
    world.settle()
    world.github.report_deployment_status(REPOSITORY, remote, "failure")
    world.settle()

    found = tally(world, "staging")
    assert found.ends == {"failed": 1}
    assert found.started.counts == {}


def test_the_previews_of_all_pull_requests_are_one_place(tmp_path: Path) -> None:
    with open_world(tmp_path, APP) as world:
        for branch in ("topic", "other"):
            world.github.commit(REPOSITORY, branch, f"Add {branch}", author="alice")
            world.github.open_pull_request(REPOSITORY, branch, author="alice")
            world.settle()

        assert tally(world, "preview").ends == {"succeeded": 2}
        assert world.store.reads().kept_keys("measured:") == ["measured:web:preview"]


def test_a_request_that_waits_is_shown_by_its_reason_and_has_started_when_it_goes(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search", author="alice")
    world.github.set_status(REPOSITORY, sha, "ci", "pending")
    world.says("maria", "deploy topic to production when green")
    waits = look(world.store.database, []).waiting
    world.wait(minutes=3)
    world.github.set_status(REPOSITORY, sha, "ci", "success")
    world.settle()
    world.wait(minutes=1)

    assert {reason: count for reason, count in waits.items() if count} == {"checks": 1}
    assert tally(world).started.counts == {"300": 1}
    assert look(world.store.database, []).running == 1
