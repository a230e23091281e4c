"""Conversations in which a deployment is given up, and whoever carries it out reports its end after all."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.storage import tables
from bot.core.deployments.model import State, may_become
from tests.handlers.scenes import another_tool, answers, broadcasts, parent, thread
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

NEVER = "never picked up"
SILENT = "silent while it runs"
AFTER = SETTINGS + 'after = "staging"\n'


def give_up(world: World, how: str = SILENT, place: str = "staging") -> int:
    """Maria deploys, and no tool says how it ends; its id on GitHub."""
    world.says("maria", f"deploy main to {place}")
    if how == SILENT:
        another_tool(world, "in_progress")
    world.wait(minutes=16)
    return world.github.deployments(REPOSITORY)[-1].id


def report(world: World, remote_id: int, state: str, **more: str) -> None:
    world.github.report_deployment_status(REPOSITORY, remote_id, state, **more)
    world.settle()


def live(world: World, place: str = "staging") -> int | None:
    found = world.store.reads().last_success("web", place)
    return found.id if found else None


@pytest.mark.parametrize(("how", "before"), [(NEVER, State.ERROR), (SILENT, State.TIMED_OUT)])
@pytest.mark.parametrize(("status", "after"), [("success", State.SUCCEEDED), ("failure", State.FAILED)])
def test_what_whoever_carries_it_out_reports_late_is_how_it_ended(
    world: World, how: str, before: State, status: str, after: State
) -> None:
    remote = give_up(world, how)
    given_up = world.deployment(1).state

    world.wait(minutes=20)
    report(world, remote, status)

    assert (given_up, world.deployment(1).state) == (before, after)
    assert world.statuses(remote)[-2:] == ["error", status]


def test_a_late_success_is_told_in_the_message_the_thread_and_where_the_failure_was_told(world: World) -> None:
    remote = give_up(world)

    world.wait(minutes=20)
    report(world, remote, "success", description="all up")

    line = "✅ Live after all, reported 21 min after it was given up"
    assert thread(world, 1)[-1] == broadcasts(world, "#web")[-1] == line
    assert parent(world, 1) == (
        "✅ *web → staging*  is live\nmain@d470312 · maria · first deployment here · 36 min\n"
        "reported live 21 min after it was given up"
    )


@pytest.mark.parametrize(("status", "mark"), [("success", "white_check_mark"), ("failure", "x")])
def test_the_mark_on_the_command_is_the_one_of_its_end(world: World, status: str, mark: str) -> None:
    said = world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")
    world.wait(minutes=16)
    given_up = {name for name, _ in said.reactions}

    report(world, world.github.deployments(REPOSITORY)[-1].id, status)

    assert (given_up, {name for name, _ in said.reactions}) == ({"x"}, {mark})


def test_a_late_failure_says_so(world: World) -> None:
    remote = give_up(world)

    report(world, remote, "failure", description="exit code 3")

    assert thread(world, 1)[-1] == ("❌ Failed after all: exit code 3 · reported 1 min after it was given up")


def test_status_and_what_ships_next_follow_it(world: World) -> None:
    remote = give_up(world)
    first = world.deployment(1).sha
    report(world, remote, "success")
    world.github.commit(REPOSITORY, "main", "Next", author="alice")

    said = world.says("maria", "status web staging")
    world.says("maria", "deploy main to staging")

    assert f"staging | main@{first[:7]}" in answers(world, said)[0]
    assert world.deployment(2).changes.base == first


def test_how_long_it_usually_takes_is_not_told_by_what_was_reported_late(world: World) -> None:
    for number in range(2):
        world.github.commit(REPOSITORY, "main", f"Step {number}")
        world.says("maria", "deploy main to staging")
        another_tool(world, "in_progress", "success")
    for number in range(2):
        world.github.commit(REPOSITORY, "main", f"Late step {number}")
        remote = give_up(world)
        report(world, remote, "success")

    world.says("maria", "retry #4")

    assert world.deployment(5).usual_seconds == 20


def test_a_rollback_follows_it(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Next", author="alice")
    remote = give_up(world)
    report(world, remote, "success")

    world.says("maria", "rollback web on staging")

    assert (world.deployment(3).rollback_of, world.deployment(3).sha) == (2, world.deployment(1).sha)


def test_what_waits_to_come_after_it_goes_on(tmp_path: Path) -> None:
    with open_world(tmp_path, AFTER) as world:
        remote = give_up(world)
        world.says("maria", "deploy main to production when green")
        waiting = world.deployment(2).state

        report(world, remote, "success")

        assert (waiting, world.deployment(2).state) == (State.WAITING, State.STARTING)


@pytest.mark.parametrize("status", ["queued", "pending", "in_progress", "error", "inactive", "waiting"])
def test_what_tells_no_end_changes_nothing_and_the_end_still_counts(world: World, status: str) -> None:
    remote = give_up(world)
    before = (world.deployment(1).state, thread(world, 1))

    report(world, remote, status)
    between = (world.deployment(1).state, thread(world, 1))
    report(world, remote, "success")

    assert between == before
    assert world.deployment(1).state is State.SUCCEEDED


@pytest.mark.parametrize("first", ["failure", "error", "success"])
@pytest.mark.parametrize("then", ["failure", "success"])
def test_what_the_tool_itself_has_ended_stays_as_it_is(world: World, first: str, then: str) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress", first)
    before = (world.deployment(1).state, thread(world, 1))

    another_tool(world, then)

    assert (world.deployment(1).state, thread(world, 1)) == before


@pytest.mark.parametrize("then", ["failure", "success"])
def test_an_end_that_was_reported_late_is_final_too(world: World, then: str) -> None:
    remote = give_up(world)
    report(world, remote, "success")

    report(world, remote, then)

    assert world.deployment(1).state is State.SUCCEEDED


def test_one_that_was_cancelled_stays_cancelled(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")
    world.says("maria", "cancel #1")

    another_tool(world, "success")

    assert world.deployment(1).state is State.CANCELLED


def test_one_of_another_tool_is_corrected_too(world: World) -> None:
    remote = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="argo")
    world.settle()
    world.wait(minutes=16)
    given_up = world.deployment(1).state

    report(world, remote, "success", by="argo")

    assert (given_up, world.deployment(1).state) == (State.ERROR, State.SUCCEEDED)


# --- webhooks that are lost, late or in another order -----------------------------------------------------------


def test_a_late_end_whose_webhook_is_lost_is_found_for_a_day(world: World) -> None:
    remote = give_up(world)
    world.wait(hours=20)
    world.hold_webhooks = True
    report(world, remote, "success")

    world.reconcile()

    assert world.deployment(1).state is State.SUCCEEDED


def test_after_a_day_nobody_asks_any_more_but_is_still_told(world: World) -> None:
    remote = give_up(world)
    world.wait(hours=25)
    asked_before = asked_for(world, remote)

    world.reconcile()
    asked = asked_for(world, remote) - asked_before
    report(world, remote, "success")

    assert asked == 0
    assert world.deployment(1).state is State.SUCCEEDED


def asked_for(world: World, remote_id: int) -> int:
    """How often GitHub was asked for the statuses of that deployment."""
    path = f"/deployments/{remote_id}/statuses"
    return sum(one.method == "GET" and one.path.endswith(path) for one in world.github.requests)


def test_of_many_that_were_given_up_a_few_are_asked_for_at_a_time_and_all_in_turn(world: World) -> None:
    for _ in range(23):
        world.github.create_deployment(REPOSITORY, "main", environment="staging", by="argo")
    world.settle()
    world.wait(minutes=20)
    before = asked_for_any(world)
    world.reconcile()
    at_once = asked_for_any(world) - before
    world.hold_webhooks = True
    for one in world.github.deployments(REPOSITORY):
        world.github.report_deployment_status(REPOSITORY, one.id, "success")

    for _ in range(3):
        world.wait(minutes=3)
        world.reconcile()

    assert at_once <= 10
    assert {world.deployment(n).state for n in range(1, 24)} == {State.SUCCEEDED}


def asked_for_any(world: World) -> int:
    return sum(one.method == "GET" and one.path.endswith("/statuses") for one in world.github.requests)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "ours first"])
def test_our_own_last_word_covers_up_no_end_that_was_reported_just_before(world: World, order: tuple[int, int]) -> None:
    """The tool's success and our give-up cross: both are on GitHub, and only ours has been heard of, or first."""
    remote = give_up(world)
    world.hold_webhooks = True
    report(world, remote, "success")
    world.github.report_deployment_status(REPOSITORY, remote, "error", by="shipmate-bot")
    webhooks = world.github.webhooks_of("deployment_status")[-2:]

    for which in order:
        world.deliver(webhooks[which])

    assert world.deployment(1).state is State.SUCCEEDED


