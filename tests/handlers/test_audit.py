"""The audit: who decided what, when, from where and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.audit.model import AuditEntry
from tests.handlers.scenes import another_tool, answers
from tests.world import REPOSITORY, START, World
from tests.world import world as open_world

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "external" }

[apps.web.environments.staging]
deploy_on_merge = ["main"]

[apps.web.environments.production]
approvals = 1
"""


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, SETTINGS) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        yield world


def entries(world: World) -> list[AuditEntry]:
    return list(world.store.reads().audit.since(START - timedelta(days=1), 0, 1_000))


def commands(world: World) -> list[tuple[str, str, str | None]]:
    """Who, how it went, and what they said."""
    return [(one.origin.name, one.outcome, one.command) for one in entries(world) if one.action != "deployment"]


def states(world: World, deployment_id: int) -> list[tuple[str, str]]:
    """The states of a deployment, each with who moved it."""
    found = world.store.reads().audit.of(deployment_id, 1_000)
    return [(one.outcome, one.origin.name) for one in found if one.action == "deployment"]


def test_every_decision_on_a_deployment_is_kept_with_who_and_from_where(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.presses("bob", guarded.parent(1), "Approve")
    another_tool(guarded, "in_progress", "success")

    given = entries(guarded)[2]
    assert commands(guarded) == [
        ("maria", "done", "deploy topic to production"),
        ("bob", "done", "approve #1"),
    ]
    assert states(guarded, 1) == [
        ("requested", "maria"),
        ("waiting for approval", "maria"),
        ("starting", "shipmate"),
        ("running", "another-tool"),
        ("succeeded", "another-tool"),
    ]
    assert (given.at, given.deployment_id, given.app, given.environment) == (START, 1, "web", "production")
    assert (given.origin.chat_id, given.origin.login) == ("U00000001", "maria")
    assert (given.origin.via, given.origin.channel) == ("mention", guarded.slack.workspace.channel("#web").id)


def test_deploys_with_a_number_shows_who_decided_what(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("maria", "approve #1")
    guarded.presses("bob", guarded.parent(1), "Approve")

    said = guarded.says("bob", "deploys #1")

    shown = [line for line in answers(guarded, said)[0].split("\n") if line.startswith("• ")]
    assert shown == [
        "• 10:00 UTC maria: `deploy topic to production`",
        "• 10:00 UTC waiting for approval: 1 approval is needed",
        "• 10:00 UTC maria: `approve #1` refused: #1 is your own request, so somebody else has to approve "
        "it. You can take it back: cancel #1",
        "• 10:00 UTC bob: `approve #1`",
    ]


def test_a_refusal_is_kept_with_all_its_reasons(guarded: World) -> None:
    guarded.github.set_status(REPOSITORY, "topic", "ci/test", "failure")

    guarded.says("maria", "deploy topic to production")

    kept = entries(guarded)
    assert [(one.action, one.outcome, one.app, one.environment) for one in kept] == [
        ("deploy", "refused", "web", "production")
    ]
    assert kept[0].reason.split("; ")[1:] == [
        "❌ Checks failed: ci/test",
        "🙋 1 approval is needed",
    ]


def test_a_force_is_kept_with_what_it_passed_and_why(guarded: World) -> None:
    guarded.github.set_status(REPOSITORY, "topic", "ci/test", "failure")

    guarded.says("maria", 'deploy topic to staging --force "the site is down"')

    starting = next(one for one in entries(guarded) if one.outcome == "starting")
    command = next(one for one in entries(guarded) if one.action == "deploy")
    assert starting.reason == "Passed by force: Checks failed: ci/test. the site is down"
    assert command.reason == "the site is down"


def test_a_rejection_and_a_cancellation_are_kept_with_their_reasons(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("bob", 'reject #1 "not today"')
    guarded.says("maria", "deploy topic to staging")
    guarded.says("maria", "cancel #2")

    kept = entries(guarded)
    assert [(one.command, one.reason) for one in kept if one.action in {"reject", "cancel"}] == [
        ('reject #1 "not today"', "not today"),
        ("cancel #2", ""),
    ]
    assert [(one.reason, one.origin.name) for one in kept if one.outcome == "cancelled"] == [
        ("Rejected by bob: not today", "bob"),
        ("Cancelled by maria", "maria"),
    ]


def test_merges_locks_and_links_are_decisions_too(guarded: World) -> None:
    number = guarded.github.open_pull_request(REPOSITORY, "topic")
    guarded.github.merge_pull_request(REPOSITORY, number, by="bob")
    guarded.settle()

    guarded.says("maria", "lock production on web because testing")
    guarded.says("bob", "unlock production on web")

    merged = entries(guarded)[0]
    assert (merged.outcome, merged.origin.name, merged.origin.via) == ("requested", "bob", "github")
    assert commands(guarded) == [
        ("maria", "done", "lock production on web because testing"),
        ("bob", "refused", "unlock production on web"),
    ]
    assert entries(guarded)[-2].reason == "testing"


def test_looking_around_leaves_no_trace(guarded: World) -> None:
    for command in ("help", "status", "queue", "deploys", "whoami", "version", "locks", "gibberish"):
        guarded.says("maria", command)

    assert entries(guarded) == []


def test_a_redelivered_command_is_kept_once(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    before = len(entries(guarded))

    for envelope in list(guarded.slack.envelopes):
        guarded.slack.redeliver(envelope)
    guarded.settle()

    assert len(entries(guarded)) == before


def test_a_one_time_password_is_not_kept(guarded: World) -> None:
    guarded.says("maria", "deploy topic to staging 123456")

    assert not any("123456" in f"{one.command} {one.reason}" for one in entries(guarded))
