"""How much is said, where, and to whom: what an environment's settings choose, and the one thread of each fact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import another_tool, broadcasts, facts, seen, thread
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world


@contextmanager
def with_settings(directory: Path, more: str) -> Iterator[World]:
    """With ``more`` in the table of production, which is the last one."""
    with open_world(directory, f"{SETTINGS}{more}\n") as world:
        yield world


def kinds(world: World, channel: str = "#web") -> list[tuple[str, str]]:
    """What the bot's messages say of themselves to other tools: what they are, and which state they tell."""
    bot = world.slack.workspace.user("shipmate").id
    said = world.slack.workspace.said[world.slack.workspace.channel(channel.removeprefix("#")).id]
    payloads = [one.metadata["event_payload"] for one in said if one.user == bot and one.metadata]
    return [(one["kind"], one["state"]) for one in payloads if "kind" in one]


def test_each_message_says_what_it_tells(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "in_progress")
    running = kinds(world)
    another_tool(world, "success")

    assert running == [("card", "running"), ("run", "running")]
    assert kinds(world) == [("card", "succeeded"), ("run", "running"), ("end", "succeeded")]
    request_id = world.deployment(1).request_id
    assert {one.metadata["event_payload"]["deployment"] for one in bots(world)} == {request_id}
    assert len({one.metadata["event_payload"]["key"] for one in bots(world)}) == 3


def bots(world: World) -> list[Any]:
    bot = world.slack.workspace.user("shipmate").id
    said = world.slack.workspace.said[world.slack.workspace.channel("web").id]
    return [one for one in said if one.user == bot]


