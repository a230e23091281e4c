"""A short game on each database: killed at named points, with failing neighbours, nothing is lost or done twice."""

from __future__ import annotations

import pytest

from tests.chaos.game import play
from tests.chaos.victim import POINTS


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_every_promise_is_kept_in_a_short_game(database: str) -> None:
    outcome = play(database, seed=11, rounds=1, seconds=10.0)

    assert outcome.broken == [], "\n".join(outcome.broken)
    assert outcome.figures["requests to GitHub"]


def test_every_named_point_is_a_call_that_the_bot_makes() -> None:
    missing = [name for name, point in POINTS.items() if not callable(getattr(point.owner, point.name, None))]

    assert missing == []
