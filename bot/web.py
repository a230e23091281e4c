"""The listener: webhooks and Slack events are stored and acknowledged; health and metrics are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.adapters.github_webhooks import payload_of, verify
from bot.core.errors import Rejected, Unavailable
from bot.core.ports import Delivery, Inbox

log = structlog.get_logger(__name__)

LARGEST_BODY = 25 * 1024 * 1024
"""GitHub's own limit for a webhook: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""
LONGEST_NAME = 200


class TooLarge(Exception):
    """The body is over the limit."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What the listener needs: where to store, how to verify, and whom to tell."""

    inbox: Inbox
    webhook_secret: str
    stored: Callable[[], None]
    ready: Callable[[], bool]
    slack: Callable[[Request], Awaitable[Response]] | None = None

    def app(self) -> Starlette:
        registry = CollectorRegistry()
        received = Counter("shipmate_webhooks", "Webhooks received, by answer", ["answer"], registry=registry)

        async def github(request: Request) -> Response:
            response = await self._github(request)
            received.labels(str(response.status_code)).inc()
            return response

        async def metrics(_: Request) -> Response:
            return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

        routes = [
            Route("/github/webhook", github, methods=["POST"]),
            Route("/healthz", _alive),
            Route("/readyz", self._ready),
            Route("/metrics", metrics),
            Route("/", _hello),
        ]
        if self.slack is not None:
            routes.append(Route("/slack/events", self.slack, methods=["POST"]))
        return Starlette(routes=routes)

    async def _github(self, request: Request) -> Response:
        """Verify the raw bytes, store them once, and answer; nothing is decided here."""
        try:
            raw = await _body(request)
        except TooLarge:
            return PlainTextResponse(f"The body is over {LARGEST_BODY // 1024 // 1024} MB.\n", 413)
        except ClientDisconnect:
            return Response(status_code=400)
        if not verify(self.webhook_secret, raw, request.headers.get("x-hub-signature-256")):
            return PlainTextResponse("The signature is missing or wrong; compare GITHUB_WEBHOOK_SECRET.\n", 401)
        event = request.headers.get("x-github-event", "")
        delivery = request.headers.get("x-github-delivery", "")
        if not (0 < len(event) <= LONGEST_NAME and 0 < len(delivery) <= LONGEST_NAME):
            return PlainTextResponse("X-GitHub-Event and X-GitHub-Delivery are needed.\n", 400)
        try:
            body = payload_of(request.headers.get("content-type"), raw)
            check_json(body)
            new = await run_in_threadpool(self.inbox.put, Delivery(f"github:{delivery}", "github", event, body))
        except Rejected as error:
            return PlainTextResponse(f"{error}\n", 400)
        except Unavailable as error:
            log.error("webhook not stored", delivery=delivery, reason=str(error))
            return PlainTextResponse("The delivery could not be stored; please send it again.\n", 503)
        self.stored()
        return PlainTextResponse("stored\n" if new else "known already\n", 202)

    async def _ready(self, _: Request) -> Response:
        ready = await run_in_threadpool(self.ready)
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)


async def _body(request: Request) -> bytes:
    """The body, given up as soon as it is over the limit, whatever its Content-Length says."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LARGEST_BODY:
        raise TooLarge
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def check_json(body: bytes) -> None:
    """Refuse what is no JSON object at all: the sender learns it now, not the log later. Raises Rejected."""
    import msgspec

    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise Rejected("The body is not a JSON object.") from error


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _hello(_: Request) -> Response:
    return PlainTextResponse("Shipmate listens. GitHub's webhooks go to /github/webhook.\n")
