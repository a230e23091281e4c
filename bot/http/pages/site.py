"""All pages, as the listener has them: each is registered with a function, and shown to whoever may see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.adapters.signing import Signatures
from bot.adapters.storage.store import Store
from bot.core.errors import Unavailable
from bot.http.pages import drawing
from bot.http.pages.access import Access, Reader, Stranger
from bot.settings import Settings

log = structlog.get_logger(__name__)

THREADS = 2
"""At once so many pages are being drawn; a page waits for the database, and webhooks must not wait for pages."""
WAITING = 40
"""So many more may wait for their turn; others are asked to come again."""
RETRY_SECONDS = 5

Found = TypeVar("Found")


class Busy(Exception):
    """Too many want to see pages just now."""


@dataclass(slots=True)
class Site:
    """What pages are drawn with.

    A page is ``def show(site: Site, request: Request, reader: Reader) -> Response`` in a module beside this one, whose
    ``routes(site)`` has ``Route("/somewhere", site.page(show))``; ``bot.http.pages.routes`` puts them together. It runs
    in a thread and may ask ``site.store.reads()``; it lets Unavailable through where the database does not answer, which
    is said for it; and it returns ``site.draw(reader, "some.html", name=value)`` or ``site.missing(reader)``.
    """

    settings: Settings
    store: Store
    signatures: Signatures
    access: Access = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _at_work: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        root = urlsplit(self.settings.secrets.base_url or "").path.rstrip("/")
        self.access = Access(self.signatures, self.store.database.clock, root)
        self._threads = ThreadPoolExecutor(THREADS, "pages")

    # --- registering ----------------------------------------------------------------------------------------------

    def page(self, show: Callable[[Site, Request, Reader], Response]) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of a page: ``show`` is called for those who may see it."""

        async def handle(request: Request) -> Response:
            try:
                reader = await self.reader(request)
                if isinstance(reader, Stranger):
                    return self.refused(reader)
                return await self.apart(partial(show, self, request, reader))
            except Busy:
                return self.trouble("Too many people are looking just now; please come again in a moment.")
            except Unavailable as error:
                log.warning("page not shown", reason=str(error))
                return self.trouble("The bot cannot reach its database just now; please come again in a moment.")

        return handle

    async def reader(self, request: Request) -> Reader | Stranger:
        """Who wants to see it. Raises Unavailable and Busy."""
        if not self.signatures.ready:
            await self.apart(self.signatures.make_ready)
        return self.access.of(request)

    async def apart(self, work: Callable[[], Found]) -> Found:
        """Done in one of the threads for pages, so that nothing else waits for it. Raises Busy."""
        if self._at_work >= THREADS + WAITING:
            raise Busy
        self._at_work += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._at_work -= 1

    # --- drawing --------------------------------------------------------------------------------------------------

    def draw(self, reader: Reader | None, template: str, status: int = 200, /, **values: object) -> Response:
        """A page that extends ``base.html``.

        Templates have ``reader``, ``link(path, **query)`` to other pages, ``root``, ``bot`` (its name) and the filters
        ``moment(zone)``, ``plain`` and ``visible``.
        """
        given = {
            "bot": self.settings.bot.name,
            "zone": self.settings.bot.timezone,
            "root": self.access.root,
            "reader": reader,
            "link": partial(self.access.link, reader) if reader is not None else None,
        }
        return drawing.draw(template, status, **given, **values)

    def missing(self, reader: Reader, what: str = "There is no such page.") -> Response:
        return self.draw(reader, "said.html", 404, title="Not found", said=(what,))

    def refused(self, stranger: Stranger) -> Response:
        """For whoever may not see a page: nothing of it, and what they can do."""
        if stranger.expired:
            said: Sequence[str] = (
                "This link has expired: links to pages hold for seven days.",
                f"Ask {self.settings.bot.name} in Slack again, with “logs” or “status”, for a fresh one.",
            )
        else:
            said = (
                f"This page is for those who come here by a link that {self.settings.bot.name} gave them in Slack.",
                "Open it from there; if a part of the link was lost on the way, take it again.",
            )
        return self.draw(None, "said.html", 401, title="Who are you?", said=said)

    def trouble(self, said: str) -> Response:
        """For now, and not for long."""
        drawn = self.draw(None, "said.html", 503, title="Not now", said=(said,))
        drawn.headers["Retry-After"] = str(RETRY_SECONDS)
        return drawn
