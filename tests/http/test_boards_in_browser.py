"""The board and the page of an app in a real browser: readable, reachable, kept up to date, and clean for axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.core.deployments.model import Actor, State
from bot.core.locks.model import Lock
from tests.browser import DESKTOP, PHONE, Browser, browser
from tests.http.boards import Boards, boards


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Boards]:
    with boards(tmp_path) as opened:
        fill(opened)
        yield opened


def fill(shown: Boards) -> None:
    """Something of everything that may stand on the pages."""
    long = "feature/a-branch-that-has-a-name-of-very-many-words"
    ended = [
        shown.made(
            n, minutes_ago=n * 24 * 60, state=State.FAILED if n % 5 == 0 else State.SUCCEEDED, description="exit 1"
        )
        for n in range(90, 0, -1)
    ]
    ended = [replace(one, id=101 - one.id, request_id=f"ended-{one.id}") for one in ended]
    shown.add(
        *ended,
        shown.made(201, environment="staging", ref=long),
        shown.made(202, environment="staging", state=State.FAILED, minutes_ago=5, ref=long),
        shown.made(203, state=State.RUNNING, finished_at=None, usual_seconds=600.0),
        shown.made(204, state=State.WAITING, started_at=None, finished_at=None, approvals_missing=1),
    )
    until = shown.now + timedelta(hours=2)
    shown.holds(Lock("web", "production", Actor("alice", "U2"), shown.now, reason="load test", until=until))


def address(shown: Boards, path: str) -> str:
    joined = "&" if "?" in path else "?"
    return f"http://127.0.0.1:{shown.door.port}{path}{joined}key={shown.key()}"


PATHS = (
    "/",
    "/apps/web",
    "/apps/web?environment=staging&state=failed",
    "/apps/web?state=nope",
    "/apps/nope",
    "/apps/api",
)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_nothing_stands_in_anybodys_way(shown: Boards, tab: Browser, size: tuple[int, int], *, dark: bool) -> None:
    for path in PATHS:
        tab.complaints.clear()
        tab.opens(address(shown, path), size, dark=dark)
        tab.asks("for (const one of document.querySelectorAll('details')) one.open = true")

        assert tab.axe() == [], path
        assert tab.asks("document.documentElement.scrollWidth <= innerWidth"), path
        # What is answered with 400 and 404 is an error to the console as well.
        assert [one for one in tab.complaints if "the server responded with" not in one] == [], path


def test_everything_can_be_reached_with_the_keyboard_and_is_seen_there(shown: Boards, tab: Browser) -> None:
    tab.opens(address(shown, "/apps/web"))
    reached = []
    for _ in range(20):
        tab.presses("Tab")
        reached.append(tab.asks("document.activeElement.name || document.activeElement.textContent.trim()"))
        assert tab.asks("getComputedStyle(document.activeElement).outlineStyle") != "none"

    assert reached[0] == "Skip to the content"
    assert {"main@0000001", "#203", "The numbers", "environment", "state", "person", "ref", "Show"} <= set(reached)


def test_the_board_is_kept_up_to_date_and_focus_and_scroll_stay(shown: Boards, tab: Browser) -> None:
    tab.opens(address(shown, "/"), (390, 300))
    tab.asks("document.querySelector('a[href*=ended-1\\\\?]').focus({preventScroll: true})")
    tab.asks("scrollTo(0, 120); window.same = true")
    row = tables.deployments.c
    with shown.store.database.writing() as connection:
        done = {"state": "succeeded", "finished_at": shown.now}
        connection.execute(sa.update(tables.deployments).where(row.id == 202).values(done))
        connection.execute(sa.update(tables.deployments).where(row.id == 203).values(state="cancelled"))

    tab.asks("document.dispatchEvent(new Event('visibilitychange'))")
    tab.waits_for("!document.body.textContent.includes('is under way')")

    assert "1 failing" not in tab.asks("document.getElementById('standing').innerText")
    assert tab.asks("window.same") is True
    assert tab.asks("document.activeElement.textContent") == "main@0000001"
    assert tab.asks("scrollY") == 120
    assert tab.asks("[...document.querySelectorAll('time')].every(one => one.title)")


def test_whoever_may_not_look_any_more_is_told_and_asks_no_more(shown: Boards, tab: Browser) -> None:
    tab.opens(address(shown, "/"))
    tab.asks("history.replaceState(null, '', '/?key=expired')")

    tab.asks("document.dispatchEvent(new Event('visibilitychange'))")
    tab.waits_for("document.getElementById('live').textContent.includes('reload the page')")

    assert "web" in tab.asks("document.getElementById('standing').innerText")


def test_without_scripts_the_page_is_whole_and_comes_again_by_itself(shown: Boards, tab: Browser) -> None:
    tab.opens(address(shown, "/"), script=False)

    assert tab.asks("document.querySelector('noscript meta[http-equiv=refresh]').content") == "60"
    assert "load test" in tab.asks("document.body.innerText")


def test_the_filters_are_a_form_that_works(shown: Boards, tab: Browser) -> None:
    tab.opens(address(shown, "/apps/web"))
    for name, value in (("state", "failed"), ("person", "maria")):
        tab.asks(f"document.querySelector('[name={name}]').value = '{value}'")
    tab.asks("document.querySelector('.filters button').click()")
    tab.waits_for("location.search.includes('state=failed')")
    tab.waits_for("document.readyState === 'complete'")

    states = tab.asks("[...document.querySelectorAll('.history li span:nth-child(2)')].map(one => one.textContent)")
    assert set(states) == {"❌ failed"}
    assert tab.asks("document.querySelector('[name=state]').value") == "failed"
