"""The listener: webhooks and Slack events are stored and acknowledged; health and metrics are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.adapters.github.webhooks import payload_of, verify
from bot.core.errors import Rejected, Unavailable
from bot.core.ports.chat import Delivery, Inbox

log = structlog.get_logger(__name__)

WEBHOOK = "/github/webhook"
LARGEST_BODY = 25 * 1024 * 1024
"""GitHub's own limit for a webhook: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""
LONGEST_NAME = 200
Answer = tuple[int, str]
"""The status, and a sentence."""


class TooLarge(Exception):
    """The body is over the limit."""


class Disconnected(Exception):
    """Whoever was sending is gone."""


class AsyncInbox(Protocol):
    """Stores a delivery without blocking the event loop; like ``Inbox.put`` in all else."""

    async def put(self, delivery: Delivery, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class WebhookListener:
    """What the listener needs: where to store, how to verify, and whom to tell.

    ``obstacles`` tells why nothing can be stored just now, a clause each; ``outages`` who refuses the bot's own
    credentials, a sentence each: what is stored then has to wait.
    Webhooks go to ``intake`` where there is one, so that those that come at once are stored at once.
    """

    inbox: Inbox
    webhook_secret: str
    stored: Callable[[], None]
    obstacles: Callable[[], Sequence[str]]
    outages: Callable[[], Sequence[str]] = tuple
    slack: Callable[[Request], Awaitable[Response]] | None = None
    intake: AsyncInbox | None = None

    def app(self) -> Door:
        registry = CollectorRegistry()
        received = Counter("shipmate_webhooks", "Webhooks received, by answer", ["answer"], registry=registry)

        async def metrics(_: Request) -> Response:
            return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

        webhook = Webhook(self, received)
        routes = [
            Route(WEBHOOK, webhook, methods=["POST"]),
            Route("/healthz", _alive),
            Route("/readyz", self._ready),
            Route("/metrics", metrics),
            Route("/", _hello),
        ]
        if self.slack is not None:
            routes.append(Route("/slack/events", self.slack, methods=["POST"]))
        pages = Starlette(routes=routes)

        return Door(webhook, pages)

    async def _ready(self, _: Request) -> Response:
        obstacles = await run_in_threadpool(self.obstacles)
        if obstacles:
            return PlainTextResponse(f"not ready: {', '.join(obstacles)}\n", 503)
        return PlainTextResponse("".join(f"{line}\n" for line in ("ready", *await run_in_threadpool(self.outages))))


class Webhook:
    """The endpoint for GitHub: verifies the raw bytes, stores them once, and answers; nothing is decided here."""

    def __init__(self, listener: WebhookListener, received: Counter) -> None:
        self._listener = listener
        self._received = received

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Of a header that comes twice the first counts, as everywhere.
        headers = dict(reversed(scope["headers"]))
        more: list[tuple[bytes, bytes]] = []
        try:
            status, sentence = await self._take(headers, await _body(headers, receive))
        except TooLarge:
            status, sentence = 413, f"The body is over {LARGEST_BODY // 1024 // 1024} MB.\n"
            # The rest of it would be read, and thrown away, for as long as somebody sends.
            more.append((b"connection", b"close"))
        except Disconnected:
            status, sentence = 400, ""
        self._received.labels(str(status)).inc()
        body = sentence.encode()
        head = [(b"content-length", b"%d" % len(body)), (b"content-type", b"text/plain; charset=utf-8"), *more]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, headers: dict[bytes, bytes], raw: bytes) -> Answer:
        """``headers`` by their names in lower case; ``raw`` is the body as it came."""

        def header(name: bytes) -> str:
            return headers.get(name, b"").decode("latin-1")

        if not verify(self._listener.webhook_secret, raw, header(b"x-hub-signature-256")):
            return 401, "The signature is missing or wrong; compare GITHUB_WEBHOOK_SECRET.\n"
        event, delivery = header(b"x-github-event"), header(b"x-github-delivery")
        if not (0 < len(event) <= LONGEST_NAME and 0 < len(delivery) <= LONGEST_NAME):
            return 400, "X-GitHub-Event and X-GitHub-Delivery are needed.\n"
        try:
            body = payload_of(header(b"content-type"), raw)
            check_json(body)
            new = await self._store(Delivery(f"github:{delivery}", "github", event, body))
        except Rejected as error:
            return 400, f"{error}\n"
        except Unavailable as error:
            log.error("webhook not stored", delivery=delivery, reason=str(error))
            return 503, "The delivery could not be stored; please send it again.\n"
        self._listener.stored()
        return 202, "stored\n" if new else "known already\n"

    async def _store(self, delivery: Delivery) -> bool:
        if self._listener.intake is not None:
            return await self._listener.intake.put(delivery)
        return await run_in_threadpool(self._listener.inbox.put, delivery)


@dataclass(frozen=True, slots=True)
class Door:
    """The ASGI app: webhooks go in directly, as routing and request objects would cost a fifth of what one does."""

    webhook: Webhook
    pages: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == WEBHOOK and scope["method"] == "POST":
            await self.webhook(scope, receive, send)
        else:
            await self.pages(scope, receive, send)


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """The body, given up as soon as it is over the limit, whatever its Content-Length says."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > LARGEST_BODY:
        raise TooLarge
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST_BODY:
            raise TooLarge
        chunks.append(chunk)
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


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _hello(_: Request) -> Response:
    return PlainTextResponse("Shipmate listens. GitHub's webhooks go to /github/webhook.\n")
