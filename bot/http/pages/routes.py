"""Which pages there are, by their addresses."""

from __future__ import annotations

from starlette.routing import Route

from bot.http.pages import apps, board, deployment, static
from bot.http.pages.site import Site


def routes(site: Site) -> list[Route]:
    """Each module of pages has its own; the first that fits an address answers there."""
    found = [Route(f"{static.STATIC}{{name}}", static.asset)]
    found += [*board.routes(site), *apps.routes(site), *deployment.routes(site)]
    if site.sign_in is not None:
        from bot.http.pages import signing_in  # Slack's library takes memory that those without need not have

        found += signing_in.routes(site)
    return found
