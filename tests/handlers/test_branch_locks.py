"""Conversations about locks that come and go with branches, deployments and rollbacks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import answers, channel, facts, news, thread
from tests.handlers.test_locks import SETTINGS, direct, last_direct, merge, states
from tests.world import REPOSITORY, World
from tests.world import world as open_world

KEEP, UNLOCK = ["Keep production for topic"], ["Unlock production"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """With a branch ``topic`` of two commits, in which nobody has opened a pull request yet."""
    with open_world(tmp_path, SETTINGS.format(bot="")) as the_world:
        the_world.github.add_repository("acme/api")
        the_world.github.commit(REPOSITORY, "topic", "Add search")
        yield the_world


def last_in_thread(world: World, deployment_id: int) -> Any:
    return replies(world, deployment_id)[-1]


def replies(world: World, deployment_id: int) -> list[Any]:
    """What is said where people follow it: under the command that asked for it, else under its card."""
    deployment = world.deployment(deployment_id)
    assert deployment.channel
    assert deployment.parent
    return world.slack.thread(deployment.channel, deployment.thread or deployment.parent)


def asked(world: World, *numbers: int) -> list[list[str]]:
    """Which buttons stand below what is said of these deployments."""
    return [one.labels for number in numbers for one in replies(world, number) if one.labels]


def tries_topic(world: World) -> int:
    """Maria opens a pull request of topic, deploys it to production and takes the lock that she is offered."""
    number = world.github.open_pull_request(REPOSITORY, "topic", title="Search")
    world.says("maria", "deploy topic to production")
    world.presses("maria", last_in_thread(world, 1), KEEP[0])
    return number


# --- it is offered ---------------------------------------------------------------------------------------------------


def test_whoever_has_deployed_a_branch_to_production_is_offered_a_lock(world: World) -> None:
    world.says("maria", "deploy topic to production")

    offered = last_in_thread(world, 1)
    told, labels = thread(world, 1)[-1], asked(world, 1)
    world.presses("maria", offered, KEEP[0])

    assert (told, labels) == ("✅ @maria live in 0 s", [KEEP])
    assert channel(world, "#web")[-1] == (
        "🔒 @maria has locked *web → production* for topic because testing topic. "
        "It is released when its pull request is merged or closed."
    )


@pytest.mark.parametrize(
    "says",
    [
        ["deploy main to production"],
        ["deploy topic to staging"],
        ["deploy:migrate topic to production"],
        ["lock production", "deploy topic to production"],
    ],
    ids=["the default branch", "not production", "another task", "locked already"],
)
def test_no_lock_is_offered_where_none_is_of_use(world: World, says: list[str]) -> None:
    for text in says:
        world.says("maria", text)

    assert world.deployment(1).state == "succeeded"
    assert asked(world, 1) == []


def test_no_lock_is_offered_for_a_tag_of_what_is_merged_already(world: World) -> None:
    world.github.tag(REPOSITORY, "v1")

    world.says("maria", "deploy v1 to production")

    assert asked(world, 1) == []


def test_no_lock_is_offered_for_a_merge_nor_after_a_failure(world: World) -> None:
    merge(world, "other", by="maria")
    (world.directory / "broken").touch()
    world.says("maria", "deploy topic to production")

    assert states(world) == ["main succeeded", "topic failed"]
    assert asked(world, 1, 2) == []


# --- it ends with the branch -----------------------------------------------------------------------------------------


def test_a_lock_for_a_branch_names_its_pull_request(world: World) -> None:
    tries_topic(world)

    listed = world.says("bob", "locks")

    assert channel(world, "#web")[-1] == (
        "🔒 @maria has locked *web → production* for topic (#1) because testing topic. "
        "It is released when #1 is merged or closed."
    )
    assert answers(world, listed) == [
        "Locked now:\n🔒 *web → production* by maria since 10:00 UTC for topic (#1) because testing topic"
    ]


def test_it_ends_when_the_pull_request_is_merged_and_the_merge_is_deployed(world: World) -> None:
    number = tries_topic(world)

    world.github.merge_pull_request(REPOSITORY, number, by="bob")
    world.settle()

    assert "🔓 *web → production* is unlocked: #1 was merged, for which @maria had it." in channel(world, "#web")
    assert states(world) == ["topic succeeded", "main succeeded"]


def test_a_merge_of_something_else_waits_until_then(world: World) -> None:
    number = tries_topic(world)
    merge(world, "other", by="bob")
    waits = news(world, 2)

    world.github.close_pull_request(REPOSITORY, number)
    world.settle()

    assert waits == "waits for maria: testing topic"
    assert "🔓 *web → production* is unlocked: #1 was closed, for which @maria had it." in channel(world, "#web")
    assert states(world) == ["topic succeeded", "main succeeded"]


def test_a_branch_whose_pull_request_comes_later_ends_it_too(world: World) -> None:
    world.says("maria", "deploy topic to production")
    world.says("maria", "lock production")
    number = world.github.open_pull_request(REPOSITORY, "topic", title="Search")

    world.github.close_pull_request(REPOSITORY, number)
    world.settle()

    assert channel(world, "#web")[-1] == "🔓 *web → production* is unlocked: #1 was closed, for which @maria had it."


def test_a_branch_of_that_name_in_a_fork_does_not_end_it(world: World) -> None:
    world.says("maria", "deploy topic to production")
    world.says("maria", "lock production")

    foreign = world.github.open_pull_request(REPOSITORY, "topic", fork="mallory/web", author="mallory")
    world.github.close_pull_request(REPOSITORY, foreign)
    world.settle()

    assert [line for line in channel(world, "#web") if line.startswith("🔓")] == []


@pytest.mark.parametrize("said", ["merged", "closed"])
def test_an_end_that_the_api_does_not_know_of_ends_nothing(world: World, said: str) -> None:
    number = tries_topic(world)
    world.hold_webhooks = True
    world.github.close_pull_request(REPOSITORY, number)
    webhook = world.github.webhooks_of("pull_request")[-1]
    body = json.loads(webhook.body)
    body["pull_request"]["merged"] = said == "merged"
    body["pull_request"]["merged_at"] = "2026-03-02T10:00:00Z" if said == "merged" else None
    body["pull_request"]["merge_commit_sha"] = "e" * 40
    if said == "closed":
        world.github.fail_next("GET", f"/pulls/{number}$", 404)

    world.deliver(dataclasses.replace(webhook, body=json.dumps(body).encode()))

    assert [one.app for one in world.store.reads().locks.all()] == ["web"]


def test_a_pull_request_of_that_number_in_another_repository_does_not_end_it(world: World) -> None:
    tries_topic(world)
    world.github.commit("acme/api", "topic", "Something else")
    other = world.github.open_pull_request("acme/api", "topic")

    world.github.merge_pull_request("acme/api", other, by="bob")
    world.settle()

    assert other == 1
    assert [line for line in channel(world, "#web") if line.startswith("🔓")] == []


@pytest.mark.parametrize("known", [True, False], ids=["with its number", "by its branch"])
def test_a_lost_webhook_costs_only_time(world: World, known: bool) -> None:
    if known:
        number = tries_topic(world)
    else:
        world.says("maria", "deploy topic to production")
        world.says("maria", "lock production")
        number = world.github.open_pull_request(REPOSITORY, "topic", title="Search")

    world.hold_webhooks = True
    world.github.merge_pull_request(REPOSITORY, number)
    world.reconcile()

    assert channel(world, "#web")[-1] == "🔓 *web → production* is unlocked: #1 was merged, for which @maria had it."


def test_a_webhook_that_comes_twice_ends_nobody_elses_lock(world: World) -> None:
    number = tries_topic(world)
    world.github.close_pull_request(REPOSITORY, number)
    world.settle()
    world.says("bob", "lock production")

    world.deliver(world.github.webhooks_of("pull_request")[-1])
    world.reconcile()

    assert channel(world, "#web")[-1] == "🔒 @bob has locked *web → production*."


def test_a_lock_is_possible_while_github_does_not_tell_of_branches(world: World) -> None:
    world.says("maria", "deploy topic to production")
    world.github.fail_next("GET", "/compare/", 500, times=10)

    world.says("maria", "lock production")

    assert channel(world, "#web")[-1] == "🔒 @maria has locked *web → production*."


# --- it is asked for -------------------------------------------------------------------------------------------------


def test_the_owner_is_asked_to_unlock_when_the_default_branch_is_back(world: World) -> None:
    world.says("maria", "deploy topic to production")
    world.says("maria", "lock production because testing")
    world.wait(minutes=1)

    world.says("maria", "deploy main to production")
    told, labels = thread(world, 2)[-1], asked(world, 2)
    world.presses("maria", last_in_thread(world, 2), UNLOCK[0])

    assert (told, labels) == ("✅ @maria live in 0 s", [UNLOCK])
    assert channel(world, "#web")[-1] == "🔓 @maria has unlocked *web → production*."


def test_nobody_is_asked_while_another_branch_is_there_or_where_the_lock_came_later(world: World) -> None:
    world.says("maria", "lock production")
    world.wait(minutes=1)
    world.says("maria", "deploy topic to production")
    world.hold_runs = True
    world.says("maria", "deploy main to staging")
    world.wait(minutes=1)
    world.says("maria", "lock staging")
    world.hold_runs = False
    world.settle()

    assert states(world) == ["topic succeeded", "main succeeded"]
    assert UNLOCK not in asked(world, 1, 2)
    assert ["Unlock staging"] not in asked(world, 1, 2)


# --- after a rollback ------------------------------------------------------------------------------------------------


def rolled_back(world: World) -> str:
    """Main, then a merge, then maria rolls back; the short commit that is there again."""
    world.says("maria", "deploy main to production")
    good = world.deployment(1).short_sha
    merge(world, "broken", by="maria")
    world.says("maria", "rollback production")
    return good


def test_after_a_rollback_the_environment_is_locked_for_the_person(world: World) -> None:
    good = rolled_back(world)

    assert channel(world, "#web")[-1] == f"⏪ *web → production*  is back on {good} 🔒"
    assert "locked for maria, merges wait" in facts(world, 3)
    assert world.parent(3).labels[0] == "Unlock"


def test_the_audit_tells_what_happened_to_locks_by_itself(world: World) -> None:
    number = tries_topic(world)
    world.github.merge_pull_request(REPOSITORY, number, by="bob")
    world.settle()
    world.says("maria", "rollback production")

    entries = world.store.reads().audit.since(world.clock.now() - timedelta(days=1), 0, 200)

    assert [(one.action, one.outcome, one.reason) for one in entries if "lock" in one.action] == [
        ("lock", "done", "testing topic"),
        ("unlock", "done", "#1 was merged; it belongs to maria"),
        ("lock", "done", f"it was rolled back to {world.deployment(1).short_sha}; it belongs to maria"),
    ]


def test_a_merge_waits_then_even_ones_own_until_the_lock_is_released(world: World) -> None:
    good = rolled_back(world)
    merge(world, "fix", by="maria")
    waits = news(world, 4)

    world.presses("maria", world.parent(3), "Unlock")

    assert waits == f"waits for maria: it was rolled back to {good}"
    assert states(world) == ["main succeeded", "main succeeded", "main succeeded", "main succeeded"]


def test_a_merge_that_queues_behind_the_rollback_does_not_slip_in_after_it(world: World) -> None:
    world.says("maria", "deploy main to production")
    merge(world, "broken", by="bob")
    world.hold_runs = True
    world.says("maria", "rollback production")
    merge(world, "more", by="bob")
    queued = world.deployment(4).waits_for

    world.hold_runs = False
    world.settle()

    assert queued == "queue"
    assert (world.deployment(3).state, world.deployment(4).waits_for) == ("succeeded", "lock")


def test_the_owner_deploys_by_command_all_the_same_and_is_reminded(world: World) -> None:
    rolled_back(world)
    world.wait(minutes=1)

    world.says("maria", "deploy main to production")
    world.wait(hours=3)

    assert world.deployment(4).state == "succeeded"
    assert asked(world, 4) == [UNLOCK]
    assert direct(world, "maria")[0].startswith("You have had *web → production* for 3 h because it was rolled back to")
    assert last_direct(world, "maria").labels == ["Unlock", "Keep"]


def test_a_rollback_that_fails_locks_nothing(world: World) -> None:
    world.says("maria", "deploy main to production")
    merge(world, "broken", by="maria")

    (world.directory / "broken").touch()
    world.says("maria", "rollback production")

    assert world.deployment(3).state == "failed"
    assert [line for line in channel(world, "#web") if line.startswith("🔒")] == []
