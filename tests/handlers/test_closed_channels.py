"""Conversations about channels in which the bot may not speak, or no longer, and that are open again later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import another_tool, answers, broadcasts, channel, parent, seen, thread, told
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

ALONE = SETTINGS.replace('channel = "#deploys"\n', "", 1).replace("[slack]\n", '[bot]\nadmins = ["U00000002"]\n')
"""No channel but the app's own; bob is the admin."""

UNDER_WAY = "🚀 *web → staging*  is under way"
LIVE = "✅ *web → staging*  is live"


def close(world: World, how: str) -> None:
    if how == "archived":
        world.slack.archives("#web")
    else:
        world.slack.removes_bot("#web")


def reasons(world: World, number: int = 1) -> str:
    return parent(world, number).split("\n")[-1]


# --- a card that cannot be posted -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("archived", "the channel #web is archived."),
        ("removed", "I am not in the channel #web."),
    ],
)
def test_the_card_goes_to_the_general_channel_with_the_reason(world: World, how: str, reason: str) -> None:
    world.says("bob", "status")
    close(world, how)

    said = world.says("maria", "deploy main to staging", "#random")
    another_tool(world, "in_progress", "success")

    assert answers(world, said) == [
        f"{LIVE}\nmain@d470312 · maria · first deployment here · 20 s · #1 in #deploys\n"
        f"I cannot announce it in #web: {reason}",
        "✅ @maria live in 20 s",
    ]
    assert channel(world, "#deploys") == [LIVE]
    assert reasons(world) == f"Here and not in #web: {reason}"
    assert thread(world, 1) == ["🚀 Started 10:00 UTC", "✅ maria live in 20 s"]


def test_a_restricted_channel_is_known_when_it_has_been_tried(world: World) -> None:
    world.says("bob", "status")
    web = world.slack.workspace.channel("web").id
    world.slack.restricts("#web")
    world.slash("maria", "main to staging", "#random")

    world.slash("maria", "main to production", "#random")

    assert channel(world, "#deploys")[0] == UNDER_WAY
    assert reasons(world).startswith("Here and not in #web: only some people may post in the channel #web")
    assert told(world, "maria")[-1].startswith("On it: *web* → *production*  main@d470312 (#2), announced in #deploys.")
    assert world.deployment(2).channel != web


def test_without_a_general_channel_it_goes_to_the_admins(tmp_path: Path) -> None:
    with open_world(tmp_path, ALONE) as world:
        world.says("bob", "status")
        close(world, "archived")

        said = world.says("maria", "deploy main to staging", "#random")
        another_tool(world, "success")

        shown = [seen(world, read_out(one)) for one in world.slack.messages("@bob")]
        assert answers(world, said)[0].split("\n")[1:] == [
            "main@d470312 · maria · first deployment here · 10 s · #1 in direct messages to my admins",
            "I cannot announce it in #web: the channel #web is archived.",
        ]
        assert [one.split("\n")[0] for one in shown[:1]] == [LIVE]
        assert shown[0].endswith("Here and not in #web: the channel #web is archived.")


def test_of_several_admins_one_gets_the_card_and_the_others_hear_once(tmp_path: Path) -> None:
    with open_world(tmp_path, ALONE.replace('["U00000002"]', '["U00000002", "U00000001"]')) as world:
        close(world, "removed")

        world.says("maria", "deploy main to staging", "#random")
        world.says("maria", "deploy main to production", "#random")

        cards = [read_out(one).split("\n")[0][:1] for one in world.slack.messages("@bob")]
        assert cards == ["🚀", "🚀"]
        assert [read_out(one) for one in world.slack.messages("@maria")] == [
            "I cannot post in #web: I am not in the channel #web. "
            "Until I can, what belongs there goes to one of my admins."
        ]


def test_where_nobody_can_be_told_it_goes_on_all_the_same(tmp_path: Path) -> None:
    with open_world(tmp_path, ALONE.replace("U00000002", "U09999999")) as world:
        close(world, "removed")

        said = world.says("maria", "deploy main to staging", "#random")
        another_tool(world, "success")

        assert answers(world, said) == [
            f"{LIVE}\nmain@d470312 · maria · first deployment here · 10 s · #1\n"
            "I cannot announce it in #web: I am not in the channel #web.",
            "✅ @maria live in 10 s",
        ]
        assert world.deployment(1).state == "succeeded"
        assert world.store.outbox.has_pending() is False


def test_it_is_announced_where_it_is_said_to_be(world: World) -> None:
    said = world.says("maria", "deploy main to staging", "#random")

    (answer,) = answers(world, said)
    assert answer.endswith(" · #1 in #web")
    assert channel(world, "#web") == [UNDER_WAY]


