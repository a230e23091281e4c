"""Conversations about the delivery figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.scenes import answers, told
from tests.handlers.test_digests import OTHER, again, live
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

HEAD = "📈 The last seven days, and in brackets the seven days before:"


def asked(world: World, text: str, channel: str = "#web", person: str = "maria") -> list[str]:
    message = world.says(person, text, channel=channel)
    return answers(world, message)[-1].split("\n")


@pytest.fixture
def history(world: World) -> World:
    """Last week two successes, one of which was taken back; this week a failure, and what mended it."""
    live(world)
    world.wait(hours=2)
    again(world)
    world.wait(minutes=20)
    world.says("maria", "rollback")
    live_now(world)
    world.says("maria", "unlock production")
    world.wait(days=7)
    merge(world, "gift", by="bob")
    live_now(world)
    world.wait(hours=1)
    live(world, state="failure")
    world.wait(minutes=30)
    live(world)
    return world


def live_now(world: World) -> None:
    deployment = world.github.deployments(REPOSITORY)[-1]
    world.wait(seconds=10)
    world.github.report_deployment_status(REPOSITORY, deployment.id, "success")
    world.settle()


def test_figures_tells_this_week_beside_the_one_before_and_draws_its_days(history: World) -> None:
    assert asked(history, "figures") == [
        HEAD,
        "*web → production*: 1 deployment (2) · lead time 1 h 30 min (10 s) · failure rate 50 % (50 %) · "
        "time to restore 30 min (20 min)",
        "Production deployments, day by day",
        "web: Tue 0, Wed 0, Thu 0, Fri 0, Sat 0, Sun 0, Mon 1",
    ]


def test_what_people_ask_means_it(history: World) -> None:
    expected = asked(history, "figures")

    for text in ("how often do we deploy?", "lead time", "what's our change failure rate?", "mttr", "metrics"):
        assert asked(history, text) == expected


def test_where_nothing_was_deployed_that_is_said(world: World) -> None:
    assert asked(world, "figures") == [
        "Nothing was deployed to *web → production* in the last two weeks, so there are no figures yet."
    ]


def test_without_a_production_there_are_none(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS.replace("production", "demo")) as world:
        world.says("maria", "figures")

        assert told(world, "maria") == [
            "No environment of *web* counts as production, so there are no figures. Whoever keeps my settings can say "
            "which one does: `production = true`"
        ]


def test_where_the_channel_is_nobodys_all_apps_are_told(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS + OTHER.replace('channel = "#web"', 'channel = "#deploys"')) as world:
        world.github.add_repository("acme/api")
        live(world)

        assert asked(world, "figures", channel="#random") == [
            HEAD,
            "*web → production*: 1 deployment (0) · lead time – (–) · failure rate 0 % (–) · time to restore – (–)",
            "Nothing was deployed to *api → production*",
            "Production deployments, day by day",
            "web: Tue 0, Wed 0, Thu 0, Fri 0, Sat 0, Sun 0, Mon 1",
        ]


def test_a_dozen_places_are_looked_at_and_the_others_counted(tmp_path: Path) -> None:
    more = "".join(f"\n[apps.web.environments.p{n}]\nchecks_settle = '0s'\nproduction = true\n" for n in range(13))
    with open_world(tmp_path, SETTINGS + more) as world:
        live(world)

        assert asked(world, "figures")[-3] == "2 more places; name an app to see its own: `figures web`"


# --- what counts -------------------------------------------------------------------------------------------------


def of_web(world: World) -> str:
    return asked(world, "figures")[1]


def test_what_was_given_up_counts_as_failed_until_it_is_reported_live_after_all(world: World) -> None:
    live(world)
    world.github.commit(REPOSITORY, "main", "one more")
    world.says("maria", "deploy main to production")
    deployment = world.github.deployments(REPOSITORY)[-1]
    world.github.report_deployment_status(REPOSITORY, deployment.id, "in_progress")
    world.wait(minutes=20)
    given_up = of_web(world)
    world.github.report_deployment_status(REPOSITORY, deployment.id, "success")
    world.settle()

    assert given_up.startswith("*web → production*: 1 deployment (0)")
    assert "failure rate 50 %" in given_up
    assert of_web(world).startswith("*web → production*: 2 deployments (0)")
    assert "failure rate 0 %" in of_web(world)
    assert "time to restore – (–)" in of_web(world)


def test_what_was_stopped_or_gave_way_and_other_tasks_count_nowhere(world: World) -> None:
    live(world)
    world.github.commit(REPOSITORY, "main", "one more")
    world.says("maria", "deploy main to production")
    world.says("maria", "cancel")
    live_now_of(world, "deploy:migrate web/main to production", "failure")

    assert of_web(world) == (
        "*web → production*: 1 deployment (0) · lead time – (–) · failure rate 0 % (–) · time to restore – (–)"
    )


def live_now_of(world: World, command: str, state: str) -> None:
    world.says("maria", command)
    deployment = world.github.deployments(REPOSITORY)[-1]
    world.github.report_deployment_status(REPOSITORY, deployment.id, state)
    world.settle()


def test_each_try_counts_for_itself(world: World) -> None:
    live(world, state="failure")
    world.wait(minutes=5)
    live_now_of(world, "retry #1", "success")

    assert "1 deployment (0)" in of_web(world)
    assert "failure rate 50 %" in of_web(world)
    assert "time to restore 5 min" in of_web(world)


def test_deployments_of_other_tools_count(world: World) -> None:
    made = world.github.create_deployment(REPOSITORY, "main", environment="production", by="argo")
    world.settle()
    world.github.report_deployment_status(REPOSITORY, made, "success")
    world.settle()

    assert "1 deployment (0)" in of_web(world)
