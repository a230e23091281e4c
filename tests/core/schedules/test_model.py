"""Moments in words, and when it is too late for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.clock.natural_time import Times
from bot.core.schedules.messages import in_full
from bot.core.schedules.model import as_words, is_missed

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)


@settings(deadline=None)
@given(st.integers(1, 3_000_000))
def test_a_moment_in_words_is_understood_again_and_never_before_its_time(seconds: int) -> None:
    moment = T0 + timedelta(seconds=seconds)

    understood = Times().moment(as_words(moment), now=T0, timezone="America/New_York")

    assert understood is not None
    assert moment <= understood < moment + timedelta(minutes=1)


@pytest.mark.parametrize(("late", "missed"), [(0, False), (300, False), (301, True)])
def test_what_is_late_by_more_than_the_grace_is_missed(late: int, missed: bool) -> None:
    assert is_missed(T0, T0 + timedelta(seconds=late), timedelta(minutes=5)) is missed


@pytest.mark.parametrize(
    ("timezone", "shown"),
    [
        ("UTC", "Monday 2 March 2026, 10:00 UTC"),
        ("Europe/Berlin", "Monday 2 March 2026, 11:00 CET (Europe/Berlin)"),
        ("America/Sao_Paulo", "Monday 2 March 2026, 07:00 -03 (America/Sao_Paulo)"),
    ],
)
def test_a_moment_is_shown_with_its_day_and_its_zone(timezone: str, shown: str) -> None:
    assert in_full(T0, timezone) == shown
