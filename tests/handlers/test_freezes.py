"""Conversations about freezes: who closes what, who passes, and what goes on when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.deployments.model import State, Waiting
from tests.handlers.scenes import another_tool, answers, channel, facts, news, parent, seen, thread, told
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

ADMINS = '[bot]\nadmins = ["U00000002"]\n'
TWO_APPS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
provider = { type = "external" }

[apps.web.environments.staging]
[apps.web.environments.production]

[apps.api]
repository = "acme/web"
channel = "#deploys"

[apps.api.environments.production]
"""
FROZEN = "*production* is frozen by maria until 14:00 UTC: release"


@pytest.fixture
def frozen(world: World) -> World:
    """A world in which maria has frozen production until 14:00."""
    world.says("maria", "freeze production until 14:00 because release")
    return world


@pytest.fixture
def with_admin(tmp_path: Path) -> Iterator[World]:
    """The same, and bob is an admin of the bot."""
    with open_world(tmp_path, ADMINS + SETTINGS) as world:
        world.says("maria", "freeze production until 14:00 because release")
        yield world


def last(world: World, person: str) -> Any:
    return world.slack.ephemerals(person)[-1]


# --- closing -----------------------------------------------------------------------------------------------------


def test_a_freeze_is_announced_in_the_apps_channel_with_who_until_when_and_why(world: World) -> None:
    said = world.says("maria", "freeze production until 14:00 because release")

    announcement = world.slack.messages("#web")[-1]
    assert answers(world, said) == [
        "🧊 Frozen: *web → production* until 14:00 UTC. What is running finishes.",
    ]
    assert seen(world, read_out(announcement)) == (
        "🧊 *web*: *production* is frozen by @maria until Mon 02 Mar 14:00 UTC: release\n"
        "What is running finishes. Merges wait for the end."
    )
    assert announcement.labels == ["Unfreeze production"]


def test_the_end_is_read_on_the_persons_own_clock(world: World) -> None:
    world.slack.workspace.user("bob").tz = "Asia/Tokyo"

    world.says("bob", "freeze production until 9pm because release")

    assert channel(world, "#web") == ["🧊 *web*: *production* is frozen by @bob until Mon 02 Mar 12:00 UTC: release"]


def test_a_deployment_in_a_freeze_is_refused_with_the_reason_and_offered_for_its_end(frozen: World) -> None:
    frozen.says("bob", "deploy main to production")

    assert told(frozen, "bob") == [
        "🚫 main@d470312 cannot go to *web → production* yet\n"
        f"🧊 {FROZEN}\n"
        "No checks are reported for this commit · nothing else is running"
    ]
    assert last(frozen, "bob").labels == ["Schedule for its end", "Deploy when it is free"]
    assert seen(frozen, last(frozen, "bob").text) == f"main@d470312 cannot go to *web → production* yet. {FROZEN}."


def test_the_button_schedules_it_for_the_end_where_it_is_deployed(frozen: World) -> None:
    frozen.says("bob", "deploy main to production")

    frozen.presses("bob", last(frozen, "bob"), "Schedule for its end")
    frozen.wait(hours=4)

    assert parent(frozen, 1).split("\n")[0] == "🚀 *web → production*  is under way"
    assert facts(frozen, 1)[:2] == ["main@d470312", "scheduled by bob"]
    assert channel(frozen, "#web")[2] == "☀️ *web*: *production* is no longer frozen."


def test_other_environments_stay_open(frozen: World) -> None:
    frozen.says("bob", "deploy main to staging")

    assert frozen.deployment(1).state is State.STARTING


def test_what_is_running_when_a_freeze_begins_finishes(world: World) -> None:
    world.says("bob", "deploy main to production")

    world.says("maria", "freeze production because release")
    another_tool(world, "in_progress", "success")

    assert world.deployment(1).state is State.SUCCEEDED


def test_a_freeze_without_an_end_offers_no_moment_to_schedule_for(world: World) -> None:
    world.says("maria", "freeze production because release")

    world.says("bob", "deploy main to production")

    assert "🧊 *production* is frozen by maria until somebody lifts it: release" in told(world, "bob")[-1]
    assert last(world, "bob").labels == ["Deploy when it is free"]


# --- passing -----------------------------------------------------------------------------------------------------


