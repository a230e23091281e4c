"""Which pull requests are written on, at what pace, and what a release is called."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.deployments.model import Shipped
from bot.core.publications.model import AN_HOUR, AT_ONCE, Pace, numbers, tag_of
from tests.core.deployments.made import T0, a_deployment, t


def shipped(number: int | None, page: str) -> Shipped:
    return Shipped("Gift cards", "carol", page, number=number)


def test_only_pull_requests_of_the_repository_are_written_on() -> None:
    lines = [
        shipped(1, "https://github.com/acme/web/pull/1"),
        shipped(2, "https://github.com/Acme/Web/pull/2"),
        shipped(3, "https://github.com/acme/old-web/pull/3"),
        shipped(4, "https://github.com/upstream/web/pull/4"),
        shipped(5, "https://github.com/acme/web2/pull/5"),
        shipped(6, ""),
        shipped(None, "https://github.com/acme/web/commit/64fd7b0"),
    ]

    assert numbers(lines, ["acme/web", "acme/old-web"]) == {1, 2, 3, 6}


def test_ten_a_minute_and_a_hundred_and_twenty_an_hour() -> None:
    pace, now, written = Pace(), T0, []
    for _ in range(30):
        room = pace.room(now)
        written.append((now - T0, room))
        pace = Pace.read(pace.after(now, room).show(), now)
        assert pace.room(now) == 0
        now = pace.next(now)

    assert written[:3] == [(timedelta(minutes=n), AT_ONCE) for n in range(3)]
    assert written[12] == (timedelta(hours=1), AT_ONCE)
    assert all(
        sum(count for moment, count in written if start <= moment < start + timedelta(hours=1)) <= AN_HOUR
        for start, _ in written
    )


def test_what_is_used_in_part_leaves_the_rest() -> None:
    pace = Pace().after(T0, 4).after(t(seconds=30), 3)

    assert (pace.room(t(seconds=40)), pace.next(t(seconds=40))) == (3, t(minutes=1))
    assert pace.room(t(minutes=1)) == 7
    assert Pace.read(pace.show(), t(minutes=60, seconds=10)).show() == f"{t(seconds=30).isoformat()}=3"
    assert Pace.read(None, T0) == Pace()


@pytest.mark.parametrize(
    ("app", "environment", "tag"),
    [
        ("web", "production", "web-production-2026-03-02-12"),
        ("web..api", "eu", "web.api-eu-2026-03-02-12"),
    ],
)
def test_a_release_is_called_after_its_app_environment_day_and_number(app: str, environment: str, tag: str) -> None:
    assert tag_of(a_deployment(id=12, app=app, environment=environment)) == tag
