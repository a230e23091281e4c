"""Conversations about deployments that cannot start at once: checks, the queue, and GitHub itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.core.deployments.model import State
from bot.services import deploy_request
from tests.handlers.scenes import another_tool, answers, broadcasts, channel, notification, parent, thread, told
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

TWO_APPS = """
[slack]
channel = "#deploys"

[people]
U00000001 = "maria-of-github"

[apps.web]
repository = "acme/web"
default_environment = "production"

[apps.web.environments.staging]
ref = "next"
[apps.web.environments.production]
force_needs_reason = true
provider = { type = "external" }

[apps.api]
repository = "acme/api"
default_ref = "stable"
allowed_channels = ["#deploys"]

[apps.api.environments.staging]
aliases = ["pre"]
[apps.api.environments.production]
"""

UNDER_WAY = "🚀 *web → staging*  is under way"


def test_an_app_with_allowed_channels_is_deployed_from_there_only(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("acme/api")

        world.says("maria", "deploy api/main to staging", "#random")

        assert told(world, "maria") == [
            "🚫 main@195a587 cannot go to *api → staging*\n"
            "📍 *api* is deployed from #deploys only; ask there\n"
            "No checks are reported for this commit · nothing else is running"
        ]
        assert world.slack.ephemerals("maria")[0].labels == []


def test_failed_checks_are_named_together_with_what_helps(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "failure", target_url="https://ci.example/7")
    world.github.set_check_run(REPOSITORY, "topic", "lint", None)

    world.says("maria", "deploy topic to staging")

    assert told(world, "maria") == [
        "🚫 topic@64fd7b0 cannot go to *web → staging*\n"
        "❌ Checks failed: ci/test; still pending: lint\n"
        "Nothing else is running\n"
        'To go on all the same: `deploy web/topic to staging --force "why"`'
    ]
    assert world.github.deployments(REPOSITORY) == []


def test_pending_checks_can_be_waited_for_with_a_button(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.set_check_run(REPOSITORY, "topic", "lint", None)
    world.says("maria", "deploy topic to staging")
    refusal = world.slack.ephemerals("maria")[0]

    world.presses("maria", refusal, "Deploy when green")
    waiting = (parent(world, 1), notification(world, 1))
    world.github.set_check_run(REPOSITORY, "topic", "lint", "neutral")
    world.settle()

    assert waiting == (
        "⏳ *web → staging*  waits for its check\n"
        "topic@64fd7b0 · asked by maria · first deployment here · still running: lint",
        "maria asked for this: deploying topic@64fd7b0 of web to staging. It waits for its check.",
    )
    assert channel(world, "#web") == [UNDER_WAY]
    # What passes by itself is the card's alone.
    assert thread(world, 1) == []
    assert len(world.github.deployments(REPOSITORY)) == 1


def test_when_green_waits_for_failed_checks_too_because_they_may_be_run_again(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "failure")

    said = world.says("maria", "deploy main to staging when green")
    failed = answers(world, said)
    world.github.set_status(REPOSITORY, "main", "ci/test", "pending")
    world.settle()
    runs_again = answers(world, said)
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    world.settle()

    assert failed == ["❌ `ci/test` failed"]
    assert runs_again == ["⏳ waits for its check · still running: `ci/test`"]
    assert answers(world, said) == ["✅ all green after 2 s"]


def test_when_green_waits_for_checks_that_are_not_reported_yet(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    world.github.commit(REPOSITORY, "topic", "Add search")

    world.says("maria", "deploy topic to staging when green")
    waiting = parent(world, 1).split("\n")[0]
    world.github.set_status(REPOSITORY, "topic", "ci/test", "success")
    world.settle()

    assert waiting == "⏳ *web → staging*  waits for its first check"
    assert len(world.github.deployments(REPOSITORY)) == 1


def test_without_any_checks_when_green_starts_at_once(world: World) -> None:
    world.says("maria", "deploy main to staging when green")

    assert channel(world, "#web") == [UNDER_WAY]


def test_required_checks_by_name_must_be_there_and_others_do_not_count(tmp_path: Path) -> None:
    settings = SETTINGS.replace(
        "[apps.web.environments.production]", '[apps.web.environments.production]\nrequired_checks = ["ci/test"]'
    )
    with open_world(tmp_path, settings) as world:
        world.github.set_status(REPOSITORY, "main", "lint", "failure")
        world.says("maria", "deploy main to production")
        world.github.set_status(REPOSITORY, "main", "ci/test", "success")

        world.says("maria", "deploy main to production")

        assert told(world, "maria") == [
            "🚫 main@d470312 cannot go to *web → production* yet\n"
            "⏳ Checks are pending: `ci/test`\n"
            "Nothing else is running\n"
            'To go on all the same: `deploy web/main to production --force "why"`'
        ]
        assert len(world.github.deployments(REPOSITORY)) == 1


def test_a_check_that_hangs_is_reported_after_an_hour_and_given_up_after_a_day(world: World) -> None:
    world.github.set_check_run(REPOSITORY, "main", "lint", None)
    world.says("maria", "deploy main to staging when green")

    world.wait(hours=1)
    after_an_hour = broadcasts(world, "#web")
    world.wait(hours=23)

    hung = "⚠️ Still waiting after an hour: checks are pending: lint. Look at the check, or cancel with `cancel #1`"
    assert after_an_hour == [hung]
    assert broadcasts(world, "#web") == [hung]
    assert parent(world, 1) == (
        "⌫ *web → staging*  given up: its checks were not green within a day\nmain@d470312 · asked by maria"
    )
    assert thread(world, 1) == [hung, "⌫ @maria given up: its checks were not green within a day"]


def test_a_busy_environment_makes_others_queue_and_start_in_order(world: World) -> None:
    for branch in "abc":
        world.github.commit(REPOSITORY, branch, f"Add {branch}")
    world.says("maria", "deploy a to staging")
    said = world.says("bob", "deploy b to staging")
    world.says("maria", "deploy c to staging")
    third = parent(world, 3).split("\n")[0]

    another_tool(world, "success")
    moved_up = parent(world, 3).split("\n")[0]
    another_tool(world, "success")

    assert answers(world, said) == ["✅ @bob live in 10 s"]
    assert third == "⏸️ *web → staging*  is 2nd in line"
    assert moved_up == "⏸️ *web → staging*  is next"
    assert [one.payload["ref"] for one in world.github.deployments(REPOSITORY)] == ["a", "b", "c"]


def test_another_environment_does_not_have_to_wait(world: World) -> None:
    world.says("maria", "deploy to staging")
    world.says("maria", "deploy to production")

    assert [one.environment for one in world.github.deployments(REPOSITORY)] == ["staging", "production"]


def test_one_whose_checks_failed_meanwhile_lets_the_next_in_the_queue_pass(world: World) -> None:
    world.github.commit(REPOSITORY, "a", "Add a")
    world.github.commit(REPOSITORY, "b", "Add b")
    world.says("maria", "deploy to staging")
    world.says("maria", "deploy a to staging")
    world.says("maria", "deploy b to staging")
    world.github.set_status(REPOSITORY, "a", "ci/test", "failure")

    another_tool(world, "success")

    assert thread(world, 2) == ["✅ its turn came after 10 s\n❌ `ci/test` failed"]
    assert channel(world, "#web")[1:] == ["⏳ *web → staging*  `ci/test` failed", UNDER_WAY]


def test_github_down_while_gathering_is_said_once_and_the_command_goes_on_by_itself(world: World) -> None:
    world.github.fail_next("GET", r"/commits/", 503, times=8)

    world.says("maria", "deploy main to staging")
    world.wait(minutes=2)

    assert told(world, "maria") == ["GitHub has a problem of its own (status 503). I keep trying and go on by myself."]
    assert len(world.github.deployments(REPOSITORY)) == 1


def test_a_command_is_given_up_when_github_stays_away_and_that_is_said(world: World) -> None:
    world.github.fail_next("GET", r"/commits/", 503, times=1_000)

    world.says("maria", "deploy main to staging")
    world.wait(hours=1)

    assert told(world, "maria") == [
        "GitHub has a problem of its own (status 503). I keep trying and go on by myself.",
        "GitHub has a problem of its own (status 503). "
        "I have given up on this command and nothing was changed; please send it again later.",
    ]
    assert channel(world, "#web") == []


@pytest.mark.parametrize("state", ["success", "failure"])
def test_a_check_that_comes_between_asking_github_and_deciding_is_not_missed(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """When it came nobody waited for it yet, so it concerned nobody."""
    world.github.set_status(REPOSITORY, "main", "ci/test", "pending")
    world.settle()
    gathers = deploy_request.commit_facts
    became: list[str] = []

    def gathers_and_hears(*of: Any, **more: Any) -> Any:
        found = gathers(*of, **more)
        if not became:
            world.github.set_status(REPOSITORY, "main", "ci/test", state)
            became.append(world.hears_now())
        return found

    monkeypatch.setattr(deploy_request, "commit_facts", gathers_and_hears)
    world.says("maria", "deploy main to staging when green")

    assert became == ["settled"]
    assert world.deployment(1).state is (State.STARTING if state == "success" else State.WAITING)
    assert "failed" in world.deployment(1).description or state == "success"