def test_who_declared_the_freeze_passes_it_by_force_with_a_reason(frozen: World) -> None:
    frozen.says("maria", 'deploy main to production --force "the fix"')

    assert frozen.deployment(1).state is State.STARTING
    assert parent(frozen, 1).split("\n")[2] == (
        "⚠️ forced by maria: “the fix” · past: production is frozen by maria until Mon 02 Mar 14:00 UTC: release"
    )


def test_a_force_without_a_reason_does_not_pass(frozen: World) -> None:
    frozen.says("maria", "deploy! main to production")

    assert f"🧊 {FROZEN}; a force through it needs a reason" in told(frozen, "maria")[-1]


def test_others_are_told_who_may_force(frozen: World) -> None:
    frozen.says("bob", 'deploy main to production --force "me too"')

    assert f"🧊 {FROZEN}; only maria and admins of the bot may force their way through" in told(frozen, "bob")[-1]


def test_who_may_force_is_told_how(frozen: World) -> None:
    frozen.says("maria", "deploy main to production")

    assert told(frozen, "maria")[-1].endswith('To go on all the same: `deploy web/main to production --force "why"`')


def test_an_admin_passes_by_force(with_admin: World) -> None:
    with_admin.says("bob", 'deploy main to production --force "the fix"')

    assert with_admin.deployment(1).state is State.STARTING


# --- waiting -----------------------------------------------------------------------------------------------------


