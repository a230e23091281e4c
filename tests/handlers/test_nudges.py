"""Conversations about reminders of what was merged and waits to be deployed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.events.internal import NudgeDue
from tests.handlers.scenes import another_tool, answers, seen
from tests.handlers.scenes import told as told_alone
from tests.handlers.test_digests import lines, told
from tests.handlers.test_merges import merge
from tests.world import PEOPLE, SETTINGS, World
from tests.world import world as open_world

NUDGE = SETTINGS.replace('channel = "#web"\n', 'channel = "#web"\nnudge_after = "1h"\n')


def behind(world: World) -> World:
    """At 10:00 on Monday production lacks a merge, which is live in staging."""
    world.says("maria", "deploy main to production")
    another_tool(world, "success")
    merge(world, "gift", by="bob")
    another_tool(world, "success")
    return world


@pytest.fixture
def waits(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, NUDGE) as world:
        yield behind(world)


def at(world: World, *moments: str, days: int = 0) -> list[str]:
    """The clock's job at these moments of the day; when reminders were posted, all in all."""
    for moment in moments:
        hour, minute = map(int, moment.split(":"))
        now = world.clock.now()
        goal = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        world.wait(days=days, seconds=(goal - now).total_seconds())
        days = 0
        world.reconcile()
    return [f"{datetime.fromtimestamp(float(one.ts), UTC):%a %H:%M}" for one in told(world)]


def compared(world: World) -> int:
    """How often GitHub was asked how far something is behind."""
    return sum("/compare/" in one.path for one in world.github.requests)


def test_what_waits_for_so_long_is_told_with_links_and_two_buttons(waits: World) -> None:
    early = at(waits, "10:30", "10:58")

    assert early == []
    assert at(waits, "11:03") == ["Mon 11:03"]
    [nudge] = told(waits)
    assert lines(waits, nudge) == [
        "🕓 *web* 1 pull request waits for production since 10:00 UTC",
        "• #1 Add gift · alice",
        "compare",
    ]
    assert seen(waits, nudge.text) == (
        "web: 1 pull request waits for production since 10:00 UTC. To deploy that: `deploy web/main to production`."
    )
    assert [(one["text"]["text"], one["value"]) for one in nudge.buttons] == [
        ("Deploy to production", "deploy web/main to production"),
        ("Not today", "not today web"),
    ]
    assert nudge.buttons[0]["confirm"]["text"]["text"] == "1 pull request goes to production."
    assert nudge.metadata is None or "deployment" not in str(nudge.metadata)
    assert "<@" not in str(nudge.blocks)


def test_once_in_four_working_hours(waits: World) -> None:
    moments = at(waits, "11:03", "11:06", "15:00", "15:03", "15:06", "16:57", "19:00")

    assert moments == ["Mon 11:03", "Mon 15:03"]
    assert at(waits, "9:00", "11:00", "11:03", "11:06", days=1) == ["Mon 11:03", "Mon 15:03", "Tue 11:03"]


def test_not_at_night_and_not_at_the_weekend(waits: World) -> None:
    waits.wait(days=4)

    assert at(waits, "17:00", "20:00") == []
    assert at(waits, "12:00", days=1) == []
    assert at(waits, "8:57", days=2) == []
    assert at(waits, "9:00") == ["Mon 09:00"]


def test_the_hours_are_those_of_the_bots_time_zone(tmp_path: Path) -> None:
    with open_world(tmp_path, NUDGE + '\n[bot]\ntimezone = "America/New_York"\n') as world:
        behind(world)

        assert at(world, "11:30", "13:59", "14:00") == ["Mon 14:00"]


def test_the_button_deploys_it_and_then_nothing_is_said(waits: World) -> None:
    at(waits, "11:03")

    waits.presses("maria", told(waits)[0], "Deploy to production")
    another_tool(waits, "success")

    assert waits.deployment(3).environment == "production"
    assert at(waits, "15:03", "16:30") == ["Mon 11:03"]


def test_not_today_is_until_the_next_day_of_work(waits: World) -> None:
    at(waits, "11:03")

    waits.presses("bob", told(waits)[0], "Not today")

    assert answers(waits, told(waits)[0])[-1] == "No more reminders of what waits in *web* before Tue 03 Mar 09:00 UTC."
    assert at(waits, "15:03", "16:50") == ["Mon 11:03"]
    assert at(waits, "8:59", "9:02", days=1) == ["Mon 11:03", "Tue 09:02"]


