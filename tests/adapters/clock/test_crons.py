"""Cron lines fire when cron says, in their zone, also on the days on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.clock.crons import Crons

CRON = Crons()
BERLIN = "Europe/Berlin"
MARCH = datetime(2026, 3, 2, tzinfo=UTC)
ZONES = ["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Australia/Sydney", "Asia/Kathmandu", "Pacific/Apia"]
LINES = ["0 17 * * 5", "30 2 * * *", "*/20 * * * *", "0 */5 * * *", "0 9 * * mon-fri", "15 3 1,15 * *", "30 2 4 10 *"]
MOMENTS = st.integers(0, 60 * 24 * 1_200).map(
    lambda minutes: datetime(2024, 6, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def fires(line: str, start: str, count: int, timezone: str = BERLIN) -> list[str]:
    """The next ``count`` firings after a wall time in the zone, as that zone's clocks show them."""
    zone = ZoneInfo(timezone)
    moment = datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(UTC)
    found = []
    for _ in range(count):
        following = CRON.next_fire(line, timezone, moment)
        assert following is not None
        moment = following
        found.append(f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}")
    return found


@pytest.mark.parametrize(
    ("days", "first"),
    [
        ("0", "Sun 2026-03-08"),
        ("7", "Sun 2026-03-08"),
        ("1", "Mon 2026-03-09"),
        ("5", "Fri 2026-03-06"),
        ("5-7", "Fri 2026-03-06"),
        ("6-7", "Sat 2026-03-07"),
        ("fri,sat,sun", "Fri 2026-03-06"),
        ("sun-mon", "Sun 2026-03-08"),
        ("*/3", "Wed 2026-03-04"),
        ("mon#3", "Mon 2026-03-16"),
    ],
)
def test_days_of_the_week_count_from_sunday(days: str, first: str) -> None:
    assert fires(f"0 17 * * {days}", "2026-03-03T18:00", 1) == [f"{first} 17:00 CET"]


def test_a_day_of_the_month_and_one_of_the_week_are_either() -> None:
    assert fires("0 9 13 * fri", "2026-04-10T10:00", 3) == [
        "Mon 2026-04-13 09:00 CEST",
        "Fri 2026-04-17 09:00 CEST",
        "Fri 2026-04-24 09:00 CEST",
    ]


