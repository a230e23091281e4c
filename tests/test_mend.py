"""``python -m bot check --mend``: what it asks of each orphan, and what comes of the answers when the bot runs next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.core.deployments.model import State
from bot.mend import Mender
from tests.handlers.scenes import another_tool, answers, channel, parent, seen, thread
from tests.handlers.test_orphans import BEFORE, NO_APP, NO_ENVIRONMENT, RENAMED
from tests.world import PEOPLE, REPOSITORY, World, read_out
from tests.world import world as open_world

ANYHOW = pytest.mark.parametrize("after", [NO_ENVIRONMENT, RENAMED, NO_APP], ids=["environment", "renamed", "app"])
ELSEWHERE = pytest.mark.parametrize(
    ("after", "to"), [(RENAMED, ("web", "stage")), (NO_APP, ("api", "staging"))], ids=["renamed", "app"]
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, BEFORE) as the_world:
        the_world.github.commit(REPOSITORY, "topic", "Add search")
        yield the_world


@dataclass
class Operator:
    """Somebody at a terminal, with their answers in order; then they end it. ``shown`` is all that they read."""

    typed: list[str]
    shown: list[str] = field(default_factory=list)

    def asked(self, question: str) -> str | None:
        self.shown.append(question)
        return self.typed.pop(0) if self.typed else None


def mends(world: World, settings: str, *typed: str) -> list[str]:
    """The bot is down, and comes up again afterwards."""
    world.restart(settings)
    operator = Operator(list(typed))
    Mender(world.store, world.settings).mend(operator.asked, operator.shown.append)
    world.heartbeat()
    return operator.shown


def waits(world: World) -> None:
    """#1 waits for bob's lock, which then goes."""
    world.says("bob", "lock staging")
    world.says("maria", "deploy topic to staging when green")
    with world.store.decisions.open("test", "test") as decision:
        decision.begin("web", "staging").locks.remove("web", "staging")


# --- it ends ----------------------------------------------------------------------------------------------------


@ANYHOW
def test_what_waits_is_cancelled_as_by_a_command(world: World, after: str) -> None:
    waits(world)

    shown = mends(world, after, *(["n"] if after is not NO_ENVIRONMENT else []), "y")

    gone = "there is no app web" if after is NO_APP else "web has no environment staging"
    assert shown[0] == (
        f"#1 topic@{world.deployment(1).short_sha} by maria waits for web → staging, but {gone} in the settings."
    )
    assert shown[-2:] == [
        "  Cancel it? [y/n] ",
        "  Done. What follows from it in the chat and on GitHub, the running bot does.",
    ]
    assert world.deployment(1).state is State.CANCELLED
    assert thread(world, 1)[-1] == "🛑 @maria cancelled by the operator"
    assert parent(world, 1).split("\n")[0].endswith("cancelled by the operator")


def test_what_another_tool_asked_for_ends_on_github(world: World) -> None:
    carried_out = BEFORE.replace("[apps.web]", '[apps.web]\nforeign_deployments = "carry_out"').replace(
        "[apps.web.environments.staging]",
        '[apps.web.environments.staging]\nprovider = { type = "local", directory = "{directory}/staging" }',
    )
    world.restart(carried_out.replace("{directory}", str(world.directory)) + PEOPLE)
    world.says("bob", "lock staging")
    remote = world.github.create_deployment(REPOSITORY, "topic", environment="staging", by="maria")
    world.settle()

    shown = mends(world, RENAMED, "y", "y")

    # It is on GitHub for the old name, so it cannot go elsewhere.
    assert [line for line in shown if "Hand it over" in line] == ["  Hand it over to web → stage? [y/n] "]
    assert world.statuses(remote)[-1] == "error"


@ANYHOW
def test_a_lock_is_released_and_its_owner_told(world: World, after: str) -> None:
    world.says("maria", "lock staging")

    shown = mends(world, after, *(["n"] if after is not NO_ENVIRONMENT else []), "yes")

    assert shown[0].startswith("web → staging is locked by maria since 2026-03-02 10:00 UTC, but ")
    assert world.store.reads().locks.all() == []
    where = "#deploys" if after is NO_APP else "#web"
    assert channel(world, where)[-1] == (
        "🔓 The lock of @maria on *web → staging* was released by the operator: that is no longer in my settings."
    )
    last = seen(world, read_out(world.slack.messages("@maria")[-1]))
    assert last == ("Your lock on *web → staging* was released by the operator: that is no longer in my settings.")


@ANYHOW
def test_a_freeze_is_lifted(world: World, after: str) -> None:
    world.says("maria", "freeze staging until 17:00 because of the sale")

    shown = mends(world, after, *(["n"] if after is not NO_ENVIRONMENT else []), "y")
    world.wait(hours=10)

    assert shown[0].startswith("web → staging is frozen by maria since 2026-03-02 10:00 UTC, but ")
    assert world.store.reads().freezes.all() == []
    where = "#deploys" if after is NO_APP else "#web"
    assert channel(world, where)[-1] == (
        "☀️ The freeze of @maria on *web → staging* was lifted by the operator: that is no longer in my settings."
    )


