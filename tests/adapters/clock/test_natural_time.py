"""Moments in the words that people use for them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.clock.natural_time import Times
from tests.patience import PATIENCE

WEDNESDAY = datetime(2026, 7, 22, 16, 30, tzinfo=UTC)  # 18:30 in Berlin


def moment(text: str, now: datetime = WEDNESDAY, timezone: str = "Europe/Berlin") -> str | None:
    """The moment as the clock on the wall shows it."""
    found = Times().moment(text, now=now, timezone=timezone)
    return None if found is None else found.astimezone(ZoneInfo(timezone)).strftime("%a %d %b %Y %H:%M")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("19:00", "Wed 22 Jul 2026 19:00"),
        ("17:00", "Thu 23 Jul 2026 17:00"),
        ("18:30", "Thu 23 Jul 2026 18:30"),
        ("at 9", "Thu 23 Jul 2026 09:00"),
        ("at 19", "Wed 22 Jul 2026 19:00"),
        ("9am", "Thu 23 Jul 2026 09:00"),
        ("9 a.m.", "Thu 23 Jul 2026 09:00"),
        ("12am", "Thu 23 Jul 2026 00:00"),
        ("12pm", "Thu 23 Jul 2026 12:00"),
        ("7:45 pm", "Wed 22 Jul 2026 19:45"),
        ("17.00", "Thu 23 Jul 2026 17:00"),
        ("10h30", "Thu 23 Jul 2026 10:30"),
        ("at 9 o'clock", "Thu 23 Jul 2026 09:00"),
        ("noon", "Thu 23 Jul 2026 12:00"),
        ("midnight", "Thu 23 Jul 2026 00:00"),
        ("tonight", "Wed 22 Jul 2026 20:00"),
        ("tonight at 9", "Wed 22 Jul 2026 21:00"),
        ("tonight at 23:00", "Wed 22 Jul 2026 23:00"),
    ],
)
def test_a_time_of_day_is_the_next_one(text: str, shown: str) -> None:
    assert moment(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("today 20:00", "Wed 22 Jul 2026 20:00"),
        ("tomorrow", "Thu 23 Jul 2026 09:00"),
        ("tomorrow 9am", "Thu 23 Jul 2026 09:00"),
        ("tomorrow at 9", "Thu 23 Jul 2026 09:00"),
        ("tomorrow 9", "Thu 23 Jul 2026 09:00"),
        ("at 9 tomorrow", "Thu 23 Jul 2026 09:00"),
        ("tomorrow noon", "Thu 23 Jul 2026 12:00"),
        ("tomorrow morning", "Thu 23 Jul 2026 09:00"),
        ("tomorrow morning at 10", "Thu 23 Jul 2026 10:00"),
        ("day after tomorrow 9:00", "Fri 24 Jul 2026 09:00"),
        ("fri", "Fri 24 Jul 2026 09:00"),
        ("fri 9:00", "Fri 24 Jul 2026 09:00"),
        ("Friday, 9:00", "Fri 24 Jul 2026 09:00"),
        ("on friday at 9", "Fri 24 Jul 2026 09:00"),
        ("9:00 on friday", "Fri 24 Jul 2026 09:00"),
        ("next friday 9:00", "Fri 24 Jul 2026 09:00"),
        ("monday at 10", "Mon 27 Jul 2026 10:00"),
        ("mon 10", "Mon 27 Jul 2026 10:00"),
        ("monday evening", "Mon 27 Jul 2026 18:00"),
        ("wednesday 19:00", "Wed 22 Jul 2026 19:00"),
        ("wednesday 18:00", "Wed 29 Jul 2026 18:00"),
        ("wed", "Wed 29 Jul 2026 09:00"),
        ("next week", "Wed 29 Jul 2026 09:00"),
        ("1 aug 17:00", "Sat 01 Aug 2026 17:00"),
        ("Aug 1", "Sat 01 Aug 2026 09:00"),
        ("22 jul 20:00", "Wed 22 Jul 2026 20:00"),
        ("22 jul 17:00", "Thu 22 Jul 2027 17:00"),
        ("29 feb 9:00", "Tue 29 Feb 2028 09:00"),
        ("2026-08-01 17:00", "Sat 01 Aug 2026 17:00"),
        ("2026-08-01", "Sat 01 Aug 2026 09:00"),
        ("01.08.2026 9:00", "Sat 01 Aug 2026 09:00"),
    ],
)
def test_a_day_is_the_next_one_whose_time_is_ahead(text: str, shown: str) -> None:
    assert moment(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("in 2 hours", "Wed 22 Jul 2026 20:30"),
        ("in 2h", "Wed 22 Jul 2026 20:30"),
        ("2 hours", "Wed 22 Jul 2026 20:30"),
        ("in an hour", "Wed 22 Jul 2026 19:30"),
        ("in half an hour", "Wed 22 Jul 2026 19:00"),
        ("in 1 hour and 30 minutes", "Wed 22 Jul 2026 20:00"),
        ("in 5 min", "Wed 22 Jul 2026 18:35"),
        ("in 2 days", "Fri 24 Jul 2026 18:30"),
        ("in 2 weeks at 9", "Wed 05 Aug 2026 09:00"),
        ("in 2 months", "Tue 22 Sep 2026 18:30"),
    ],
)
def test_a_span_is_counted_from_now(text: str, shown: str) -> None:
    assert moment(text) == shown


@pytest.mark.parametrize(
    ("text", "clock", "shown"),
    [
        ("end of the afternoon", "10:00", "Wed 22 Jul 2026 18:00"),
        ("the end of this afternoon", "17:59", "Wed 22 Jul 2026 18:00"),
        ("end of the morning", "10:00", "Wed 22 Jul 2026 12:00"),
        ("end of the evening", "10:00", "Wed 22 Jul 2026 22:00"),
        ("end of the night", "23:00", "Thu 23 Jul 2026 09:00"),
        ("end of the night", "02:00", "Wed 22 Jul 2026 09:00"),
        ("end of day", "10:00", "Wed 22 Jul 2026 18:00"),
        ("eod", "18:00", "Thu 23 Jul 2026 00:00"),
        ("COB", "10:00", "Wed 22 Jul 2026 18:00"),
        ("end of the week", "10:00", "Fri 24 Jul 2026 18:00"),
        ("eow", "10:00", "Fri 24 Jul 2026 18:00"),
        ("lunch", "10:00", "Wed 22 Jul 2026 12:00"),
        ("after lunch", "10:00", "Wed 22 Jul 2026 13:00"),
        ("end of the afternoon", "18:00", None),
        ("end of the morning", "12:00", None),
    ],
)
def test_a_part_of_the_day_ends_on_the_persons_clock(text: str, clock: str, shown: str | None) -> None:
    hour, minute = map(int, clock.split(":"))
    now = datetime(2026, 7, 22, hour, minute, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)

    assert moment(text, now) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("17:00 UTC", "Wed 22 Jul 2026 19:00"),
        ("17:00 CET", "Thu 23 Jul 2026 17:00"),
        ("17:00 Europe/Berlin", "Thu 23 Jul 2026 17:00"),
        ("17:00 america/new_york", "Wed 22 Jul 2026 23:00"),
        ("17:00 +01:00", "Thu 23 Jul 2026 18:00"),
        ("18:00 utc+1", "Wed 22 Jul 2026 19:00"),
        ("fri 9:00 UTC", "Fri 24 Jul 2026 11:00"),
        ("2026-08-01T17:00:00Z", "Sat 01 Aug 2026 19:00"),
        ("2026-08-01T17:00+02:00", "Sat 01 Aug 2026 17:00"),
    ],
)
def test_a_zone_in_the_words_wins(text: str, shown: str) -> None:
    assert moment(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "5",
            "9",
            "17",
            "2026",
            "brunch",
            "lunch 9:00",
            "foo",
            "now",
            "end of the world",
            "the 5th",
            "march",
            "\x00",
        ),
        *(
            "25:00",
            "24:00",
            "9:60",
            "13pm",
            "0am",
            "9:00 9:00",
            "friday evening at 6",
            "in 2 hours at 9",
            "9:00 Mars/Base",
        ),
        *("today", "today 17:00", "yesterday", "2 hours ago", "2020-01-01 9:00", "in 0 minutes", "2026-02-30 9:00"),
        *("in 99999999 years", "in 999999 weeks", "🚀", "'; drop table", "x" * 40_000, "9" * 80),
    ],
)
def test_what_is_past_or_no_time_at_all_is_none(text: str) -> None:
    assert moment(text) is None


def test_the_same_words_mean_another_moment_elsewhere() -> None:
    tokyo = Times().moment("9:00", now=WEDNESDAY, timezone="Asia/Tokyo")
    nowhere = Times().moment("19:00", now=WEDNESDAY, timezone="Nowhere/Land")

    assert tokyo == datetime(2026, 7, 23, 0, 0, tzinfo=UTC)
    assert nowhere == datetime(2026, 7, 22, 19, 0, tzinfo=UTC)
    assert tokyo.tzinfo is UTC


def test_a_time_that_the_clocks_skip_is_an_hour_later() -> None:
    evening = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)

    assert moment("2:30", now=evening) == "Sun 29 Mar 2026 03:30"


def test_a_time_that_comes_twice_is_the_next_of_both() -> None:
    before, between = datetime(2026, 10, 24, 23, 0, tzinfo=UTC), datetime(2026, 10, 25, 0, 45, tzinfo=UTC)

    first = Times().moment("2:30", now=before, timezone="Europe/Berlin")
    second = Times().moment("2:30", now=between, timezone="Europe/Berlin")

    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert second == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_day_is_not_always_24_hours() -> None:
    saturday = datetime(2026, 3, 28, 11, 0, tzinfo=UTC)  # noon in Berlin, the day before clocks go forward

    assert moment("in 1 day", now=saturday) == "Sun 29 Mar 2026 12:00"
    assert moment("in 24 hours", now=saturday) == "Sun 29 Mar 2026 13:00"
    assert moment("tomorrow at 12", now=saturday) == "Sun 29 Mar 2026 12:00"


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "at",
                "in",
                "on",
                "2",
                "9",
                "9:00",
                "9am",
                "fri",
                "tomorrow",
                "aug",
                "hours",
                "2h",
                "next",
                "UTC",
                "week",
                "-",
                "1.",
            ]
        ),
        max_size=4,
    ).map(" ".join),
    st.integers(0, 20 * 365 * 86_400),
)
def test_no_moment_is_in_the_past(text: str, seconds: int) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    found = Times().moment(text, now=now, timezone="Europe/Berlin")

    assert found is None or found > now


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(max_size=90))
def test_no_text_breaks_the_reader(text: str) -> None:
    times = Times()

    times.moment(text, now=WEDNESDAY, timezone=text)
    times.cron(text)


def test_the_date_library_is_loaded_with_the_first_date_only() -> None:
    code = (
        "import sys; from datetime import datetime, UTC; from bot.adapters.clock.natural_time import Times; "
        "Times().moment('fri 9:00', now=datetime(2026, 7, 22, tzinfo=UTC), timezone='UTC'); "
        "print('dateparser' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)

    assert ran.stdout == "False\n"
