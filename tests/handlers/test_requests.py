"""What plain deployments ask of GitHub: a token has 5,000 requests an hour, and all of a company shares them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.handlers.scenes import another_tool, creations, parent, told
from tests.world import REPOSITORY, World

DEPLOYMENTS = 6
AT_FIRST = 16
"""Whoever has just started has to learn which checks there are, and what the branch and the environment want."""


def plain(world: World, *, checks: bool = False, environment: str = "production") -> list[str]:
    """A commit that is pushed, deployed some minutes later, and carried out; the requests of the deployment."""
    sha = world.github.commit(REPOSITORY, "topic", f"Change {len(world.github.requests)}", author="alice")
    if checks:
        world.github.set_check_run(REPOSITORY, sha, "ci/test", "success")
    world.settle()
    world.wait(minutes=4)
    return asked(world, lambda: deploys(world, environment))


def deploys(world: World, environment: str) -> None:
    world.says("maria", f"deploy topic to {environment}")
    another_tool(world, "in_progress", "success")


def asked(world: World, act: Callable[[], None]) -> list[str]:
    """What is asked of GitHub meanwhile, whichever commit it is about."""
    before = len(world.github.requests)
    act()
    found = world.github.requests[before:]
    return [f"{one.method} {re.sub('[0-9a-f]{40}', 'SHA', one.path.removeprefix('/repos/acme/web'))}" for one in found]


@pytest.fixture
def reconciled(world: World) -> World:
    """What a start looks back at is not of any deployment."""
    world.reconcile()
    return world


@pytest.mark.parametrize(("checks", "most"), [(False, 6), (True, 8)])
def test_a_plain_deployment_costs_few_requests(reconciled: World, checks: bool, most: int) -> None:
    costs = [len(plain(reconciled, checks=checks)) for _ in range(DEPLOYMENTS)]

    assert creations(reconciled) == DEPLOYMENTS
    assert costs[0] <= AT_FIRST
    assert sum(costs[1:]) <= most * (DEPLOYMENTS - 1)


def test_what_is_left_is_what_only_github_knows_at_that_moment(reconciled: World) -> None:
    for _ in range(DEPLOYMENTS - 1):
        plain(reconciled)

    assert plain(reconciled) == [
        "GET /branches/topic",
        "GET /commits/SHA/status",
        "GET /commits/SHA/check-runs",
        "GET /collaborators/maria/permission",
        "POST /deployments",
    ]


@pytest.mark.parametrize("checks", [False, True])
def test_the_same_commit_in_a_second_environment_costs_six_requests(reconciled: World, checks: bool) -> None:
    plain(reconciled, checks=checks)
    plain(reconciled, checks=checks, environment="staging")

    again = asked(reconciled, lambda: deploys(reconciled, "production"))

    assert creations(reconciled) == 3
    assert len(again) <= 6


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_right_to_deploy_is_asked_for_each_time_and_once(reconciled: World, environment: str) -> None:
    costs = [plain(reconciled, environment=environment) for _ in range(3)]

    assert [sum("/permission" in one for one in cost) for cost in costs] == [1, 1, 1]


# --- what is remembered is never what a deployment is let in by ---------------------------------------------------


def test_a_check_that_turns_red_between_two_environments_is_seen(reconciled: World) -> None:
    plain(reconciled, checks=True, environment="staging")
    reconciled.github.set_check_run(REPOSITORY, "topic", "ci/test", "failure")

    reconciled.says("maria", "deploy topic to production")

    assert told(reconciled, "maria")[0].split("\n")[1] == "❌ Checks failed: ci/test"


def test_a_workflow_that_is_run_again_between_two_environments_is_seen(reconciled: World) -> None:
    plain(reconciled, checks=True, environment="staging")
    again = reconciled.github.start_workflow(REPOSITORY, "topic", "CI")
    reconciled.github.set_check_run(REPOSITORY, "topic", "ci/test", "success", workflow=again)

    reconciled.says("maria", "deploy topic to production")

    assert told(reconciled, "maria")[0].split("\n")[1] == "⏳ More checks may come of CI"


def test_a_check_that_the_commit_before_got_later_is_waited_for(reconciled: World) -> None:
    """It was looked at when only some of its checks were there."""
    world = reconciled
    for n in range(3):
        sha = world.github.commit(REPOSITORY, "topic", f"Step {n}")
        for name in ("cla", "ci/test"):
            world.github.set_status(REPOSITORY, sha, name, "success")
    before = world.github.commit(REPOSITORY, "topic", "Before")
    world.github.set_status(REPOSITORY, before, "cla", "success")
    world.wait(minutes=5)
    world.says("maria", "deploy topic to production")
    for name in ("ci/test", "e2e"):
        world.github.set_status(REPOSITORY, before, name, "success")
    sha = world.github.commit(REPOSITORY, "topic", "After")
    world.github.set_status(REPOSITORY, sha, "cla", "success")

    world.says("maria", "deploy topic to production")

    assert [one.split("\n")[1] for one in told(world, "maria")] == [
        "⏳ Checks are pending: `ci/test`",
        "⏳ Checks are pending: `ci/test`, `e2e`",
    ]


def test_a_tag_of_the_branchs_name_is_seen_after_ten_minutes(reconciled: World) -> None:
    plain(reconciled)
    reconciled.github.tag(REPOSITORY, "topic", at="main")
    reconciled.says("maria", "deploy topic to production")
    another_tool(reconciled, "success")
    reconciled.wait(minutes=10)

    reconciled.says("maria", "deploy topic to production")

    assert told(reconciled, "maria")[-1].split(" ")[1:5] == ["may", "mean", "several", "things."]


def test_a_pull_request_is_named_that_was_opened_before_it_was_asked_about(reconciled: World) -> None:
    reconciled.github.commit(REPOSITORY, "topic", "Begin")
    reconciled.github.open_pull_request(REPOSITORY, "topic", title="Search")
    for _ in range(3):
        plain(reconciled)

    assert ["#1 Search" in parent(reconciled, number) for number in (1, 2, 3)] == [False, True, True]


# --- statuses that follow each other ------------------------------------------------------------------------------


def test_statuses_in_their_usual_order_are_not_asked_about(world: World) -> None:
    world.says("maria", "deploy main to production")

    found = asked(world, lambda: another_tool(world, "queued", "in_progress", "success"))

    assert sum(one.startswith("GET") and one.endswith("/statuses") for one in found) == 1
    assert found[0].endswith("/statuses")


def test_an_end_without_a_beginning_is_asked_about(world: World) -> None:
    world.says("maria", "deploy main to production")

    found = asked(world, lambda: another_tool(world, "success"))

    assert sum(one.endswith("/statuses") for one in found) == 1
