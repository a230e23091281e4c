"""A success that another tool reports counts when the health check has held, as one of our own does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.deployments.model import State
from tests.handlers.scenes import another_tool, news, parent, thread
from tests.servers.web_site import WebSite
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world


def healthy(site: WebSite, more: str = "") -> str:
    place = "[apps.web.environments.staging]\n"
    return SETTINGS.replace(place, f'{place}health = {{ url = "{site.url}/up", for = "0s" }}\n{more}\n')


@pytest.fixture
def site() -> Iterator[WebSite]:
    with WebSite(200) as found:
        yield found


@pytest.fixture
def world(tmp_path: Path, site: WebSite) -> Iterator[World]:
    with open_world(tmp_path, healthy(site)) as found:
        yield found


def statuses(world: World) -> list[str]:
    return [one.state for one in world.github.deployments(REPOSITORY)[0].statuses]


def test_it_is_under_way_until_the_site_answers_and_then_live(world: World, site: WebSite) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_runs = True
    another_tool(world, "in_progress", "success", description="Deployed by Jenkins")
    meanwhile = (world.deployment(1).state, parent(world, 1).split("\n")[0], len(site.asked))
    world.hold_runs = False
    world.settle()

    assert meanwhile[0] is State.RUNNING
    assert meanwhile[1].startswith("🚀 *web → staging*")
    assert meanwhile[2] == 0
    assert world.deployment(1).state is State.SUCCEEDED
    assert world.deployment(1).description == "Deployed by Jenkins"
    assert [path for _, path in site.asked] == ["/up"]
    # Its success stands there already.
    assert statuses(world) == ["in_progress", "success"]
    assert world.store.reads().kept_keys("run:1") == []


def test_a_success_out_of_the_blue_is_looked_after_too(world: World, site: WebSite) -> None:
    world.says("maria", "deploy main to staging")

    another_tool(world, "success")

    assert world.deployment(1).state is State.SUCCEEDED
    assert len(site.asked) == 1


def test_where_the_site_does_not_answer_it_has_failed_and_github_is_told(tmp_path: Path) -> None:
    with WebSite(503) as site, open_world(tmp_path, healthy(site)) as world:
        world.says("maria", "deploy main to staging")

        another_tool(world, "in_progress", "success")

        why = f"Health check: {site.url}/up answered 503"
        assert world.deployment(1).state is State.FAILED
        assert news(world, 1).split("\n")[0] == f"failed at step 2, {why}"
        assert statuses(world) == ["in_progress", "success", "failure"]
        assert thread(world, 1)[-1].startswith(f"❌ *web → staging* failed at step 2, {why}\n@maria\n")
        world.reconcile()
        assert world.deployment(1).state is State.FAILED


def test_the_same_word_again_is_looked_after_once(world: World, site: WebSite) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_runs = True
    another_tool(world, "success", "success")
    world.restart()
    world.reconcile()
    world.hold_runs = False
    world.settle()

    assert len(site.asked) == 1
    assert world.deployment(1).state is State.SUCCEEDED


def test_a_failure_that_the_tool_reports_afterwards_is_its_last_word(world: World, site: WebSite) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_runs = True
    another_tool(world, "success", "failure")
    world.hold_runs = False
    world.settle()

    assert world.deployment(1).state is State.FAILED
    assert site.asked == []
    assert statuses(world) == ["success", "failure"]


def test_it_can_be_cancelled_meanwhile(world: World, site: WebSite) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_runs = True
    another_tool(world, "success")
    world.says("maria", "cancel #1")
    world.hold_runs = False
    world.settle()

    assert world.deployment(1).state is State.CANCELLED
    assert site.asked == []


def test_nobody_gives_it_up_while_it_is_looked_after(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.hold_runs = True
    another_tool(world, "in_progress", "success")

    world.wait(minutes=16)
    world.reconcile()

    assert world.deployment(1).state is State.RUNNING


def test_the_time_that_the_tool_took_is_not_that_of_the_check(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")
    for _ in range(3):
        world.wait(minutes=10)
        another_tool(world, "in_progress", description="Still at it")
    another_tool(world, "success")

    assert world.deployment(1).state is State.SUCCEEDED


def test_what_other_tools_deploy_by_themselves_is_looked_after_as_well(world: World, site: WebSite) -> None:
    remote = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="jenkins")
    world.settle()
    world.github.report_deployment_status(REPOSITORY, remote, "success", by="jenkins")
    world.settle()

    assert world.deployment(1).state is State.SUCCEEDED
    assert len(site.asked) == 1


def test_a_task_that_is_no_deployment_is_not_looked_after(world: World, site: WebSite) -> None:
    world.says("maria", "deploy:migrate main to staging")

    another_tool(world, "success")

    assert world.deployment(1).state is State.SUCCEEDED
    assert site.asked == []


def test_what_has_failed_so_is_rolled_back_by_itself_where_the_settings_say_so(tmp_path: Path) -> None:
    with WebSite(200, 503) as site, open_world(tmp_path, healthy(site, "rollback_on_failure = true")) as world:
        world.github.commit(REPOSITORY, "main", "Version 1")
        world.says("maria", "deploy main to staging")
        another_tool(world, "success")
        world.github.commit(REPOSITORY, "main", "Version 2")
        world.says("maria", "deploy main to staging")
        another_tool(world, "success")

        assert world.deployment(2).state is State.FAILED
        assert parent(world, 3).startswith("⏰ *web → staging*  is rolled back by itself at ")
