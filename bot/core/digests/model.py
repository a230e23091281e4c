"""What a digest has to say of an app, and what is kept so that it is said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.comparisons.messages import Gap
from bot.core.figures.messages import Week
from bot.core.figures.model import Outcome, Span

LATE = timedelta(hours=2)
"""A digest that could not be told at its moment is told for so long, and then left out."""
LONGEST = timedelta(days=7)
"""So much is told of at most, however long ago the last digest was."""
NUDGED_AGAIN_AFTER = timedelta(hours=4)
"""Of working time, between two reminders about one app."""
LOOKED_AGAIN_AFTER = timedelta(hours=1)
"""What waits is looked for at GitHub this often at least: what goes back makes older what waits."""


@dataclass(frozen=True, slots=True)
class PlaceNews:
    """What ended in an environment since the last digest; ``broken`` is a failure after which nothing succeeded."""

    environment: str
    live: int
    failed: int
    back: int
    broken: Outcome | None = None

    @property
    def ended(self) -> int:
        return self.live + self.failed + self.back


@dataclass(frozen=True, slots=True)
class AppNews:
    """What there is to say of an app: ``gaps`` are what its production lacks, ``weeks`` last week's figures."""

    app: str
    span: Span
    places: tuple[PlaceNews, ...]
    gaps: tuple[Gap, ...]
    weeks: tuple[Week, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether anything was deployed, or merged and not deployed, since the last digest."""
        merged = (one.at for gap in self.gaps for one in gap.changes.shipped)
        return bool(self.places) or any(at is not None and at >= self.span.since for at in merged)


def place_news(environment: str, outcomes: Sequence[Outcome], span: Span) -> PlaceNews | None:
    """``outcomes`` are those of the place from the beginning of the span until now; None where none was in it."""
    told = [one for one in outcomes if span.has(one.finished_at)]
    if not told:
        return None
    last = outcomes[-1]
    well = [one for one in told if not one.failed]
    return PlaceNews(
        environment,
        live=sum(not one.takes_back for one in well),
        failed=len(told) - len(well),
        back=sum(one.takes_back for one in well),
        broken=last if last.failed else None,
    )


def told_key(app: str) -> str:
    """Under this is kept up to which moment the app's channel was told of it."""
    return f"digest:{app}"


def nudge_key(app: str) -> str:
    """Under this is kept when it is looked at next whether something of the app waits."""
    return f"nudge:{app}"


def kept_moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