def test_our_own_last_word_covers_up_nothing_where_github_does_not_show_what_was_before(world: World) -> None:
    remote = give_up(world)
    world.hold_webhooks = True
    report(world, remote, "success")
    world.github.report_deployment_status(REPOSITORY, remote, "error", by="shipmate-bot")
    ours = world.github.webhooks_of("deployment_status")[-1]
    world.github.fail_next("GET", rf"/deployments/{remote}/statuses", 404)

    world.deliver(ours)
    world.wait(minutes=3)
    world.reconcile()

    assert world.deployment(1).state is State.SUCCEEDED


def test_an_end_that_came_before_our_last_word_was_said_is_not_contradicted_on_github(world: World) -> None:
    """GitHub takes no statuses for a while, so that ours is late, and the tool's end is there before."""
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")
    remote = world.github.deployments(REPOSITORY)[-1].id
    world.github.fail_next("POST", rf"/deployments/{remote}/statuses", 503, times=3)
    world.wait(minutes=15)

    world.github.report_deployment_status(REPOSITORY, remote, "success")
    world.settle()
    world.wait(minutes=30)

    assert world.deployment(1).state is State.SUCCEEDED
    assert world.statuses(remote) == ["in_progress", "success"]


def test_before_the_last_word_is_said_github_is_looked_at_once_more(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")
    remote = world.github.deployments(REPOSITORY)[-1].id
    world.hold_webhooks = True
    world.github.report_deployment_status(REPOSITORY, remote, "success")
    world.github.fail_next("GET", rf"/deployments/{remote}/statuses", 404)

    world.wait(minutes=15)
    given_up = world.deployment(1).state
    world.reconcile()

    assert (given_up, world.deployment(1).state) == (State.TIMED_OUT, State.SUCCEEDED)
    assert world.statuses(remote) == ["in_progress", "success"]


def test_a_last_word_that_was_said_is_not_said_twice_after_a_crash(world: World) -> None:
    world.says("maria", "deploy main to staging")
    remote = world.github.deployments(REPOSITORY)[-1].id
    world.github.fail_next("POST", rf"/deployments/{remote}/statuses", "cut_after")

    world.wait(minutes=20)

    assert world.statuses(remote) == ["error"]


# --- meanwhile somebody else has the environment ----------------------------------------------------------------


def test_a_late_success_takes_nothing_back_from_what_succeeded_since(world: World) -> None:
    remote = give_up(world)
    world.github.commit(REPOSITORY, "main", "Next", author="alice")
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")

    report(world, remote, "success")

    assert world.deployment(1).state is State.SUCCEEDED
    assert live(world) == 2
    assert thread(world, 1)[-1].endswith(", and #2, which started later, is live")


def test_a_late_success_is_live_until_what_runs_now_succeeds(world: World) -> None:
    remote = give_up(world)
    world.says("maria", "deploy main to staging")
    second = world.github.deployments(REPOSITORY)[-1].id

    report(world, remote, "success")
    between = (live(world), world.deployment(2).state)
    report(world, second, "success")

    assert between == (1, State.STARTING)
    assert live(world) == 2


def test_a_late_success_frees_nothing_and_calls_nobody(world: World) -> None:
    remote = give_up(world)
    world.says("maria", "deploy main to staging")
    world.says("bob", "deploy main to staging")

    report(world, remote, "success")

    assert [world.deployment(n).state for n in (2, 3)] == [State.STARTING, State.WAITING]


def test_one_that_waited_long_and_started_last_is_what_is_live(world: World) -> None:
    """Its number says when it was asked for; what is live is what started last."""
    world.github.set_status(REPOSITORY, "main", "ci/test", "pending")
    hotfix = world.github.commit(REPOSITORY, "hotfix", "Quick", author="alice")
    world.github.set_status(REPOSITORY, hotfix, "ci/test", "success")
    world.says("maria", "deploy main to staging when green")
    world.says("bob", "deploy hotfix to staging")
    another_tool(world, "success")
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    world.settle()
    another_tool(world, "success")

    said = world.says("maria", "rollback web on staging")

    assert live(world) == 1
    assert (world.deployment(3).rollback_of, world.deployment(3).sha) == (1, world.deployment(2).sha), answers(
        world, said
    )


@pytest.mark.parametrize("next_one", [False, True])
def test_a_rollback_that_ends_late_locks_where_nobody_is_at_work(world: World, next_one: bool) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Next", author="alice")
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.says("maria", "rollback web on staging")
    remote = world.github.deployments(REPOSITORY)[-1].id
    world.wait(minutes=16)
    if next_one:
        world.says("bob", "deploy main to staging")

    report(world, remote, "success")

    assert world.deployment(3).state is State.SUCCEEDED
    assert (world.store.reads().locks.of("web", "staging") is None) is next_one


STEPS = st.sampled_from(["first", "second", "deploy", "wait", "reconcile", "hold", "deliver"])
REPORTED = st.sampled_from(["queued", "in_progress", "waiting", "success", "failure", "error", "inactive"])


@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(STEPS, REPORTED), min_size=4, max_size=12))
def test_in_any_order_of_statuses_and_time_the_table_holds_and_one_is_live(
    tmp_path_factory: object, story: list[tuple[str, str]]
) -> None:
    directory = tmp_path_factory.mktemp("world")  # type: ignore[attr-defined]
    with open_world(directory) as world:
        give_up(world)
        for step, status in story:
            play(world, step, status)

        world.hold_webhooks = False
        world.settle()
        world.reconcile()

        held_true(world)


