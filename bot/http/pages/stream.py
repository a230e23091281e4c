"""What a deployment writes, as server-sent events: read from the database once for all who watch it.

https://html.spec.whatwg.org/multipage/server-sent-events.html: each line is an event whose ``id`` is its number,
counted from 0, so that whoever was cut off goes on behind the last they have seen. ``state`` says how the deployment
stands by now, and ``end`` that it has ended and all was told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.core.deployments.model import Deployment
from bot.core.errors import Unavailable
from bot.http.pages.access import Reader
from bot.http.pages.drawing import guarded
from bot.http.pages.lines import Numbered, seen
from bot.http.pages.site import Seated, Site

log = structlog.get_logger(__name__)

EVENTS = "text/event-stream; charset=utf-8"
BATCH = 500
"""So many lines are read at once."""
KEPT = 1_000
"""So many of the newest lines are kept for those who watch; who is further behind reads them from the database."""
RETRY_MS = 3_000
KEEP_ALIVE = 15.0
"""Seconds after which something is sent: routers in front close what is silent (Heroku's after 55)."""
LONGEST = 300.0
"""Seconds after which a stream ends, so that others come in, too; browsers open it again by themselves."""


async def stream(site: Site, request: Request, _reader: Reader) -> Response:
    """Raises Unavailable and Busy."""
    one = await site.apart(partial(site.store.reads().by_request, request.path_params["request_id"]))
    if one is None:
        return guarded(Response("There is no such deployment here.\n", 404, media_type="text/plain"))
    headers = {"X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return guarded(Response(media_type=EVENTS, headers=headers))
    following = _following(request)
    if following:
        # From behind the end nobody would hear the next lines: neither they nor those who share their look.
        following = min(following, await site.apart(partial(site.store.output.next_number, one.id)))
    return guarded(Seated(site, _events(site, one, following), media_type=EVENTS, headers=headers))


def _following(request: Request) -> int:
    """The number of the first line that is wanted: behind the last that was seen."""
    given = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    return int(given) + 1 if given.isascii() and given.isdigit() and len(given) < 10 else 0


async def _events(site: Site, one: Deployment, following: int) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST
    stood: Deployment | None = None
    yield f"retry: {RETRY_MS}\n\n"
    with _watched(site, one, following) as watch:
        try:
            while loop.time() < until and not site.leaving and not watch.broken:
                lines = await watch.after(following)
                for number, line in lines:
                    yield f"id: {number}\ndata: {seen(line)}\n\n"
                    following = number + 1
                if stood != watch.deployment:
                    stood = watch.deployment
                    yield f"event: state\ndata: {stood.state}\n\n"
                if lines:
                    continue
                if watch.over:
                    yield f"event: end\ndata: {watch.deployment.state}\n\n"
                    return
                if not await watch.something(KEEP_ALIVE):
                    yield ": still here\n\n"
        except Unavailable as error:
            log.warning("stream ended", deployment=one.id, reason=str(error), during=error.service)


@contextmanager
def _watched(site: Site, one: Deployment, following: int) -> Iterator[Watch]:
    """The look at it that is shared: begun with the first who watches, given up with the last."""
    watch = site.watches.setdefault(one.id, Watch(site, one, following))
    watch.watchers += 1
    if watch.looking is None:
        watch.looking = asyncio.create_task(watch.look())
    try:
        yield watch
    finally:
        watch.watchers -= 1
        if not watch.watchers:
            watch.looking.cancel()
            del site.watches[one.id]


@dataclass(slots=True)
class Watch:
    """One look a second at one deployment, for all who watch it.

    ``kept`` are its newest lines, complete from the number ``floor`` on; ``over`` says that it has ended and that they
    are all, ``broken`` that nobody looks any more.
    """

    site: Site
    deployment: Deployment
    following: int
    over: bool = False
    broken: bool = False
    watchers: int = 0
    looking: asyncio.Task[None] | None = None
    kept: deque[Numbered] = field(default_factory=lambda: deque(maxlen=KEPT))
    floor: int = field(init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.floor = self.following

    async def after(self, number: int) -> Sequence[Numbered]:
        """The lines from that number on that are there by now, or some of them. Raises Unavailable."""
        if number < self.floor:
            read = partial(self.site.store.reads().output_from, self.deployment.id, number, BATCH)
            return await self.site.patiently(read)
        return [one for one in self.kept if one[0] >= number]

    async def something(self, seconds: float) -> bool:
        """Wait for news; False where there are none for so long."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def look(self) -> None:
        """Until it is over."""
        while not self.over:
            more = False
            try:
                more = self._take(*await self.site.patiently(self._read))
            except Unavailable as error:
                told = {"deployment": self.deployment.id, "reason": str(error)}
                log.warning("output not read", **told, during=error.service)
            except Exception as error:
                log.error("output not read", deployment=self.deployment.id, exc_info=error)
                self.broken = True
                self.tell()
                return
            if not more:
                await asyncio.sleep(self.site.look_every)

    def tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _read(self) -> tuple[Deployment | None, Sequence[Numbered]]:
        # In this order: what has ended has no lines to come.
        reads = self.site.store.reads()
        return reads.deployment(self.deployment.id), reads.output_from(self.deployment.id, self.following, BATCH)

    def _take(self, now: Deployment | None, lines: Sequence[Numbered]) -> bool:
        """Whether there is more to be read at once."""
        changed = bool(lines) or now != self.deployment
        self.deployment = now or self.deployment
        for one in lines:
            if len(self.kept) == KEPT:
                self.floor = self.kept[0][0] + 1
            self.kept.append(one)
        if lines:
            self.following = lines[-1][0] + 1
        self.over = not lines and (now is None or now.ended)
        if changed or self.over:
            self.tell()
        return bool(lines)
