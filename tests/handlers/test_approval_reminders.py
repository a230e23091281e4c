"""Approvers are written to once, at half of the time, and only those who are still wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import seen
from tests.world import REPOSITORY, World, read_out
from tests.world import world as open_world

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = {{ type = "external" }}

[apps.web.environments.production]
checks_settle = "0s"
production = true
approvals = 2
approval_timeout = "1h"
{more}
"""
APPROVERS = SETTINGS.format(more='approvers = ["@oncall", "carol", "acme/ops"]')


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Maria and bob are on call; GitHub alone knows carol and dave, whose addresses tell who they are in Slack."""
    with open_world(tmp_path, APPROVERS) as world:
        prepare(world)
        yield world


def prepare(world: World) -> None:
    world.slack.add_group("oncall", ["maria", "bob"])
    world.github.add_team("acme/ops", ["dave", "bob"])
    for name in ("carol", "dave"):
        world.slack.add_user(name, email=f"{name}@acme.example")
        world.github.set_email(name, f"{name}@acme.example")
        world.github.set_permission(REPOSITORY, name, "write")
    world.github.commit(REPOSITORY, "topic", "Add search")


def direct(world: World, person: str) -> list[Any]:
    return [one for one in world.slack.messages(f"@{person}") if one.bot_id]


def counts(world: World) -> dict[str, int]:
    return {name: len(direct(world, name)) for name in ("maria", "bob", "carol", "dave")}


def test_each_approver_is_written_to_once_at_half_of_the_time(world: World) -> None:
    world.says("maria", "deploy topic to production")
    world.wait(minutes=29)
    before = counts(world)

    world.wait(minutes=30)

    assert before == {"maria": 0, "bob": 0, "carol": 0, "dave": 0}
    assert counts(world) == {"maria": 0, "bob": 1, "carol": 1, "dave": 1}
    [message] = direct(world, "carol")
    assert seen(world, read_out(message)) == (
        "🙋 *web → production* has waited 30 min for your approval\n"
        "topic@64fd7b0 · asked by maria · until Mon 02 Mar 11:00 UTC, then it is given up · what ships"
    )
    assert message.text == "web → production has waited 30 min for your approval: topic@64fd7b0, asked by maria."
    assert message.labels == ["Approve", "Mute these"]
    payload = message.metadata["event_payload"]
    assert (payload["deployment"], payload["kind"], payload["state"]) == (
        *(world.deployment(1).request_id, "direct", "waiting"),
    )


def test_the_button_in_the_message_approves(world: World) -> None:
    world.says("maria", "deploy topic to production")
    world.wait(minutes=31)

    world.presses("bob", direct(world, "bob")[0], "Approve")
    world.presses("carol", direct(world, "carol")[0], "Approve")

    assert [one.name for one in world.deployment(1).approved_by] == ["bob", "carol"]
    assert world.deployment(1).state == "starting"


def test_whoever_has_approved_or_is_muted_is_left_alone(world: World) -> None:
    world.says("dave", "mute", "@dave")
    world.says("maria", "deploy topic to production")
    world.presses("bob", world.parent(1), "Approve")
    before = counts(world)

    world.wait(minutes=59)

    assert {name: count - before[name] for name, count in counts(world).items()} == {
        "maria": 0,
        "bob": 0,
        "carol": 1,
        "dave": 0,
    }


@pytest.mark.parametrize("said", ["cancel #1", "reject #1"])
def test_nobody_is_written_to_of_what_has_ended(world: World, said: str) -> None:
    world.says("maria", "deploy topic to production")
    world.says("maria" if said.startswith("cancel") else "bob", said)

    world.wait(minutes=59)

    assert counts(world) == {"maria": 0, "bob": 0, "carol": 0, "dave": 0}


def test_nobody_is_written_to_of_what_has_started(world: World) -> None:
    world.says("maria", "deploy topic to production")
    world.presses("bob", world.parent(1), "Approve")
    world.says("carol", "approve #1", "@carol")
    before = counts(world)

    world.wait(minutes=59)

    assert counts(world) == before


def test_what_waited_for_something_else_in_between_is_told_once(world: World) -> None:
    sha = world.github.repository(REPOSITORY).branches["topic"]
    world.github.set_status(REPOSITORY, sha, "ci/test", "success")
    world.says("maria", "deploy topic to production when green")
    world.wait(minutes=31)
    world.github.set_status(REPOSITORY, sha, "ci/test", "pending")
    world.presses("bob", world.parent(1), "Approve")
    in_between = world.deployment(1).waits_for
    world.github.set_status(REPOSITORY, sha, "ci/test", "success")
    world.settle()
    world.wait(minutes=50)

    assert in_between == "checks"
    assert world.deployment(1).waits_for == "approval"
    assert counts(world)["carol"] == 1


def test_a_bot_that_was_down_at_the_moment_tells_it_when_it_is_back(world: World) -> None:
    world.says("maria", "deploy topic to production")

    world.is_down(minutes=40)

    assert seen(world, read_out(direct(world, "carol")[0])).startswith(
        "🙋 *web → production* has waited 40 min for your approval"
    )


def test_without_approvers_nobody_is_written_to(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS.format(more="")) as world:
        prepare(world)
        world.says("maria", "deploy topic to production")

        world.wait(minutes=59)

        assert counts(world) == {"maria": 0, "bob": 0, "carol": 0, "dave": 0}


def test_whoever_cannot_be_written_to_holds_up_nobody(world: World) -> None:
    world.slack.fail_next("conversations.open", "cannot_dm_bot")
    world.says("maria", "deploy topic to production")

    world.wait(minutes=59)

    assert sum(counts(world).values()) == 2
