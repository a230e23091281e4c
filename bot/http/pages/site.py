"""All pages, as the listener has them: each is registered with a function, and shown to whoever may see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from bot.adapters.signing import Signatures
from bot.adapters.storage.store import Store
from bot.core.errors import NotAllowed, ShipmateError, Unavailable
from bot.core.ports.chat import Clock
from bot.http.pages import drawing
from bot.http.pages.access import KEY, NEXT, SIGN_IN, SIGN_OUT, Access, Reader, Stranger
from bot.http.pages.desk import Busy, Desk, Late
from bot.settings import Settings
from bot.settings.current import InUse

if TYPE_CHECKING:
    from bot.adapters.slack.sign_in import SignIn
    from bot.http.pages.stream import Watch

log = structlog.get_logger(__name__)

THREADS = 1
"""So many pages ask the database at once: webhooks share its few connections, and must not wait for pages."""
THREADS_OF_SLACK = 2
RETRY_SECONDS = 5
SEATS = 50
"""So many may follow an output, or fetch one, at the same time."""
PATIENCE = 10.0
"""Seconds to wait for the database: routers in front give up after thirty."""
LOOK_EVERY = 1.0
"""Seconds between two looks at a deployment that somebody watches."""

Found = TypeVar("Found")


@dataclass(slots=True)
class Site:
    """What pages are drawn with.

    A page is ``def show(site: Site, request: Request, reader: Reader) -> Response`` in a module beside this one, whose
    ``routes(site)`` has ``Route("/somewhere", site.page(show))``; ``bot.http.pages.routes`` puts them together. It runs
    in a thread and may ask ``site.store.reads()``; Unavailable is let through, where the database does not answer, and
    is said for it; and it returns ``site.draw(reader, "some.html", name=value)`` or ``site.missing(reader)``.
    """

    in_use: InUse
    store: Store
    signatures: Signatures
    sign_in: SignIn | None = None
    seats: int = SEATS
    look_every: float = LOOK_EVERY
    patience: float = PATIENCE
    access: Access = field(init=False)
    leaving: bool = field(default=False, init=False)
    watches: dict[int, Watch] = field(default_factory=dict, init=False)
    _desk: Desk = field(init=False)
    _desk_of_members: Desk = field(init=False)
    _desk_of_strangers: Desk = field(init=False)
    _seated: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.access = Access(self.signatures, self.clock, self.settings.secrets.base_path, self.sign_in is not None)
        self._desk = Desk(THREADS, "pages", patience=self.patience)
        self._desk_of_members = Desk(THREADS_OF_SLACK, "members")
        self._desk_of_strangers = Desk(THREADS_OF_SLACK, "signing in")

    @property
    def settings(self) -> Settings:
        """Those that are in use now."""
        return self.in_use()

    @property
    def clock(self) -> Clock:
        return self.store.database.clock

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by https, so that cookies need to travel no other way."""
        return (self.settings.secrets.base_url or "").startswith("https://")

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

        async def admit(request: Request) -> Response:
            reader = await self.reader(request)
            return (
                self.refused(request, reader) if isinstance(reader, Stranger) else await answer(self, request, reader)
            )

        return self.answering(admit)

    def answering(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """For anybody. ``answer`` may raise Unavailable and Busy."""

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except Busy:
                return self.busy()
            except Unavailable as error:
                log.warning("page not shown", reason=str(error), during=error.service)
                return self.trouble("The bot cannot reach its database just now; please come again in a moment.")
            except Exception as error:
                log.error("page failed", path=request.scope["path"], exc_info=error)
                said = ("A fault of the bot’s own; whoever runs it finds it in its log.",)
                return self.draw(None, "said.html", 500, title="That did not work", said=said)

        return handle

    async def reader(self, request: Request) -> Reader | Stranger:
        """Who wants to see it. Raises Unavailable and Busy."""
        await self.ready()
        found = self.access.of(request)
        if self.sign_in is None or isinstance(found, Stranger) or found.person is None:
            return found
        try:
            await self._desk_of_members.do(partial(self.sign_in.member, found.person))
        except NotAllowed:
            return Stranger(expired=True)
        except ShipmateError as error:
            # Slack has let them in today; while it does not answer that counts.
            log.warning("member not looked up", reason=str(error), during=getattr(error, "service", ""))
        return found

    async def ready(self) -> None:
        """Once it is, signatures are looked at without waiting for anybody. Raises Unavailable and Busy."""
        if not self.signatures.ready:
            await self.apart(self.signatures.make_ready)

    async def apart(self, work: Callable[[], Found]) -> Found:
        """Done in a thread for pages. Raises Busy, and Unavailable where the database does not answer in time."""
        try:
            return await self._desk.do(work)
        except Late:
            raise self.store.database.away("The database has not answered in time.") from None

    async def for_a_stranger(self, work: Callable[[], Found]) -> Found:
        """Done in a thread for what Slack is asked of whoever wants to sign in. Raises Busy.

        A bulkhead: however many come with codes that they made up, those who are signed in wait behind none of them.
        """
        return await self._desk_of_strangers.do(work)

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
            "sign_out": f"{self.access.root}{SIGN_OUT}",
            "link": partial(self.access.link, reader) if reader is not None else None,
        }
        return drawing.draw(template, status, **given, **values)

    def missing(self, reader: Reader, what: str = "There is no such page.") -> Response:
        return self.draw(reader, "said.html", 404, title="Not found", said=(what,))

    def refused(self, request: Request, stranger: Stranger) -> Response:
        """For whoever may not see a page: nothing of it, and what they can do."""
        name = self.settings.bot.name
        if stranger.expired:
            said = (
                "Your link or your session has expired: links to pages hold for seven days, sessions for twelve hours.",
                f"Ask {name} in Slack again, with “logs” or “status”, for a fresh link.",
            )
        else:
            said = (
                f"This page is for those who come here by a link that {name} gave them in Slack.",
                "Open it from there; if a part of the link was lost on the way, take it again.",
            )
        asked = urlencode([(key, value) for key, value in request.query_params.multi_items() if key != KEY])
        return self.refused_because(said, 401, f"{request.scope['path']}{'?' if asked else ''}{asked}")

    def refused_because(self, said: Sequence[str], status: int, path: str = "/") -> Response:
        """With a way to sign in, where there is one; ``path`` is where they come back to."""
        way = f"{self.access.root}{SIGN_IN}?{urlencode({NEXT: path})}" if self.sign_in is not None else None
        return self.draw(None, "refused.html", status, title="Who are you?", said=said, sign_in=way)

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
