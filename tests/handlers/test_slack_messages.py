"""Conversations about how the bot speaks when Slack or a channel does not want it to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.events.external import Place
from bot.core.rich_text import Fold, Message
from tests.handlers.scenes import another_tool, answers, cards, channel, parent, thread
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

ELSEWHERE = SETTINGS.replace('channel = "#web"', 'channel = "#deploys"')

LIVE = "✅ *web → staging*  is live\nmain@d470312 · maria · first deployment here · 20 s"


def deployed(world: World) -> list[str]:
    """A deployment from #web that succeeds; what is answered there."""
    said = world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress", "success")
    return answers(world, said)


def test_a_channel_that_was_archived_does_not_hold_the_deployment_up(tmp_path: Path) -> None:
    with open_world(tmp_path, ELSEWHERE) as world:
        world.slack.workspace.channel("deploys").is_archived = True

        shown = deployed(world)

        assert shown == [
            "✅ *web → staging*  is live\n"
            "main@d470312 · maria · first deployment here · 20 s · #1\n"
            "I cannot announce it in #deploys: Slack shows me no channel #deploys.",
            "✅ @maria live in 20 s",
        ]


def test_a_channel_archived_while_it_runs_does_not_either(tmp_path: Path) -> None:
    with open_world(tmp_path, ELSEWHERE) as world:
        said = world.says("maria", "deploy main to staging")
        world.slack.workspace.channel("deploys").is_archived = True

        another_tool(world, "in_progress", "success")

        assert answers(world, said)[-1] == "✅ @maria live in 20 s"
        assert world.store.outbox.has_pending() is False


def test_a_channel_that_the_bot_is_not_in_does_not_hold_the_deployment_up(tmp_path: Path) -> None:
    with open_world(tmp_path, ELSEWHERE) as world:
        world.slack.workspace.channel("deploys").members.discard("U00000000")

        shown = deployed(world)

        assert shown[-1] == "✅ @maria live in 20 s"
        assert channel(world, "#deploys") == []


@pytest.mark.parametrize(
    "how",
    [
        {"error": "ratelimited", "status": 429, "headers": {"Retry-After": "7"}, "times": 2},
        {"status": 503, "times": 4},
        {"cut": "before", "times": 3},
        {"cut": "after", "times": 3},
    ],
    ids=["asked to wait", "down", "cut before", "cut after"],
)
def test_trouble_with_slack_only_costs_time_and_everything_is_said_once(world: World, how: dict[str, Any]) -> None:
    world.slack.fail_next("chat.postMessage", **how)

    said = world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress", "success")
    world.wait(minutes=1)
    shown = answers(world, said)

    assert [line[:1] for line in shown] == ["🚀", "✅"]
    assert [card.rsplit(" · ", 1)[0] for card in cards(world, "#web")] == [LIVE.rsplit(" · ", 1)[0]]
    assert thread(world, 1) == answers(world, said)


def test_slack_is_left_alone_for_as_long_as_it_asks(world: World) -> None:
    world.slack.fail_next("chat.postMessage", "ratelimited", status=429, headers={"Retry-After": "30"})
    world.says("maria", "deploy main to staging")
    calls = len(world.slack.calls("chat.postMessage"))

    world.wait(seconds=25)
    meanwhile = len(world.slack.calls("chat.postMessage"))
    world.wait(seconds=45)

    assert meanwhile == calls
    assert cards(world, "#web") == [
        "🚀 *web → staging*  nobody has picked it up yet\n"
        "main@d470312 · usual causes: no webhook or workflow takes deployment events up · maria "
        "· first deployment here · since 10:00 UTC"
    ]


@pytest.mark.parametrize("cut", ["before", "after"])
def test_an_edit_that_was_cut_off_is_made_again(world: World, cut: Any) -> None:
    world.says("maria", "deploy main to staging")
    world.slack.fail_next("chat.update", cut=cut)

    another_tool(world, "success")

    assert cards(world, "#web") == [LIVE.replace("20 s", "10 s")]


def test_the_parent_is_edited_once_in_two_seconds_at_most(world: World) -> None:
    world.says("maria", "deploy main to staging")
    remote_id = world.deployment(1).remote_id or 0

    for n in range(6):
        world.github.report_deployment_status(REPOSITORY, remote_id, "in_progress", log_url=f"https://ci.example/{n}")
    before = world.clock.now()
    world.settle()
    world.github.report_deployment_status(REPOSITORY, remote_id, "success")
    world.settle()

    # Seven statuses at one moment: the first edit waits for the two seconds after the post, the second for two more.
    assert world.clock.now() - before == timedelta(seconds=4)
    assert len(world.parent(1).edits) == 2
    assert parent(world, 1).startswith("✅")


def test_a_parent_message_that_was_deleted_holds_nothing_up(world: World) -> None:
    world.says("maria", "deploy main to staging")
    message = world.parent(1)
    world.slack.workspace.said[message.channel].remove(message)

    another_tool(world, "success")

    assert world.deployment(1).state == "succeeded"
    assert world.store.outbox.has_pending() is False


def test_a_workspace_without_the_new_blocks_is_known_after_a_restart(tmp_path: Path) -> None:
    card = Message(("Live.",), fold=Fold("1 change", (("#8 Less logging",),)))
    with open_world(tmp_path) as world:
        world.slack.lacks_new_blocks = True
        there = Place(world.slack.workspace.channel("web").id)
        world.chat.post(there, card, key="1")
        world.slack.lacks_new_blocks = False
        world.restart()
        world.chat.post(there, card, key="2")
        world.wait(hours=25)
        world.chat.post(there, card, key="3")

        shown = [one.lines for one in world.slack.messages("#web")]

    plainly = ["Live.", "*1 change*", "• #8 Less logging"]
    assert shown == [plainly, plainly, ["Live.", "▸ 1 change", "• #8 Less logging"]]
