"""How a deployment goes on, and what happens in the world because of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.deployments import ending, following, lifecycle, telling
from bot.core.deployments.ancestry import Ancestry
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.effects import CreateDeployment, PostInThread, RenderParent, StartRun
from bot.core.events.internal import Reconsider
from bot.core.gates.model import Answer, Verdict
from bot.core.rich_text import say
from tests.core.deployments.made import T0, Register, a_deployment, t

QUARTER = timedelta(minutes=15)
OPEN = Verdict((Answer("busy", True, ("Nothing else is running",)),))
PENDING = Verdict((Answer("checks", False, ("Checks are pending: lint",), Waiting.CHECKS, forcible=True),))
FAILED = Verdict((Answer("checks", False, ("Checks failed: lint",), Waiting.CHECKS, forcible=True),))
QUEUED = Verdict((Answer("busy", False, ("#1 (main) is being deployed to production now",), Waiting.QUEUE),))


def kinds(register: Register) -> list[str]:
    return [type(one).__name__ for one in register.effects]


def queued(register: Register, ref: str) -> Deployment:
    new = register.add(a_deployment(ref=ref, request_id=ref))
    return lifecycle.proceed(register, new, QUEUED, T0)


def test_with_all_gates_open_it_starts_on_github_first() -> None:
    register = Register()

    begun = lifecycle.proceed(register, register.add(a_deployment()), OPEN, T0)

    assert begun.state is State.STARTING
    assert [one for one in register.effects if not isinstance(one, PostInThread)] == [
        RenderParent(1),
        CreateDeployment(1),
    ]


def test_one_that_is_on_github_already_goes_straight_to_the_provider() -> None:
    register = Register()

    lifecycle.start(register, register.add(a_deployment(remote_id=77)), T0)

    assert StartRun(1) in register.effects
    assert register.statuses == [("queued", "Queued by Shipmate")]
    assert register.thread == ["🕐 Queued (deployment 77 on GitHub)"]


def test_it_waits_for_its_checks_and_is_looked_at_again_after_an_hour() -> None:
    register = Register()

    held = lifecycle.proceed(register, register.add(a_deployment()), PENDING, T0)

    assert (held.state, held.waits_for, held.due_at) == (State.WAITING, Waiting.CHECKS, t(hours=1))
    assert register.thread == ["⏳ Waiting: checks are pending: lint"]


def test_the_same_wait_is_told_once_but_failed_checks_are_told_too() -> None:
    register = Register()
    held = lifecycle.proceed(register, register.add(a_deployment()), PENDING, T0)

    held = lifecycle.proceed(register, held, PENDING, t(minutes=1))
    held = lifecycle.proceed(register, held, FAILED, t(minutes=2))
    held = lifecycle.proceed(register, held, FAILED, t(minutes=3))

    assert register.thread == ["⏳ Waiting: checks are pending: lint", "⏳ Waiting: checks failed: lint"]
    assert held.due_at == t(hours=1)


def test_whoever_asked_in_the_channel_of_the_card_reads_of_it_in_one_thread_only() -> None:
    register = Register()
    new = register.add(a_deployment(asked_channel="C1", asked_thread="1.0", thread="1.0"))

    held = lifecycle.proceed(register, new, PENDING, T0)
    ending.end(register, held, State.EXPIRED, t(days=1), "Given up")

    assert (register.asked, register.replies) == ([], [])
    assert register.parts == [(1, "gates"), (1, "end")]


def test_whoever_asked_elsewhere_sees_there_each_change_that_the_card_shows() -> None:
    register = Register()
    new = register.add(a_deployment(asked_channel="C1", asked_thread="1.0"))

    held = lifecycle.proceed(register, new, PENDING, T0)
    begun = lifecycle.proceed(register, held, OPEN, t(minutes=1))
    run = lifecycle.running(register, begun, t(minutes=1), timeout=QUARTER, ours=False)
    ending.end(register, run, State.SUCCEEDED, t(minutes=2), "")

    assert register.parts == [(1, "gates"), (1, "gates"), (1, "run"), (1, "run"), (1, "end")]
    drawn = [one for one in register.effects if isinstance(one, RenderParent)]
    assert register.asked == [1] * len(drawn)


def test_whoever_asked_elsewhere_hears_at_once_where_it_begins() -> None:
    register = Register()
    elsewhere = register.add(a_deployment(asked_channel="C1", asked_thread="1.0"))
    here = register.add(a_deployment(asked_channel="C2", asked_thread="1.0", thread="1.0"))

    for one in (elsewhere, here):
        lifecycle.proceed(register, one, OPEN, T0)

    assert (register.asked, register.parts) == ([elsewhere.id], [])


def test_a_remark_beside_the_replies_is_for_its_thread_alone() -> None:
    register = Register()
    new = register.add(a_deployment(asked_channel="C1", asked_thread="1.0"))

    telling.note(register, new, say("Two checks were renamed"))

    assert (register.parts, register.asked) == ([(1, None)], [])


def test_the_first_in_the_queue_is_looked_at_when_one_ends() -> None:
    register = Register()
    running = lifecycle.start(register, register.add(a_deployment(ref="main")), T0)
    second, _ = queued(register, "a"), queued(register, "b")

    ending.end(register, running, State.FAILED, t(minutes=1), "boom")

    assert [one for one in register.events if isinstance(one, Reconsider)] == [Reconsider(second.id)]


def test_those_behind_say_for_whom_they_wait_now() -> None:
    register = Register()
    running = lifecycle.start(register, register.add(a_deployment(ref="main")), T0)
    second, third = queued(register, "a"), queued(register, "b")
    ending.end(register, running, State.FAILED, t(minutes=1), "boom")

    lifecycle.start(register, register.rows[second.id], t(minutes=1))

    assert register.rows[third.id].description == "Queued: #2 (a) is being deployed to production now"
    assert "▶️ Its turn has come" in register.thread


def test_an_end_is_reported_to_github_and_kept_for_good() -> None:
    register = Register()
    begun = lifecycle.start(register, register.add(a_deployment(remote_id=77)), T0)

    ended = ending.end(register, begun, State.CANCELLED, t(minutes=1), "Cancelled by bob")
    again = ending.end(register, ended, State.FAILED, t(minutes=2), "boom")

    assert again is ended
    assert register.statuses[-1] == ("error", "Cancelled by bob")


def test_an_end_that_github_told_us_is_not_told_to_github() -> None:
    register = Register()
    begun = lifecycle.start(register, register.add(a_deployment(remote_id=77)), T0)
    before = len(register.statuses)

    following.report(register, begun, State.SUCCEEDED, t(minutes=1), "done", QUARTER)

    assert len(register.statuses) == before
    assert register.thread[-3:] == ["🚀 In progress", *["✅ Succeeded in 1 min: done"] * 2]
    # The reply on how it ran keeps the record of it, and the end has one of its own.
    assert register.parts == [(1, "run"), (1, "run"), (1, "run"), (1, "end")]


@pytest.mark.parametrize(
    ("state", "occasion"),
    [(State.FAILED, "failure"), (State.ERROR, "failure"), (State.CANCELLED, "cancellation")],
)
def test_ends_are_occasions_for_the_channel(state: State, occasion: str) -> None:
    register = Register()
    begun = lifecycle.start(register, register.add(a_deployment()), T0)

    ending.end(register, begun, state, t(minutes=1), "so it was")

    posted = [one for one in register.effects if isinstance(one, PostInThread)]
    assert posted[-1].occasion == occasion


def test_what_starts_supersedes_what_waits_of_its_branch_and_is_part_of_it() -> None:
    register = Register()
    waits = [
        lifecycle.proceed(register, register.add(a_deployment(trigger="merge", ref=ref, sha=sha * 40)), PENDING, T0)
        for ref, sha in (("main", "a"), ("stable", "a"), ("main", "b"), ("main", "c"))
    ]
    newer = register.add(a_deployment(trigger="merge", ref="main", sha="f" * 40))
    known = Ancestry(older=frozenset({"a" * 40}), newer=frozenset({"b" * 40}), apart=frozenset({"c" * 40}), kept=True)

    lifecycle.proceed(register, newer, OPEN, t(minutes=1), known)

    assert [register.rows[one.id].state.value for one in waits] == ["superseded", "waiting", "waiting", "waiting"]
    assert register.rows[1].superseded_by == newer.id
    assert register.rows[1].description == "Superseded by #5 (main@fffffff), which has all of it"
    # It is a part of what the card shows now: its thread is that one's too, and hears of that one.
    assert (1, "end") not in register.parts
    assert register.kept_values == {"ahead:web:production:main": "5"}


def test_whoever_asked_for_what_is_superseded_is_told_that_it_is_part_of_another() -> None:
    register = Register()
    new = register.add(a_deployment(ref="main", sha="a" * 40, asked_channel="C1", asked_thread="1.0"))
    lifecycle.proceed(register, new, PENDING, T0)
    newer = register.add(a_deployment(ref="main", sha="f" * 40))

    lifecycle.proceed(register, newer, OPEN, t(minutes=1), Ancestry(older=frozenset({"a" * 40}), kept=True))

    assert register.rows[1].superseded_by == newer.id
    assert "⏭️ Superseded by #2 (main@fffffff), which has all of it" in register.thread
    assert register.parts[-1] == (1, "end")


@pytest.mark.parametrize("trigger", ["retry", "foreign"])
def test_what_is_meant_again_overtakes_nothing_and_is_not_what_is_ahead(trigger: str) -> None:
    register = Register()

    lifecycle.proceed(register, register.add(a_deployment(trigger=trigger)), OPEN, T0, Ancestry(kept=True))

    assert register.kept_values == {}


def test_one_cancelled_while_it_was_created_does_not_stay_pending_on_github() -> None:
    register = Register()
    begun = lifecycle.start(register, register.add(a_deployment()), T0)
    ended = ending.end(register, begun, State.CANCELLED, T0, "Cancelled by bob")

    lifecycle.opened(register, ended, 77, t(minutes=1), ours=True)

    assert register.rows[1].remote_id == 77
    assert register.statuses == [("error", "Cancelled by bob")]
    assert "StartRun" not in kinds(register)


def test_what_another_tool_should_carry_out_is_looked_at_after_half_a_minute() -> None:
    register = Register()
    begun = lifecycle.start(register, register.add(a_deployment()), T0)

    lifecycle.opened(register, begun, 77, t(seconds=5), ours=False)

    assert register.rows[1].due_at == t(seconds=35)


@pytest.mark.parametrize("ours", [True, False])
def test_what_still_waits_is_opened_by_nobody(ours: bool) -> None:
    register = Register()
    held = lifecycle.proceed(register, register.add(a_deployment()), PENDING, T0)
    register.effects.clear()

    lifecycle.opened(register, held, 77, T0, ours=ours)

    assert register.rows[1].remote_id is None
    assert register.effects == []


def test_opened_twice_is_opened_once() -> None:
    register = Register()
    begun = lifecycle.start(register, register.add(a_deployment()), T0)
    lifecycle.opened(register, begun, 77, T0, ours=True)
    before = list(register.effects)

    lifecycle.opened(register, register.rows[1], 77, T0, ours=True)

    assert register.effects == before
