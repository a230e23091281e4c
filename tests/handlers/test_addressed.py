"""Conversations about who is heard: where the bot is named along the way, what is changed, bots, and strangers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import another_tool, answers, parent, told
from tests.world import PEOPLE, REPOSITORY, SETTINGS, World
from tests.world import world as open_world


def said(world: World, text: str, person: str = "maria", where: str = "#web") -> Any:
    """What somebody writes, as it stands."""
    message = world.slack.says(person, where, text)
    world.settle()
    return message


ELSEWHERE = (
    "🚀 *web → staging*  is under way\nmain@d470312 · maria · first deployment here · since 10:00 UTC · #1 in #web"
)
"""Where a command was given that is announced elsewhere."""


def begun(world: World) -> list[str]:
    """What the card says of the first deployment: line 1, and the first two facts of line 2."""
    first, second, *_ = parent(world, 1).split("\n")
    return [first, " · ".join(second.split(" · ")[:2])]


def deployments(world: World) -> int:
    return len(world.store.reads().history(app=None, environment=None, ref=None, limit=50))


# --- along the way ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "deploy main to staging @shipmate",
        "deploy main to staging, @shipmate please!",
        "hey team, @shipmate deploy main to staging",
        "Good morning all! @shipmate deploy main to staging",
        "hello @bob, @shipmate deploy main to staging",
        "CI is green at last.\n@shipmate deploy main to staging",
        "> are we there yet?\n@shipmate deploy main to staging",
        "<!here> <@U00000000> deploy main to staging",
        "- @shipmate deploy main to staging",
        "1. @shipmate deploy main to staging",
        "*@shipmate* deploy main to staging",
        "@shipmate @shipmate deploy main to staging",
        "@shipmate deploy main to staging @shipmate",
        "@shipmate, deploy main to staging :pray: thanks!",
        "> deploy main to staging\n@shipmate please",
    ],
)
def test_a_mention_at_the_end_or_after_a_greeting_or_at_the_beginning_of_a_line_counts(world: World, text: str) -> None:
    message = world.slack.says("maria", "#web", text, raw="<" in text)
    world.settle()

    assert begun(world) == ["🚀 *web → staging*  is under way", "main@d470312 · maria"]
    assert {name for name, _ in message.reactions} == {"eyes"}


@pytest.mark.parametrize(
    "text",
    [
        "I think @shipmate is down",
        "I think @shipmate",
        "who looks after @shipmate?",
        "hey team, @shipmate is down again",
        "is anybody else annoyed by @shipmate",
        "that was @shipmate, thanks",
        "hey team, @shipmate",
        "we talked about it.\n@shipmate is down again",
        "@bob deploy main to staging @shipmate",
        "deploy main to staging @bob @shipmate",
        "deploy main to staging, says @shipmate",
        "deploy main to staging cc @shipmate",
        "please don't deploy main to staging @shipmate",
        "> deploy main to staging @shipmate",
        "> @shipmate deploy main to staging",
        "who said that?\n> deploy main to staging @shipmate",
        ">>> so they wrote\ndeploy main to staging @shipmate",
        "I am told to write\n```\n@shipmate deploy main to staging\n```",
        "`@shipmate deploy main to staging`",
        "you write `deploy main to staging @shipmate`",
    ],
)
def test_a_mention_in_passing_gets_no_answer(world: World, text: str) -> None:
    message = said(world, text)

    assert answers(world, message) + told(world, "maria") == []


def test_each_line_with_a_mention_of_its_own_is_a_command(world: World) -> None:
    message = said(world, "@shipmate deploy main to staging\n@shipmate lock staging because testing", where="#random")

    assert answers(world, message) == [
        ELSEWHERE,
        "*web → staging* is yours. I remind you every 3 h.",
    ]


def test_what_begins_with_the_mention_is_always_answered(world: World) -> None:
    said(world, "@shipmate I think you are down")

    assert len(told(world, "maria")) == 1


# --- changed ----------------------------------------------------------------------------------------------------


def change(world: World, message: Any, text: str) -> None:
    world.slack.edits(message, text)
    world.settle()


def test_what_was_not_understood_is_read_again_when_it_is_changed(world: World) -> None:
    message = said(world, "@shipmate delpoyy main two staging")

    change(world, message, "@shipmate deploy main to staging")

    assert begun(world) == ["🚀 *web → staging*  is under way", "main@d470312 · maria"]
    assert deployments(world) == 1


def test_what_was_refused_is_read_again_too(world: World) -> None:
    message = said(world, "@shipmate deploy mian to staging")

    change(world, message, "@shipmate deploy main to staging")

    assert deployments(world) == 1


def test_a_name_that_is_added_counts(world: World) -> None:
    message = said(world, "deploy main to staging")

    change(world, message, "@shipmate deploy main to staging")

    assert deployments(world) == 1


def test_what_runs_already_is_said_once_and_nothing_else_is_done(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    message = said(world, "@shipmate deploy main to staging")

    change(world, message, "@shipmate deploy topic to staging")
    change(world, message, "@shipmate deploy topic to production")

    assert answers(world, message) == ["This already runs as #1 (web → staging, main@d470312): `cancel #1` stops it."]
    assert deployments(world) == 1


def test_what_has_ended_is_said_to_have(world: World) -> None:
    message = said(world, "@shipmate deploy main to staging")
    another_tool(world, "success")

    change(world, message, "@shipmate deploy main to production")

    assert answers(world, message)[-1] == "This ran already as #1 (web → staging, main@d470312), which succeeded."


def test_a_lock_that_was_taken_is_not_taken_anew(world: World) -> None:
    message = said(world, "@shipmate lock staging because testing", where="#random")

    change(world, message, "@shipmate lock production because testing")

    assert answers(world, message)[-1] == (
        "I have done this already as `lock staging because testing`; changing the message changes nothing."
    )


def test_a_look_may_be_changed_into_a_deed(world: World) -> None:
    message = said(world, "@shipmate status")

    change(world, message, "@shipmate deploy main to staging")

    assert deployments(world) == 1


def test_both_at_once_are_decided_on_in_their_order(world: World) -> None:
    message = world.slack.says("maria", "#web", "@shipmate deploy main to staging")
    world.slack.edits(message, "@shipmate deploy main to production")

    world.settle()

    assert [world.deployment(1).environment, deployments(world)] == ["staging", 1]


def test_a_change_waits_for_what_was_said_first(world: World) -> None:
    world.github.fail_next("GET", "/", 503, times=3)
    message = world.slack.says("maria", "#web", "@shipmate deploy main to staging")
    world.settle()
    world.slack.edits(message, "@shipmate deploy main to production")

    world.wait(minutes=3)

    assert [world.deployment(1).environment, deployments(world)] == ["staging", 1]


def test_a_change_that_ran_is_not_run_again_as_something_else(world: World) -> None:
    """What was said first was refused; the first change of it is what runs."""
    message = said(world, "@shipmate delpoyy main two staging")

    change(world, message, "@shipmate deploy main to staging")
    change(world, message, "@shipmate deploy main to production")
    change(world, message, "@shipmate delpoyy main two staging")

    assert answers(world, message) == ["This already runs as #1 (web → staging, main@d470312): `cancel #1` stops it."]
    assert deployments(world) == 1


def test_changes_that_arrive_together_are_one_deed(world: World) -> None:
    message = said(world, "@shipmate delpoyy main two staging")
    world.slack.edits(message, "@shipmate deploy main to staging")
    world.slack.edits(message, "@shipmate deploy main to production")

    world.settle()

    assert [world.deployment(1).environment, deployments(world)] == ["staging", 1]


def test_a_change_into_two_commands_runs_both(world: World) -> None:
    message = said(world, "@shipmate delpoyy main two staging", where="#random")

    change(world, message, "@shipmate deploy main to staging\nlock production because testing")

    assert answers(world, message) == [
        ELSEWHERE,
        "*web → production* is yours. I remind you every 3 h.",
    ]


def test_a_change_of_two_commands_that_ran_is_answered_once(world: World) -> None:
    message = said(world, "@shipmate deploy main to staging\nlock production because testing", where="#random")

    change(world, message, "@shipmate deploy main to production\nlock staging because testing")

    assert answers(world, message)[2:] == [
        "This already runs as #1 (web → staging, main@d470312): `cancel #1` stops it."
    ]
    assert [deployments(world), len(world.store.reads().locks.all())] == [1, 1]


def test_a_link_that_slack_unfurls_is_no_change(world: World) -> None:
    """It sends one and the same text with an attachment, also after somebody has changed the message."""
    message = said(world, "@shipmate delpoyy https://example.com/a", where="#random")
    change(world, message, "@shipmate deploy main to staging https://example.com/a")
    before = [told(world, "maria"), answers(world, message)]
    envelope = world.slack.envelopes[-1]
    event = envelope.payload["event"]
    event["previous_message"] = {**event["message"]}
    event["message"]["attachments"] = [{"from_url": "https://example.com/a", "title": "A"}]
    for number, edited in enumerate([event["message"]["edited"], None]):
        event["message"]["edited"] = edited
        event["event_ts"] = event["ts"] = f"1772445999.00010{number}"
        world.slack.redeliver(envelope)
    world.settle()

    assert [told(world, "maria"), answers(world, message)] == before


def test_a_change_after_two_minutes_is_not_read(world: World) -> None:
    message = said(world, "@shipmate delpoyy main two staging")
    world.wait(minutes=2, seconds=5)

    change(world, message, "@shipmate deploy main to staging")

    assert deployments(world) == 0


# --- bots and workflows -----------------------------------------------------------------------------------------


def test_a_bot_is_refused_once_in_its_thread_with_the_way_to_allow_it(world: World) -> None:
    bot = world.slack.add_bot("Release Train")
    first = world.slack.bot_says(bot, "#random", "@shipmate deploy main to staging")
    world.settle()

    world.slack.bot_says(bot, "#random", "@shipmate deploy main to staging", first.ts)
    again = world.slack.bot_says(bot, "#random", "@shipmate deploy main to staging")
    world.settle()

    assert answers(world, first)[0] == (
        "I take no commands from Release Train, which is a bot or a workflow. Whoever runs me can allow it: "
        f'`trusted_bots = ["{bot}"]` under [slack] in settings.toml, and its id in the deployers of an environment, '
        "as which it then acts."
    )
    assert len(answers(world, first)) == 2
    assert answers(world, again) == []
    assert deployments(world) == 0


def test_a_bot_that_mentions_the_bot_in_passing_gets_no_answer(world: World) -> None:
    bot = world.slack.add_bot("Statuspage")

    message = world.slack.bot_says(bot, "#random", "Incident opened by @shipmate")
    world.settle()

    assert answers(world, message) == []


@pytest.fixture
def train(tmp_path: Path) -> Iterator[tuple[World, str]]:
    """A world with a bot that may deploy to staging, as the settings say."""
    with open_world(tmp_path, SETTINGS) as world:
        bot = world.slack.add_bot("Release Train")
        trusted = SETTINGS.replace('channel = "#deploys"', f'channel = "#deploys"\ntrusted_bots = ["{bot}"]', 1)
        allowed = trusted.replace('deploy_on_merge = ["main"]', f'deploy_on_merge = ["main"]\ndeployers = ["{bot}"]')
        world.restart(allowed + PEOPLE)
        yield world, bot


def test_a_trusted_bot_acts_as_itself(train: tuple[World, str]) -> None:
    world, bot = train

    message = world.slack.bot_says(bot, "#random", "@shipmate deploy main to staging")
    another_tool_after(world)

    first, end = answers(world, message)
    assert first.startswith("✅ *web → staging*  is live\nmain@d470312 · Release Train · ")
    assert first.endswith(" · #1 in #web")
    assert end == "✅ @Release Train live in 10 s"
    assert (world.deployment(1).by.name, world.deployment(1).by.chat_id) == ("Release Train", bot)
    assert begun(world) == ["✅ *web → staging*  is live", "main@d470312 · Release Train"]


def another_tool_after(world: World) -> None:
    world.settle()
    another_tool(world, "success")


def test_a_trusted_bot_may_do_only_what_its_id_may(train: tuple[World, str]) -> None:
    world, bot = train

    message = world.slack.bot_says(bot, "#random", "@shipmate deploy main to production")
    world.settle()

    assert deployments(world) == 0
    assert "Release Train may not deploy to production" in answers(world, message)[0]


# --- strangers --------------------------------------------------------------------------------------------------


def test_somebody_of_another_workspace_is_refused_in_a_sentence(world: World) -> None:
    world.slack.add_user("guest", team="T0OTHER")
    world.slack.workspace.channel("web").members.add(world.slack.workspace.user("guest").id)

    said(world, "@shipmate deploy main to staging", "guest")
    world.slash("guest", "main to staging")

    assert told(world, "guest") == ["I take no commands from people of other workspaces."] * 2
    assert deployments(world) == 0


def test_a_stranger_whom_slack_shows_as_ours_stays_one(world: World) -> None:
    """Of what the event says and what the profile says, the worse counts."""
    world.says("maria", "status")
    envelope = world.slack.envelopes[0]
    ts = "1772445999.000100"
    envelope.payload["event"] |= {"user_team": "T0OTHER", "text": "shipmate deploy main to staging", "ts": ts}

    world.slack.redeliver(envelope)
    world.settle()

    assert told(world, "maria") == ["I take no commands from people of other workspaces."]
    assert deployments(world) == 0
