"""The four delivery figures of a place as bar charts, a bar for each week, with the numbers behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.core.figures.messages import NOTHING, length, rate
from bot.core.figures.model import Figures
from bot.core.figures.weekly import WeekFigures

UNKNOWN = "?"
"""Stands for a figure of a week in which so much was deployed that not all of it was read."""
HEIGHT = 40
"""Of the highest bar; what is more than nothing is seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Of one week, counted from 0: ``height`` is 0 where there was nothing, or nothing to measure. The ``last`` week is
    the one that goes on."""

    number: int
    last: bool
    week: str
    height: int
    value: str


@dataclass(frozen=True, slots=True)
class Chart:
    """``sentence`` says all of it to whoever does not see it."""

    title: str
    bars: tuple[Bar, ...]
    sentence: str

    @property
    def now(self) -> str:
        return self.bars[-1].value


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    size: Callable[[Figures], float | None]
    written: Callable[[Figures], str]


def _seconds(passed: timedelta | None) -> float | None:
    return passed.total_seconds() if passed is not None else None


_KINDS = (
    _Kind("Deployments", lambda one: one.deployments, lambda one: str(one.deployments)),
    _Kind("Lead time", lambda one: _seconds(one.lead_time), lambda one: length(one.lead_time)),
    _Kind("Change failure rate", lambda one: one.failure_rate, lambda one: rate(one.failure_rate)),
    _Kind("Time to restore", lambda one: _seconds(one.time_to_restore), lambda one: length(one.time_to_restore)),
)


def charts(weeks: Sequence[WeekFigures]) -> tuple[Chart, ...]:
    """Deployments, lead time, change failure rate and time to restore, in this order."""
    return tuple(_chart(kind, weeks) for kind in _KINDS)


def _chart(kind: _Kind, weeks: Sequence[WeekFigures]) -> Chart:
    sizes = [kind.size(one.figures) or 0.0 if one.figures is not None else 0.0 for one in weeks]
    highest = max(sizes, default=0.0)
    bars = tuple(
        _bar(kind, number, week, size, highest) for number, (week, size) in enumerate(zip(weeks, sizes, strict=True))
    )
    told = ", ".join(f"{bar.value} in the week of {bar.week}" for bar in bars if bar.value not in {NOTHING, "0"})
    return Chart(kind.title, bars, f"{kind.title}: {told or 'nothing in these weeks'}.")


def _bar(kind: _Kind, number: int, of: WeekFigures, size: float, highest: float) -> Bar:
    value = kind.written(of.figures) if of.figures is not None else UNKNOWN
    return Bar(number, of.last, f"{of.monday.day} {of.monday:%b}", _height(size, highest), value)


def _height(size: float, highest: float) -> int:
    return max(1, round(size / highest * HEIGHT)) if size > 0 else 0
