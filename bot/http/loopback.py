"""Pages and API on this machine alone, for the terminal: a listener on 127.0.0.1, at whatever port is free."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from bot.http.limits import API, PRODUCTION

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from bot.http.api.app import Api
    from bot.http.pages.site import Site


class Loopback:
    """The port is taken at once, so that there are addresses; nobody is answered before ``serve``."""

    def __init__(self) -> None:
        self._opened = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._opened.getsockname()[1]}"

    def serve(self, site: Site, api: Api) -> None:
        """In a thread of its own, which ends with the process."""
        threading.Thread(target=self._serve, args=(site, api), name="pages", daemon=True).start()

    def _serve(self, site: Site, api: Api) -> None:
        # All that it takes is loaded here, while somebody reads the greeting.
        from bot.http.app import routed
        from bot.http.pages.routes import routes
        from bot.http.refusals import Refusals
        from bot.http.server import serving

        refusals = Refusals(PRODUCTION.refusals_told_every)
        app = _either(api.app(refusals), routed(routes(site)))
        server = serving(app, refusals.note, site.leave, PRODUCTION)
        server.run([self._opened])


def _either(api: ASGIApp, pages: ASGIApp) -> ASGIApp:
    """As the listener's door tells them apart."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith(API)
        await (api if is_api else pages)(scope, receive, send)

    return app
