"""Counters and histograms of deployments: what is counted of one, and how durations are sorted into buckets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.deployments.model import ENDED, Deployment, State

RUN_BUCKETS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0)
"""Upper bounds, in seconds, of how long a deployment runs."""
START_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
"""The same of how long it takes from the request to the start: gates are waited for, so it may be a day."""
MORE = "+Inf"


@dataclass(slots=True)
class Spread:
    """Histogram: how many durations are in each bucket, by its upper bound, and all seconds together.

    Bounds are kept as texts, so that what was counted by other bounds is not lost when they change.
    """

    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def observe(self, seconds: float, bounds: Sequence[float]) -> None:
        seconds = max(0.0, seconds)
        bound = next((f"{bound:g}" for bound in bounds if seconds <= bound), MORE)
        self.counts[bound] = self.counts.get(bound, 0) + 1
        self.seconds += seconds

    def cumulative(self, bounds: Sequence[float]) -> list[tuple[str, int]]:
        """Each bound with the number of durations up to it; the last one, ``+Inf``, has all of them.

        >>> Spread({"5": 2, "60": 1, "+Inf": 1}).cumulative((5.0, 60.0))
        [('5.0', 2), ('60.0', 3), ('+Inf', 4)]
        """
        known = [(float(bound), count) for bound, count in self.counts.items()]
        return [(_shown(up_to), sum(count for bound, count in known if bound <= up_to)) for up_to in _with_more(bounds)]


def _with_more(bounds: Sequence[float]) -> tuple[float, ...]:
    return (*bounds, float("inf"))


def _shown(bound: float) -> str:
    return MORE if bound == float("inf") else str(bound)


@dataclass(slots=True)
class Tally:
    """What was counted in one place since it is counted: ends by their state, and how long the ways there took.

    ``started`` is from the request to the start, ``ran`` from there to the end.
    """

    ends: dict[str, int] = field(default_factory=dict)
    started: Spread = field(default_factory=Spread)
    ran: Spread = field(default_factory=Spread)

    def count(self, move: Move) -> None:
        if move.end is not None:
            self.ends[move.end] = self.ends.get(move.end, 0) + 1
        if move.started is not None:
            self.started.observe(move.started, START_BUCKETS)
        if move.ran is not None:
            self.ran.observe(move.ran, RUN_BUCKETS)


@dataclass(frozen=True, slots=True)
class Move:
    """What one change of a deployment adds to the tally of its place; times in seconds."""

    end: str | None = None
    started: float | None = None
    ran: float | None = None


class Stood(Protocol):
    """What a deployment was before it changed."""

    state: str
    remote_id: int | None
    started_at: datetime | None


def move_of(before: Stood | None, after: Deployment) -> Move | None:
    """What there is to count of a change, None where that is nothing; ``before`` is None for a new deployment.

    Monotonic: what was counted is never taken back. One that was given up counts as such, and once more as what it has
    come to after all. How long it ran is told of those alone whose end we know.
    """
    end = after.state.value if after.ended and (before is None or before.state != after.state) else None
    took = after.took if end is not None and after.given_up_at is None and after.remote_id is not None else None
    started = _seconds_to_start(before, after)
    if end is None and started is None:
        return None
    return Move(end, started, took.total_seconds() if took is not None else None)


def _seconds_to_start(before: Stood | None, after: Deployment) -> float | None:
    """It has begun when it is under way here and exists on GitHub; what is new with both was begun by another tool."""
    if before is None or after.ended or after.started_at is None or after.remote_id is None:
        return None
    if State(before.state) in ENDED or (before.started_at is not None and before.remote_id is not None):
        return None
    return (after.started_at - after.created_at).total_seconds()
