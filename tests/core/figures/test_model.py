"""The four delivery figures, of histories that are made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.deployments.model import Shipped, State
from bot.core.figures.model import Figures, Outcome, Span, figures, successes_by

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = Span(MONDAY, MONDAY + timedelta(days=7))


def t(**later: float) -> datetime:
    return MONDAY + timedelta(**later)


def pull(number: int, at: datetime | None) -> Shipped:
    return Shipped(f"Add {number}", "bob", "", number=number, at=at)


def ended(number: int, state: State, at: datetime, *shipped: Shipped, **more: Any) -> Outcome:
    return Outcome(number, state, at, shipped=shipped, **more)


def live(number: int, at: datetime, *shipped: Shipped, **more: Any) -> Outcome:
    return ended(number, State.SUCCEEDED, at, *shipped, **more)


def failed(number: int, at: datetime, *shipped: Shipped, **more: Any) -> Outcome:
    return ended(number, State.FAILED, at, *shipped, **more)


def of(*history: Outcome) -> Figures:
    return figures(history, WEEK)


# --- frequency, and the rate of failures ---------------------------------------------------------------------------


def test_a_week_in_which_nothing_ended_has_no_figures() -> None:
    assert of() == Figures(0, 0, 0, None, None)
    assert of().failure_rate is None


def test_successes_are_counted_and_failures_of_every_kind_are_a_share_of_all() -> None:
    found = of(
        live(1, t(hours=9)),
        failed(2, t(hours=10)),
        ended(3, State.TIMED_OUT, t(hours=11)),
        ended(4, State.ERROR, t(hours=12)),
        live(5, t(hours=13)),
    )

    assert (found.deployments, found.changes, found.failures) == (2, 5, 3)
    assert found.failure_rate == pytest.approx(0.6)


def test_what_was_taken_back_has_failed_although_it_succeeded_and_going_back_is_no_change() -> None:
    found = of(live(1, t(hours=9)), live(2, t(hours=10)), live(3, t(hours=11), rollback_of=2))

    assert (found.deployments, found.changes, found.failures) == (2, 2, 1)


def test_it_has_failed_in_the_week_of_its_own_end_however_late_it_is_taken_back() -> None:
    found = of(live(1, t(days=6)), live(2, t(days=8), rollback_of=1))

    assert (found.deployments, found.failures) == (1, 1)


def test_a_rollback_that_fails_takes_nothing_back() -> None:
    found = of(live(1, t(hours=9)), failed(2, t(hours=10), rollback_of=1))

    assert (found.deployments, found.changes, found.failures) == (1, 1, 0)


def test_a_failure_that_is_taken_back_is_one_failure() -> None:
    found = of(failed(1, t(hours=9)), live(2, t(hours=9, minutes=5), rollback_of=1))

    assert (found.deployments, found.changes, found.failures) == (0, 1, 1)


def test_each_try_counts_for_itself() -> None:
    found = of(failed(1, t(hours=9)), failed(2, t(hours=10)), live(3, t(hours=11)))

    assert (found.deployments, found.changes, found.failures) == (1, 3, 2)


def test_the_first_moment_belongs_to_a_week_and_the_last_does_not() -> None:
    found = of(live(1, t(seconds=-1)), live(2, t()), live(3, t(days=7, seconds=-1)), live(4, t(days=7)))

    assert found.deployments == 2


# --- lead time ---------------------------------------------------------------------------------------------------


def test_lead_time_is_the_median_from_the_merge_to_the_success_of_each_pull_request() -> None:
    found = of(
        live(1, t(hours=9), pull(1, t(hours=8)), pull(2, t(hours=6))),
        live(2, t(hours=12), pull(3, t(hours=2))),
    )

    assert found.lead_time == timedelta(hours=3)


def test_between_two_in_the_middle_it_is_their_mean() -> None:
    found = of(live(1, t(hours=9), pull(1, t(hours=8)), pull(2, t(hours=6))))

    assert found.lead_time == timedelta(hours=2)


def test_what_fails_brings_nothing_and_what_ships_again_was_there_before() -> None:
    one = pull(1, t(hours=8))

    found = of(
        failed(1, t(hours=9), one),
        live(2, t(hours=10), one),
        live(3, t(hours=11), rollback_of=2),
        live(4, t(hours=20), one),
    )

    assert found.lead_time == timedelta(hours=2)


def test_what_was_there_in_the_week_before_is_no_news_in_this_one() -> None:
    one = pull(1, t(days=-2))

    assert of(live(1, t(days=-1), one), live(2, t(hours=9), one)).lead_time is None


def test_what_a_rollback_brings_was_there_already() -> None:
    assert of(live(1, t(hours=9), pull(1, t(hours=1)), rollback_of=7)).lead_time is None


def test_commits_count_from_when_they_were_made_and_what_has_no_moment_does_not() -> None:
    commit = Shipped("Fix", "bob", "", sha="abc", at=t(hours=4))

    assert of(live(1, t(hours=9), commit, pull(2, None))).lead_time == timedelta(hours=5)


def test_a_clock_that_was_ahead_makes_no_negative_lead_time() -> None:
    assert of(live(1, t(hours=9), pull(1, t(hours=10)))).lead_time == timedelta(0)


# --- time to restore ---------------------------------------------------------------------------------------------


def test_it_is_restored_by_the_next_success_after_the_first_of_several_failures() -> None:
    found = of(failed(1, t(hours=9)), failed(2, t(hours=9, minutes=30)), live(3, t(hours=10)))

    assert found.time_to_restore == timedelta(hours=1)


def test_a_success_that_had_to_be_taken_back_has_broken_it_when_it_went_live() -> None:
    found = of(live(1, t(hours=9)), live(2, t(hours=10)), live(3, t(hours=10, minutes=20), rollback_of=2))

    assert found.time_to_restore == timedelta(minutes=20)


def test_a_rollback_restores_after_a_failure_too_and_the_median_counts() -> None:
    found = of(
        failed(1, t(hours=9)),
        live(2, t(hours=9, minutes=10), rollback_of=1),
        failed(3, t(hours=10)),
        live(4, t(hours=10, minutes=30)),
        failed(5, t(hours=11)),
        live(6, t(hours=13)),
    )

    assert found.time_to_restore == timedelta(minutes=30)


def test_a_rollback_that_fails_leaves_it_broken() -> None:
    found = of(
        live(1, t(hours=9)),
        failed(2, t(hours=10)),
        failed(3, t(hours=11), rollback_of=2),
        live(4, t(hours=12)),
    )

    assert found.time_to_restore == timedelta(hours=2)


def test_it_counts_where_it_was_restored_and_what_is_still_broken_nowhere() -> None:
    earlier = of(failed(1, t(hours=-3)), live(2, t(hours=1)), failed(3, t(hours=5)))

    assert earlier.time_to_restore == timedelta(hours=4)


def test_what_is_well_all_the_time_is_never_restored() -> None:
    assert of(live(1, t(hours=1)), live(2, t(hours=2))).time_to_restore is None


# --- day by day --------------------------------------------------------------------------------------------------


def test_successes_are_counted_by_day() -> None:
    days = [Span(t(days=number), t(days=number + 1)) for number in range(3)]
    history = [live(1, t(hours=1)), live(2, t(hours=2)), failed(3, t(hours=3)), live(4, t(days=2), rollback_of=2)]

    assert successes_by(history, days) == (2, 0, 0)
