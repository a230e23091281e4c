"""Conversations about deployments to Heroku, between a small Slack, GitHub and Heroku."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.deployments.model import State
from tests.handlers.scenes import answers, parent, seen, thread
from tests.servers.heroku.server import HerokuServer
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

ON_HEROKU = (
    '[bot]\nadmins = ["U00000002"]\n'
    + SETTINGS.replace(
        "[apps.web.environments.staging]",
        '[apps.web.environments.staging]\nprovider = { type = "heroku", app = "acme-staging" }\n'
        'promote_to = "production"',
    )
    + 'provider = { type = "heroku", app = "acme-web" }\n'
)
BUILD = r"/builds/[^/]+$"


@pytest.fixture
def heroku(monkeypatch: pytest.MonkeyPatch) -> Iterator[HerokuServer]:
    with HerokuServer() as server:
        monkeypatch.setenv("HEROKU_API_KEY", server.key)
        monkeypatch.setenv("HEROKU_API_URL", server.url)
        for app in ("acme-staging", "acme-web"):
            server.add_app(app, pipeline="acme")
        yield server


@pytest.fixture
def world(tmp_path: Path, heroku: HerokuServer) -> Iterator[World]:
    environ = {"HEROKU_API_KEY": heroku.key, "HEROKU_API_URL": heroku.url}
    with open_world(tmp_path, ON_HEROKU, environ) as the_world:
        yield the_world


def direct(world: World, person: str) -> list[str]:
    return [seen(world, read_out(one)) for one in world.slack.messages(f"@{person}")]


def test_a_commit_goes_live_on_heroku_with_its_steps_and_links(world: World, heroku: HerokuServer) -> None:
    heroku.slow("acme-web", phase="succeeded")
    sha = world.github.commit(REPOSITORY, "topic", "Add search", author="maria")

    world.says("maria", "deploy topic to production")

    [build] = heroku.apps["acme-web"].builds
    assert build.blob["version"] == sha
    assert build.blob["url"].startswith(world.github.codeload_url)
    made = world.github.deployments(REPOSITORY)[0]
    assert [one.state for one in made.statuses][-1] == "success"
    assert made.statuses[-1].log_url == f"https://dashboard.heroku.com/apps/acme-web/activity/builds/{build.id}"
    assert made.statuses[-1].environment_url == "https://acme-web-0123456789ab.herokuapp.com/"
    assert made.statuses[-1].description == "v1 is live on acme-web"
    assert parent(world, 1).startswith("✅ *web → production*  is live\n")
    assert parent(world, 1).split("\n")[1].endswith(" · open · logs")
    assert [one.name for one in world.deployment(1).steps.runs] == ["Build", "Release phase"]


def test_a_build_that_fails_is_told_with_its_last_lines(world: World, heroku: HerokuServer) -> None:
    heroku.slow("acme-web", output=("-----> Ruby app detected", "Bundler error: no such gem"), result="failed")

    world.says("maria", "deploy main to production")

    assert parent(world, 1).startswith("❌ *web → production*  failed at step 1, Build\n")
    end = thread(world, 1)[-1]
    assert "Bundler error: no such gem" in end
    assert world.statuses(world.deployment(1).remote_id or 0)[-1] == "failure"


def test_a_release_phase_that_fails_is_told_as_such(world: World, heroku: HerokuServer) -> None:
    heroku.slow("acme-web", phase="failed", phase_output=("relation users exists",))

    world.says("maria", "deploy main to production")

    assert parent(world, 1).startswith("❌ *web → production*  failed at step 2, Release phase\n")
    assert "relation users exists" in thread(world, 1)[-1]


def test_what_heroku_refuses_is_told_and_nothing_runs(world: World, heroku: HerokuServer) -> None:
    heroku.fail_next("POST", "/apps/acme-web/builds", 402)

    world.says("maria", "deploy main to production")

    assert "did not work: Heroku wants to be paid before it does more for acme-web" in parent(world, 1)
    assert heroku.apps["acme-web"].builds == []


def test_cancel_stops_the_build(world: World, heroku: HerokuServer) -> None:
    heroku.slow("acme-web", looks=None)
    heroku.fail_next("GET", BUILD, lambda: world.says("maria", "cancel #1") and None)

    world.says("maria", "deploy main to production")

    assert parent(world, 1).startswith("🛑 *web → production*  cancelled by maria\n")
    assert heroku.apps["acme-web"].builds[0].status == "failed"
    assert world.statuses(world.deployment(1).remote_id or 0)[-1] == "error"


def test_who_cancels_a_release_phase_is_told_that_it_cannot_be_stopped(world: World, heroku: HerokuServer) -> None:
    heroku.slow("acme-web", phase="succeeded", phase_looks=4)
    said: list[str] = []

    def look() -> None:
        world.settle()
        said.extend((parent(world, 1), *thread(world, 1)))

    heroku.fail_next("GET", "/releases/", lambda: world.says("maria", "cancel #1") and None)
    heroku.fail_next("GET", "/releases/", look, times=3)
    world.says("maria", "deploy main to production")

    assert " · Heroku cannot stop it any more, so its end is waited for · logs" in said[-2]
    assert said[-1].endswith(" · Release phase … · Heroku cannot stop it any more, so its end is waited for · logs")
    assert parent(world, 1).startswith("✅ *web → production*  is live\n")
    assert "cannot stop" not in thread(world, 1)[0]


def test_promote_brings_the_slug_and_rollback_a_release(world: World, heroku: HerokuServer) -> None:
    world.says("maria", "deploy main to production")
    world.github.commit(REPOSITORY, "main", "Add search", author="maria")
    world.says("maria", "deploy main to staging")

    world.says("maria", "promote web to production")
    world.says("maria", "rollback web on production")

    web = heroku.apps["acme-web"]
    assert [one.description.split()[0] for one in web.releases] == ["Deploy", "Promote", "Rollback"]
    assert web.releases[1].slug == heroku.apps["acme-staging"].releases[0].slug
    assert web.releases[2].slug == web.releases[0].slug
    assert len(web.builds) == 1
    assert world.deployment(4).state is State.SUCCEEDED


def test_a_refused_key_is_told_to_the_admins_once_and_it_goes_on(world: World, heroku: HerokuServer) -> None:
    good, heroku.key = heroku.key, "another"

    asked = world.says("maria", "deploy main to production")
    world.wait(minutes=5)

    assert world.deployment(1).state is State.STARTING
    told = [line for line in direct(world, "bob") if line.startswith("🔑")]
    assert told == [
        "🔑 *Heroku does not accept my credentials.* HEROKU_API_KEY is not accepted by Heroku (Invalid credentials "
        "provided).\n"
        "Merges, commands and deployments that need Heroku wait, and nothing is lost.\n"
        "Make a new one (heroku authorizations:create), set HEROKU_API_KEY anew, and restart me. I go on by myself "
        "within a minute of being accepted again."
    ]

    heroku.key = good
    world.wait(minutes=2)

    assert world.deployment(1).state is State.SUCCEEDED
    assert len(heroku.apps["acme-web"].builds) == 1
    assert [line for line in direct(world, "bob") if line.startswith("🔑 Heroku accepts my credentials again")]
    assert answers(world, asked)


def test_a_key_that_is_refused_while_it_is_built_only_costs_time(world: World, heroku: HerokuServer) -> None:
    heroku.fail_next("GET", BUILD, 401, times=3)

    world.says("maria", "deploy main to production")
    world.wait(minutes=1)

    assert world.deployment(1).state is State.SUCCEEDED
    assert len(heroku.apps["acme-web"].builds) == 1


def test_a_restarted_bot_finds_its_build_again(world: World, heroku: HerokuServer) -> None:
    heroku.fail_next("POST", "/builds$", "cut_after")

    world.says("maria", "deploy main to production")
    world.restart()
    world.wait(minutes=1)

    assert world.deployment(1).state is State.SUCCEEDED
    assert len(heroku.apps["acme-web"].builds) == 1
