"""When an event is tried again, when its receiver is left in peace, and when both are given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.outgoing_webhooks.model import Answer, PendingEvent
from bot.core.outgoing_webhooks.retries import failed, is_back, pause_after

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EVENT = PendingEvent(1, "receiver", "delivery", 7, "deployment.running", "{}", T0, tries=0)
AWAY = Answer(taken=False, reason="does not answer", away=True)
UNWANTED = Answer(taken=False, reason="answered 400 Bad Request")


def test_pauses_double_up_to_an_hour_and_are_spread() -> None:
    pauses = [pause_after(tries, None, "a").total_seconds() for tries in range(1, 30)]

    for tries, pause in enumerate(pauses):
        assert min(5 * 2**tries, 3600) <= pause <= min(5 * 2**tries, 3600) * 1.25
    assert len({pause_after(3, None, key) for key in "abcdef"}) == 6


@pytest.mark.parametrize(
    ("tries", "asked", "least", "most"),
    [(1, 0, 1, 2), (1, 60, 60, 75), (10, 1, 500, 650), (1, 10**6, 3600, 4500)],
)
def test_what_is_asked_for_is_kept_within_reason(tries: int, asked: float, least: float, most: float) -> None:
    assert least <= pause_after(tries, asked, "a").total_seconds() <= most


def test_who_is_away_five_times_in_a_row_is_left_in_peace_for_longer_and_longer() -> None:
    rests = [failed(replace(EVENT, failures=before), AWAY, T0).rests_until for before in range(14)]

    assert rests[:4] == [None] * 4
    seconds = [(rest - T0).total_seconds() for rest in rests if rest is not None]
    assert seconds == [5, 10, 20, 40, 80, 160, 300, 300, 300, 300]


def test_who_does_not_want_one_event_is_there() -> None:
    failure = failed(replace(EVENT, failures=12), UNWANTED, T0)

    assert (failure.failures, failure.rests_until, failure.overdue, failure.all_given_up) == (0, None, None, False)


def test_who_asks_for_time_gets_it_for_all_events() -> None:
    assert failed(EVENT, replace(AWAY, wait=90), T0).rests_until == T0 + timedelta(seconds=90)
    assert failed(EVENT, replace(UNWANTED, wait=90), T0).rests_until is None


def test_the_last_try_is_a_day_after_the_event() -> None:
    late = replace(EVENT, tries=40)

    assert failed(late, AWAY, T0 + timedelta(hours=23, minutes=30)).due_at == T0 + timedelta(hours=24)
    assert failed(late, AWAY, T0 + timedelta(hours=24)).due_at is None
    assert failed(replace(late, failures=4), AWAY, T0 + timedelta(hours=25)).overdue == T0 + timedelta(hours=1)


def test_what_is_gone_is_given_up_with_all_that_waits() -> None:
    failure = failed(EVENT, replace(UNWANTED, gone=True), T0)

    assert (failure.due_at, failure.all_given_up, failure.rests_until) == (None, True, None)


@pytest.mark.parametrize(
    ("told_at", "failing_since", "tells"),
    [
        (None, None, True),
        (T0, T0 - timedelta(days=1), False),  # told of this very outage, however long it lasts
        (T0, T0 + timedelta(hours=1), True),  # it was over and has begun again
        (T0 + timedelta(hours=12), T0 + timedelta(hours=13), False),  # which it does every hour
    ],
)
def test_admins_are_told_once_of_each_outage_and_at_most_once_a_day(
    told_at: datetime | None, failing_since: datetime | None, tells: bool
) -> None:
    event = replace(EVENT, told_at=told_at, failing_since=failing_since)

    assert failed(event, AWAY, T0 + timedelta(hours=30)).tells is tells


def test_who_was_away_gets_all_at_once_and_who_refused_one_event_does_not() -> None:
    assert is_back(replace(EVENT, failures=1, failing_since=T0), T0)
    assert is_back(replace(EVENT, failing_since=T0), T0 + timedelta(hours=1))
    assert not is_back(replace(EVENT, failing_since=T0), T0 + timedelta(minutes=1))
    assert not is_back(EVENT, T0)
