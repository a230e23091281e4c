"""A database that takes a question and never answers: whoever asks is told in time, and those behind them too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest
from starlette.requests import Request

from bot.core.errors import Unavailable
from bot.http.api.access import Access
from bot.http.health import Health
from bot.http.pages.desk import Busy, Desk, Late
from tests.http.door import Door, door
from tests.patience import PATIENCE

A_MOMENT = 0.01


@pytest.fixture
def at_door(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path) as made:
        yield made


async def comes_back(ask: Callable[[], Awaitable[Any]]) -> Any:
    """What is answered once it answers again."""
    while True:
        try:
            return await ask()
        except (Unavailable, Busy, Late):
            continue


def test_the_api_says_so_and_asks_nothing_else_meanwhile(at_door: Door) -> None:
    access, moves, done = Access(at_door.kept, A_MOMENT), Event(), []

    async def happens() -> tuple[Unavailable, Unavailable, Any]:
        with pytest.raises(Unavailable) as asked:
            await access.ask(moves.wait, PATIENCE)
        with pytest.raises(Unavailable) as queued:
            await access.ask(done.append, "stored after all")
        moves.set()
        return asked.value, queued.value, await comes_back(lambda: access.ask(lambda: "there"))

    asked, queued, later = asyncio.run(happens())

    assert (asked.uncertain, queued.uncertain, later, done) == (True, False, "there", [])
    assert asked.service == "database"


def test_pages_say_so_and_whoever_waits_behind_is_asked_to_come_again() -> None:
    desk, moves, done = Desk(1, "pages", patience=A_MOMENT), Event(), []

    async def happens() -> Any:
        with pytest.raises(Late):
            await desk.do(lambda: moves.wait(PATIENCE))
        with pytest.raises(Busy):
            await desk.do(lambda: done.append("drawn after all"))
        moves.set()
        return await comes_back(lambda: desk.do(lambda: "there"))

    assert (asyncio.run(happens()), done) == ("there", [])


def test_what_was_wanted_by_those_who_have_gone_is_not_done() -> None:
    desk, moves, done = Desk(1, "pages"), Event(), []

    async def happens() -> None:
        first = asyncio.create_task(desk.do(lambda: moves.wait(PATIENCE)))
        gone = [asyncio.create_task(desk.do(lambda: done.append("in vain"))) for _ in range(5)]
        await asyncio.sleep(0)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        moves.set()
        await first
        await desk.do(lambda: done.append("wanted"))

    asyncio.run(happens())

    assert done == ["wanted"]


def test_it_is_not_ready() -> None:
    moves = Event()
    health = Health(lambda: [] if moves.wait(PATIENCE) else ["in vain"], None, tuple, A_MOMENT)

    async def happens() -> list[tuple[int, bytes]]:
        seen = []
        for _ in range(2):
            page = await health.page(cast(Request, None))
            seen.append((page.status_code, bytes(page.body)))
        moves.set()
        while (page := await health.page(cast(Request, None))).status_code != 200:
            pass
        return [*seen, (page.status_code, bytes(page.body))]

    away = (503, b"not ready: the database does not answer\n")
    assert asyncio.run(happens()) == [away, away, (200, b"ready\n")]
