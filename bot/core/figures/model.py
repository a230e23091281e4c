"""Delivery metrics (DORA): the four figures of a place, computed from what has ended there.

``docs/figures.md`` defines them; everything here is a pure function of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Protocol

from bot.core.deployments.model import Shipped, State

FAILED = frozenset({State.FAILED, State.ERROR, State.TIMED_OUT})
MOST = 2_000
"""So many ends of a place are read at most where nobody says how many, the newest."""
LOOKED_BACK = timedelta(weeks=4)
"""So long before a time its rows are read: what shipped before, and what had failed and was not well again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one deployment to a place has ended that had begun: a success, or a failure of any kind.

    ``rollback_of`` is what it took back. ``shipped`` is what it brought there.
    """

    id: int
    state: State
    finished_at: datetime
    rollback_of: int | None = None
    shipped: tuple[Shipped, ...] = ()

    @property
    def failed(self) -> bool:
        return self.state in FAILED

    @property
    def takes_back(self) -> bool:
        return self.rollback_of is not None


class FigureReads(Protocol):
    """What has ended in a place."""

    def outcomes(self, app: str, environment: str, since: datetime, most: int = MOST) -> Sequence[Outcome]:
        """What has ended since then, in the order of their ends; so many at most, the newest.

        Deployments that had begun, of the task ``deploy``: no other tasks, nothing that was cancelled or given way to.
        """


@dataclass(frozen=True, slots=True)
class Span:
    """A time, from its first moment to just before its last."""

    since: datetime
    until: datetime

    def has(self, moment: datetime) -> bool:
        return self.since <= moment < self.until


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one place in one time. What cannot be told, as there was nothing to measure, is None.

    ``deployments`` went well, ``failures`` of ``changes`` did not.
    """

    deployments: int
    changes: int
    failures: int
    lead_time: timedelta | None
    time_to_restore: timedelta | None

    @property
    def failure_rate(self) -> float | None:
        return self.failures / self.changes if self.changes else None


def figures(outcomes: Sequence[Outcome], span: Span) -> Figures:
    """``outcomes`` are the place's from ``LOOKED_BACK`` before the span until now, in the order of their ends."""
    return figures_of(outcomes, [span])[0]


def figures_of(outcomes: Sequence[Outcome], spans: Sequence[Span]) -> list[Figures]:
    """Of each of the spans, in one pass; ``outcomes`` are those from ``LOOKED_BACK`` before the first."""
    back = {one.rollback_of for one in outcomes if one.takes_back and not one.failed}
    changes = [one for one in outcomes if not one.takes_back]
    lead_times, restorations = list(_lead_times(outcomes)), list(_restorations(outcomes, back))
    found = []
    for span in spans:
        ended = [one for one in changes if span.has(one.finished_at)]
        found.append(
            Figures(
                deployments=sum(not one.failed for one in ended),
                changes=len(ended),
                failures=sum(one.failed or one.id in back for one in ended),
                lead_time=_median([length for at, length in lead_times if span.has(at)]),
                time_to_restore=_median([length for at, length in restorations if span.has(at)]),
            )
        )
    return found


def _lead_times(outcomes: Iterable[Outcome]) -> Iterator[tuple[datetime, timedelta]]:
    """When it ended, and how long it took, for each pull request, or commit without one, to its first success: what
    ships again after that was there."""
    seen: set[int | str] = set()
    for outcome in outcomes:
        if outcome.failed or outcome.takes_back:
            continue
        for one in outcome.shipped:
            name = one.number if one.number is not None else one.sha
            if name is None or name in seen:
                continue
            seen.add(name)
            if one.at is not None:
                yield outcome.finished_at, max(outcome.finished_at - one.at, timedelta(0))


def _restorations(outcomes: Iterable[Outcome], back: set[int | None]) -> Iterator[tuple[datetime, timedelta]]:
    """When it was well again, and how long after the first failure, or the success that had to be taken back; any
    success ends it."""
    broken_at: datetime | None = None
    for one in outcomes:
        if one.failed:
            broken_at = broken_at or one.finished_at
            continue
        if broken_at is not None:
            yield one.finished_at, one.finished_at - broken_at
        broken_at = one.finished_at if one.id in back else None


def _median(found: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in found)) if found else None


def successes_by(outcomes: Iterable[Outcome], spans: Sequence[Span]) -> tuple[int, ...]:
    """How many deployments went well in each of the spans."""
    well = [one.finished_at for one in outcomes if not one.failed and not one.takes_back]
    return tuple(sum(span.has(moment) for moment in well) for span in spans)