def test_on_friday_the_next_day_of_work_is_monday(waits: World) -> None:
    waits.wait(days=4)
    waits.says("maria", "not today")

    assert at(waits, "12:00") == []
    assert at(waits, "9:00", days=3) == ["Mon 09:00"]


def test_not_today_is_refused_where_nobody_is_reminded(world: World) -> None:
    world.says("maria", "not today")

    assert told_alone(world, "maria") == [
        "Nobody is reminded of what waits in *web*: my settings have no `nudge_after` there."
    ]


def test_not_today_is_for_those_who_are_told_of_it(waits: World) -> None:
    waits.slack.add_user("eve")
    waits.slack.workspace.channel("random").members.add(waits.slack.workspace.user("eve").id)

    waits.says("eve", "not today", channel="#random")

    assert told_alone(waits, "eve")[-1].startswith("What is in the repository of *web* is told in its own channel")
    assert at(waits, "11:03") == ["Mon 11:03"]


def test_what_is_behind_for_a_short_time_only_is_not_told_and_asked_for_once_an_hour(tmp_path: Path) -> None:
    with open_world(tmp_path, NUDGE.replace('"1h"', '"5h"')) as world:
        behind(world)
        at(world, "10:30")
        before = compared(world)

        at(world, "10:33", "10:36", "11:00", "11:27")
        assert compared(world) == before
        assert at(world, "11:30", "14:58", "15:03") == ["Mon 15:03"]


def test_nothing_is_said_while_it_is_on_its_way(waits: World) -> None:
    at(waits, "10:57")
    waits.says("maria", "deploy main to production")
    on_its_way = at(waits, "11:03", "11:10")

    another_tool(waits, "failure")

    assert on_its_way == []
    assert at(waits, "11:13") == ["Mon 11:13"]


def test_nothing_is_said_while_something_waits_there(tmp_path: Path) -> None:
    wanted = NUDGE.replace(".production]\n", '.production]\napprovals = 1\napproval_timeout = "3h"\n')
    with open_world(tmp_path, NUDGE) as world:
        behind(world)
        world.restart(wanted + PEOPLE)
        world.says("maria", "deploy main to production")

        assert at(world, "11:03") == []
        world.says("maria", "cancel")
        assert at(world, "11:06") == ["Mon 11:06"]


def test_nothing_is_said_while_it_is_locked(waits: World) -> None:
    waits.says("bob", "lock production for 2h")
    locked = at(waits, "11:03", "11:30")

    assert locked == []
    assert at(waits, "12:06") == ["Mon 12:06"]


def test_nothing_is_said_while_it_is_frozen_or_closed(waits: World) -> None:
    waits.says("bob", "freeze production because audit")
    frozen = at(waits, "11:03")
    waits.says("bob", "unfreeze production")
    closed = NUDGE + 'windows = [{ deny = "0 11 * * mon", for = "1h" }]\n' + PEOPLE
    waits.restart(closed)

    assert frozen == []
    assert at(waits, "11:30", "11:57") == []
    assert at(waits, "12:03") == ["Mon 12:03"]


def test_of_a_place_that_will_be_gone_or_had_nothing_yet_nothing_is_said(tmp_path: Path) -> None:
    transient = NUDGE.replace(
        "[apps.web.environments.production]\n", "[apps.web.environments.production]\ntransient=true\n"
    )
    with open_world(tmp_path, transient) as world:
        behind(world)
        assert at(world, "11:03", "15:03") == []
    (tmp_path / "again").mkdir()
    with open_world(tmp_path / "again", NUDGE) as world:
        merge(world, "gift", by="bob")
        assert at(world, "11:03", "15:03") == []


def test_where_nothing_is_production_the_end_of_the_promotions_is_meant(tmp_path: Path) -> None:
    chain = NUDGE.replace("production", "demo").replace(
        'deploy_on_merge = ["main"]', 'deploy_on_merge = ["main"]\npromote_to = "demo"'
    )
    with open_world(tmp_path, chain) as world:
        world.says("maria", "deploy main to demo")
        another_tool(world, "success")
        merge(world, "gift", by="bob")
        another_tool(world, "success")

        assert at(world, "11:03") == ["Mon 11:03"]
        [nudge] = told(world)
        assert lines(world, nudge)[0] == "🕓 *web* 1 pull request waits for demo since 10:00 UTC"
        assert "confirm" not in nudge.buttons[0]