def play(world: World, step: str, status: str) -> None:
    there = world.github.deployments(REPOSITORY)
    match step:
        case "first" | "second":
            with contextlib.suppress(IndexError):
                world.github.report_deployment_status(REPOSITORY, there[step == "second"].id, status)
        case "deploy":
            world.says("maria", "deploy main to staging")
        case "wait":
            world.wait(minutes=16)
        case "reconcile":
            world.reconcile()
        case "hold":
            world.hold_webhooks = True
        case "deliver":
            for webhook in reversed(world.github.webhooks):
                world.deliver(webhook)
    world.settle()


def held_true(world: World) -> None:
    """What must be so, whatever happened."""
    audit = tables.audit.c
    moves = sa.select(audit.deployment_id, audit.outcome).where(audit.action == "deployment").order_by(audit.id)
    last: dict[int, State] = {}
    for row in world.store.database.select(moves):
        if row.outcome in set(State):
            before, after = last.get(row.deployment_id), State(row.outcome)
            assert before in {None, after} or may_become(before or after, after)
            last[row.deployment_id] = after
    rows = [world.deployment(n) for n in sorted(last)]
    assert sum(one.busy for one in rows) <= 1
    succeeded = [one for one in rows if one.state is State.SUCCEEDED]
    newest = max(succeeded, key=lambda one: (one.started_at, one.id), default=None)  # type: ignore[arg-type, return-value]
    assert live(world) == (newest.id if newest else None)
    for one in rows:
        if one.given_up_at is not None and one.remote_id is not None:
            first_end = first_reported_end(world, one.remote_id)
            assert one.state is first_end or (first_end is None and one.given_up)


def first_reported_end(world: World, remote_id: int) -> State | None:
    ends = {"success": State.SUCCEEDED, "failure": State.FAILED}
    return next((ends[state] for state in world.statuses(remote_id) if state in ends), None)
