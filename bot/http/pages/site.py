"""All pages, as the listener has them: each is registered with a function, and shown to whoever may see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from bot.adapters.signing import Signatures
from bot.adapters.storage.store import Store
from bot.core.errors import Unavailable
from bot.http.pages import drawing
from bot.http.pages.access import Access, Reader, Stranger
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.http.pages.stream import Watch

log = structlog.get_logger(__name__)

THREADS = 1
"""So many pages ask the database at once: webhooks share its few connections, and must not wait for pages."""
WAITING = 40
"""So many more may wait for their turn; others are asked to come again."""
RETRY_SECONDS = 5
SEATS = 50
"""So many may follow an output, or fetch one, at the same time."""
LOOK_EVERY = 1.0
"""Seconds between two looks at a deployment that somebody watches."""

Found = TypeVar("Found")


class Busy(Exception):
    """Too many want to see pages just now."""


@dataclass(slots=True)
class Site:
    """What pages are drawn with.

    A page is ``def show(site: Site, request: Request, reader: Reader) -> Response`` in a module beside this one, whose
    ``routes(site)`` has ``Route("/somewhere", site.page(show))``; ``bot.http.pages.routes`` puts them together. It runs
    in a thread and may ask ``site.store.reads()``; Unavailable is let through, where the database does not answer, and
    is said for it; and it returns ``site.draw(reader, "some.html", name=value)`` or ``site.missing(reader)``.
    """

    settings: Settings
    store: Store
    signatures: Signatures
    seats: int = SEATS
    look_every: float = LOOK_EVERY
    access: Access = field(init=False)
    leaving: bool = field(default=False, init=False)
    watches: dict[int, Watch] = field(default_factory=dict, init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _at_work: int = field(default=0, init=False)
    _seated: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        root = urlsplit(self.settings.secrets.base_url or "").path.rstrip("/")
        self.access = Access(self.signatures, self.store.database.clock, root)
        self._threads = ThreadPoolExecutor(THREADS, "pages")

    # --- registering ----------------------------------------------------------------------------------------------

    def page(self, show: Callable[[Site, Request, Reader], Response]) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of a page: ``show`` is called for those who may see it."""

        async def drawn(site: Site, request: Request, reader: Reader) -> Response:
            return await site.apart(partial(show, site, request, reader))

        return self.endpoint(drawn)

    def endpoint(
        self, answer: Callable[[Site, Request, Reader], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """As ``page``, for what does not wait for the database itself: ``answer`` may raise Busy as well."""

        async def handle(request: Request) -> Response:
            try:
                reader = await self.reader(request)
                return self.refused(reader) if isinstance(reader, Stranger) else await answer(self, request, reader)
            except Busy:
                return self.busy()
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

    async def patiently(self, work: Callable[[], Found]) -> Found:
        """As ``apart``, for what has begun: its turn comes when it comes."""
        while True:
            try:
                return await self.apart(work)
            except Busy:
                await asyncio.sleep(self.look_every)

    @property
    def is_full(self) -> bool:
        """Whether nobody else can take a seat."""
        return self._seated >= self.seats

    @contextmanager
    def seat(self) -> Iterator[None]:
        """For as long as an answer lasts."""
        self._seated += 1
        try:
            yield
        finally:
            self._seated -= 1

    def leave(self) -> None:
        """Let those go who watch: the process ends."""
        self.leaving = True
        for watch in self.watches.values():
            watch.tell()

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

    def busy(self) -> Response:
        return self.trouble("Too many people are looking just now; please come again in a moment.")

    def trouble(self, said: str) -> Response:
        """For now, and not for long."""
        drawn = self.draw(None, "said.html", 503, title="Not now", said=(said,))
        drawn.headers["Retry-After"] = str(RETRY_SECONDS)
        return drawn


class Seated(StreamingResponse):
    """One of a few that last: where all seats are taken, it is to be asked for again."""

    def __init__(self, site: Site, content: AsyncIterator[str], media_type: str, headers: dict[str, str]) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._site.is_full:
            await self._site.busy()(scope, receive, send)
            return
        with self._site.seat():
            await super().__call__(scope, receive, send)
