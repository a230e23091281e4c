"""Days, weeks and working hours, also where the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.figures.calendar import after_work, at_work, days, midnight, next_working_day, week_begins

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def utc(day: int, hour: int = 0, minute: int = 0, *, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_day_in_which_clocks_are_put_forward_has_23_hours() -> None:
    spans = days(date(2026, 3, 28), 3, BERLIN)

    assert [one.until - one.since for one in spans] == [timedelta(hours=hours) for hours in (24, 23, 24)]
    assert spans[1].since == utc(28, 23)


def test_a_week_begins_on_the_monday_of_its_zone() -> None:
    assert week_begins(utc(9, 1), NEW_YORK) == date(2026, 3, 2)
    assert week_begins(utc(9, 1), BERLIN) == date(2026, 3, 9)
    assert midnight(date(2026, 3, 9), NEW_YORK) == utc(9, 4)  # it is summer there since the day before


@pytest.mark.parametrize(
    ("moment", "works"),
    [
        (utc(2, 8, 59), False),
        (utc(2, 9), True),
        (utc(6, 16, 59), True),
        (utc(6, 17), False),
        (utc(7, 12), False),
        (utc(8, 12), False),
    ],
)
def test_work_is_from_nine_to_five_on_five_days(moment: datetime, works: bool) -> None:
    assert at_work(moment, "UTC") is works


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (utc(2, 9), utc(2, 13)),
        (utc(2, 12, 30), utc(2, 16, 30)),
        (utc(2, 13), utc(3, 9)),
        (utc(2, 15), utc(3, 11)),
        (utc(6, 15), utc(9, 11)),
        (utc(7, 3), utc(9, 13)),
        (utc(2, 22), utc(3, 13)),
    ],
)
def test_four_hours_of_work_pass_in_working_hours_alone(start: datetime, end: datetime) -> None:
    assert after_work(start, timedelta(hours=4), "UTC") == end


def test_working_hours_are_those_of_the_clock_on_the_wall() -> None:
    friday = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)  # 16:00 in Berlin, two days before summer

    assert after_work(friday, timedelta(hours=4), BERLIN) == utc(30, 10)  # 12:00 in summer


@pytest.mark.parametrize(
    ("moment", "begins"),
    [(utc(2, 3), utc(3, 9)), (utc(2, 18), utc(3, 9)), (utc(6, 12), utc(9, 9)), (utc(7, 12), utc(9, 9))],
)
def test_the_next_day_of_work_is_never_today(moment: datetime, begins: datetime) -> None:
    assert next_working_day(moment, "UTC") == begins
