"""What is counted of a deployment's life: each end once, each way there once, and nothing ever taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from bot.core.deployments.model import Deployment, State
from bot.core.measures.model import Move, Spread, Tally, move_of
from tests.core.deployments.made import a_deployment, t


@dataclass
class Before:
    """As much of a row as is asked for."""

    state: str
    remote_id: int | None = None
    started_at: datetime | None = None


def ended(state: State, **different: Any) -> Deployment:
    return a_deployment(
        state=state, **{"remote_id": 7, "started_at": t(seconds=5), "finished_at": t(seconds=65)} | different
    )


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.ERROR, State.TIMED_OUT, State.CANCELLED])
def test_an_end_is_counted_with_the_time_that_it_ran(state: State) -> None:
    move = move_of(Before("running", 7, t(seconds=5)), ended(state))

    assert move == Move(end=state.value, ran=60.0)


@pytest.mark.parametrize("state", [State.CANCELLED, State.SUPERSEDED, State.EXPIRED])
def test_what_never_ran_is_counted_without_a_time(state: State) -> None:
    move = move_of(Before("waiting"), ended(state, remote_id=None, started_at=None))

    assert move == Move(end=state.value)


def test_one_that_could_not_be_created_has_not_run() -> None:
    assert move_of(Before("starting", None, t(seconds=5)), ended(State.ERROR, remote_id=None)) == Move(end="error")


def test_what_is_written_of_one_that_has_ended_is_counted_no_more() -> None:
    assert move_of(Before("succeeded", 7, t(seconds=5)), ended(State.SUCCEEDED, replaced_by=9)) is None


def test_one_that_was_given_up_is_counted_as_such_and_again_as_what_it_has_come_to() -> None:
    running = Before("running", 7, t(seconds=5))
    given_up = ended(State.TIMED_OUT, given_up_at=t(seconds=65))
    after_all = ended(State.SUCCEEDED, given_up_at=t(seconds=65), finished_at=t(hours=1))

    moves = [move_of(running, given_up), move_of(Before("timed_out", 7, t(seconds=5)), after_all)]

    # When it really ended nobody knows, so neither tells how long it ran.
    assert moves == [Move(end="timed_out"), Move(end="succeeded")]


def test_the_way_to_the_start_ends_when_it_exists_on_github() -> None:
    creating = Before("starting", None, t(seconds=30))
    there = a_deployment(state=State.STARTING, remote_id=7, started_at=t(seconds=40))

    counted = move_of(creating, there)
    again = move_of(Before("starting", 7, t(seconds=40)), there)

    assert (counted, again) == (Move(started=40.0), None)


def test_one_of_another_tool_that_we_carry_out_has_waited_for_our_gates() -> None:
    begun = a_deployment(state=State.STARTING, remote_id=7, started_at=t(minutes=2))

    assert move_of(Before("waiting", 7), begun) == Move(started=120.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, a_deployment(state=State.STARTING, remote_id=7, started_at=t())),
        (Before("requested"), a_deployment(state=State.STARTING, started_at=t(seconds=1))),
        (Before("requested"), a_deployment(state=State.WAITING)),
        (None, a_deployment()),
    ],
    ids=["begun by another tool", "being created", "waits", "new"],
)
def test_nothing_is_counted_of(before: Before | None, after: Deployment) -> None:
    assert move_of(before, after) is None


def test_one_that_was_cancelled_while_it_was_being_created_has_not_started() -> None:
    assert move_of(Before("cancelled", None, t(seconds=5)), ended(State.CANCELLED)) is None


def test_a_tally_adds_up() -> None:
    tally = Tally()

    for move in (Move(end="failed", ran=61.0), Move(started=0.0), Move(end="failed", ran=5.0), Move(end="cancelled")):
        tally.count(move)

    assert tally.ends == {"failed": 2, "cancelled": 1}
    assert (tally.started.counts, tally.started.seconds) == ({"1": 1}, 0.0)
    assert (tally.ran.counts, tally.ran.seconds) == ({"120": 1, "5": 1}, 66.0)


def test_what_was_counted_by_other_bounds_is_not_lost() -> None:
    counted = Spread({"45": 3, "+Inf": 1}, 500.0)

    assert counted.cumulative((30.0, 60.0)) == [("30.0", 0), ("60.0", 3), ("+Inf", 4)]


@pytest.mark.parametrize("seconds", [-3.0, 0.0, 5.0])
def test_clocks_that_disagree_make_nothing_negative(seconds: float) -> None:
    spread = Spread()

    spread.observe(seconds, (5.0, 10.0))

    assert (spread.counts, spread.seconds) == ({"5": 1}, max(seconds, 0.0))
