"""The page of a deployment in a real browser: it is live, can be read by everybody, and asks nobody else for anything.

Skipped where the machine has no Chromium.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.deployments.model import Changes, Deployment, Shipped, State, StepRun, Steps
from tests.browser import DESKTOP, PHONE, Browser, browser
from tests.http.pages.site import PAGE, RUNNING, Pages, serving

COLOURS = [
    f"\x1b[{code}mcolour {code}\x1b[0m" for code in (*range(30, 38), *range(90, 98), *range(40, 48), 1, 2, 3, 4, 7)
]


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with serving(tmp_path) as made:
        yield made


def running(pages: Pages) -> Deployment:
    shipped = (Shipped("Orders", "carol", "https://github.com/acme/web/pull/9", 9), Shipped("Logs", "dave", "", 8))
    steps = Steps(
        2, (StepRun(1, "Build", RUNNING.created_at, RUNNING.created_at), StepRun(2, "Go", RUNNING.created_at))
    )
    one = pages.add(steps=steps, changes=Changes(shipped=shipped, ahead=2))
    pages.writes(one, "first & foremost", *COLOURS)
    return one


def address(pages: Pages, path: str = PAGE) -> str:
    return f"http://127.0.0.1:{pages.door.port}{pages.with_key(path, PAGE)}"


def line(number: int) -> str:
    return f"document.getElementById('L{number}')?.outerHTML"


def test_lines_arrive_as_they_are_written_and_the_end_is_told(pages: Pages, tab: Browser) -> None:
    one = running(pages)
    tab.complaints.clear()
    tab.opens(address(pages))
    written = len(COLOURS) + 1

    pages.writes(one, *("first & foremost", *COLOURS))
    tab.waits_for(f"document.getElementById('L{2 * written}')")
    drawn_here = [tab.asks(line(written + n)) for n in range(1, written + 1)]
    drawn_there = [tab.asks(line(n)) for n in range(1, written + 1)]
    pages.save(one, state=State.FAILED, finished_at=one.created_at, description="exit code 1")
    tab.waits_for("document.getElementById('now').dataset.state === 'failed'")

    # The script draws what the server draws, but for the numbers.
    assert [text.replace(str(written + n), str(n)) for n, text in enumerate(drawn_here, 1)] == drawn_there
    assert "failed" in tab.asks("document.querySelector('h1').innerText")
    assert "failed" in tab.asks("document.title")
    tab.waits_for("document.getElementById('live').textContent === 'It has ended; these are all lines.'")
    assert tab.complaints == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everybody_can_read_it(pages: Pages, tab: Browser, size: tuple[int, int], *, dark: bool) -> None:
    running(pages)

    tab.opens(address(pages), size, dark=dark)

    assert tab.axe() == []
    assert tab.asks("document.documentElement.scrollWidth") <= size[0]
    ground = tab.asks("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(22, 24, 29)" if dark else "rgb(255, 255, 255)")


def test_it_can_be_read_by_keyboard(pages: Pages, tab: Browser) -> None:
    running(pages)
    tab.opens(address(pages))

    tab.presses("Tab")
    first = tab.asks("document.activeElement.textContent")
    outline = tab.asks("getComputedStyle(document.activeElement).outlineStyle")
    tab.presses("Enter")
    tab.waits_for("location.hash === '#main'")
    tab.presses("Tab")

    assert (first, outline) == ("Skip to the content", "solid")
    assert tab.asks("document.getElementById('main').contains(document.activeElement)")


def test_a_line_that_somebody_pointed_at_is_shown_wherever_it_is(pages: Pages, tab: Browser) -> None:
    one = pages.add()
    pages.writes(one, *(f"line {n}" for n in range(1, 1_001)))

    tab.opens(f"{address(pages)}#L42")

    tab.waits_for("document.querySelector('#L42:target')")
    assert "line 42" in tab.asks(line(42))


def test_without_scripts_everything_is_there(pages: Pages, tab: Browser) -> None:
    running(pages)

    tab.opens(address(pages), script=False)

    assert "colour 31" in tab.asks("document.body.innerText")
    assert tab.asks("document.querySelector('time').textContent")


def test_who_has_no_link_can_read_that_too(pages: Pages, tab: Browser) -> None:
    tab.opens(f"http://127.0.0.1:{pages.door.port}{PAGE}", PHONE)

    assert tab.axe() == []
    assert "key" not in tab.asks("document.body.innerText")