def test_a_rollback_says_so_to_other_tools(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Two")
    world.says("maria", "deploy main")
    another_tool(world, "success")
    world.says("maria", "rollback")
    another_tool(world, "in_progress", "success")

    assert ("card", "rolled_back") in kinds(world)
    assert ("end", "rolled_back") in kinds(world)


def test_little_is_said_where_little_is_wanted(tmp_path: Path) -> None:
    with with_settings(tmp_path, 'verbosity = "quiet"') as world:
        world.says("maria", "deploy main")
        another_tool(world, "in_progress", "success")
        after_success = thread(world, 1)
        world.github.commit(REPOSITORY, "main", "Two")
        world.says("maria", "deploy main")
        another_tool(world, "in_progress", "failure", description="no disk")

        assert after_success == []
        assert [one.split("\n")[0] for one in thread(world, 2)] == ["❌ *web → production* failed: no disk"]


def test_each_change_is_a_reply_where_all_is_wanted(tmp_path: Path) -> None:
    with with_settings(tmp_path, 'verbosity = "full"') as world:
        world.says("maria", "deploy main")
        another_tool(world, "in_progress", description="building")
        another_tool(world, "in_progress", description="restarting")
        another_tool(world, "success")

        assert [kind for kind, _ in kinds(world)].count("status") >= 3
        assert ("end", "succeeded") in kinds(world)


@pytest.mark.parametrize(
    ("notify", "told"),
    [("[]", []), ('["success"]', ["✅ @maria live in 20 s"]), ('["failure"]', [])],
)
def test_the_channel_is_told_what_the_environment_chooses(tmp_path: Path, notify: str, told: list[str]) -> None:
    with with_settings(tmp_path, f"notify = {notify}") as world:
        world.says("maria", "deploy main")
        another_tool(world, "in_progress", "success")

        assert broadcasts(world, "#web") == told


def test_the_channel_is_told_of_every_change_where_it_wants_all(tmp_path: Path) -> None:
    with with_settings(tmp_path, 'notify = ["all"]') as world:
        world.says("maria", "deploy main")
        another_tool(world, "in_progress", "success")

        assert broadcasts(world, "#web") == ["🚀 Started 10:00 UTC", "✅ @maria live in 20 s"]


def test_by_default_production_tells_of_success_and_staging_does_not(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress", "success")
    staging = broadcasts(world, "#web")
    world.says("maria", "deploy main to production")
    another_tool(world, "in_progress", "success")

    assert (staging, broadcasts(world, "#web")) == ([], ["✅ @maria live in 20 s"])


def test_further_channels_get_the_card_and_nothing_else(tmp_path: Path) -> None:
    with with_settings(tmp_path, 'channels = ["#random", "#nowhere"]') as world:
        world.says("maria", "deploy main")
        another_tool(world, "in_progress", "success")

        [copy] = world.slack.messages("#random")
        assert seen(world, read_out(copy)).split("\n")[0] == "✅ *web → production*  is live"
        assert kinds(world, "#random") == [("card", "succeeded")]
        assert world.slack.thread("#random", copy.ts) == []


def test_a_runbook_says_what_is_to_be_done(tmp_path: Path) -> None:
    with with_settings(tmp_path, 'runbook = ["Call the office", "Look at the graphs"]') as world:
        world.says("maria", "deploy main")
        another_tool(world, "in_progress", "failure", description="no disk")

        assert "1. Call the office\n2. Look at the graphs" in thread(world, 1)[-1]


def test_dashboards_stand_on_the_card_of_what_is_live_and_on_no_other(tmp_path: Path) -> None:
    looks = 'dashboards = { Grafana = "https://g.example/d/1", Sentry = "https://s.example/web" }'
    with with_settings(tmp_path, looks) as world:
        for state in ("failure", "success"):
            world.says("maria", "deploy main")
            another_tool(world, "in_progress", state)

        assert "Grafana, Sentry" not in facts(world, 1)
        assert "Grafana, Sentry" in facts(world, 2)


def test_a_command_from_elsewhere_is_answered_there_by_one_reply_and_its_end(world: World) -> None:
    said = world.says("maria", "deploy main", channel="#random")
    another_tool(world, "in_progress", "success")

    replies = world.slack.thread("#random", said.ts)
    assert [one.metadata["event_payload"]["kind"] for one in replies if one.metadata] == ["reply", "end"]
    first, end = (seen(world, read_out(one)) for one in replies)
    assert "#1 in #web" in first
    assert end == "✅ @maria live in 20 s"
    # Under the card the same is told, and nobody is called a second time.
    assert thread(world, 1)[-1] == "✅ maria live in 20 s"


def test_merges_that_wait_share_one_card_and_the_newest_has_it(world: World) -> None:
    for check in ("build", "e2e"):
        world.github.set_status(REPOSITORY, "main", check, "success")
    shas = [merge(world, f"topic-{number}", by="bob") for number in range(3)]
    waiting = [seen(world, read_out(one)) for one in world.slack.messages("#web")]
    for check in ("build", "e2e"):
        world.github.set_status(REPOSITORY, shas[1], check, "success")
    world.settle()

    assert len(waiting) == 1
    assert "+2 before it" in waiting[0]
    shown = [seen(world, read_out(one)) for one in world.slack.messages("#web")]
    # The second is ready: the card is its, with the first one, and the third has one of its own.
    assert [one.split("\n")[0] for one in shown] == [
        "🚀 *web → staging*  is under way",
        "⏳ *web → staging*  waits for its first check",
    ]
    assert "+1 before it" in shown[0] or "merged by bob" in shown[0]


def test_cancelling_the_card_takes_back_all_that_it_shows(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "build", "success")
    for number in range(3):
        merge(world, f"topic-{number}", by="bob")

    world.presses("bob", world.slack.messages("#web")[0], "Cancel")

    assert [world.deployment(number).state for number in (1, 2, 3)] == ["cancelled"] * 3
    [card] = [one for one in world.slack.messages("#web") if not one.is_reply]
    assert seen(world, read_out(card)).startswith("🛑 *web → staging*  cancelled by bob")


def test_what_failed_is_told_when_it_works_again(world: World) -> None:
    first = world.says("maria", "deploy main")
    another_tool(world, "in_progress", "failure")
    world.says("bob", "retry")
    another_tool(world, "in_progress", "success")

    replies = [seen(world, read_out(one)) for one in world.slack.thread("#web", first.ts)]
    assert replies[-1] == "✅ Works again with #2 (20 s later)."
    assert ("again", "succeeded") in kinds(world)


def test_the_card_is_what_it_was_after_it_was_posted_twice_and_a_crash(world: World) -> None:
    """Whatever is cut off, each reply is there once."""
    for method in ("chat.postMessage", "chat.update"):
        world.slack.fail_next(method, cut="after", times=1)
    world.says("maria", "deploy main")
    world.slack.fail_next("chat.postMessage", cut="after", times=1)
    another_tool(world, "in_progress")
    world.slack.fail_next("chat.postMessage", cut="after", times=1)
    another_tool(world, "success")
    world.wait(minutes=2)

    assert [kind for kind, _ in kinds(world)] == ["card", "run", "end"]


def test_replies_of_several_in_one_thread_say_which_one_they_are_about(world: World) -> None:
    said = world.says("maria", "deploy main to staging\ndeploy main to production")
    for remote in world.github.deployments(REPOSITORY):
        world.github.report_deployment_status(REPOSITORY, remote.id, "success")
    world.settle()

    ends = [seen(world, read_out(one)) for one in world.slack.thread("#web", said.ts)]
    assert sorted(line.partition("  ")[0] for line in ends) == ["*web → production*", "*web → staging*"]
