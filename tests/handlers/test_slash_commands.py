"""Conversations by slash command, which work where the bot is no member, and where a thread or a channel is gone."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from tests.handlers.scenes import another_tool, answers, channel, seen, told
from tests.world import REPOSITORY, World, read_out


@pytest.fixture
def outside(world: World) -> str:
    """A channel that the bot is not in."""
    world.slack.add_channel("outside", members=["maria", "bob"], bot=False)
    return "#outside"


def directly(world: World, person: str) -> list[str]:
    return [seen(world, read_out(one)) for one in world.slack.messages(f"@{person}")]


# --- where the bot is no member ---------------------------------------------------------------------------------


def test_a_deployment_is_answered_to_the_asker_at_its_address_and_goes_on_by_direct_message(
    world: World, outside: str
) -> None:
    world.slash("maria", "main to staging", outside)
    another_tool(world, "in_progress", "success")

    (shown,) = world.slack.ephemerals("maria")
    assert (shown.by, read_out(shown)) == (
        "response_url",
        f"On it: *web* → *staging*  {link(world)} (#1), announced in #web.",
    )
    assert world.slack.messages(outside) == []
    assert [line.split("\n")[0] for line in channel(world, "#web")] == ["✅ *web → staging*  is live"]
    assert directly(world, "maria") == [
        "✅ @maria live in 20 s",
    ]


def link(world: World) -> str:
    found = world.deployment(1)
    return f"<{found.url}|main@{found.short_sha}>" if found.url else f"main@{found.short_sha}"


@pytest.mark.parametrize("text", ["status", "help", "locks", "whoami", "version", "queue", "deploys"])
def test_a_look_is_shown_to_the_asker_alone(world: World, outside: str, text: str) -> None:
    world.slash("maria", text, outside)
    world.slash("maria", text, "#random")

    shown = world.slack.ephemerals("maria")
    assert [one.by for one in shown] == ["response_url", "response_url"]
    assert world.slack.messages(outside) + world.slack.messages("#random") == []


@pytest.mark.parametrize("text", ["lock staging because testing", "freeze staging because audit"])
def test_a_lock_and_a_freeze_are_answered_to_the_asker_and_announced(world: World, outside: str, text: str) -> None:
    world.slash("maria", text, outside)

    assert [one.by for one in world.slack.ephemerals("maria")] == ["response_url"]
    assert world.slack.messages(outside) == []
    assert len(channel(world, "#web")) == 1


def test_a_refusal_is_seen_by_the_asker(world: World, outside: str) -> None:
    world.slash("maria", "main to nowhere", outside)

    assert told(world, "maria")[0].startswith("*web* has no environment called nowhere.")
    assert world.slack.ephemerals("maria")[0].by == "response_url"


def test_in_a_conversation_of_two_people_it_is_answered_to_whoever_asked(world: World) -> None:
    place = world.slack.add_channel("mpdm", members=["maria", "bob"], bot=False, private=True)

    world.slash("maria", "main to staging", place.id)

    assert [one.by for one in world.slack.ephemerals("maria")] == ["response_url"]
    assert world.slack.messages(place.id) + world.slack.ephemerals("bob") == []


def test_a_press_on_what_one_person_alone_saw_is_answered_there(world: World, outside: str) -> None:
    world.github.set_check_run(REPOSITORY, "main", "lint", None)
    world.slash("maria", "main to staging", outside)

    world.presses("maria", world.slack.ephemerals("maria")[-1], "Deploy when green")

    assert [one.lines[0][:1] for one in world.slack.messages(outside)] == ["⏳"]


def test_an_address_that_has_expired_leaves_the_direct_message(world: World, outside: str) -> None:
    world.slack.fail_next("response_url", status=404)

    world.slash("maria", "main to staging", outside)

    assert world.slack.messages(outside) == []
    assert directly(world, "maria")[0].startswith("On it: *web* → *staging*")


@pytest.mark.parametrize("cut", ["before", "after"])
def test_an_answer_that_may_have_been_read_is_not_said_there_again(world: World, outside: str, cut: Any) -> None:
    """Slack says neither that it came nor where it is: it is told once more, where it can be looked up."""
    world.slack.fail_next("response_url", cut=cut)

    world.slash("maria", "main to staging", outside)
    world.wait(seconds=20)

    assert len(world.slack.ephemerals("maria")) == (1 if cut == "after" else 0)
    assert world.slack.messages(outside) == []
    assert [line[:5] for line in directly(world, "maria")] == ["On it"]


def test_a_repeat_after_a_crash_finds_what_it_told_directly(world: World, outside: str) -> None:
    world.slack.fail_next("response_url", cut="before")
    world.slack.fail_next("chat.postMessage", "not_in_channel")
    world.slack.fail_next("chat.postMessage", "not_in_channel")

    world.slash("maria", "lock staging because testing", outside)
    world.slack.fail_next("chat.postMessage", cut="after")
    world.wait(minutes=3)

    assert len(directly(world, "maria")) == 1


def test_the_apps_channel_without_the_bot_is_answered_as_well(world: World) -> None:
    world.slack.removes_bot("#web")

    world.slash("maria", "main to staging", "#web")

    assert [line.split(". ")[-1] for line in told(world, "maria")] == [
        "I cannot announce it in #web: I am not in the channel #web."
    ]
    assert channel(world, "#deploys") == ["🚀 *web → staging*  is under way"]


# --- the address is a capability --------------------------------------------------------------------------------


def test_no_address_is_kept_when_its_answer_is_given(world: World, outside: str) -> None:
    world.slash("maria", "main to staging", outside)
    world.slash("maria", "status", outside)
    world.slash("maria", "main to staging in 2 hours", outside)

    rows = [world.store.database.select(sa.select(table)) for table in tables.metadata.tables.values()]
    assert "/respond/" not in repr(rows)


def test_no_address_is_written_to_the_log(
    world: World, outside: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    world.slack.fail_next("response_url", cut="before", times=2)

    world.slash("maria", "main to staging", outside)
    world.wait(minutes=1)

    written = capfd.readouterr()
    assert "/respond/" not in written.out + written.err + caplog.text


# --- what is gone -----------------------------------------------------------------------------------------------


def test_under_a_command_that_was_deleted_one_line_is_said(world: World) -> None:
    said = world.slack.says("maria", "#random", "@shipmate deploy main to staging")
    world.slack.deletes(said)
    world.settle()

    another_tool(world, "in_progress", "success")

    assert [seen(world, read_out(one)) for one in world.slack.messages("#random")] == [
        "🚀 *web → staging*  is under way\nmain@d470312 · maria · first deployment here · since 10:00 UTC · #1 in #web"
    ]
    assert channel(world, "#web")[-1].startswith("✅")


def test_in_a_channel_that_was_archived_since_the_asker_is_told_once(world: World) -> None:
    world.says("maria", "deploy main to staging", "#random")
    world.slack.archives("#random")

    another_tool(world, "in_progress", "success")

    card = world.parent(1)
    address = f"https://acme.slack.example/archives/{card.channel}/p{card.ts.replace('.', '')}"
    assert [read_out(one) for one in world.slack.messages("@maria")] == [
        "✅ <@U00000001> live in 20 s\n"
        f"Here and not where you asked. The channel #random is archived. It goes on <{address}|under #1>."
    ]


def test_an_answer_in_a_channel_that_was_archived_at_once_is_told_directly(world: World) -> None:
    world.slack.says("maria", "#random", "@shipmate status")
    world.slack.archives("#random")

    world.settle()

    (line,) = directly(world, "maria")
    assert line.startswith("*web*")
    assert "Here and not where you asked. The channel #random is archived." in line.split("\n")


@pytest.mark.parametrize("slack_tells", [True, False])
def test_in_a_thread_of_a_channel_that_is_open_again_people_are_answered(world: World, slack_tells: bool) -> None:
    asked = world.says("maria", "deploy main to staging", "#random")
    world.slack.archives("#random")
    another_tool(world, "in_progress")
    if slack_tells:
        world.slack.unarchives("#random", by="bob")
        world.settle()
    else:
        world.slack.workspace.channel("random").is_archived = False

    world.says("bob", "whoami", "#random", asked.ts)
    world.says("bob", "status", "#random", asked.ts)
    another_tool(world, "success")

    said = [line.split("\n")[0] for line in answers(world, asked)]
    assert said[-2:] == ["*web*", "✅ @maria live in 20 s"]


def test_how_it_goes_on_is_said_where_the_channel_is_open_again(world: World) -> None:
    asked = world.says("maria", "deploy main to staging", "#random")
    world.slack.archives("#random")
    another_tool(world, "in_progress")
    world.slack.workspace.channel("random").is_archived = False
    world.reconcile()

    another_tool(world, "success")

    assert answers(world, asked)[-1] == "✅ @maria live in 20 s"


def test_each_command_in_a_thread_of_a_channel_that_only_some_may_post_in_is_answered(world: World) -> None:
    world.slack.restricts("#random")
    asked = world.says("maria", "lock staging because testing", "#random")

    world.says("bob", "lock production because testing", "#random", asked.ts)
    world.says("maria", "lock staging because more tests", "#random", asked.ts)

    why = "Here and not where you asked. Only some people may post in the channel #random"
    assert [len(directly(world, person)) for person in ("maria", "bob")] == [2, 1]
    assert why in directly(world, "bob")[0]


def test_whoever_presses_a_button_where_the_bot_was_removed_is_answered(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    card = deepcopy(world.parent(1))
    world.slack.removes_bot("#web")
    world.presses("bob", card, "Retry")
    another_tool(world, "failure")
    card.buttons[0]["value"] = "retry #2"
    card.buttons[0]["action_id"] = "command:0:retry:2:failed"

    world.presses("maria", card, "Retry")

    assert [one[:5] for one in directly(world, "bob") + directly(world, "maria")] == ["On it", "❌ *we", "On it"]


def test_a_thread_in_which_nothing_can_be_said_is_forgotten_with_the_record(world: World, tmp_path: Path) -> None:
    said = world.says("maria", "deploy main to staging", "#random")
    world.slack.deletes(said)
    another_tool(world, "success")
    assert answers(world, said)

    before = world.store.database.select(sa.select(tables.silences.c.thread))
    world.wait(seconds=1)
    world.store.clear(world.clock.now())

    assert len(before) == 1
    assert world.store.database.select(sa.select(tables.silences.c.thread)) == []
