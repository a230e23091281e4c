"""A short game on each database, with half of the providers: killed at named points, nothing is lost or done twice."""

from __future__ import annotations

import pytest

from tests.chaos.game import play
from tests.chaos.places import PLACES
from tests.chaos.victim import POINTS

GAMES = [
    ("sqlite", ("heroku", "promoted", "http", "previews")),
    ("postgres", ("github_actions", "late", "jobs", "poll", "shell")),
]


@pytest.mark.parametrize(("database", "places"), GAMES, ids=[database for database, _ in GAMES])
def test_every_promise_is_kept_in_a_short_game(database: str, places: tuple[str, ...]) -> None:
    outcome = play(database, seed=11, rounds=1, seconds=10.0, places=places)

    assert outcome.broken == [], "\n".join(outcome.broken)
    reached = {name.split()[0] for name in outcome.figures["deployments by place"]}
    assert {PLACES[place].name for place in places} <= reached


def test_every_place_is_in_a_short_game() -> None:
    assert {place for _, places in GAMES for place in places} == set(PLACES)


def test_every_named_point_is_a_call_that_the_bot_makes() -> None:
    missing = [name for name, point in POINTS.items() if not callable(getattr(point.owner, point.name, None))]

    assert missing == []
