"""The life of a deployment: which states may follow which, and what goes with a move."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.deployments.model import (
    BUSY,
    ENDED,
    MOVES,
    REMOTE_STATES,
    State,
    Waiting,
    held_for_review,
    may_become,
    moved,
    path_to,
    state_diagram,
    waiting,
)
from tests.core.deployments.made import T0, a_deployment, t

ALLOWED = {
    "requested": "waiting starting cancelled",
    "waiting": "starting cancelled superseded expired",
    "starting": "running failed error cancelled",
    "running": "succeeded failed error timed_out cancelled",
    "error": "succeeded failed",
    "timed_out": "succeeded failed",
}
GIVEN_UP = {State.ERROR, State.TIMED_OUT}
PAIRS = [(state, following) for state in State for following in State]


@pytest.mark.parametrize(("state", "following"), PAIRS, ids=lambda state: str(state))
def test_a_state_is_followed_by_those_of_the_table_and_by_no_other(state: State, following: State) -> None:
    allowed = ALLOWED.get(state, "").split()
    deployment = a_deployment(state=state, given_up_at=T0 if state in GIVEN_UP else None)

    if following in allowed:
        assert moved(deployment, following, T0).state is following
    else:
        with pytest.raises(ValueError, match=f"A deployment that is {state} cannot become {following}."):
            moved(deployment, following, T0)


@pytest.mark.parametrize("state", sorted(GIVEN_UP))
@pytest.mark.parametrize("following", [State.SUCCEEDED, State.FAILED])
def test_what_ended_by_itself_and_was_not_given_up_moves_no_more(state: State, following: State) -> None:
    deployment = a_deployment(state=state)

    with pytest.raises(ValueError, match=f"A deployment that is {state} cannot become {following}."):
        moved(deployment, following, T0)


def test_how_late_an_end_was_reported_is_known_afterwards_only() -> None:
    given_up = a_deployment(state=State.TIMED_OUT, given_up_at=t(minutes=15), finished_at=t(minutes=15))

    ended = moved(given_up, State.SUCCEEDED, t(minutes=35))

    assert (given_up.given_up, given_up.after_all) == (True, None)
    assert (ended.given_up, ended.after_all) == (False, timedelta(minutes=20))
    assert a_deployment(state=State.SUCCEEDED, finished_at=T0).after_all is None


@pytest.mark.parametrize("state", State)
def test_only_what_is_under_way_is_reviewed_elsewhere(state: State) -> None:
    deployment = a_deployment(state=state, due_at=t(minutes=15))

    if state in BUSY:
        held = held_for_review(deployment, T0)
        assert (held.state, held.due_at, held.reviewed_elsewhere) == (state, None, True)
        assert held_for_review(held, t(minutes=1)).waits_since == T0
    else:
        with pytest.raises(ValueError, match=f"A deployment that is {state} is not reviewed elsewhere."):
            held_for_review(deployment, T0)


def test_every_state_has_a_line_in_the_table() -> None:
    assert set(MOVES) == set(State)
    assert {str(state) for state in ENDED} == {
        "succeeded",
        "failed",
        "error",
        "timed_out",
        "cancelled",
        "superseded",
        "expired",
    }
    assert {str(state) for state in BUSY} == {"starting", "running"}


def test_a_move_keeps_the_moments_of_beginning_and_end() -> None:
    begun = moved(a_deployment(), State.STARTING, t(minutes=1))
    running = moved(begun, State.RUNNING, t(minutes=2))

    ended = moved(running, State.FAILED, t(minutes=5), "boom")

    assert (begun.started_at, begun.finished_at, begun.took) == (t(minutes=1), None, None)
    assert (ended.started_at, ended.finished_at, ended.description) == (t(minutes=1), t(minutes=5), "boom")
    assert ended.took == t(minutes=4) - T0


def test_one_that_never_ran_took_no_time() -> None:
    ended = moved(a_deployment(), State.CANCELLED, t(minutes=5))

    assert ended.took is None


def test_a_move_ends_every_wait() -> None:
    held = waiting(a_deployment(), Waiting.CHECKS, T0, due_at=t(hours=1))

    begun = moved(held, State.STARTING, t(minutes=1))

    assert (begun.waits_for, begun.waits_since, begun.due_at) == (None, None, None)


def test_waiting_for_the_same_thing_keeps_counting_and_for_another_begins_anew() -> None:
    held = waiting(a_deployment(), Waiting.CHECKS, T0)

    still = waiting(held, Waiting.CHECKS, t(minutes=1))
    other = waiting(held, Waiting.QUEUE, t(minutes=1))

    assert (still.waits_since, other.waits_since) == (T0, t(minutes=1))


def test_what_runs_or_has_ended_cannot_wait() -> None:
    for state in (*BUSY, *ENDED):
        with pytest.raises(ValueError, match=f"A deployment that is {state} cannot wait."):
            waiting(a_deployment(state=state), Waiting.CHECKS, T0)


@pytest.mark.parametrize(
    ("state", "goal", "path"),
    [
        (State.STARTING, State.RUNNING, ["running"]),
        (State.STARTING, State.SUCCEEDED, ["running", "succeeded"]),
        (State.STARTING, State.FAILED, ["failed"]),
        (State.RUNNING, State.SUCCEEDED, ["succeeded"]),
        (State.RUNNING, State.STARTING, None),
        (State.RUNNING, State.RUNNING, None),
        (State.SUCCEEDED, State.RUNNING, None),
        (State.CANCELLED, State.SUCCEEDED, None),
        (State.WAITING, State.SUCCEEDED, None),
    ],
)
def test_a_status_leads_forward_through_what_was_skipped_and_never_back(
    state: State, goal: State, path: list[str] | None
) -> None:
    found = path_to(state, goal)

    assert (None if found is None else [str(one) for one in found]) == path


def test_every_status_of_github_that_says_something_about_the_life_has_a_state() -> None:
    assert set(REMOTE_STATES) == {"pending", "queued", "in_progress", "success", "failure", "error"}
    assert "inactive" not in REMOTE_STATES


def test_the_diagram_shows_exactly_the_table() -> None:
    lines = [line.strip() for line in state_diagram().splitlines()]

    arrows = {tuple(line.split(" --> ")) for line in lines[1:]}
    table = {(str(a), str(b)) for a in State for b in State if may_become(a, b)}
    assert lines[0] == "stateDiagram-v2"
    assert arrows == table | {("[*]", "requested")} | {(str(state), "[*]") for state in ENDED}