@ANYHOW
def test_a_schedule_is_dropped(world: World, after: str) -> None:
    said = world.says("maria", "deploy main to staging at 17:00")

    shown = mends(world, after, *(["n"] if after is not NO_ENVIRONMENT else []), "y")
    world.wait(hours=10)

    assert shown[0].startswith("s1 of the schedule is to deploy main to web → staging on 2026-03-02 17:00 UTC, but ")
    assert world.store.reads().schedules.of(None) == []
    assert len(answers(world, said)) == 1


def test_what_runs_is_marked_as_cancelled(world: World) -> None:
    world.says("maria", "deploy topic to staging")
    another_tool(world, "in_progress")

    shown = mends(world, RENAMED, "y")

    [remote] = world.github.deployments(REPOSITORY)
    assert [line for line in shown if "?" in line] == ["  Cancel it? [y/n] "]
    assert world.deployment(1).state is State.CANCELLED
    assert world.statuses(remote.id) == ["in_progress", "error"]


# --- it goes on elsewhere -------------------------------------------------------------------------------------------


@ELSEWHERE
def test_what_waits_is_handed_over_and_goes_on(world: World, after: str, to: tuple[str, str]) -> None:
    waits(world)

    shown = mends(world, after, "y")

    [remote] = world.github.deployments(REPOSITORY)
    assert shown[1] == f"  Hand it over to {' → '.join(to)}? [y/n] "
    assert (world.deployment(1).app, world.deployment(1).environment) == to
    assert remote.environment == to[1]
    assert parent(world, 1).startswith(f"🚀 *{' → '.join(to)}*  is under way")
    assert thread(world, 1) == [
        "✅ nobody else holds it after 0 s",
        f"↪️ Handed over by the operator to *{' → '.join(to)}*: web → staging is no longer in my settings.",
    ]


@ELSEWHERE
def test_a_lock_is_handed_over_with_whoever_wants_to_know(world: World, after: str, to: tuple[str, str]) -> None:
    world.says("maria", "lock staging for 3h because I test")
    world.says("bob", "notify me about staging")

    mends(world, after, "y")
    held = world.store.reads().locks.all()
    world.says("bob", f"deploy topic to {to[1]} when green", channel="#random" if to[0] == "api" else "#web")
    world.wait(hours=4)

    assert [(one.place, one.reason) for one in held] == [(to, "I test")]
    assert world.deployment(1).started_at is not None
    told = [seen(world, read_out(one)) for one in world.slack.messages("@bob")]
    assert f"*{' → '.join(to)}* is free now." in told


def test_a_lock_is_not_handed_over_where_somebody_else_has_one(world: World) -> None:
    world.says("maria", "lock staging")
    world.restart(RENAMED)
    world.says("bob", "lock stage")

    shown = mends(world, RENAMED, "y", "n")

    assert shown[2] == "  web → stage is locked by somebody else, so it stays as it is."
    assert [(one.place, one.by.name) for one in world.store.reads().locks.all()] == [
        (("web", "stage"), "bob"),
        (("web", "staging"), "maria"),
    ]


@ELSEWHERE
def test_a_freeze_is_handed_over_with_its_end(world: World, after: str, to: tuple[str, str]) -> None:
    world.says("maria", "freeze staging until 17:00 because of the sale")

    mends(world, after, "y")
    frozen = world.store.reads().freezes.all()
    world.wait(hours=10)

    assert [((one.app, one.environment), one.reason) for one in frozen] == [(to, "of the sale")]
    assert world.store.reads().freezes.all() == []


@ELSEWHERE
def test_a_schedule_is_handed_over_and_done_at_its_moment(world: World, after: str, to: tuple[str, str]) -> None:
    world.says("maria", "deploy topic to staging at 17:00")

    mends(world, after, "y")
    [entry] = world.store.reads().schedules.of(None)
    world.wait(hours=8)

    assert (entry.id, entry.command) == (1, f"deploy {to[0]}/topic to {to[1]}")
    assert (world.deployment(1).app, world.deployment(1).environment) == to


# --- what is likely, and what is asked ------------------------------------------------------------------------------


def settings_with(*environments: str) -> str:
    tables = "".join(f'[apps.web.environments.{name}]\nchecks_settle = "0s"\n\n' for name in environments)
    return BEFORE[: BEFORE.index("[apps.web.environments.staging]")] + tables + PEOPLE


