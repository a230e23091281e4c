"""Conversations about windows of the settings: they close and open by themselves, and say so once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.deployments.model import State, Waiting
from tests.handlers.scenes import answers, channel, facts, news, told
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

STAGING = "[apps.web.environments.staging]\n"
PRODUCTION = "[apps.web.environments.production]\n"
WEEKEND = 'windows = [{ deny = "0 17 * * 5", for = "64h", timezone = "Europe/Berlin" }]\n'
OFFICE = 'windows = [{ allow = "0 9 * * mon-fri", for = "8h" }]\n'
CLOSED = "🧊 *web*: *staging* is closed until Mon 09 Mar 08:00 UTC by a window in the settings. "
REST = "What is running finishes. Merges wait for the end."


@pytest.fixture
def weekend(tmp_path: Path) -> Iterator[World]:
    """A world whose staging is closed over the weekend, and that has begun to look at its windows."""
    with open_world(tmp_path, SETTINGS.replace(STAGING, STAGING + WEEKEND)) as world:
        world.reconcile()
        yield world


def merge(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    number = world.github.open_pull_request(REPOSITORY, "topic", base="main", title="Add search")
    world.github.merge_pull_request(REPOSITORY, number, "squash", by="bob")
    world.settle()


def test_beginning_and_end_of_a_window_are_announced_once_in_the_apps_channel(weekend: World) -> None:
    weekend.wait(days=7)
    weekend.reconcile()
    weekend.reconcile()

    assert channel(weekend, "#web") == [CLOSED + REST, "☀️ *web*: *staging* is open again."]


def test_a_merge_in_a_window_waits_for_its_end_and_goes_on_by_itself(weekend: World) -> None:
    weekend.wait(days=5)

    merge(weekend)
    waiting = (news(weekend, 1), facts(weekend, 1)[-1])
    weekend.wait(days=2)

    assert waiting == ("waits until Mon 09 Mar 08:00 UTC", "closed by a window in the settings")
    assert weekend.deployment(1).started_at is not None
    assert f"{weekend.deployment(1).started_at:%a %H:%M}" == "Mon 08:00"


def test_a_command_in_a_window_is_refused_and_offered_for_its_end(weekend: World) -> None:
    weekend.wait(days=5)

    weekend.says("bob", "deploy main to staging")
    shown = weekend.slack.ephemerals("bob")[-1]
    weekend.presses("bob", shown, "Schedule for its end")
    weekend.wait(days=2)

    assert "🧊 *staging* is closed until Mon 09 Mar 08:00 UTC by a window in the settings" in told(weekend, "bob")[0]
    assert weekend.deployment(1).trigger == "schedule"


def test_no_command_lifts_a_window(weekend: World) -> None:
    weekend.wait(days=5)

    weekend.says("bob", "unfreeze staging")

    assert told(weekend, "bob") == [
        "*web → staging* is closed until Mon 09 Mar 08:00 UTC by a window in the settings. "
        'No command lifts that: change `windows` there, or let an admin deploy with `--force "why"`.'
    ]


def test_only_admins_force_their_way_through_a_window(tmp_path: Path) -> None:
    settings = '[bot]\nadmins = ["U00000001"]\n' + SETTINGS.replace(STAGING, STAGING + WEEKEND)
    with open_world(tmp_path, settings) as world:
        world.wait(days=5)

        world.says("bob", 'deploy main to staging --force "me"')
        world.says("maria", 'deploy main to staging --force "the fix"')

        assert "only admins of the bot may force their way through a window" in told(world, "bob")[0]
        assert world.deployment(1).by.name == "maria"


def test_a_window_that_was_slept_through_is_not_announced_afterwards(weekend: World) -> None:
    weekend.is_down(days=8)

    assert channel(weekend, "#web") == []


def test_a_window_that_began_while_the_bot_was_down_is_announced_when_it_comes_back(weekend: World) -> None:
    weekend.is_down(days=5)
    weekend.restart()
    weekend.reconcile()

    assert channel(weekend, "#web") == [CLOSED + REST]


def test_what_is_closed_when_the_bot_first_looks_is_announced(tmp_path: Path) -> None:
    settings = SETTINGS.replace(STAGING, STAGING + OFFICE.replace("0 9 * * mon-fri", "0 12 * * mon-fri"))
    with open_world(tmp_path, settings) as world:
        world.reconcile()
        world.wait(hours=2)

        assert channel(world, "#web") == [
            "🧊 *web*: *staging* is closed until Mon 02 Mar 12:00 UTC, outside of the windows in the settings. " + REST,
            "☀️ *web*: *staging* is open again.",
        ]


def test_where_windows_are_taken_out_of_the_settings_what_waited_goes_on(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS.replace(STAGING, STAGING + WEEKEND)) as world:
        world.reconcile()
        world.wait(days=5)
        merge(world)
        waiting = world.deployment(1).waits_for

        world.restart(SETTINGS)
        world.reconcile()

        assert waiting is Waiting.FREEZE
        assert world.deployment(1).state is State.STARTING
        assert channel(world, "#web")[-1] == "☀️ *web*: *staging* is open again."


def test_a_freeze_outlasts_the_window(weekend: World) -> None:
    weekend.wait(days=5)
    weekend.says("maria", "freeze staging because of the audit")

    weekend.wait(days=2)

    assert channel(weekend, "#web")[-1] == (
        "☀️ *web*: *staging* is open again by its windows, but it is frozen by maria until somebody lifts it: the audit"
    )


def test_freezes_lists_the_windows_with_what_comes_next(tmp_path: Path) -> None:
    settings = SETTINGS.replace(STAGING, STAGING + WEEKEND).replace(PRODUCTION, PRODUCTION + OFFICE)
    with open_world(tmp_path, settings) as world:
        monday = world.says("bob", "freezes")
        world.wait(days=5)
        saturday = world.says("bob", "freezes")

        assert answers(world, monday) == [
            "Freezes and windows:\n"
            "☀️ *web → staging* is open; its windows close it from Fri 06 Mar 16:00 UTC on\n"
            "☀️ *web → production* is open; its windows close it from 17:00 UTC on"
        ]
        assert answers(world, saturday) == [
            "Freezes and windows:\n"
            "🧊 *web → staging* is closed until Mon 09 Mar 08:00 UTC by a window in the settings "
            "(deny 0 17 * * 5 for 64 h, Europe/Berlin)\n"
            "🧊 *web → production* is closed until Mon 09 Mar 09:00 UTC, outside of the windows in the settings"
        ]