def test_several_places_are_one_message(tmp_path: Path) -> None:
    two = NUDGE + '\n[apps.web.environments.production-eu]\nchecks_settle = "0s"\nproduction = true\n'
    with open_world(tmp_path, two) as world:
        world.says("maria", "deploy main to production-eu")
        another_tool(world, "success")
        behind(world)

        assert at(world, "11:03", "11:06") == ["Mon 11:03"]
        [nudge] = told(world)
        assert lines(world, nudge)[0] == (
            "🕓 *web* 1 pull request waits for production since 10:00 UTC · "
            "1 pull request waits for production-eu since 10:00 UTC"
        )
        assert nudge.labels == ["Deploy to production", "Deploy to production-eu", "Not today"]


def test_while_github_does_not_answer_nothing_is_said_and_it_is_tried_again(waits: World) -> None:
    waits.github.fail_next("GET", "/", 503, times=10_000)
    silent = at(waits, "11:03", "11:06", "11:09")
    waits.github.heal()
    waits.wait(minutes=10)

    assert silent == []
    assert len(told(waits)) == 1


def test_an_outage_into_the_night_is_told_the_next_day(waits: World) -> None:
    waits.github.fail_next("GET", "/", 503, times=100_000)
    at(waits, "16:50")
    waits.wait(hours=3)
    waits.github.heal()
    waits.wait(hours=3)

    assert at(waits, "9:00", days=1) == ["Tue 09:00"]


def test_a_digest_that_says_the_same_comes_first(tmp_path: Path) -> None:
    both = NUDGE.replace('nudge_after = "1h"', 'nudge_after = "1h"\ndigest = "0 12 * * *"')
    with open_world(tmp_path, both) as world:
        behind(world)

        assert at(world, "11:55", "12:00", "12:03", "15:57") == ["Mon 12:00"]
        assert at(world, "16:03") == ["Mon 12:00", "Mon 16:03"]


def test_restarts_and_ticks_make_no_second_one(waits: World) -> None:
    at(waits, "11:03")
    for _ in range(3):
        waits.restart()
        waits.reconcile()

    assert len(told(waits)) == 1


def test_two_looks_at_once_are_one_reminder(waits: World) -> None:
    at(waits, "10:30")
    waits.stands_still(minutes=33)
    for number in range(2):
        waits.store.inbox.put_event(NudgeDue("web"), f"again {number}")

    waits.reconcile()

    assert len(told(waits)) == 1


def test_what_goes_live_while_it_is_looked_at_is_not_reminded_of(waits: World) -> None:
    at(waits, "10:57")
    waits.says("maria", "deploy main to production")
    waits.store.inbox.put_event(NudgeDue("web"), "meanwhile")
    another_tool(waits, "success")

    assert at(waits, "11:03", "12:10") == []


def test_a_look_that_found_the_way_blocked_is_made_again_on_the_same_day(waits: World) -> None:
    at(waits, "10:57")
    known = waits.store.reads().kept("nudge:web")
    assert known is not None
    waits.says("maria", "deploy main to production")
    waits.wait(minutes=5)
    key = f"nudge:web:{datetime.fromisoformat(known)}:2026-03-02"
    waits.store.inbox.put_event(NudgeDue("web"), key)  # as the clock's job has put it just before that
    waits.settle()
    another_tool(waits, "failure")

    assert at(waits, "11:06") == ["Mon 11:06"]


def test_a_digest_that_had_nothing_to_say_holds_up_no_reminder(tmp_path: Path) -> None:
    both = NUDGE.replace('nudge_after = "1h"', 'nudge_after = "24h"\ndigest = "0 12 * * *"')
    with open_world(tmp_path, both) as world:
        behind(world)
        at(world, "11:55", "12:00")

        assert at(world, "9:00", "11:55", days=1) == ["Mon 12:00"]
        assert at(world, "12:00", "12:03") == ["Mon 12:00", "Tue 12:00"]
        assert lines(world, told(world)[-1])[0].startswith("🕓 *web* 1 pull request waits")


def test_without_the_setting_nobody_is_reminded(world: World) -> None:
    behind(world)

    assert at(world, "11:03", "15:03") == []
