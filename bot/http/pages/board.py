"""The board at ``/``: every app with its environments, the worst first."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.core.board.model import PAGE
from bot.core.board.page_messages import app_address, ordered, summary
from bot.http.pages.access import Reader
from bot.http.pages.linked import html
from bot.http.pages.site import Site
from bot.http.pages.standings import Standings

LARGEST = 40_000
"""Bytes of a page: with stylesheets and scripts less than 50 kB. Where that is too few, it has fewer links, and then
fewer apps."""
_WAYS = [(size, linked) for size in (PAGE, 30, 20, 10) for linked in (True, False)]
_MOST_DIGITS = 6


def routes(site: Site) -> list[Route]:
    return [Route("/", site.page(show))]


def show(site: Site, request: Request, reader: Reader) -> Response:
    """From the app with the number ``from`` on, counted from 0, as many as there is room for."""
    asked = request.query_params.get("from", "")
    standings = Standings(site.store.reads(), list(site.settings.apps.values()), site.store.database.clock.now())
    apps = ordered(standings.apps)
    first = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= _MOST_DIGITS else 0
    first = first if first < len(apps) else 0
    for size, linked in _WAYS:
        shown = apps[first : first + size]
        after = first + len(shown)
        page = site.draw(
            reader,
            "board.html",
            html=partial(html, link=partial(site.access.link, reader), zone=site.settings.bot.timezone),
            summary=summary(apps),
            apps=[(one.name, app_address(one.name), standings.lines(one, linked=linked)) for one in shown],
            before=max(0, first - PAGE) if first else None,
            after=after if after < len(apps) else None,
            span=(first + 1, after, len(apps)),
        )
        if len(page.body) <= LARGEST:
            break
    return page
