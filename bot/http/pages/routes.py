"""Which pages there are, by their addresses."""

from __future__ import annotations

from starlette.routing import Route

from bot.http.pages import apps, board, static
from bot.http.pages.site import Site


def routes(site: Site) -> list[Route]:
    """Each module of pages has its own; the first that fits an address answers there."""
    return [Route(f"{static.STATIC}{{name}}", static.asset), *board.routes(site), *apps.routes(site)]
