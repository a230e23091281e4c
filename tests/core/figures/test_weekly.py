"""The figures of twelve weeks, and the charts that are drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from bot.core.deployments.model import Shipped, State
from bot.core.figures.charts import HEIGHT, UNKNOWN, charts
from bot.core.figures.model import LOOKED_BACK, MOST, Outcome, Span, figures, figures_of
from bot.core.figures.weekly import MOST_OUTCOMES, WEEKS, weekly, weeks

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
"""A Wednesday."""


@dataclass
class Ended:
    """What has ended in the one place that there is."""

    outcomes_: Sequence[Outcome]
    since: datetime | None = None

    def outcomes(self, app: str, environment: str, since: datetime, most: int = MOST) -> Sequence[Outcome]:
        assert (app, environment) == ("web", "production")
        self.since = since
        return [one for one in self.outcomes_ if one.finished_at >= since][-most:]


def ended(number: int, back: timedelta, state: State = State.SUCCEEDED, lead: timedelta | None = None) -> Outcome:
    at = NOW - back
    shipped = (Shipped("Add", "bob", "", number=number, at=at - lead),) if lead is not None else ()
    return Outcome(number, state, at, shipped=shipped)


HISTORY = [
    ended(1, timedelta(weeks=2), lead=timedelta(hours=4)),
    ended(2, timedelta(weeks=1, hours=3), State.FAILED),
    ended(3, timedelta(weeks=1), lead=timedelta(hours=2)),
    ended(4, timedelta(hours=1), lead=timedelta(hours=1)),
    ended(5, timedelta(minutes=5)),
]


def test_weeks_begin_on_mondays_on_the_clock_of_the_time_zone_also_where_that_changes() -> None:
    found = weeks(datetime(2026, 3, 31, 10, tzinfo=UTC), "Europe/Berlin")

    assert len(found) == WEEKS
    assert found[-1][0] == date(2026, 3, 30)
    assert found[-1][1] == Span(datetime(2026, 3, 29, 22, tzinfo=UTC), datetime(2026, 4, 5, 22, tzinfo=UTC))
    assert found[-2][1] == Span(datetime(2026, 3, 22, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert all(one[1].until == other[1].since for one, other in pairwise(found))


def test_each_week_has_the_figures_that_it_has_by_itself() -> None:
    found = weekly(Ended(HISTORY), "web", "production", NOW, "UTC")

    assert [one.figures for one in found] == [figures(HISTORY, span) for _, span in weeks(NOW, "UTC")]
    assert [one.figures.deployments for one in found if one.figures] == [0] * 9 + [1, 1, 2]
    assert [one.last for one in found] == [False] * 11 + [True]


def test_what_was_there_before_the_first_week_is_looked_at_as_well() -> None:
    reads = Ended(HISTORY)
    weekly(reads, "web", "production", NOW, "UTC")

    assert reads.since == weeks(NOW, "UTC")[0][1].since - LOOKED_BACK


def test_in_one_pass_several_times_have_what_each_has_alone() -> None:
    spans = [span for _, span in weeks(NOW, "UTC")]
    spans.append(Span(spans[0].since, spans[-1].until))

    assert figures_of(HISTORY, spans) == [figures(HISTORY, span) for span in spans]


def test_of_weeks_that_were_not_read_to_their_beginning_nothing_is_claimed() -> None:
    many = [ended(n, timedelta(weeks=3) * (1 - n / MOST_OUTCOMES)) for n in range(MOST_OUTCOMES + 10)]
    found = weekly(Ended(many[:-10]), "web", "production", NOW, "UTC")

    assert [one.figures is None for one in found] == [True] * 9 + [False] * 3
    deployments = charts(found)[0]
    assert [bar.value for bar in deployments.bars][:9] == [UNKNOWN] * 9
    assert [bar.height for bar in deployments.bars][:9] == [0] * 9


def test_the_charts_are_as_high_as_the_highest_and_what_is_little_is_seen() -> None:
    weeks_ = weekly(
        Ended([*HISTORY, *(ended(n, timedelta(0)) for n in range(10, 110))]), "web", "production", NOW, "UTC"
    )
    deployments, lead_time, failure_rate, time_to_restore = charts(weeks_)

    assert [bar.height for bar in deployments.bars] == [0] * 9 + [1, 1, HEIGHT]
    assert [bar.value for bar in lead_time.bars] == ["–"] * 9 + ["4 h", "2 h", "1 h"]
    assert [bar.height for bar in lead_time.bars][-3:] == [HEIGHT, HEIGHT // 2, HEIGHT // 4]
    assert [bar.value for bar in failure_rate.bars][-3:] == ["0 %", "50 %", "0 %"]
    assert [bar.value for bar in time_to_restore.bars][-3:] == ["–", "3 h", "–"]
    assert (deployments.now, lead_time.now) == ("102", "1 h")
    assert [bar.last for bar in deployments.bars] == [False] * 11 + [True]


def test_whoever_does_not_see_a_chart_hears_what_it_shows() -> None:
    deployments, _, _, time_to_restore = charts(weekly(Ended(HISTORY), "web", "production", NOW, "UTC"))
    [nothing, *_] = charts(weekly(Ended([]), "web", "production", NOW, "UTC"))

    told = "1 in the week of 16 Feb, 1 in the week of 23 Feb, 2 in the week of 2 Mar"
    assert deployments.sentence == f"Deployments: {told}."
    assert time_to_restore.sentence == "Time to restore: 3 h in the week of 23 Feb."
    assert nothing.sentence == "Deployments: nothing in these weeks."
