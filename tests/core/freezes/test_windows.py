"""Windows close and open environments when they should, in every time zone and on every day of the year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.clock.crons import Crons
from bot.core.freezes.windows import Window, active_window, next_change

BERLIN = "Europe/Berlin"
WEEKEND = Window(True, "0 17 * * 5", timedelta(hours=64), BERLIN)
OFFICE = Window(False, "0 9 * * mon-fri", timedelta(hours=8), BERLIN)
LUNCH = Window(True, "0 12 * * *", timedelta(hours=1), BERLIN)
CRON = Crons()

ZONES = [
    "UTC",
    BERLIN,
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Sao_Paulo",
]
LINES = ["0 17 * * 5", "30 2 * * *", "0 2 * * 0", "*/20 1-3 * * *", "0 9 * * mon-fri", "15 */6 1,15 * *", "0 0 * * *"]
WINDOWS = st.builds(
    Window,
    denies=st.booleans(),
    cron=st.sampled_from(LINES),
    length=st.integers(1, 70).map(lambda hours: timedelta(hours=hours)),
    timezone=st.sampled_from(ZONES),
)
# Around the days on which clocks change, and on others.
MOMENTS = st.one_of(
    st.integers(0, 60 * 24 * 4).map(lambda minutes: datetime(2026, 3, 28, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.integers(0, 60 * 24 * 4).map(lambda minutes: datetime(2026, 10, 23, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.integers(0, 60 * 24 * 365).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
)


def berlin(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


def end(windows: Sequence[Window], at: datetime) -> datetime | str | None:
    """When what is closed at that moment opens; "open" where it is not closed."""
    found = active_window(windows, at, CRON)
    return found.until if found else "open"


# --- examples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (berlin(3, 6, 16, 59), "open"),
        (berlin(3, 6, 17), berlin(3, 9, 9)),
        (berlin(3, 8, 12), berlin(3, 9, 9)),
        (berlin(3, 9, 8, 59), berlin(3, 9, 9)),
        (berlin(3, 9, 9), "open"),
    ],
)
def test_a_denying_window_closes_from_its_first_moment_to_before_its_last(at: datetime, until: datetime) -> None:
    assert end([WEEKEND], at) == until


def test_a_window_lasts_as_long_as_it_says_where_clocks_are_put_forward_or_back_in_it() -> None:
    spring, autumn = berlin(3, 28), berlin(10, 24)

    assert end([WEEKEND], spring) == berlin(3, 30, 10)
    assert end([WEEKEND], autumn) == berlin(10, 26, 8)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (berlin(3, 2, 8, 59), berlin(3, 2, 9)),
        (berlin(3, 2, 9), "open"),
        (berlin(3, 2, 17), berlin(3, 3, 9)),
        (berlin(3, 6, 18), berlin(3, 9, 9)),
    ],
)
def test_an_allowing_window_closes_all_the_time_outside_of_it(at: datetime, until: datetime) -> None:
    assert end([OFFICE], at) == until


def test_several_allowing_windows_are_open_inside_of_any() -> None:
    saturday = Window(False, "0 10 * * sat", timedelta(hours=2), BERLIN)

    assert end([OFFICE, saturday], berlin(3, 7, 11)) == "open"
    assert end([OFFICE, saturday], berlin(3, 6, 18)) == berlin(3, 7, 10)


def test_denying_wins_over_allowing() -> None:
    assert end([OFFICE, LUNCH], berlin(3, 2, 12, 30)) == berlin(3, 2, 13)
    assert end([OFFICE, LUNCH], berlin(3, 2, 14)) == "open"


def test_windows_that_touch_are_one_time() -> None:
    afternoon = Window(True, "0 13 * * *", timedelta(hours=2), BERLIN)

    assert end([LUNCH, afternoon], berlin(3, 2, 12, 30)) == berlin(3, 2, 15)


def test_a_window_that_begins_again_before_it_ends_has_no_end_in_sight() -> None:
    always = Window(True, "0 0 * * *", timedelta(hours=25), BERLIN)
    never = Window(False, "0 0 */40 * mon#5", timedelta(hours=24), BERLIN)

    assert end([always], berlin(3, 2)) is None
    assert end([never], berlin(3, 2)) is None


def test_the_next_change_is_the_next_closing_or_opening() -> None:
    moments = [berlin(3, 5)]
    for _ in range(4):
        change = next_change([OFFICE, LUNCH], moments[-1], CRON)
        assert change is not None
        moments.append(change)

    assert moments[1:] == [berlin(3, 5, 9), berlin(3, 5, 12), berlin(3, 5, 13), berlin(3, 5, 17)]


def test_without_windows_nothing_is_closed_and_nothing_changes() -> None:
    assert end([], berlin(3, 2)) == "open"
    assert next_change([], berlin(3, 2), CRON) is None


# --- properties --------------------------------------------------------------------------------------------------


def closed_by_hand(windows: Sequence[Window], at: datetime) -> bool:
    """Whether it is closed, told by looking at every occurrence that may cover the moment."""

    def covers(window: Window) -> bool:
        fire = CRON.next_fire(window.cron, window.timezone, at - window.length)
        return fire is not None and fire <= at

    allowing = [one for one in windows if not one.denies]
    denied = any(covers(one) for one in windows if one.denies)
    return denied or bool(allowing and not any(covers(one) for one in allowing))


@settings(deadline=None, max_examples=60)
@given(st.lists(WINDOWS, min_size=1, max_size=3), MOMENTS)
def test_it_is_closed_where_some_denying_window_or_no_allowing_one_covers_the_moment(
    windows: list[Window], at: datetime
) -> None:
    assert (active_window(windows, at, CRON) is not None) == closed_by_hand(windows, at)


@settings(deadline=None, max_examples=60)
@given(st.lists(WINDOWS, min_size=1, max_size=3), MOMENTS)
def test_what_is_closed_stays_closed_up_to_its_end_and_is_open_then(windows: list[Window], at: datetime) -> None:
    found = active_window(windows, at, CRON)
    until = found.until if found else None
    if until is None:
        return

    middle = at + (until - at) / 2

    assert closed_by_hand(windows, middle)
    assert closed_by_hand(windows, until - timedelta(microseconds=1))
    assert not closed_by_hand(windows, until)


@settings(deadline=None, max_examples=40)
@given(st.lists(WINDOWS, min_size=1, max_size=3), MOMENTS)
def test_changes_alternate_and_nothing_changes_in_between(windows: list[Window], at: datetime) -> None:
    moments = [at]
    for _ in range(3):
        change = next_change(windows, moments[-1], CRON)
        if change is not None:
            moments.append(change)

    states = [closed_by_hand(windows, moment) for moment in moments]

    assert all(before < after for before, after in pairwise(moments))
    assert all(before is not after for before, after in pairwise(states))
    assert [closed_by_hand(windows, moment - timedelta(microseconds=1)) for moment in moments[1:]] == states[:-1]
