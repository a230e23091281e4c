"""The delivery figures of a place, week by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.figures.calendar import WEEK, midnight, week_begins
from bot.core.figures.model import LOOKED_BACK, FigureReads, Figures, Span, figures_of

WEEKS = 12
"""So many weeks are looked at, the last of them the one that goes on."""
MOST_OUTCOMES = 5_000
"""So many deployments of a place are read for them at most, the newest."""


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """Of the week that begins on that Monday; the ``last`` one goes on. ``figures`` are None where they are not known:
    so much was deployed since that not all of it was read."""

    monday: date
    figures: Figures | None
    last: bool = False


def weekly(reads: FigureReads, app: str, environment: str, now: datetime, timezone: str) -> tuple[WeekFigures, ...]:
    """Of the last ``WEEKS`` weeks, oldest first."""
    spans = weeks(now, timezone)
    outcomes = reads.outcomes(app, environment, spans[0][1].since - LOOKED_BACK, MOST_OUTCOMES)
    known_since = outcomes[0].finished_at if len(outcomes) >= MOST_OUTCOMES else None
    told = figures_of(outcomes, [span for _, span in spans])
    return tuple(
        WeekFigures(monday, one if known_since is None or known_since < span.since else None, span.has(now))
        for (monday, span), one in zip(spans, told, strict=True)
    )


def weeks(now: datetime, timezone: str) -> list[tuple[date, Span]]:
    """Each with the Monday on which it begins, on the clock of the time zone."""
    this = week_begins(now, timezone)
    mondays = [this + timedelta(days=WEEK * back) for back in range(1 - WEEKS, 2)]
    begins = [midnight(monday, timezone) for monday in mondays]
    return [(mondays[number], Span(begins[number], begins[number + 1])) for number in range(WEEKS)]