def test_news_of_a_lock_goes_the_same_way(world: World) -> None:
    close(world, "removed")

    world.says("maria", "lock staging because testing", "#random")

    (told,) = [seen(world, read_out(one)) for one in world.slack.messages("#deploys")]
    assert told.endswith("Here and not in #web: I am not in the channel #web.")


# --- a channel that closes while it goes on -----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["archived", "removed"])
def test_a_card_whose_channel_closes_goes_on_elsewhere(world: World, how: str) -> None:
    world.says("maria", "deploy main to staging")
    close(world, how)

    another_tool(world, "in_progress", "success")

    assert channel(world, "#deploys") == [LIVE]
    assert thread(world, 1) == ["🚀 Started 10:00 UTC", "✅ @maria live in 20 s"]
    assert world.store.outbox.has_pending() is False


def test_where_the_other_channel_closes_too_nothing_is_held_up(world: World) -> None:
    world.says("maria", "deploy main to staging")
    close(world, "archived")
    another_tool(world, "in_progress")
    world.slack.archives("#deploys")

    another_tool(world, "success")

    assert world.deployment(1).state == "succeeded"
    assert world.store.outbox.has_pending() is False


# --- open again -------------------------------------------------------------------------------------------------


def reopen(world: World, how: str) -> None:
    if how == "archived":
        world.slack.unarchives("#web", by="bob")
    else:
        world.slack.invites("#web", "shipmate", by="bob")
    world.settle()


@pytest.mark.parametrize("how", ["archived", "removed"])
def test_what_is_open_is_posted_when_the_channel_is_open_again(world: World, how: str) -> None:
    world.says("bob", "status")
    close(world, how)
    world.slash("maria", "main to staging", "#random")
    another_tool(world, "in_progress")

    reopen(world, how)
    another_tool(world, "success")

    assert channel(world, "#web")[-1] == LIVE
    assert "Here and not in" not in parent(world, 1)
    assert channel(world, "#deploys") == ["*web* → *staging* #1 goes on in #web."]
    assert thread(world, 1) == ["✅ maria live in 20 s"]


@pytest.mark.parametrize("how", ["archived", "removed"])
def test_a_card_that_was_there_before_is_drawn_anew_and_the_channel_hears_of_it(world: World, how: str) -> None:
    world.says("maria", "deploy main to staging")
    close(world, how)
    another_tool(world, "in_progress")

    reopen(world, how)

    assert channel(world, "#web") == [UNDER_WAY]
    assert broadcasts(world, "#web") == ["🚀 I can post here again. Running"]


def test_a_look_finds_what_slack_told_nobody(world: World) -> None:
    world.says("bob", "status")
    close(world, "archived")
    world.slash("maria", "main to staging", "#random")
    world.slack.workspace.channel("web").is_archived = False

    world.reconcile()
    world.reconcile()

    assert channel(world, "#web")[-1] == UNDER_WAY


def test_what_has_ended_meanwhile_is_not_posted_again(world: World) -> None:
    world.says("bob", "status")
    close(world, "removed")
    world.slash("maria", "main to staging", "#random")
    another_tool(world, "success")

    reopen(world, "removed")
    world.reconcile()

    assert channel(world, "#web") == []
    assert channel(world, "#deploys")[0].startswith("✅")


NOWHERE = ALONE.replace("U00000002", "U09999999")
"""Where #web is closed there is no other channel, and no admin who could be told."""


@pytest.mark.parametrize(("end", "told"), [("success", LIVE), ("failure", "❌ *web → staging*  failed")])
@pytest.mark.parametrize("how", ["archived", "removed"])
def test_what_could_be_told_of_nowhere_is_told_late(tmp_path: Path, how: str, end: str, told: str) -> None:
    with open_world(tmp_path, NOWHERE) as world:
        world.says("bob", "status")
        close(world, how)
        world.says("maria", "deploy main to staging", "#random")
        another_tool(world, "in_progress", end)
        world.wait(hours=2)

        reopen(world, how)
        world.reconcile()

        assert channel(world, "#web") == [told]
        assert world.store.parents.all_away() == []


def test_what_could_be_told_of_nowhere_is_no_news_after_a_day(tmp_path: Path) -> None:
    with open_world(tmp_path, NOWHERE) as world:
        close(world, "removed")
        world.says("maria", "deploy main to staging", "#random")
        another_tool(world, "success")
        world.wait(hours=25)

        reopen(world, "removed")

        assert channel(world, "#web") == []
        assert world.store.parents.all_away() == []


