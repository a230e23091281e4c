"""How far a deployment is, and when the next one's turn may come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.deployments.model import Deployment, State
from bot.core.deployments.progress import eta_in_queue, progress
from tests.core.deployments.made import T0, a_deployment, t


def running(usual: float | None = 240, **but: object) -> Deployment:
    return a_deployment(**{"state": State.RUNNING, "started_at": T0, "usual_seconds": usual, **but})


@pytest.mark.parametrize(
    ("usual", "passed", "said"),
    [
        (240, 0, "1 s of ~4 min"),
        (240, 59, "59 s of ~4 min"),
        (240, 60, "1 of ~4 min"),
        (240, 125, "2 of ~4 min"),
        (240, 370, "6 of ~4 min"),
        (240, 480, "longer than the usual 4 min"),
        (40, 12.3, "13 of ~40 s"),
        (40, 65, "1 min of ~40 s"),
        (40, 80, "longer than the usual 40 s"),
        (2, 9, "9 of ~2 s"),
        (2, 17, "longer than the usual 2 s"),
        (9_000, 3_600, "60 min of ~2.5 h"),
        (9_000, 10_800, "3 of ~2.5 h"),
    ],
)
def test_how_far_it_is_is_said_in_the_unit_that_people_use(usual: float, passed: float, said: str) -> None:
    assert progress(running(usual), T0 + timedelta(seconds=passed)) == said


@pytest.mark.parametrize(
    "unknown",
    [
        {"usual_seconds": None},
        {"started_at": None},
        {"state": State.SUCCEEDED, "finished_at": t(seconds=9)},
        {"state": State.WAITING, "started_at": None},
        {"waits_since": T0},  # GitHub's reviewers have it
    ],
)
def test_where_it_is_not_known_nothing_is_said(unknown: dict[str, object]) -> None:
    assert progress(running(**unknown), t(minutes=2)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("busy", "queued", "said"),
    [
        ([running()], [], "about 2 min"),
        ([running()], [running(), running(60)], "about 7 min"),
        ([running(), running(600)], [], "about 8 min"),  # of those that overlap the last one
        ([], [running()], "about 4 min"),
        ([running(90)], [], None),  # it takes longer than usual: nobody knows
        ([running(120.5)], [], "about 1 s"),
        ([running(None)], [running()], None),
        ([running()], [running(None)], None),
        ([running(waits_since=T0)], [], None),
        ([], [], None),
    ],
)
def test_a_turn_comes_when_what_runs_and_what_stands_before_it_is_done(
    busy: list[Deployment], queued: list[Deployment], said: str | None
) -> None:
    assert eta_in_queue(busy, queued, t(minutes=2)) == said
