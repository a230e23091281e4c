"""Conversations about the steps around a provider, on the card, in the thread and to GitHub."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.deployments.model import State
from tests.handlers.scenes import news, parent, thread
from tests.servers.web_site import WebSite
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

OURS = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "local", directory = "{directory}/releases" }'
)


def steps(**around: str) -> str:
    """The settings with such steps around the provider of staging, a name and a shell command each."""
    text = "".join(f"{key} = [{tables}]\n" for key, tables in around.items())
    return OURS.replace("[apps.web.environments.staging]\n", f"[apps.web.environments.staging]\n{text}")


def step(name: str, command: str, **more: str) -> str:
    keys = "".join(f", {key} = {value}" for key, value in more.items())
    return f"{{ name = {name!r}, command = ['sh', '-c', '{command}']{keys} }}"


def said_on_github(world: World) -> list[tuple[str, str]]:
    return [(one.state, one.description) for one in world.github.deployments("acme/web")[0].statuses][1:]


def test_steps_are_told_in_their_order_and_the_release_is_live_between_them(tmp_path: Path) -> None:
    live = tmp_path / "releases" / "current"
    settings = steps(
        before_deploy=step("Migrate", f"test ! -e {live} && cat README.md"),
        after_deploy=step("Smoke test", f"cat {live}/README.md && echo SHIPMATE_ENVIRONMENT_URL=https://web.example"),
    )
    with open_world(tmp_path, settings) as world:
        world.says("maria", "deploy main to staging")

        assert news(world, 1).startswith("is live")
        assert thread(world, 1) == [
            "🚀 Started 10:00 UTC · Migrate 0 s · Deploy 0 s · Smoke test 0 s",
            "✅ @maria live in 0 s",
        ]
        assert [state for state, _ in said_on_github(world)] == ["in_progress", "success"]
        assert world.deployment(1).environment_url == "https://web.example"
        assert world.store.reads().kept_keys("run:1") == []


def test_a_step_before_that_fails_is_named_and_nothing_is_released(tmp_path: Path) -> None:
    settings = steps(
        before_deploy=step("Migrate database", "echo error: no such table; exit 1"),
        after_deploy=step("Purge", "echo purged"),
    )
    with open_world(tmp_path, settings) as world:
        world.says("maria", "deploy main to staging")

        assert news(world, 1).split("\n")[0] == "failed at step 1, Migrate database: exit code 1"
        assert "```\nerror: no such table\n```" in parent(world, 1)
        ended = thread(world, 1)[-1]
        assert ended.startswith("❌ *web → staging* failed at step 1, Migrate database: exit code 1\n@maria\n```\n")
        assert "\nRunning Migrate database of web in staging on " in ended
        assert "error: no such table\n```" in ended
        assert said_on_github(world)[-1] == ("failure", "Migrate database: exit code 1")
        assert not (tmp_path / "releases").exists()


def test_a_step_after_that_fails_says_so_although_the_release_is_out(tmp_path: Path) -> None:
    with open_world(tmp_path, steps(after_deploy=step("Smoke test", "exit 7"))) as world:
        world.says("maria", "deploy main to staging")

        assert news(world, 1).split("\n")[0] == "failed at step 2, Smoke test: exit code 7"
        assert world.deployment(1).state is State.FAILED
        assert (tmp_path / "releases" / "current").exists()


def test_a_step_that_may_fail_is_said_in_the_end(tmp_path: Path) -> None:
    settings = steps(
        before_deploy=step("Warm up", "exit 1", allow_failure="true"),
        after_deploy=step("Purge", "exit 1", allow_failure="true"),
    )
    with open_world(tmp_path, settings) as world:
        world.says("maria", "deploy main to staging")

        assert thread(world, 1) == [
            "🚀 Started 10:00 UTC · ❌ Warm up 0 s · Deploy 0 s · ❌ Purge 0 s",
            "✅ @maria live in 0 s, but Warm up and Purge failed",
        ]
        assert said_on_github(world)[-1][1].endswith("; Warm up and Purge failed")


def test_steps_are_for_deployments_and_not_for_other_tasks(tmp_path: Path) -> None:
    with open_world(tmp_path, steps(before_deploy=step("Migrate", "exit 1"))) as world:
        world.says("maria", "deploy:restart main to staging")

        assert news(world, 1).startswith("`deploy:restart` is done")


def test_a_command_tells_its_own_steps_and_how_far_it_is(tmp_path: Path) -> None:
    told = "echo SHIPMATE_STEP=Build; echo SHIPMATE_PROGRESS=40; echo SHIPMATE_STEP=Upload; echo no space; exit 1"
    settings = SETTINGS.replace(
        'provider = { type = "external" }', f'provider = {{ type = "shell", command = "{told}" }}'
    )
    with open_world(tmp_path, settings) as world:
        world.says("maria", "deploy main to staging")

        assert thread(world, 1)[0] == "🚀 Started 10:00 UTC · Build 0 s · ❌ Upload 0 s"
        assert news(world, 1).split("\n")[0] == "failed at step 2, Upload"
        assert world.store.reads().output(1, 4) == [
            world.store.reads().output(1, 4)[0],
            "── Build",
            "── Upload",
            "no space",
        ]


@pytest.mark.parametrize("key", ["before_deploy", "after_deploy"])
def test_cancelled_in_a_step_it_says_in_which(tmp_path: Path, key: str) -> None:
    settings = steps(**{key: step("Migrate", "echo ready; sleep 60")})
    with open_world(tmp_path, settings) as world:
        world.hold_runs = True
        world.says("maria", "deploy main to staging")
        world.says("maria", "cancel #1")
        world.hold_runs = False
        world.settle()

        assert world.deployment(1).state is State.CANCELLED
        assert not (tmp_path / "releases" / "current").exists()


# --- health -----------------------------------------------------------------------------------------------------------


def healthy(site: WebSite, more: str = "", **around: str) -> str:
    """The settings with a look at the site before a success counts."""
    health = f'health = {{ url = "{site.url}/up", for = "0s" }}\n{more}\n'
    return steps(**around).replace("[apps.web.environments.staging]\n", f"[apps.web.environments.staging]\n{health}")


def test_a_success_counts_when_the_site_answers(tmp_path: Path) -> None:
    with WebSite(200) as site, open_world(tmp_path, healthy(site, after_deploy=step("Purge", "true"))) as world:
        world.says("maria", "deploy main to staging")

        assert thread(world, 1)[0] == "🚀 Started 10:00 UTC · Deploy 0 s · Purge 0 s · Health check 0 s"
        assert news(world, 1).startswith("is live")
        assert [path for _, path in site.asked] == ["/up"]


def test_a_site_that_does_not_answer_has_failed_and_says_what_it_answered(tmp_path: Path) -> None:
    with WebSite(503) as site, open_world(tmp_path, healthy(site)) as world:
        world.says("maria", "deploy main to staging")

        why = f"Health check: {site.url}/up answered 503"
        assert news(world, 1).split("\n")[0] == f"failed at step 2, {why}"
        assert said_on_github(world)[-1] == ("failure", why)
        assert thread(world, 1)[-1].startswith(f"❌ *web → staging* failed at step 2, {why}\n@maria\n")


def test_what_is_not_healthy_is_rolled_back_by_itself_after_a_minute(tmp_path: Path) -> None:
    with (
        WebSite(200, 503, 200) as site,
        open_world(tmp_path, healthy(site, "rollback_on_failure = true")) as world,
    ):
        first = world.github.commit(REPOSITORY, "main", "Version 1")
        world.says("maria", "deploy main to staging")
        world.github.commit(REPOSITORY, "main", "Version 2")
        world.says("maria", "deploy main to staging")

        assert parent(world, 3).startswith("⏰ *web → staging*  is rolled back by itself at 10:01 UTC\n")
        assert world.parent(3).labels == ["Roll back now", "Stop"]
        world.wait(seconds=61)

        assert parent(world, 3).startswith(f"⏪ *web → staging*  is back on {first[:7]}")
        assert len(site.asked) == 3


def test_somebody_can_stop_it_from_going_back(tmp_path: Path) -> None:
    with WebSite(200, 503) as site, open_world(tmp_path, healthy(site, "rollback_on_failure = true")) as world:
        world.github.commit(REPOSITORY, "main", "Version 1")
        world.says("maria", "deploy main to staging")
        world.github.commit(REPOSITORY, "main", "Version 2")
        world.says("maria", "deploy main to staging")

        world.presses("maria", world.parent(3), "Stop")
        world.wait(seconds=61)

        assert world.deployment(3).state is State.CANCELLED
        assert len(site.asked) == 2