def test_a_card_of_which_nothing_could_be_said_is_told_late_once_the_scope_is_back(world: World) -> None:
    scopes = world.slack.scopes
    world.slack.scopes = scopes - {"chat:write", "chat:write.public"}
    world.slash("maria", "main to staging", "#random")
    another_tool(world, "success")
    meanwhile = channel(world, "#web")

    world.slack.scopes = scopes
    world.reconcile()
    world.reconcile()

    assert (meanwhile, channel(world, "#web")) == ([], [LIVE])


def test_what_was_left_at_home_shows_how_it_has_ended(world: World) -> None:
    world.says("maria", "deploy main to staging")
    close(world, "archived")
    another_tool(world, "in_progress", "success")

    reopen(world, "archived")

    assert channel(world, "#web") == [LIVE]
    assert broadcasts(world, "#web") == []


def test_several_go_home_each_once_although_slack_tells_twice(world: World) -> None:
    world.says("bob", "status")
    close(world, "removed")
    world.slash("maria", "main to staging", "#random")
    world.slash("maria", "main to production", "#random")

    reopen(world, "removed")
    world.slack.redeliver(world.slack.envelopes[-1])
    world.reconcile()

    assert len(channel(world, "#web")) == 2


def test_a_restart_in_between_changes_nothing(world: World) -> None:
    world.says("bob", "status")
    close(world, "archived")
    world.slash("maria", "main to staging", "#random")
    world.restart()

    reopen(world, "archived")

    assert channel(world, "#web")[-1] == UNDER_WAY


def test_the_next_deployment_is_announced_at_home_again(world: World) -> None:
    world.says("bob", "status")
    close(world, "removed")
    world.slash("maria", "main to staging", "#random")
    reopen(world, "removed")

    said = world.says("maria", "deploy main to production", "#random")

    (answer,) = answers(world, said)
    assert answer.endswith(" · #2 in #web")
    assert "I cannot announce it" not in answer


# --- renamed ----------------------------------------------------------------------------------------------------


def test_a_renamed_channel_stays_found_after_a_restart(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    web = world.slack.renames("#web", "web-team", by="bob")
    world.restart()

    world.says("maria", "deploy main", web.id)

    assert [world.deployment(number).channel for number in (1, 2)] == [web.id, web.id]
    assert len(channel(world, "#web-team")) == 2


def test_another_channel_of_the_old_name_is_not_the_one_that_was_meant(world: World) -> None:
    world.says("maria", "deploy main to staging")
    web = world.slack.renames("#web", "web-team", by="bob")
    other = world.slack.add_channel("web", members=["maria"])
    world.restart()

    world.says("bob", "deploy main to production", "#random")

    assert world.deployment(2).channel == web.id
    assert world.slack.messages(other.id) == []


def test_where_the_one_that_was_meant_is_archived_its_name_means_the_new_one(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.slack.renames("#web", "web-old", by="bob")
    world.slack.archives("#web-old")
    other = world.slack.add_channel("web", members=["maria"])
    world.restart()

    world.says("bob", "deploy main to production", "#random")

    assert world.deployment(2).channel == other.id


def test_trouble_while_a_channel_is_looked_at_costs_time_only(world: World) -> None:
    world.slack.fail_next("conversations.info", status=503, times=2)

    said = world.says("maria", "deploy main to staging", "#random")
    world.wait(minutes=1)

    assert answers(world, said)[0].endswith(" · #1 in #web")
    assert len(world.github.deployments(REPOSITORY)) == 1


@pytest.mark.parametrize("how", [{"status": 503}, {"cut": "after"}, {"cut": "before"}], ids=str)
def test_a_card_on_its_way_home_is_posted_once(world: World, how: Any) -> None:
    world.says("bob", "status")
    close(world, "removed")
    world.slash("maria", "main to staging", "#random")
    world.slack.fail_next("chat.postMessage", **how)

    reopen(world, "removed")
    world.wait(seconds=20)

    assert channel(world, "#web") == [UNDER_WAY]


@pytest.mark.parametrize(
    "how",
    [
        {"error": "ratelimited", "status": 429, "headers": {"Retry-After": "7"}, "times": 2},
        {"status": 503, "times": 2},
        {"cut": "after", "times": 1},
    ],
    ids=["asked to wait", "down", "cut after"],
)
def test_trouble_on_the_way_elsewhere_costs_time_and_the_card_is_there_once(world: World, how: dict[str, Any]) -> None:
    world.says("maria", "deploy main to staging")
    close(world, "archived")
    world.slack.fail_next("chat.postMessage", **how)

    another_tool(world, "in_progress", "success")
    world.wait(minutes=2)

    assert channel(world, "#deploys") == [LIVE]
    assert world.store.outbox.has_pending() is False
