"""Conversations about buttons that are pressed twice, by two people, late, or on an old screen."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.core.events.external import Place
from bot.core.presses.model import drawn_for
from bot.core.rich_text import Button, Message
from tests.handlers.scenes import another_tool, told
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

PRESSES = sa.select(tables.presses.c.key)
APPROVED = SETTINGS + "approvals = 2\n"


def failed(world: World) -> Any:
    """The card of a deployment to staging that failed."""
    world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    return world.parent(1)


def two_versions(world: World) -> None:
    for title in ("One", "Two"):
        world.github.commit(REPOSITORY, "main", title)
        world.says("maria", "deploy main")
        another_tool(world, "success")


def numbers(world: World) -> list[int]:
    history = world.store.reads().history(app=None, environment=None, ref=None, limit=50)
    return sorted(one.id for one in history)


# --- from the menu ----------------------------------------------------------------------------------------------


def with_menu(world: World) -> Any:
    """A message whose menu ends deployment 1 as it stands now, or shows it."""
    card = world.parent(1)
    more = (Button("Cancel", "cancel #1", drawn=drawn_for(world.deployment(1))), Button("Details", "deploys #1"))
    ts = world.chat.post(Place(card.channel), Message(("What now?",), more=more), key="menu")
    return world.slack.workspace.message(card.channel, ts)


def test_an_option_of_the_menu_does_what_a_button_does(world: World) -> None:
    world.says("maria", "deploy main to staging")
    message = with_menu(world)

    world.presses("bob", message, "Cancel")

    assert (message.labels, message.menu) == ([], ["Cancel", "Details"])
    assert world.deployment(1).state == "cancelled"


def test_an_option_chosen_from_an_old_screen_says_what_has_happened(world: World) -> None:
    world.says("maria", "deploy main to staging")
    message = with_menu(world)
    another_tool(world, "success")

    world.presses("bob", message, "Cancel")

    assert world.deployment(1).state == "succeeded"
    assert len(told(world, "bob")) == 1


# --- twice ------------------------------------------------------------------------------------------------------


def test_retry_pressed_by_two_people_happens_once(world: World) -> None:
    card = failed(world)

    world.presses("bob", card, "Retry")
    world.presses("maria", card, "Retry")

    assert numbers(world) == [1, 2]
    again = "To do it all the same, type `retry #1`."
    assert told(world, "maria") == [f"bob has retried it already: #2, which is starting. {again}"]


def test_retry_pressed_twice_by_one_person_happens_once(world: World) -> None:
    card = failed(world)

    world.presses("bob", card, "Retry")
    another_tool(world, "failure")
    world.presses("bob", card, "Retry")

    assert numbers(world) == [1, 2]
    assert told(world, "bob") == ["You have retried it already: #2, failed. To do it all the same, type `retry #1`."]


def test_two_presses_that_arrive_together_are_one_retry(world: World) -> None:
    """Neither is decided on when the other is pressed."""
    card = failed(world)

    world.slack.press("bob", card, "Retry")
    world.slack.press("maria", card, "Retry")
    world.settle()

    assert numbers(world) == [1, 2]
    assert len(told(world, "bob") + told(world, "maria")) == 1


def test_a_typed_retry_is_no_press_and_may_run_again(world: World) -> None:
    card = failed(world)
    world.presses("bob", card, "Retry")
    another_tool(world, "failure")

    world.says("maria", "retry #1")

    assert numbers(world) == [1, 2, 3]


def test_a_press_after_a_typed_retry_says_who_was_faster(world: World) -> None:
    card = failed(world)
    world.says("bob", "retry #1")

    world.presses("maria", card, "Retry")

    assert numbers(world) == [1, 2]
    assert told(world, "maria")[-1].startswith("bob has retried it already: #2")


def test_a_press_that_was_refused_may_be_made_again(world: World) -> None:
    card = failed(world)
    world.github.set_check_run(REPOSITORY, "main", "lint", "failure")
    world.presses("bob", card, "Retry")
    world.github.set_check_run(REPOSITORY, "main", "lint", "success")

    world.presses("bob", card, "Retry")

    assert numbers(world) == [1, 2]


def test_roll_back_pressed_by_two_people_happens_once(world: World) -> None:
    two_versions(world)
    card = deepcopy(world.parent(2))
    label = card.labels[0]

    world.presses("bob", card, label)
    another_tool(world, "success")
    world.presses("maria", card, label)

    assert numbers(world) == [1, 2, 3]
    base = world.deployment(1).sha
    again = f"To do it all the same, type `rollback web on production to {base}`."
    assert told(world, "maria") == [f"bob has rolled it back already: #3, succeeded. {again}"]


def test_two_rollbacks_that_arrive_together_are_one(world: World) -> None:
    two_versions(world)
    card = world.parent(2)

    world.slack.press("bob", card, card.labels[0])
    world.slack.press("maria", card, card.labels[0])
    world.slack.submits("bob")
    world.slack.submits("maria")
    world.settle()

    assert numbers(world) == [1, 2, 3]


@pytest.mark.parametrize("second", ["maria", "bob"])
def test_a_roll_back_that_was_asked_about_twice_is_made_once(world: World, second: str) -> None:
    """Each has a button of their own; the second one would bring back what the first has taken away."""
    two_versions(world)
    for person in ("maria", second):
        world.says(person, "roll it back?")
    asked = [world.slack.ephemerals("maria")[0], world.slack.ephemerals(second)[-1]]
    world.presses("maria", asked[0], asked[0].labels[0])
    another_tool(world, "success")

    world.presses(second, asked[1], asked[1].labels[0])

    assert numbers(world) == [1, 2, 3]
    who = "You have" if second == "maria" else "maria has"
    assert told(world, second)[-1].startswith(f"{who} rolled it back already: #3, succeeded.")


def test_a_roll_back_that_was_asked_about_before_a_deployment_is_not_made(world: World) -> None:
    two_versions(world)
    world.says("maria", "roll it back?")
    asked = world.slack.ephemerals("maria")[-1]
    world.wait(seconds=1)
    world.github.commit(REPOSITORY, "main", "Three")
    world.says("bob", "deploy main")
    another_tool(world, "success")

    world.presses("maria", asked, asked.labels[0])

    assert numbers(world) == [1, 2, 3]
    assert told(world, "maria")[-1].startswith("bob has deployed #3")


def test_deploy_when_green_pressed_twice_is_one_deployment(world: World) -> None:
    world.github.set_check_run(REPOSITORY, "main", "lint", None)
    world.says("maria", "deploy main to staging")
    shown = world.slack.ephemerals("maria")[-1]

    world.presses("maria", shown, "Deploy when green")
    world.presses("maria", shown, "Deploy when green")

    assert numbers(world) == [1]
    assert told(world, "maria")[-1].startswith("You have asked for it already: #1, which is waiting.")


def test_a_double_click_while_the_bot_restarts_is_still_one(world: World) -> None:
    card = failed(world)
    world.slack.press("bob", card, "Retry")
    world.restart()
    world.slack.press("bob", card, "Retry")

    world.settle()

    assert numbers(world) == [1, 2]


# --- late -------------------------------------------------------------------------------------------------------


def test_roll_back_on_an_old_card_says_what_is_live_and_does_nothing(world: World) -> None:
    two_versions(world)
    old = deepcopy(world.parent(2))
    world.github.commit(REPOSITORY, "main", "Three")
    world.says("bob", "deploy main")
    another_tool(world, "success")

    world.presses("maria", old, old.labels[0])

    assert numbers(world) == [1, 2, 3]
    live = world.deployment(3).short_sha
    assert told(world, "maria")[-1].startswith(
        f"bob has deployed #3 (main@{live}) there meanwhile, so I roll nothing back."
    )


def test_retry_does_not_put_an_old_commit_over_what_is_live_since(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "failure")
    old = deepcopy(world.parent(1))
    world.github.commit(REPOSITORY, "main", "Two")
    world.says("bob", "deploy main")
    another_tool(world, "success")

    world.presses("maria", old, "Retry")

    live = world.deployment(2).short_sha
    assert numbers(world) == [1, 2]
    assert told(world, "maria")[-1] == (
        f"bob has deployed #2 (main@{live}) there meanwhile, so I retry nothing. "
        "To do it all the same, type `retry #1`."
    )


def test_retry_of_what_never_began_works_while_the_same_is_live(world: World) -> None:
    two_versions(world)
    world.github.commit(REPOSITORY, "main", "Three")
    world.github.set_check_run(REPOSITORY, "main", "lint", None)
    world.says("maria", "deploy main when green")
    world.presses("maria", world.parent(3), "Cancel")
    world.github.set_check_run(REPOSITORY, "main", "lint", "success")

    world.presses("bob", world.parent(3), "Ask again")

    assert world.deployment(4).retry_of == 3


def test_roll_back_on_the_last_success_works_although_something_failed_since(world: World) -> None:
    two_versions(world)
    card = world.parent(2)
    world.says("bob", "retry #2")
    another_tool(world, "failure")

    world.presses("maria", card, card.labels[0])

    assert world.deployment(4).sha == world.deployment(1).sha


def test_leave_queue_does_not_stop_what_has_begun_meanwhile(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("bob", "deploy topic to staging")
    queued = deepcopy(world.parent(2))
    another_tool(world, "success")

    world.presses("bob", queued, "Leave queue")

    assert not world.deployment(2).ended
    assert told(world, "bob") == ["Meanwhile #2 has changed: starting. To stop it: `cancel #2`."]


def test_cancel_on_what_has_ended_says_how(world: World) -> None:
    world.says("maria", "deploy main to staging")
    running = deepcopy(world.parent(1))
    another_tool(world, "success")

    world.presses("maria", running, "Cancel")

    assert told(world, "maria") == ["#1 has ended already: succeeded in 10 s."]


def test_cancel_pressed_by_two_people_is_one_cancellation_by_the_first(world: World) -> None:
    world.says("maria", "deploy main to staging")
    card = deepcopy(world.parent(1))

    world.presses("maria", card, "Cancel")
    world.presses("bob", card, "Cancel")

    assert world.deployment(1).description == "Cancelled by maria"
    assert told(world, "bob") == ["#1 has ended already: cancelled by maria."]


def test_two_people_approve_with_one_button_and_each_counts_once(tmp_path: Path) -> None:
    with open_world(tmp_path, APPROVED) as world:
        world.slack.add_user("carol")
        carol = world.slack.workspace.user("carol").id
        world.restart(APPROVED + f'[people]\nU00000001 = "maria"\nU00000002 = "bob"\n{carol} = "carol"\n')
        world.github.set_base_permission("carol", "write")
        world.says("maria", "deploy main to production")
        card = deepcopy(world.parent(1))

        for person in ("bob", "bob", "carol", "carol"):
            world.presses(person, card, "Approve")

        assert [one.name for one in world.deployment(1).approved_by] == ["bob", "carol"]
        assert told(world, "bob") == ["You have approved #1 already; 1 more approval is needed from others."]
        assert len(told(world, "carol")) == 1


@pytest.mark.parametrize("late", ["Approve", "Reject"])
def test_a_yes_or_no_on_an_old_card_says_that_it_is_over(tmp_path: Path, late: str) -> None:
    with open_world(tmp_path, APPROVED) as world:
        world.says("maria", "deploy main to production")
        card = deepcopy(world.parent(1))
        world.presses("bob", card, "Reject")

        world.presses("bob", card, late)

        assert told(world, "bob") == ["#1 has ended already: rejected by bob."]


def test_a_retry_of_what_was_reported_live_after_all_is_not_run(world: World) -> None:
    world.says("maria", "deploy main to staging")
    world.wait(hours=2)
    card = deepcopy(world.parent(1))
    assert card.labels == ["Retry"]
    remote = world.deployment(1).remote_id or 0
    world.github.report_deployment_status(REPOSITORY, remote, "success")
    world.settle()

    world.presses("bob", card, "Retry")

    assert numbers(world) == [1]
    assert told(world, "bob")[-1].startswith("Meanwhile #1 has changed: succeeded")


# --- what was drawn before --------------------------------------------------------------------------------------


def test_a_button_of_an_older_version_counts_once_as_well(world: World) -> None:
    card = deepcopy(failed(world))
    for button in card.buttons:
        button["action_id"] = ":".join(button["action_id"].split(":")[:3])

    world.presses("bob", card, "Retry")
    world.presses("maria", card, "Retry")

    assert numbers(world) == [1, 2]


def test_roll_back_on_a_card_of_an_older_version_is_late_as_well(world: World) -> None:
    two_versions(world)
    old = deepcopy(world.parent(2))
    old.buttons[0]["action_id"] = ":".join(old.buttons[0]["action_id"].split(":")[:3])
    world.github.commit(REPOSITORY, "main", "Three")
    world.says("bob", "deploy main")
    another_tool(world, "success")

    world.presses("maria", old, old.labels[0])

    assert numbers(world) == [1, 2, 3]
    assert told(world, "maria")[-1].startswith("bob has deployed #3")


def test_a_roll_back_of_an_older_version_is_not_made_on_the_card_as_it_is_drawn_now(world: World) -> None:
    two_versions(world)
    old = deepcopy(world.parent(2))
    old.buttons[0]["action_id"] = ":".join(old.buttons[0]["action_id"].split(":")[:3])

    world.presses("bob", old, old.labels[0])
    world.presses("maria", world.parent(2), old.labels[0])

    assert numbers(world) == [1, 2, 3]
    assert told(world, "maria")[-1].startswith("bob has rolled it back already: #3")


def test_which_app_is_asked_with_buttons_that_are_deeds_of_their_own(world: World) -> None:
    """Two buttons of one message are two things to do."""
    world.restart(SETTINGS.replace('channel = "#web"', 'channel = "#deploys"') + OTHER)
    world.github.add_repository("acme/api")
    world.says("maria", "deploy main to staging", "#random")
    asked = world.slack.ephemerals("maria")[-1]

    for app in ("web", "api", "web"):
        world.presses("maria", asked, f"Deploy {app}/main to staging")

    assert [world.deployment(number).app for number in numbers(world)] == ["web", "api"]


OTHER = """
[apps.api]
repository = "acme/api"
channel = "#deploys"
provider = { type = "external" }

[apps.api.environments.staging]
checks_settle = "0s"

[people]
U00000001 = "maria"
U00000002 = "bob"
"""


def test_presses_are_forgotten_with_the_rest_of_the_record(world: World) -> None:
    world.presses("bob", failed(world), "Retry")

    world.store.clear(world.clock.now())
    before = world.store.database.select(PRESSES)
    world.wait(seconds=1)
    world.store.clear(world.clock.now())

    assert len(before) == 1
    assert world.store.database.select(PRESSES) == []
