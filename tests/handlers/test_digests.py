"""Conversations about the morning digest: what a channel is told, when, and that it is told once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.events.internal import DigestDue
from tests.handlers.scenes import another_tool, notification, seen
from tests.handlers.test_merges import merge
from tests.servers.slack.state import Message
from tests.world import PEOPLE, REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

NINE = 'digest = "0 9 * * mon-fri"\n'
DIGEST = SETTINGS.replace('channel = "#web"\n', 'channel = "#web"\n' + NINE)
OTHER = """
[apps.api]
repository = "acme/api"
channel = "#web"
digest = "0 9 * * mon-fri"
provider = { type = "external" }

[apps.api.environments.production]
checks_settle = "0s"
"""


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, DIGEST) as world:
        yield world


def comes(world: World, hour: int, minute: int = 0, *, days: int = 0) -> None:
    """The clock goes on to that time of another day, and its jobs run on the way, as they do every few minutes."""
    now = world.clock.now()
    goal = (now + timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)
    for stop in (goal - timedelta(minutes=5), goal):
        world.wait(seconds=(stop - world.clock.now()).total_seconds())
        world.reconcile()


def tomorrow(world: World) -> None:
    comes(world, 9, days=1)


def live(world: World, place: str = "production", state: str = "success", app: str = "web") -> None:
    world.says("maria", f"deploy {app}/main to {place}")
    another_tool(world, state, repository=f"acme/{app}")


def again(world: World, place: str = "production") -> None:
    """Something new goes live there."""
    world.github.commit(REPOSITORY, "main", "one more", author="bob")
    live(world, place)


def told(world: World, name: str = "#web") -> list[Message]:
    """The messages at top level of the channel that are no cards."""
    bot = world.slack.workspace.user("shipmate").id
    own = [one for one in world.slack.messages(name) if one.user == bot and not one.broadcast]
    return [one for one in own if read_out(one).startswith(("☀️ Since", "📈", "🕓"))]


def lines(world: World, message: Message) -> list[str]:
    return seen(world, read_out(message)).split("\n")


# --- what is said ------------------------------------------------------------------------------------------------


def test_what_was_deployed_and_what_waits_is_told_in_the_morning(morning: World) -> None:
    live(morning)
    live(morning, "staging")
    merge(morning, "gift", by="bob")
    another_tool(morning, "failure")

    tomorrow(morning)

    [digest] = told(morning)
    assert lines(morning, digest) == [
        "☀️ Since Mon 02 Mar 09:00 UTC: 2 deployments went live, 1 failed",
        "*web* staging: 1 live, 1 failed (the last one, #3) · production: 1 live · "
        "1 pull request waits for production since Mon 02 Mar 10:00 UTC",
    ]
    assert f"{datetime.fromtimestamp(float(digest.ts), UTC):%a %H:%M:%S}" == "Tue 09:00:00"
    assert seen(morning, digest.text) == (
        "☀️ Since Mon 02 Mar 09:00 UTC: 2 deployments went live, 1 failed: "
        "web staging: 1 live, 1 failed (the last one, #3) · production: 1 live · "
        "1 pull request waits for production since Mon 02 Mar 10:00 UTC."
    )
    assert digest.metadata is None or "deployment" not in str(digest.metadata)


def test_of_a_quiet_day_nothing_is_said(morning: World) -> None:
    live(morning)
    tomorrow(morning)

    tomorrow(morning)

    assert len(told(morning)) == 1


def test_what_was_told_is_not_told_again_and_what_came_later_is(morning: World) -> None:
    live(morning)
    tomorrow(morning)
    again(morning)

    tomorrow(morning)

    assert lines(morning, told(morning)[1])[0] == "☀️ Since Tue 03 Mar 09:00 UTC: 1 deployment went live"


def test_a_merge_that_is_not_deployed_is_no_quiet_day(morning: World) -> None:
    live(morning)
    tomorrow(morning)
    merge(morning, "gift", by="bob")
    another_tool(morning, "success")
    morning.github.commit(REPOSITORY, "main", "hotfix", author="bob")

    tomorrow(morning)

    assert lines(morning, told(morning)[1])[1] == (
        "*web* staging: 1 live · 1 pull request and 1 commit wait for production since Tue 03 Mar 09:00 UTC"
    )


def test_what_waits_for_long_is_no_news_every_morning(morning: World) -> None:
    live(morning)
    merge(morning, "gift", by="bob")
    another_tool(morning, "success")
    tomorrow(morning)

    tomorrow(morning)

    assert len(told(morning)) == 1


def test_a_rollback_is_named_and_what_works_again_is_not_broken(morning: World) -> None:
    live(morning)
    again(morning)
    morning.says("maria", "rollback web on production")
    another_tool(morning, "success")
    live(morning, "staging", "failure")
    live(morning, "staging")

    tomorrow(morning)

    first, of_web = lines(morning, told(morning)[0])[:2]
    assert first.endswith(": 3 deployments went live, 1 failed, 1 rolled back")
    assert of_web.startswith("*web* staging: 1 live, 1 failed · production: 2 live, 1 rolled back")


def test_one_message_tells_of_all_apps_of_a_channel_that_have_something_to_say(tmp_path: Path) -> None:
    third = OTHER.replace("apps.api", "apps.cron").replace("acme/api", "acme/cron")
    with open_world(tmp_path, DIGEST + OTHER + third) as world:
        for repository in ("acme/api", "acme/cron"):
            world.github.add_repository(repository)
        live(world)
        live(world, app="api")

        tomorrow(world)

        [digest] = told(world)
        assert lines(world, digest) == [
            "☀️ Since Mon 02 Mar 09:00 UTC: 2 deployments went live",
            "*web* production: 1 live",
            "*api* production: 1 live",
        ]


def test_each_channel_hears_of_its_own_apps(tmp_path: Path) -> None:
    with open_world(tmp_path, DIGEST + OTHER.replace('channel = "#web"', 'channel = "#random"')) as world:
        world.github.add_repository("acme/api")
        live(world)
        live(world, app="api")

        tomorrow(world)

        assert [lines(world, one)[1] for one in told(world)] == ["*web* production: 1 live"]
        assert [lines(world, one)[1] for one in told(world, "#random")] == ["*api* production: 1 live"]


def test_what_will_be_gone_one_day_and_other_tasks_are_not_told(tmp_path: Path) -> None:
    review = '\n[apps.web.environments.review]\nchecks_settle = "0s"\ntransient = true\n'
    with open_world(tmp_path, DIGEST + review) as world:
        live(world, "review")
        world.says("maria", "deploy:migrate web/main to production")
        another_tool(world, "success")

        tomorrow(world)

        assert told(world) == []


def test_nobody_is_mentioned(morning: World) -> None:
    merge(morning, "gift", by="bob")
    another_tool(morning, "failure")

    tomorrow(morning)

    assert "<@" not in str(told(morning)[0].blocks)


# --- when, and once ----------------------------------------------------------------------------------------------


def test_friday_to_monday_is_one_night(morning: World) -> None:
    comes(morning, 10, days=4)
    live(morning)

    comes(morning, 9, days=3)

    assert lines(morning, told(morning)[0])[0] == "☀️ Since Fri 06 Mar 09:00 UTC: 1 deployment went live"


def test_it_is_told_at_its_moment_in_the_bots_time_zone_in_summer_as_in_winter(tmp_path: Path) -> None:
    daily = DIGEST.replace("mon-fri", "*") + '\n[bot]\ntimezone = "Europe/Berlin"\n'
    with open_world(tmp_path, daily) as world:
        comes(world, 12, days=26)
        live(world)  # on Saturday, the clocks change in the night
        comes(world, 7, days=1)
        live(world)
        comes(world, 7, days=1)

        moments = [datetime.fromtimestamp(float(one.ts), UTC) for one in told(world)]
        assert [f"{one:%a %d %H:%M}" for one in moments] == ["Sun 29 07:00", "Mon 30 07:00"]


@pytest.mark.parametrize(("late", "told_of"), [(timedelta(minutes=119), 1), (timedelta(minutes=121), 0)])
def test_a_moment_that_was_missed_is_made_up_for_within_two_hours(
    morning: World, late: timedelta, told_of: int
) -> None:
    live(morning)

    morning.is_down(hours=23 - 1 / 360, seconds=late.total_seconds() - 20)
    morning.reconcile()

    assert len(told(morning)) == told_of


def test_what_could_not_be_told_is_told_the_next_time(morning: World) -> None:
    live(morning)
    tomorrow(morning)
    again(morning)
    morning.is_down(days=1, hours=3)
    morning.reconcile()
    tomorrow(morning)

    assert [lines(morning, one)[0] for one in told(morning)] == [
        "☀️ Since Mon 02 Mar 09:00 UTC: 1 deployment went live",
        "☀️ Since Tue 03 Mar 09:00 UTC: 1 deployment went live",
    ]


def test_it_is_told_once_whatever_restarts_and_ticks_there_are(morning: World) -> None:
    live(morning)
    tomorrow(morning)

    for _ in range(3):
        morning.restart()
        morning.wait(minutes=3)
        morning.reconcile()

    assert len(told(morning)) == 1


def test_two_deliveries_of_one_moment_are_one_message(morning: World) -> None:
    live(morning)
    comes(morning, 8, 55, days=1)
    moment = morning.clock.now() + timedelta(minutes=5)
    morning.stands_still(minutes=10)
    for number in range(2):
        morning.store.inbox.put_event(DigestDue("web", moment), f"again {number}")

    morning.wait(minutes=1)
    morning.reconcile()

    assert len(told(morning)) == 1


def test_an_app_that_moves_to_another_channel_is_not_told_of_again(morning: World) -> None:
    live(morning)
    tomorrow(morning)
    morning.restart(DIGEST.replace('"#web"', '"#random"') + PEOPLE)
    morning.wait(minutes=5)
    morning.reconcile()

    assert (len(told(morning)), told(morning, "#random")) == (1, [])


def test_a_digest_that_is_put_off_tells_the_time_in_between_once(tmp_path: Path) -> None:
    with open_world(tmp_path, DIGEST) as world:
        live(world)
        tomorrow(world)
        world.restart(DIGEST.replace('"0 9 ', '"0 10 ') + PEOPLE)
        comes(world, 10)
        again(world)
        comes(world, 10, days=1)

        assert [lines(world, one)[0] for one in told(world)] == [
            "☀️ Since Mon 02 Mar 09:00 UTC: 1 deployment went live",
            "☀️ Since Tue 03 Mar 10:00 UTC: 1 deployment went live",
        ]


def test_where_it_is_taken_out_of_the_settings_shortly_before_nothing_is_said(tmp_path: Path) -> None:
    with open_world(tmp_path, DIGEST) as world:
        live(world)
        comes(world, 8, 55, days=1)
        world.restart(SETTINGS + PEOPLE)
        world.wait(minutes=30)

        assert told(world) == []


def test_while_github_does_not_answer_nothing_is_said_and_it_is_tried_again(morning: World) -> None:
    live(morning)
    merge(morning, "gift", by="bob")
    another_tool(morning, "success")
    comes(morning, 8, 55, days=1)
    morning.github.fail_next("GET", "/", 503, times=10_000)
    morning.wait(minutes=40)
    silent = told(morning)

    morning.github.heal()
    morning.wait(minutes=10)

    assert silent == []
    [digest] = told(morning)
    assert lines(morning, digest)[1].endswith("1 pull request waits for production since Mon 02 Mar 10:00 UTC")


def test_what_github_does_not_tell_in_time_is_left_out(morning: World) -> None:
    live(morning)
    comes(morning, 8, 55, days=1)
    morning.github.fail_next("GET", "/", 503, times=100_000)
    morning.wait(hours=2, minutes=30)
    morning.github.heal()
    morning.wait(hours=1)

    assert told(morning) == []


def test_a_repository_that_is_gone_takes_only_what_waits_out_of_it(morning: World) -> None:
    live(morning)
    merge(morning, "gift", by="bob")
    another_tool(morning, "success")
    comes(morning, 8, 55, days=1)
    morning.github.fail_next("GET", "/compare/", 404, times=10_000)
    morning.wait(minutes=10)

    assert lines(morning, told(morning)[0])[1] == "*web* staging: 1 live · production: 1 live"


# --- figures on Mondays ------------------------------------------------------------------------------------------


def test_on_monday_last_weeks_figures_come_with_it_and_a_chart(morning: World) -> None:
    live(morning)
    tomorrow(morning)
    merge(morning, "gift", by="bob")
    another_tool(morning, "success")
    morning.wait(hours=3)
    live(morning, state="failure")
    morning.wait(minutes=30)
    live(morning)
    comes(morning, 9, days=6)

    digest = told(morning)[1]
    assert lines(morning, digest) == [
        "☀️ Since Tue 03 Mar 09:00 UTC: 2 deployments went live, 1 failed",
        "*web* staging: 1 live · production: 1 live, 1 failed",
        "📈 *web → production* last week: 2 deployments (0) · lead time 3 h 30 min (–) · failure rate 33 % (–) · "
        "time to restore 30 min (–)",
        "In brackets: the week before.",
        "Production deployments, day by day",
        "web: Mon 1, Tue 1, Wed 0, Thu 0, Fri 0, Sat 0, Sun 0",
    ]
    [chart] = [block for block in digest.blocks if block["type"] == "data_visualization"]
    assert chart["chart"]["type"] == "bar"
    assert chart["chart"]["axis_config"]["categories"] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def test_figures_come_although_the_weekend_was_quiet_and_on_no_other_day(morning: World) -> None:
    live(morning)
    for _ in range(7):
        tomorrow(morning)

    first, monday = told(morning)
    assert not any("📈" in line for line in lines(morning, first))
    assert lines(morning, monday)[0].startswith("📈 *web → production* last week: 1 deployment (0)")
    assert seen(morning, monday.text).startswith("Last week's figures: 📈 *web → production*")


def test_a_workspace_without_charts_gets_the_line_alone(morning: World) -> None:
    morning.slack.lacks_new_blocks = True
    live(morning)
    comes(morning, 9, days=7)

    kinds = {block["type"] for block in told(morning)[0].blocks}
    assert kinds <= {"section", "context"}
    assert any(line.startswith("📈") for line in lines(morning, told(morning)[0]))


def test_after_two_empty_weeks_there_is_nothing_to_say(morning: World) -> None:
    live(morning)
    for _ in range(3):
        comes(morning, 9, days=7)
    before = len(told(morning))

    comes(morning, 9, days=7)

    assert len(told(morning)) == before


def test_the_card_of_a_deployment_is_untouched_by_all_that(morning: World) -> None:
    live(morning)
    tomorrow(morning)

    assert notification(morning, 1).startswith("web: main@")
