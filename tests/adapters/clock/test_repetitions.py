"""Repetitions in the words that people use for them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.adapters.clock.crons import Crons
from bot.adapters.clock.natural_time import Times


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("weekday at 9:00", "0 9 * * mon-fri"),
        ("weekday", "0 9 * * mon-fri"),
        ("every weekday 9", "0 9 * * mon-fri"),
        ("day at 17:00", "0 17 * * *"),
        ("day", "0 9 * * *"),
        ("daily at 9", "0 9 * * *"),
        ("9:00", "0 9 * * *"),
        ("morning", "0 9 * * *"),
        ("monday at 10:00", "0 10 * * mon"),
        ("monday 10:00", "0 10 * * mon"),
        ("Mondays at 10", "0 10 * * mon"),
        ("on friday at 5:30 pm", "30 17 * * fri"),
        ("mon,thu 9am", "0 9 * * mon,thu"),
        ("mon, wed and fri at 9", "0 9 * * mon,wed,fri"),
        ("mon-fri 9:00", "0 9 * * mon-fri"),
        ("monday to thursday at 9", "0 9 * * mon-thu"),
        ("fri-mon 9:00", "0 9 * * mon,fri,sat,sun"),
        ("friday to sunday at 9", "0 9 * * fri,sat,sun"),
        ("mon-sun 9:00", "0 9 * * mon,tue,wed,thu,fri,sat,sun"),
        ("weekend at noon", "0 12 * * sat,sun"),
        ("week", "0 9 * * mon"),
        ("hour", "0 * * * *"),
        ("2 hours", "0 */2 * * *"),
        ("15 minutes", "*/15 * * * *"),
    ],
)
def test_a_repetition_is_a_cron_line(text: str, line: str) -> None:
    assert Times().cron(text) == line
    assert Crons().next_fire(line, "UTC", datetime(2026, 3, 2, tzinfo=UTC)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo",
        "5",
        "month",
        "other day",
        "5 hours",
        "0 hours",
        "weekday at 25:00",
        "mon 9:00 UTC",
        "tomorrow at 9",
        "sun at 9:00:30",
    ],
)
def test_a_repetition_that_no_cron_line_can_say_is_none(text: str) -> None:
    assert Times().cron(text) is None