def merge(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    number = world.github.open_pull_request(REPOSITORY, "topic", base="main", title="Add search")
    world.github.merge_pull_request(REPOSITORY, number, "squash", by="bob")
    world.settle()


def test_a_merge_waits_for_the_end_and_goes_on_by_itself(world: World) -> None:
    world.says("maria", "freeze staging until 14:00 because release")

    merge(world)
    waiting = (world.deployment(1).waits_for, thread(world, 1))
    world.wait(hours=3, minutes=59)
    still = world.deployment(1).state
    world.wait(minutes=1)

    assert waiting == (
        Waiting.FREEZE,
        ["🧊 waits until Mon 02 Mar 14:00 UTC: release · frozen by maria"],
    )
    assert still is State.WAITING
    assert thread(world, 1) == ["✅ open again after 4 h"]
    assert world.deployment(1).state is State.STARTING
    assert channel(world, "#web")[-1] == "☀️ *web*: *staging* is no longer frozen."


def test_a_merge_goes_on_at_once_when_the_freeze_is_lifted(world: World) -> None:
    world.says("maria", "freeze staging because release")
    merge(world)

    said = world.says("maria", "unfreeze staging")

    assert world.deployment(1).state is State.STARTING
    assert answers(world, said) == ["☀️ Lifted: *web → staging*. What waited goes on by itself."]
    assert channel(world, "#web")[-1] == "☀️ *web*: *staging* is no longer frozen, lifted by @maria."


def test_what_waits_is_told_the_new_end_when_the_freeze_is_moved(world: World) -> None:
    world.says("maria", "freeze staging until 14:00 because release")
    merge(world)

    world.says("maria", "freeze staging until 12:00 because release, but shorter")
    moved = (news(world, 1), facts(world, 1)[-1])
    world.wait(hours=2)

    assert moved == ("waits until Mon 02 Mar 12:00 UTC: release, but shorter", "frozen by maria")
    assert world.deployment(1).state is State.STARTING
    assert channel(world, "#web").count("☀️ *web*: *staging* is no longer frozen.") == 1


def test_when_green_waits_for_the_end_as_well(frozen: World) -> None:
    frozen.says("bob", "deploy main to production when green")
    waiting = frozen.deployment(1).waits_for

    frozen.wait(hours=4)

    assert waiting is Waiting.FREEZE
    assert frozen.deployment(1).state is State.STARTING


def test_an_end_that_came_while_the_bot_was_down_is_made_up_for_once(world: World) -> None:
    world.says("maria", "freeze staging until 14:00 because release")
    merge(world)

    world.is_down(hours=5)
    world.wait(minutes=1)

    assert world.deployment(1).state is not State.WAITING
    assert channel(world, "#web").count("☀️ *web*: *staging* is no longer frozen.") == 1


# --- lifting -----------------------------------------------------------------------------------------------------


def test_others_may_not_lift_it(frozen: World) -> None:
    frozen.says("bob", "unfreeze production")

    assert told(frozen, "bob") == [
        "*web → production* is frozen by maria until 14:00 UTC: release. "
        "They and admins of the bot may lift it; please ask one of them."
    ]


def test_an_admin_may_lift_it(with_admin: World) -> None:
    with_admin.says("bob", "unfreeze")

    assert channel(with_admin, "#web")[-1] == "☀️ *web*: *production* is no longer frozen, lifted by @bob."


def test_the_freeze_of_another_person_goes_on(frozen: World) -> None:
    frozen.says("bob", "freeze production because of the audit")

    frozen.says("maria", "unfreeze production")

    assert channel(frozen, "#web")[-1] == (
        "🧊 *web*: a freeze of *production* is over, lifted by @maria, "
        "but it is frozen by bob until somebody lifts it: the audit"
    )
    assert len(frozen.store.reads().freezes.of("web", "production")) == 1


def test_there_is_nothing_to_lift(world: World) -> None:
    world.says("bob", "unfreeze production")

    assert told(world, "bob") == ["Nothing is frozen of web on production. `freezes` shows what is."]


def test_which_freeze_is_asked_where_several_may_be_meant(frozen: World) -> None:
    frozen.says("maria", "freeze staging because release")

    frozen.says("maria", "unfreeze")

    assert told(frozen, "maria") == ["Which freeze do you want to lift?"]
    assert last(frozen, "maria").labels == ["Unfreeze production", "Unfreeze staging", "Unfreeze all"]


# --- several at once -----------------------------------------------------------------------------------------------


def test_all_environments_of_the_channels_app_are_frozen_and_lifted_together(world: World) -> None:
    world.says("maria", "freeze all because of an incident")
    frozen = [one.environment for one in world.store.reads().freezes.all()]

    world.says("maria", "unfreeze all")

    assert frozen == ["production", "staging"]
    assert world.store.reads().freezes.all() == []
    assert channel(world, "#web") == [
        "🧊 *web*: *staging and production* are frozen by @maria until somebody lifts it: an incident",
        "☀️ *web*: *production* is no longer frozen, lifted by @maria.",
        "☀️ *web*: *staging* is no longer frozen, lifted by @maria.",
    ]


def test_elsewhere_the_environment_of_every_app_is_meant(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        said = world.says("maria", "freeze production because of an incident", channel="#random")

        assert answers(world, said) == [
            "🧊 Frozen: *web → production and api → production* until somebody lifts it. What is running finishes."
        ]
        assert channel(world, "#web") == [
            "🧊 *web*: *production* is frozen by @maria until somebody lifts it: an incident"
        ]
        assert channel(world, "#deploys") == [
            "🧊 *api*: *production* is frozen by @maria until somebody lifts it: an incident"
        ]


# --- what is not understood, and who may not -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (
            "freeze production until 2026-02-30 25:00 because of x",
            "I do not understand “2026-02-30 25:00” as a moment. For example: "
            "`freeze production until mon 9:00 because of the holidays`",
        ),
        (
            "freeze production until 2026-01-01 9:00 because of x",
            "“2026-01-01 9:00” is over already. For example: "
            "`freeze production until mon 9:00 because of the holidays`",
        ),
        (
            "freeze prodution because of x",
            "*web* has no environment called prodution. Did you mean production?",
        ),
    ],
)
def test_what_makes_no_sense_is_explained(world: World, words: str, answer: str) -> None:
    world.says("maria", words)

    assert told(world, "maria") == [answer]


def test_who_may_not_deploy_there_may_not_freeze_it(world: World) -> None:
    world.github.set_base_permission("bob", "read")

    world.says("bob", "freeze production because of x")

    assert world.store.reads().freezes.all() == []
    assert "bob may not deploy to production" in told(world, "bob")[0]


def test_freezes_lists_what_is_frozen(frozen: World) -> None:
    said = frozen.says("bob", "freezes")

    assert answers(frozen, said) == [
        "Freezes and windows:\n🧊 *web → production* is frozen by maria until 14:00 UTC: release"
    ]


def test_freezes_says_that_nothing_is_frozen(world: World) -> None:
    said = world.says("bob", "freezes")

    assert answers(world, said) == ["Nothing is frozen of web, and there are no windows."]
