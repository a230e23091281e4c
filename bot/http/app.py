"""The listener: webhooks and Slack events are stored and acknowledged; health and metrics are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, Protocol
from urllib.parse import quote

import msgspec
import structlog
from prometheus_client import Counter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.adapters.github.webhooks import EVENTS, payload_of, verify
from bot.adapters.storage.measures import Look
from bot.core.errors import Rejected, Unavailable
from bot.core.ports.chat import Delivery
from bot.http.api.app import Api
from bot.http.callbacks import Callbacks, endpoint
from bot.http.health import Aside
from bot.http.limits import API, CALLBACKS, PRODUCTION, SLACK_EVENTS, WEBHOOK, Limits
from bot.http.metrics import Meter, Vitals
from bot.http.monitoring import Monitored
from bot.http.pages.routes import routes as routes_of
from bot.http.pages.site import Site
from bot.http.refusals import Refusals

log = structlog.get_logger(__name__)

LONGEST_NAME = 200
Answer = tuple[int, str]
"""The status, and a sentence."""
UNNAMED = "other"
"""The event in the metrics where it is not signed, or none that we know: nobody else adds to their number."""
CLOSE = (b"connection", b"close")


class Disconnected(Exception):
    """Whoever was sending is gone."""


class AsyncInbox(Protocol):
    """Stores a delivery without blocking the event loop; it waits to be handled, concerns nobody, or came before."""

    async def put(self, delivery: Delivery, /) -> Literal["waits", "settled", "known"]: ...

    async def stop(self) -> None:
        """Store what has been put so far, and take nothing more."""


@dataclass(frozen=True, slots=True)
class WebhookListener:
    """What the listener needs: where to store, how to verify, and whom to tell.

    ``label`` says of a delivery what it is about, and ``stored`` is called where one waits to be handled. ``obstacles``
    tells why nothing can be stored just now, a clause each; ``set_aside`` what nobody tries any more; ``outages`` who
    refuses the bot's own credentials, a sentence each: what is stored then has to wait. ``callbacks`` takes what deploy
    hooks call back, ``api`` what programs ask for. ``site`` has the pages for people, which may take the place of the
    greeting at ``/``. ``meter``, ``vitals`` and ``look`` are what metrics are made of.
    """

    intake: AsyncInbox
    label: Callable[[Delivery], Delivery]
    webhook_secrets: tuple[str, ...]
    stored: Callable[[], None]
    obstacles: Callable[[], Sequence[str]]
    outages: Callable[[], Sequence[str]] = tuple
    slack: Callable[[Request], Awaitable[Response]] | None = None
    set_aside: Aside | None = None
    callbacks: Callbacks | None = None
    meter: Meter = field(default_factory=Meter)
    vitals: Vitals = field(default_factory=Vitals)
    look: Callable[[], Look] | None = None
    api: Api | None = None
    site: Site | None = None

    def app(self, limits: Limits = PRODUCTION) -> Door:
        refusals = Refusals(limits.refusals_told_every)
        webhook = Webhook(self, self.meter.webhooks, refusals)
        told = (self.obstacles, self.set_aside, self.outages, self.meter, self.vitals, self.look)
        routes = [
            Route(WEBHOOK, webhook, methods=["POST"]),
            *Monitored(*told).routes(),
            *(routes_of(self.site) if self.site is not None else ()),
            Route("/", _hello),
        ]
        if self.slack is not None:
            routes.append(Route(SLACK_EVENTS, _noted(self.slack, refusals), methods=["POST"]))
        if self.callbacks is not None:
            called_back = endpoint(self.callbacks, refusals)
            routes.append(Route(f"{CALLBACKS}{{request_id}}", called_back, methods=["POST"]))
        api = self.api.app(refusals) if self.api is not None else None
        return Door(webhook, routed(routes, self.root), refusals, api)

    @property
    def root(self) -> str:
        """What the paths of all addresses begin with outside: see ``Secrets.base_path``."""
        return self.site.access.root if self.site is not None else ""

    def leave(self) -> None:
        """Whoever stays connected is let go."""
        if self.site is not None:
            self.site.leave()
        if self.api is not None:
            self.api.leave()

    async def end(self) -> None:
        """Nobody is connected any more."""
        await self.intake.stop()


def routed(routes: list[Route], root: str = "") -> Starlette:
    """Whoever has put a slash behind an address is sent to the one without; ``root`` is what paths begin with outside.

    Starlette would send them to the ``Host`` that they name, by http, and past the root: with the key of their link.
    """
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False

    async def missing(scope: Scope, receive: Receive, send: Send) -> None:
        path, query = scope["path"].rstrip("/"), scope["query_string"].decode("latin-1")
        known = path != scope["path"] and any(
            one.matches({**scope, "path": path})[0] is not Match.NONE for one in routes
        )
        answer: Response = PlainTextResponse("There is nothing here.\n", 404)
        if known:
            answer = RedirectResponse(f"{root}{quote(path)}{'?' if query else ''}{query}", 307)
        await answer(scope, receive, send)

    app.router.default = missing
    return app


def _noted(
    slack: Callable[[Request], Awaitable[Response]], refusals: Refusals
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        answer = await slack(request)
        if answer.status_code == 401:
            refusals.note(401, SLACK_EVENTS, request.client.host if request.client else "")
            answer.headers["connection"] = "close"
        return answer

    return handle


class Webhook:
    """The endpoint for GitHub: verifies the raw bytes, stores them once, and answers; nothing is decided here."""

    def __init__(self, listener: WebhookListener, received: Counter, refusals: Refusals) -> None:
        self._listener = listener
        # There are few events and answers, and to look for the counter of two takes longer than to count.
        self._received = cache(received.labels)
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Of a header that comes twice the first counts, as everywhere.
        headers = dict(reversed(scope["headers"]))
        more: list[tuple[bytes, bytes]] = []
        event, address = UNNAMED, (scope["client"] or ("",))[0]
        try:
            raw = await _body(receive)
        except Disconnected:
            status, sentence = 400, ""
        else:
            if verify(self._listener.webhook_secrets, raw, _text(headers, b"x-hub-signature-256")):
                event = _text(headers, b"x-github-event")
                status, sentence = await self._take(headers, event, raw, address)
            else:
                status, sentence = 401, "The signature is missing or wrong; compare GITHUB_WEBHOOK_SECRET.\n"
                more.append(CLOSE)
                self._refusals.note(status, WEBHOOK, address)
        self.count(status, event)
        body = sentence.encode()
        head = [(b"content-length", b"%d" % len(body)), (b"content-type", b"text/plain; charset=utf-8"), *more]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    def count(self, status: int, event: str = UNNAMED) -> None:
        self._received(event if event in EVENTS else UNNAMED, str(status)).inc()

    async def _take(self, headers: dict[bytes, bytes], event: str, raw: bytes, address: str) -> Answer:
        """``headers`` by their names in lower case; ``raw`` is the body as it came, and signed."""
        delivery = _text(headers, b"x-github-delivery")
        if not (0 < len(event) <= LONGEST_NAME and 0 < len(delivery) <= LONGEST_NAME):
            self._refusals.note(400, WEBHOOK, address)
            return 400, "X-GitHub-Event and X-GitHub-Delivery are needed.\n"
        try:
            body = payload_of(_text(headers, b"content-type"), raw)
            arrived = self._listener.label(Delivery(f"github:{delivery}", "github", event, body))
            if arrived.about is None:  # else it was read
                check_json(body)
            became = await self._listener.intake.put(arrived)
        except Rejected as error:
            self._refusals.note(400, WEBHOOK, address)
            return 400, f"{error}\n"
        except Unavailable as error:
            log.error("webhook not stored", delivery=delivery, reason=str(error), during=error.service)
            return 503, "The delivery could not be stored; please send it again.\n"
        if became == "waits":
            log.info("accepted", delivery=delivery, webhook=event, about=arrived.subject)
            self._listener.stored()
        return 202, "known already\n" if became == "known" else "stored\n"


@dataclass(frozen=True, slots=True)
class Door:
    """The ASGI app: webhooks go in directly, as routing and request objects would cost a fifth of what one does."""

    webhook: Webhook
    pages: ASGIApp
    refusals: Refusals
    api: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == WEBHOOK and scope["method"] == "POST":
            await self.webhook(scope, receive, send)
        elif self.api is not None and scope["type"] == "http" and f"{scope['path']}/".startswith(API):
            await self.api(scope, receive, send)
        else:
            await self.pages(scope, receive, send)

    def refused(self, status: int, path: str, address: str) -> None:
        """Told of what did not come as far as here."""
        if path == WEBHOOK:
            self.webhook.count(status)
        self.refusals.note(status, path, address)


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


async def _body(receive: Receive) -> bytes:
    """Within the limits, which the protocol keeps. Raises Disconnected."""
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


class _Object(msgspec.Struct):
    """Any JSON object: what is in it is passed over, not kept."""


_envelope = msgspec.json.Decoder(_Object)


def check_json(body: bytes) -> None:
    """Refuse what is no JSON object at all: the sender learns it now, not the log later. Raises Rejected."""
    try:
        _envelope.decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Rejected("The body is not a JSON object.") from error


async def _hello(_: Request) -> Response:
    return PlainTextResponse("Shipmate listens. GitHub's webhooks go to /github/webhook.\n")
