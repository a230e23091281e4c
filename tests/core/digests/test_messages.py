"""What a digest says of many apps, and the chart of many places."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.core.deployments.model import State
from bot.core.digests.messages import digest
from bot.core.digests.model import AppNews, PlaceNews, place_news
from bot.core.figures.messages import Week, chart
from bot.core.figures.model import Figures, Outcome, Span

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
SPAN = Span(NOW - timedelta(days=3), NOW)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NONE = Figures(0, 0, 0, None, None)


def week(app: str, count: int, environment: str = "production") -> Week:
    return Week(app, environment, Figures(count, count, 0, None, None), NONE, DAYS, (count, 0, 0, 0, 0, 0, 0))


def news(app: str, *weeks: Week) -> AppNews:
    return AppNews(app, SPAN, (PlaceNews("production", 1, 0, 0),), (), weeks)


def test_fifteen_apps_are_told_of_and_the_others_counted() -> None:
    said = digest([news(f"app{number}") for number in range(18)], NOW, "UTC")

    assert said is not None
    shown = said.text().split("\n")
    assert (shown[0], len(shown), shown[-1]) == (
        "☀️ Since Fri 06 Mar 09:00 UTC: 18 deployments went live",
        17,
        "and 3 more apps",
    )
    assert said.summary().endswith("app14 production: 1 live; and 3 more apps.")


def test_an_app_without_news_is_not_told_of_but_its_figures_are() -> None:
    quiet = AppNews("quiet", SPAN, (), (), (week("quiet", 2),))

    said = digest([news("web"), quiet], NOW, "UTC")

    assert said is not None
    assert said.text().split("\n")[:3] == [
        "☀️ Since Fri 06 Mar 09:00 UTC: 1 deployment went live",
        "web production: 1 live",
        "📈 quiet → production last week: 2 deployments (0) · lead time – (–) · failure rate 0 % (–) · "
        "time to restore – (–)",
    ]


def test_where_nobody_has_anything_to_say_there_is_no_message() -> None:
    assert digest([AppNews("web", SPAN, (), ())], NOW, "UTC") is None
    assert digest([AppNews("web", SPAN, (), (), (week("web", 0),))], NOW, "UTC") is None


def test_a_chart_has_the_six_busiest_places_by_their_apps() -> None:
    drawn = chart([week(f"app{number}", number) for number in range(9)])

    assert drawn is not None
    assert [one.name for one in drawn.series] == ["app3", "app4", "app5", "app6", "app7", "app8"]
    assert drawn.labels == DAYS


def test_several_places_of_an_app_are_told_apart() -> None:
    one = chart([week("web", 1, "eu"), week("web", 2, "us")])
    several = chart([week("web", 1, "eu"), week("web", 2, "us"), week("api", 1)])

    assert one is not None
    assert several is not None
    assert [series.name for series in one.series] == ["eu", "us"]
    assert [series.name for series in several.series] == ["web eu", "web us", "api production"]


def test_days_without_a_success_have_no_chart() -> None:
    assert chart([week("web", 0)]) is None


def test_what_failed_before_a_digest_and_works_by_the_time_it_is_told_is_not_broken() -> None:
    failed = Outcome(1, State.FAILED, NOW - timedelta(hours=1))
    mended = Outcome(2, State.SUCCEEDED, NOW + timedelta(minutes=20))

    still, well = (place_news("production", outcomes, SPAN) for outcomes in ([failed], [failed, mended]))

    assert still == PlaceNews("production", 0, 1, 0, broken=failed)
    assert well == PlaceNews("production", 0, 1, 0)
