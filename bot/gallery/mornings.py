"""What comes by itself: the digest, reminders of what waits, and the delivery figures with their chart."""

from __future__ import annotations

from datetime import timedelta

from bot.core.deployments.model import State
from bot.core.digests import messages as digests
from bot.core.digests.model import AppNews, PlaceNews
from bot.core.figures import messages as figures
from bot.core.figures.messages import Week
from bot.core.figures.model import Figures, Outcome, Span
from bot.core.rich_text import Message
from bot.gallery.material import APP_PAGE, NOW, Material, before
from bot.gallery.onward import gap
from bot.gallery.scene import Scene, answers

_ZONE = "Europe/Berlin"
_DAYS = ("Fri 20", "Sat 21", "Sun 22", "Mon 23", "Tue 24", "Wed 25", "Thu 26")
_SPAN = Span(before(24 * 60), NOW)


def week(app: str, *by_day: int, environment: str = "production") -> Week:
    """Last week's, which had more than the one before."""
    count = sum(by_day)
    now = Figures(count, count + 1, 1, timedelta(hours=3, minutes=12), timedelta(minutes=12))
    earlier = Figures(max(0, count - 3), count, min(3, count), timedelta(hours=5), None)
    return Week(app, environment, now, earlier, _DAYS, by_day)


def quiet_week(app: str) -> Week:
    nothing = Figures(0, 0, 0, None, None)
    return Week(app, "production", nothing, nothing, _DAYS, (0,) * 7)


def news(material: Material, app: str, *, failed: int = 0, **more: tuple[Week, ...]) -> AppNews:
    broken = Outcome(12, State.FAILED, before(90)) if failed else None
    places = (PlaceNews("staging", 9, 0, 0), PlaceNews("production", 3, failed, 1, broken))
    return AppNews(app, _SPAN, places, (gap(material),), **more)


def digests_told(material: Material) -> list[Scene]:
    shop, search = week("shop", 2, 0, 0, 4, 3, 1, 5), week("search", 0, 0, 0, 1, 0, 2, 1)
    monday = [news(material, "shop", weeks=(shop,)), news(material, "search", failed=2, weeks=(search,))]
    crowd = [news(material, f"app-{number}") for number in range(1, material.many + 20)]
    both = [news(material, "shop", failed=1), news(material, "search")]
    gaps = [gap(material), gap(material, "staging")]
    alone = [AppNews("shop", _SPAN, (), (), (shop,))]
    return [
        Scene("A digest", _said(digests.digest(both, NOW, _ZONE))),
        Scene("A digest with last week's figures", _said(digests.digest(monday, NOW, _ZONE))),
        Scene("A digest of many apps", _said(digests.digest(crowd, NOW, _ZONE))),
        Scene("Last week's figures alone", _said(digests.digest(alone, NOW, _ZONE))),
        Scene("Something waits to be deployed", digests.nudge("shop", gaps[:1], NOW, _ZONE)),
        Scene("Something waits in two places", digests.nudge("shop", gaps, NOW, _ZONE)),
        *answers(
            ("Not today", digests.quiet_until("shop", NOW + timedelta(hours=16))),
            ("Not today, where nobody is reminded", digests.no_reminders("shop")),
        ),
    ]


def figures_asked(material: Material) -> list[Scene]:
    shop, search = week("shop", 2, 0, 0, 4, 3, 1, 5), week("search", 0, 0, 0, 1, 0, 2, 1)
    many = [week(f"app-{number}", *(number % 5 for _ in _DAYS)) for number in range(1, material.many + 3)]
    return answers(
        ("figures", figures.listing([shop], page=APP_PAGE)),
        ("figures of several apps", figures.listing([shop, search, quiet_week("billing")])),
        ("figures of many apps", figures.listing(many, left=3)),
        ("figures: nothing was deployed", figures.listing([quiet_week("shop")])),
        ("figures: no production", figures.no_production("shop")),
    )


def _said(message: Message | None) -> Message:
    assert message is not None
    return message