@pytest.mark.parametrize(
    ("environments", "offered"),
    [
        (("production", "stage"), "stage"),  # another word for it
        (("production", "stagin-eu"), "stagin-eu"),  # spelled nearly so
        (("production", "canary"), "canary"),  # the only one where nothing was deployed yet
        (("production", "canary", "preview"), None),
        (("production",), None),
    ],
)
def test_the_likely_new_name_is_offered(world: World, environments: tuple[str, ...], offered: str | None) -> None:
    world.says("maria", "deploy main to production")
    world.says("maria", "lock staging")

    shown = mends(world, settings_with(*environments))

    asked = f"  Hand it over to web → {offered}? [y/n] " if offered else "  Release it? [y/n] "
    assert shown[1] == asked


def test_another_app_that_was_there_before_is_not_offered(world: World) -> None:
    both = BEFORE + '\n[apps.jobs]\nrepository = "acme/web"\n[apps.jobs.environments.staging]\n' + PEOPLE
    world.restart(both)
    world.says("maria", "deploy main to staging", channel="#web")
    world.says("maria", "deploy jobs/main to staging", channel="#deploys")
    world.says("maria", "lock staging", channel="#web")

    alone = both.replace(both[both.index("[apps.web]") : both.index("[apps.jobs]")], "")
    shown = mends(world, alone)

    assert not any("Hand it over" in line for line in shown)


def test_what_is_of_another_repository_is_not_offered_to_an_app_that_has_changed_its_own(world: World) -> None:
    waits(world)
    world.github.add_repository("acme/new")

    shown = mends(world, RENAMED.replace('"acme/web"', '"acme/new"'))

    assert shown[1] == "  Cancel it? [y/n] "


def test_a_question_is_asked_again_until_it_is_answered_and_no_changes_nothing(world: World) -> None:
    world.says("maria", "lock staging")

    shown = mends(world, RENAMED, "", "what?", "N", "maybe", "no")

    assert shown[1:] == [
        *["  Hand it over to web → stage? [y/n] "] * 3,
        *["  Release it? [y/n] "] * 2,
        "  It stays as it is.",
    ]
    assert len(world.store.reads().locks.all()) == 1


def test_what_is_answered_before_the_end_is_done_and_the_rest_stays(world: World) -> None:
    world.says("maria", "lock staging")
    world.says("maria", "freeze staging because of the sale")

    shown = mends(world, NO_ENVIRONMENT, "y")

    assert shown[-1] == "Stopped. What was not answered stays as it is."
    assert world.store.reads().locks.all() == []
    assert len(world.store.reads().freezes.all()) == 1


def test_what_is_gone_by_the_time_of_the_answer_is_left_alone(world: World) -> None:
    world.says("maria", "lock staging")
    world.restart(NO_ENVIRONMENT)
    shown: list[str] = []

    def asked(question: str) -> str:
        world.says("maria", "unlock staging")
        return "y"

    Mender(world.store, world.settings).mend(asked, shown.append)

    assert shown[-1] == "  It is gone meanwhile."


def test_where_nothing_is_left_nothing_is_asked(world: World) -> None:
    assert mends(world, NO_ENVIRONMENT) == [
        "There is nothing to mend: all that waits, runs or is held is in the settings."
    ]


def test_the_audit_names_the_operator_and_why(world: World) -> None:
    waits(world)
    world.says("maria", "freeze staging because of the sale")

    mends(world, RENAMED, "y", "n", "y")

    entries = world.store.reads().audit.since(world.clock.now().replace(year=2000), 0, 100)
    told = [
        (one.action, one.environment, one.deployment_id, one.reason)
        for one in entries
        if one.origin.name == "operator" and one.action != "deployment"
    ]
    assert {one.origin.via for one in entries if one.origin.name == "operator"} == {"terminal"}
    assert told == [
        ("hand over", "staging", 1, "web → staging is no longer in the settings and goes on as web → stage"),
        ("unfreeze", "staging", None, "web → staging is no longer in the settings"),
    ]


# --- check ----------------------------------------------------------------------------------------------------------


def test_check_names_each_and_says_what_to_do(world: World) -> None:
    world.says("maria", "deploy topic to staging")
    world.says("maria", "lock staging")
    world.restart(NO_ENVIRONMENT)

    found = Mender(world.store, world.settings).doctor()

    sha = world.deployment(1).short_sha
    gone = "but web has no environment staging in the settings"
    assert [(one.good, one.warning, one.what, one.mend) for one in found] == [
        (True, True, f"#1 topic@{sha} by maria is starting in web → staging, {gone}", "python -m bot check --mend"),
        (
            False,
            False,
            f"web → staging is locked by maria since 2026-03-02 10:00 UTC, {gone}",
            "python -m bot check --mend",
        ),
    ]


def test_check_names_twenty_and_counts_the_others(world: World) -> None:
    for number in range(25):
        world.says("maria", f"deploy main to staging at 17:{number:02}")
    world.restart(NO_ENVIRONMENT)

    found = Mender(world.store, world.settings).doctor()

    assert (len(found), found[-1].what) == (21, "5 more are not in the settings")