def test_a_time_that_the_clocks_leave_out_comes_when_they_have_been_put_forward() -> None:
    assert fires("30 2 * * *", "2026-03-27T12:00", 3) == [
        "Sat 2026-03-28 02:30 CET",
        "Sun 2026-03-29 03:00 CEST",
        "Mon 2026-03-30 02:30 CEST",
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    assert fires("30 2 * * *", "2026-10-23T12:00", 3) == [
        "Sat 2026-10-24 02:30 CEST",
        "Sun 2026-10-25 02:30 CEST",
        "Mon 2026-10-26 02:30 CET",
    ]


def test_a_line_for_every_hour_leaves_none_out() -> None:
    assert fires("0 * * * *", "2026-10-25T01:30", 3) == [
        "Sun 2026-10-25 02:00 CEST",
        "Sun 2026-10-25 02:00 CET",
        "Sun 2026-10-25 03:00 CET",
    ]


def test_a_time_that_has_come_once_does_not_come_again_from_within_the_second_hour() -> None:
    zone = ZoneInfo(BERLIN)
    second = datetime(2026, 10, 25, 2, 15, tzinfo=zone, fold=1).astimezone(UTC)

    following = CRON.next_fire("30 2 * * *", BERLIN, second)
    last = CRON.last_fire("30 2 * * *", BERLIN, second - timedelta(hours=2), second)

    assert following == datetime(2026, 10, 26, 2, 30, tzinfo=zone)
    assert last == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_every_so_many_minutes_or_hours_goes_by_what_the_clock_shows() -> None:
    assert fires("*/30 2 * * *", "2026-10-25T01:59", 4) == [
        "Sun 2026-10-25 02:00 CEST",
        "Sun 2026-10-25 02:30 CEST",
        "Sun 2026-10-25 02:00 CET",
        "Sun 2026-10-25 02:30 CET",
    ]
    assert fires("0 */2 * * *", "2026-03-29T00:00", 1) == ["Sun 2026-03-29 04:00 CEST"]


def test_a_step_that_is_longer_than_the_hour_fires_at_its_beginning() -> None:
    assert fires("*/90 * * * *", "2026-03-02T10:30", 2) == ["Mon 2026-03-02 11:00 CET", "Mon 2026-03-02 12:00 CET"]


def test_months_have_names_and_ranges_have_steps() -> None:
    assert fires("0-30/15 8 1 jan,Mar *", "2026-01-02T00:00", 4) == [
        "Sun 2026-03-01 08:00 CET",
        "Sun 2026-03-01 08:15 CET",
        "Sun 2026-03-01 08:30 CET",
        "Fri 2027-01-01 08:00 CET",
    ]


def test_a_line_that_never_fires_says_so() -> None:
    fifth_monday_in_the_first_week = "0 0 */40 * mon#5"

    following = CRON.next_fire(fifth_monday_in_the_first_week, BERLIN, MARCH)
    last = CRON.last_fire(fifth_monday_in_the_first_week, BERLIN, MARCH - timedelta(days=2_000), MARCH)

    assert (following, last) == (None, None)


@pytest.mark.parametrize("line", ["0 0 31 2", "0 0 0 31 2 *", ""])
def test_a_line_of_other_than_five_fields_is_none(line: str) -> None:
    with pytest.raises(ValueError, match="five fields"):
        CRON.next_fire(line, BERLIN, MARCH)


@pytest.mark.parametrize("line", ["0 17 * * fri-sun", "0 17 * * FRI-SUN", "0 17 * * 5-7"])
def test_a_week_may_end_with_sunday(line: str) -> None:
    fires = [CRON.next_fire(line, "UTC", datetime(2026, 3, day, 18, tzinfo=UTC)) for day in (5, 6, 7, 8)]

    assert [fire.day for fire in fires if fire] == [6, 7, 8, 13]


@pytest.mark.parametrize("line", ["0 25 * * *", "0 0 31 2 *", "0 17 * * sat-mon", "x * * * *"])
def test_what_cron_does_not_understand_is_no_line(line: str) -> None:
    with pytest.raises(ValueError, match="is not a cron line"):
        CRON.last_fire(line, BERLIN, MARCH - timedelta(days=1), MARCH)


def test_the_leap_day_is_found_looking_back() -> None:
    found = CRON.last_fire("0 0 29 2 *", "UTC", datetime(2020, 3, 1, tzinfo=UTC), datetime(2028, 2, 28, tzinfo=UTC))

    assert found == datetime(2024, 2, 29, tzinfo=UTC)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(LINES), st.sampled_from(ZONES), MOMENTS)
def test_the_next_firing_comes_after_and_shows_a_time_of_the_line(line: str, timezone: str, moment: datetime) -> None:
    found = CRON.next_fire(line, timezone, moment)

    assert found is not None
    assert found > moment
    minute, hour = line.split()[:2]
    wall = found.astimezone(ZoneInfo(timezone))
    if minute.isdigit() and hour.isdigit() and wall.hour == int(hour):
        assert wall.minute == int(minute)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(LINES), st.sampled_from(ZONES), MOMENTS, st.integers(1, 60 * 72))
def test_the_last_firing_is_the_one_after_which_none_comes_in_time(
    line: str, timezone: str, moment: datetime, minutes: int
) -> None:
    until = moment + timedelta(minutes=minutes)

    last = CRON.last_fire(line, timezone, moment, until)

    if last is None:
        following = CRON.next_fire(line, timezone, moment)
    else:
        assert moment < last <= until
        following = CRON.next_fire(line, timezone, last)
    assert following is not None
    assert following > until
