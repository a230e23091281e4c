"""Durations in the words that people use for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.durations import duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2h", timedelta(hours=2)),
        ("90m", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1h 30m", timedelta(minutes=90)),
        ("2 hours", timedelta(hours=2)),
        ("1 Hour and 30 Minutes", timedelta(minutes=90)),
        ("1 hr, 5 min", timedelta(minutes=65)),
        ("1.5h", timedelta(minutes=90)),
        ("half an hour", timedelta(minutes=30)),
        ("an hour", timedelta(hours=1)),
        ("64h", timedelta(hours=64)),
        ("45s", timedelta(seconds=45)),
        ("1d", timedelta(days=1)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_a_duration_has_a_unit(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "5", "h", "0s", "-2h", "1h foo", "foo 1h", "2 months", "2h and", "17:00", "9" * 50 + "h"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    assert duration(text) is None


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(max_size=90))
def test_no_text_breaks_the_reader(text: str) -> None:
    read = duration(text)

    assert read is None or read > timedelta(0)
