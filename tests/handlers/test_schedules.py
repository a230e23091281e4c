"""Conversations about deployments that wait for their moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.deployments.model import State
from bot.core.schedules.model import MOST
from tests.handlers.scenes import answers, channel, parent, seen, told
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

ASKED_THEN = "Checks, locks and your permission are looked at then, not now."


@pytest.fixture
def berlin(world: World) -> World:
    """Maria reads a clock in Berlin: it is 11:00 there when it is 10:00 in UTC."""
    world.slack.workspace.user("maria").tz = "Europe/Berlin"
    return world


def moments(world: World) -> list[str]:
    """When the entries are due, in UTC."""
    return [f"{entry.at:%a %d %H:%M}" for entry in world.store.reads().schedules.of("web")]


# --- asking for it -----------------------------------------------------------------------------------------------


def test_the_answer_says_the_moment_in_full_and_what_will_be_deployed(berlin: World) -> None:
    said = berlin.says("maria", "deploy main to production at 17:00")

    answer = berlin.slack.thread(said.channel, said.ts)[-1]
    assert seen(berlin, read_out(answer)) == (
        "⏰ Scheduled as s1: *web* → *production*  main: Monday 2 March 2026, 17:00 CET (Europe/Berlin), in 6 h.\n"
        f"main is deployed as it is at that moment. {ASKED_THEN}"
    )
    assert answer.labels == ["Unschedule"]


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("at 17:00", "Mon 02 16:00"),
        ("in 2 hours", "Mon 02 12:00"),
        ("tomorrow 9am", "Tue 03 08:00"),
        ("fri 9:00", "Fri 06 08:00"),
        ("every weekday at 9:00", "Tue 03 08:00"),
        ("every mon and thu at 10:00", "Thu 05 09:00"),
        ("at 12:00 UTC", "Mon 02 12:00"),
    ],
)
def test_moments_are_read_on_the_persons_own_clock(berlin: World, words: str, moment: str) -> None:
    berlin.says("maria", f"deploy main to production {words}")

    assert moments(berlin) == [moment]


def test_it_is_deployed_at_its_moment_and_told_where_it_was_asked_for(berlin: World) -> None:
    said = berlin.says("maria", "deploy main to production at 17:00", channel="#random")

    berlin.wait(hours=5, minutes=59)
    before = berlin.store.reads().deployment(1)
    berlin.wait(minutes=1)

    assert before is None
    assert berlin.deployment(1).created_at == datetime(2026, 3, 2, 16, tzinfo=UTC)
    facts = "main@d470312 · scheduled by maria · first deployment here · since 16:00 UTC"
    card = f"🚀 *web → production*  is under way\n{facts}"
    assert parent(berlin, 1) == card
    assert answers(berlin, said)[1] == f"{card} · #1 in #web"
    assert moments(berlin) == []


def test_a_branch_is_deployed_as_it_is_at_the_moment(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topic to production in 2 hours")
    newer = world.github.commit(REPOSITORY, "topic", "Add more search")

    world.wait(hours=2)

    assert world.deployment(1).sha == newer


def test_a_commit_stays_the_commit_that_was_named(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search")
    said = world.says("maria", f"deploy {sha[:8]} to production in 2 hours")
    world.github.commit(REPOSITORY, "topic", "Add more search")

    world.wait(hours=2)

    assert f"This very commit is deployed. {ASKED_THEN}" in answers(world, said)[0]
    assert world.deployment(1).sha == sha


def test_everything_that_was_said_of_the_deployment_is_kept(world: World) -> None:
    world.says("maria", 'deploy:migrate main to production/fe verbose=yes in 2 hours --force "the fix"')

    world.wait(hours=2)

    deployment = world.deployment(1)
    assert (deployment.task, deployment.hosts, deployment.params) == ("deploy:migrate", "fe", (("verbose", "yes"),))
    assert (deployment.force, deployment.force_reason) == (True, "the fix")


# --- again and again ---------------------------------------------------------------------------------------------


def test_what_repeats_is_deployed_each_time_at_the_same_time_on_the_clock(berlin: World) -> None:
    berlin.wait(days=25)
    said = berlin.says("maria", "deploy main to production every day at 9:00")

    berlin.wait(days=3)

    deployments = [berlin.deployment(number) for number in (1, 2, 3)]
    assert [f"{one.created_at:%d %H:%M}" for one in deployments] == ["28 08:00", "29 07:00", "30 07:00"]
    assert answers(berlin, said)[0].startswith(
        "⏰ Scheduled as s1: *web* → *production*  main, every day at 9:00; "
        "first: Saturday 28 March 2026, 09:00 CET (Europe/Berlin), in 22 h."
    )
    assert moments(berlin) == ["Tue 31 07:00"]


def test_it_survives_a_restart(world: World) -> None:
    world.says("maria", "deploy main to production in 2 hours")
    world.restart()

    world.wait(hours=2)

    assert world.deployment(1).trigger == "schedule"


# --- what is looked at then --------------------------------------------------------------------------------------


def test_a_refusal_at_the_moment_is_told_where_it_was_asked_for(world: World) -> None:
    said = world.says("maria", "deploy main to production in 2 hours")
    world.says("bob", "freeze production because release")

    world.wait(hours=2)

    assert world.store.reads().deployment(1) is None
    assert answers(world, said)[-1] == (
        "⏰ @maria scheduled `deploy web/main to production`: 🚫 main@d470312 cannot go to *web → production* yet\n"
        "🧊 *production* is frozen by bob until somebody lifts it: release\n"
        "No checks are reported for this commit · nothing else is running"
    )


def test_permission_is_checked_again_at_the_moment(world: World) -> None:
    said = world.says("bob", "deploy main to production in 2 hours")
    world.github.set_base_permission("bob", "read")

    world.wait(hours=2)

    assert world.store.reads().deployment(1) is None
    assert "bob may not deploy to production: bob has only read permission on acme/web" in answers(world, said)[-1]


def test_who_has_left_by_then_deploys_nothing(world: World) -> None:
    said = world.says("bob", "deploy main to production every weekday at 10:01")

    world.slack.deactivate("bob")
    world.wait(minutes=2)

    assert world.store.reads().deployment(1) is None
    assert answers(world, said)[-1].endswith("I take no commands from bob, who is no longer active in this workspace.")


def test_a_branch_that_is_gone_by_then_is_told(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    said = world.says("maria", "deploy topic to production in 2 hours")
    world.github.delete_branch(REPOSITORY, "topic")

    world.wait(hours=2)

    assert answers(world, said)[-1].startswith(
        "⏰ @maria scheduled `deploy web/topic to production`: "
        "`topic` is neither a branch, a tag, a commit nor a pull request of acme/web."
    )


def test_when_green_waits_for_the_checks_from_the_moment_on(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.set_status(REPOSITORY, sha, "ci/test", "pending")
    world.says("maria", "deploy topic to production in 2 hours when green")

    world.wait(hours=2)

    assert world.deployment(1).state is State.WAITING


def test_where_the_bot_cannot_speak_the_person_is_told_directly(world: World) -> None:
    world.slack.add_channel("quiet", members=["maria"], bot=False, private=True)
    world.slash("maria", "main to production in 2 hours", channel="#quiet")
    world.says("bob", "freeze production because release")

    world.wait(hours=2)

    assert seen(world, read_out(world.slack.messages("@maria")[-1])).startswith(
        "⏰ @maria scheduled `deploy web/main to production`: 🚫 main@d470312 cannot go to *web → production* yet"
    )


# --- missed ------------------------------------------------------------------------------------------------------


def test_what_was_missed_is_told_and_not_done_late(world: World) -> None:
    said = world.says("maria", "deploy main to production in 2 hours")

    world.is_down(hours=3)

    told_there = world.slack.thread(said.channel, said.ts)[-1]
    assert world.store.reads().deployment(1) is None
    assert seen(world, read_out(told_there)) == (
        "⏰ @maria s1 `deploy web/main to production` was due Monday 2 March 2026, 12:00 UTC, 1 h ago, "
        "and I was not there to do it.\n"
        "It is not done late by itself."
    )
    assert told_there.labels == ["Deploy now"]
    assert moments(world) == []


def test_nobody_forces_by_the_button_of_somebody_elses_missed_moment(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "failure")
    said = world.says("maria", 'deploy main to production size=2 in 2 hours --force "a quiet night"')
    world.is_down(hours=3)

    world.presses("bob", world.slack.thread(said.channel, said.ts)[-1], "Deploy now")

    assert world.github.deployments(REPOSITORY) == []
    assert told(world, "bob")[-1].endswith(
        'To go on all the same: `deploy web/main to production size=2 --force "why"`'
    )


def test_what_is_offered_where_a_scheduled_force_did_not_help_carries_no_force(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    said = world.says("maria", 'deploy topic to production in 2 hours --force "a quiet night"')
    world.github.branch(REPOSITORY, "topics")
    del world.github.repository(REPOSITORY).branches["topic"]
    world.github.set_status(REPOSITORY, "topics", "ci/test", "failure")

    world.wait(hours=2)
    world.presses("bob", world.slack.thread(said.channel, said.ts)[-1], "Deploy web/topics to production")

    assert world.github.deployments(REPOSITORY) == []
    assert "Checks failed" in told(world, "bob")[-1]


def test_what_repeats_goes_on_with_its_next_moment_after_one_was_missed(world: World) -> None:
    said = world.says("maria", "deploy main to production every day at 9:00")

    world.is_down(days=3)

    assert answers(world, said)[1:] == [
        "⏰ @maria s1 `deploy web/main to production` was due Tuesday 3 March 2026, 09:00 UTC, 2 days ago, "
        "and I was not there to do it.\n"
        "It is not done late by itself.\n"
        "Next: Friday 6 March 2026, 09:00 UTC."
    ]
    assert moments(world) == ["Fri 06 09:00"]


@pytest.mark.parametrize(("minutes", "deployed"), [(124, True), (126, False)])
def test_a_little_late_is_not_missed(world: World, minutes: int, deployed: bool) -> None:
    world.says("maria", "deploy main to production in 2 hours")

    world.is_down(minutes=minutes)

    assert (world.store.reads().deployment(1) is not None) is deployed


def test_how_late_is_too_late_is_a_setting(tmp_path: Path) -> None:
    with open_world(tmp_path, '[bot]\nschedule_grace = "2h"\n' + SETTINGS) as world:
        world.says("maria", "deploy main to production in 2 hours")

        world.is_down(hours=3)

        assert world.deployment(1).state is State.STARTING


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_schedule_lists_what_is_to_come_with_its_number(berlin: World) -> None:
    berlin.says("maria", "deploy main to production every weekday at 9:00")
    berlin.says("bob", "deploy main to staging in 2 hours")

    said = berlin.says("maria", "schedule")

    listing = berlin.slack.thread(said.channel, said.ts)[-1]
    assert seen(berlin, read_out(listing)) == (
        "Scheduled for web:\n"
        "⏰ s2  *web → staging*  main  12:00 UTC · bob\n"
        "⏰ s1  *web → production*  main  Tue 03 Mar 08:00 UTC, every weekday at 9:00 · maria"
    )
    assert listing.labels == ["Unschedule s2", "Unschedule s1"]


def test_an_empty_schedule_says_how_to_fill_it(world: World) -> None:
    said = world.says("maria", "schedule web")

    assert answers(world, said) == ["Nothing is scheduled for web. For example: `deploy web to production at 17:00`"]


def test_who_scheduled_it_takes_it_off(world: World) -> None:
    world.says("maria", "deploy main to production in 2 hours")

    said = world.says("maria", "unschedule s1")
    world.wait(hours=3)

    assert answers(world, said) == ["s1 is off the schedule: `deploy web/main to production`."]
    assert world.store.reads().deployment(1) is None


def test_those_who_may_deploy_there_take_it_off_and_others_do_not(world: World) -> None:
    world.says("maria", "deploy main to production in 2 hours")
    world.github.set_base_permission("bob", "read")
    world.says("bob", "unschedule s1")
    still = moments(world)

    world.github.set_base_permission("bob", "write")
    world.wait(minutes=5)
    world.says("bob", "unschedule s1")

    assert told(world, "bob") == [
        "s1 was scheduled by maria. They, those who may deploy there and admins of the bot may take it off; "
        "please ask one of them."
    ]
    assert still == ["Mon 02 12:00"]
    assert moments(world) == []


@pytest.mark.parametrize("number", ["s1", "S1", "#1", "#s1", "1"])
def test_it_is_taken_off_by_its_number_as_it_is_printed_or_was(world: World, number: str) -> None:
    world.says("maria", "deploy main to production in 2 hours")

    said = world.says("maria", f"unschedule {number}")

    assert answers(world, said) == ["s1 is off the schedule: `deploy web/main to production`."]


def test_a_number_that_is_not_there_is_told(world: World) -> None:
    world.says("maria", "unschedule s7")

    assert told(world, "maria") == ["There is no s7 in the schedule. `schedule` lists what there is."]


# --- what cannot be scheduled --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (
            "deploy main to production at banana",
            "I do not understand “banana” as a moment to come. For example: "
            "`deploy web/main to production at 17:00`\nOr `tomorrow 9am`, `in 2 hours`, `fri 9:00`.",
        ),
        (
            "deploy main to production at 2026-01-01 9:00",
            "“2026-01-01 9:00” is over already. For example: "
            "`deploy web/main to production at 17:00`\nOr `tomorrow 9am`, `in 2 hours`, `fri 9:00`.",
        ),
        (
            "deploy main to production every 7 hours",
            "I do not understand “every 7 hours”. For example: `deploy web/main to production every weekday at 9:00`\n"
            "Or `every mon and thu at 10:00`, `every 2 hours`.",
        ),
        (
            "deploy tpoic to production at 17:00",
            "`tpoic` is neither a branch, a tag, a commit nor a pull request of acme/web. Did you mean topic?",
        ),
    ],
)
def test_what_makes_no_sense_is_explained_at_once(world: World, words: str, answer: str) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")

    world.says("maria", words)

    assert told(world, "maria") == [answer]
    assert moments(world) == []


def test_who_may_not_deploy_there_is_told_at_once(world: World) -> None:
    world.github.set_base_permission("bob", "read")

    world.says("bob", "deploy main to production at 17:00")

    assert "bob may not deploy to production" in told(world, "bob")[0]
    assert moments(world) == []


def test_an_app_that_is_deployed_from_some_channels_is_scheduled_there_only(tmp_path: Path) -> None:
    settings = SETTINGS.replace('channel = "#web"\n', 'channel = "#web"\nallowed_channels = ["#web"]\n')
    with open_world(tmp_path, settings) as world:
        world.says("maria", "deploy main to production at 17:00", channel="#random")

        assert told(world, "maria") == ["*web* is deployed from #web only; ask there."]


def test_an_app_has_a_hundred_entries_at_most(world: World) -> None:
    first = world.says("maria", "deploy main to production in 2 hours")
    entry = world.store.reads().schedules.of("web")[0]
    with world.store.decisions.open("filling", "up") as decision:
        records = decision.begin("web", "production")
        for number in range(MOST - 1):
            records.schedules.add(entry)
            assert number < MOST

    world.says("maria", "deploy main to production in 3 hours")

    assert answers(world, first)[0].startswith("⏰ Scheduled as s1")
    assert told(world, "maria") == [
        "*web* has 100 entries in its schedule, which is all it may have. `schedule web` lists them."
    ]


def test_a_slash_command_is_scheduled_as_well(world: World) -> None:
    world.slash("maria", "main to production in 2 hours")

    world.wait(hours=2)

    assert world.deployment(1).trigger == "schedule"
    assert channel(world, "#web")[-1] == "🚀 *web → production*  is under way"


def test_an_outage_at_the_moment_is_waited_for(world: World) -> None:
    said = world.says("maria", "deploy main to production in 2 hours")
    world.github.fail_next("GET", "/", 503, times=8)

    world.wait(hours=2, minutes=1)

    assert world.deployment(1).created_at - datetime(2026, 3, 2, 12, tzinfo=UTC) < timedelta(minutes=1)
    assert any("I keep trying" in answer for answer in answers(world, said))
