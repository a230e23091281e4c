"""Whether a worker lives, as a listener tells it: nobody is missed before their time, and nobody later."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.core.errors import Unavailable
from bot.http.health import WorkerWatch

LASTS = 30.0
NOBODY = (
    "no worker has been heard of; what comes in is stored and waits: start one (python -m bot worker), or look at its "
    "log"
)


class Fleet:
    """Workers by when they were last heard of, and a stopwatch; ``away`` is the database."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.seen: list[float] = []
        self.away = False
        self.watch = WorkerWatch(self.heard, LASTS, lambda: self.now)

    def heard(self) -> Sequence[float]:
        if self.away:
            raise Unavailable("The database does not answer.")
        return [self.now - seen for seen in self.seen]

    def after(self, seconds: float) -> list[str]:
        self.now += seconds
        return self.watch.obstacles()


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def test_a_listener_that_starts_before_the_first_worker_is_ready_for_as_long_as_a_lease_lasts(fleet: Fleet) -> None:
    assert [fleet.after(0), fleet.after(29.9), fleet.after(0.1)] == [[], [], [NOBODY]]


def test_a_worker_that_lives_is_missed_by_nobody(fleet: Fleet) -> None:
    fleet.seen = [fleet.now - 500, fleet.now]

    assert [fleet.after(5), fleet.after(24)] == [[], []]


def test_a_worker_that_was_killed_is_missed_when_its_lease_is_over(fleet: Fleet) -> None:
    fleet.seen = [fleet.now]

    early, late = [fleet.after(29), fleet.after(1)]

    assert early == []
    assert late == [NOBODY.replace("heard of", "heard of for 30 s")]
    fleet.seen = [fleet.now]
    assert fleet.after(1) == []


def test_one_that_leaves_in_order_has_the_time_of_a_lease_to_come_back(fleet: Fleet) -> None:
    fleet.seen = [fleet.now]
    fleet.after(300 - 300)
    fleet.seen = []

    assert [fleet.after(60), fleet.after(29), fleet.after(1)] == [[], [], [NOBODY]]


def test_a_listener_that_finds_the_lease_of_one_long_dead_waits_for_the_next_all_the_same(fleet: Fleet) -> None:
    fleet.seen = [fleet.now - 7_200]

    assert [fleet.after(1), fleet.after(29)] == [[], [NOBODY.replace("heard of", "heard of for 2 h")]]


def test_after_an_outage_of_the_database_all_have_time_to_be_heard_again(fleet: Fleet) -> None:
    fleet.seen = [fleet.now]
    fleet.after(1)
    fleet.away = True
    during = fleet.after(300)
    fleet.watch.excuse()
    fleet.away = False

    assert during == ["the database does not answer"]
    assert [fleet.after(1), fleet.after(28)] == [[], []]
    assert fleet.after(1) == [NOBODY.replace("heard of", "heard of for 5 min 31 s")]
