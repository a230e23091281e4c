"""A short game on each database, with half of the providers: killed at named points, nothing is lost or done twice."""

from __future__ import annotations

import random
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.chaos.game import play
from tests.chaos.places import PLACES
from tests.chaos.places.heroku import Promoted
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


class Here:
    """As much of an installation as a place needs to be looked at."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environ: dict[str, str] = {}


@pytest.mark.parametrize(
    ("ends", "untold"),
    [
        ([("succeeded", "v2 is live")], 0),
        ([("cancelled", "Cancelled by maria")], 1),
        ([("cancelled", "Cancelled by maria: it had been deployed before")], 0),
        ([("cancelled", "Cancelled by maria"), ("succeeded", "v2 is live")], 0),
        ([("timed_out", "Heroku was not done within 15 min; it goes on there")], 0),
        ([], 1),
    ],
)
def test_a_promotion_that_went_live_and_is_told_of_nobody_breaks_a_promise(
    tmp_path: Path, ends: list[tuple[str, str]], untold: int
) -> None:
    with ExitStack() as stack:
        place = Promoted(Here(tmp_path), random.Random(1), stack, {})
        place.heroku.slugs["s"] = "abc"
        app = place.heroku.apps[place.app]
        place.heroku.release(app, "s", "Promote", app.plan)
        asked = [SimpleNamespace(sha="abc", state=state, description=said) for state, said in ends]

        found = list(place.untold(asked))

    assert len(found) == untold
