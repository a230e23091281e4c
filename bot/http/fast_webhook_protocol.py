"""Webhooks' short way from the connection to the listener: without the scope, events and messages of ASGI.

ASGI is a third of what a webhook costs. Here one is handed over when it is whole, and its answer is written in one
piece; all else, and whatever is out of the ordinary, goes on through uvicorn as ever.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bot.http.app import LARGEST_BODY, TOO_LARGE, WEBHOOK, Door

log = structlog.get_logger(__name__)

_PATH = WEBHOOK.encode()


class FastLane(HttpToolsProtocol):
    """uvicorn's protocol with another exchange for webhooks; ``Config(http=FastLane)`` with a ``Door`` for the app."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        if not isinstance(config.app, Door):
            raise TypeError("The fast lane leads to a listener's door.")
        self.webhook = config.app.webhook

    def on_headers_complete(self) -> None:
        ordinary = self.cycle is None or self.cycle.response_complete
        if not ordinary or self.url != _PATH or self.parser.get_method() != b"POST" or self.expect_100_continue:
            super().on_headers_complete()
            return
        exchange = Exchange(self)
        self.cycle = exchange  # type: ignore[assignment]
        exchange.begin()

    def on_body(self, body: bytes) -> None:
        if isinstance(self.cycle, Exchange):
            self.cycle.take(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if isinstance(self.cycle, Exchange):
            if not self.cycle.response_complete:
                task = self.loop.create_task(self.cycle.answer())
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        else:
            super().on_message_complete()


class Exchange:
    """One webhook and its answer. The attributes are those by which uvicorn ends and closes connections."""

    def __init__(self, lane: FastLane) -> None:
        self._lane = lane
        # Of a header that comes twice the first counts, as everywhere.
        self._headers = dict(reversed(lane.headers))
        self._chunks: list[bytes] = []
        self._size = 0
        self.keep_alive: bool = lane.parser.get_http_version() != "1.0" and lane.parser.should_keep_alive()
        self.disconnected = False
        self.response_complete = False
        self.message_event = asyncio.Event()

    def begin(self) -> None:
        """A body that says that it is too large is not even read."""
        declared = self._headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > LARGEST_BODY:
            self._refuse()

    def take(self, chunk: bytes) -> None:
        """A part of the body; one that is too large is given up, whatever it said."""
        if self.response_complete:
            return
        self._size += len(chunk)
        self._chunks.append(chunk)
        if self._size > LARGEST_BODY:
            self._refuse()

    def _refuse(self) -> None:
        self._chunks.clear()
        self.keep_alive = False
        self._write(*self._lane.webhook.count(*TOO_LARGE))

    async def answer(self) -> None:
        """Called when the body is whole."""
        body = b"".join(self._chunks)
        self._chunks.clear()
        try:
            status, sentence = await self._lane.webhook.take(self._headers, body)
        except Exception:
            log.exception("a webhook could not be answered")
            status, sentence = 500, "Internal Server Error"
        if not self.disconnected:
            self._write(status, sentence)

    def _write(self, status: int, sentence: str) -> None:
        body = sentence.encode()
        head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()]
        head += [b"%b: %b\r\n" % header for header in self._lane.server_state.default_headers]
        head.append(b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n" % len(body))
        head.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        self._lane.transport.write(b"".join(head) + body)
        self.response_complete = True
        if not self.keep_alive:
            self._lane.transport.close()
        self._lane.on_response_complete()
