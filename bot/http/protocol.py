"""HTTP on a socket, within limits: the app is given whole requests only, and what is not one yet costs little.

uvicorn's own protocol collects headers and bodies of any size for as long as somebody sends, keeps silent connections
for ever, and starts the app before a body has come. httptools has no limits either. So this one counts what comes
before it is parsed, and drops the connections that cost too much.

It is made of parts of uvicorn that may change: those of 0.54, as pyproject.toml says. Those that it relies on are named
in tests/http/test_protocol.py.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from bot.core.api.problems import MEDIA_TYPE, TITLES, Problem, told
from bot.http.limits import API, Limits, inner, shown

Refuse = Callable[[int, str, str], None]
"""Is told of a refusal: the status, the path (empty where it is not known), the address of the sender."""

MALFORMED = (400, "This is not HTTP as it is spoken here.\n")
TOO_MUCH_AROUND_IT = (400, "The body comes in pieces that are too small, or with too much around them.\n")
UPGRADE_WITH_A_BODY = (400, "Only HTTP/1.1 is spoken here: send the body without an Upgrade header.\n")
TOO_SLOW = (408, "The request did not come whole in time.\n")
HEAD_TOO_LARGE = (431, "The headers, or the address, are too large or too many.\n")
BUSY = (503, "Too much is coming in at once; please send it again.\n")


_NOTHING_KEPT: Any = deque(maxlen=0)


class Refused(Exception):
    """Raised in a callback of the parser, which ends the parsing. ``args``: the status, and a sentence."""


@dataclass(slots=True)
class Crowd:
    """The connections of one listener together.

    ``root``: see ``inner``. ``held``: the bytes of bodies that have not come whole.
    """

    limits: Limits
    refused: Refuse
    root: str = ""
    connections: set[LimitedProtocol] = field(default_factory=set)
    held: int = 0

    def enter(self, newcomer: LimitedProtocol) -> None:
        """Where there are too many, whoever has gone longest without a whole request makes room."""
        self.connections.add(newcomer)
        if len(self.connections) <= self.limits.connections:
            return
        unfinished = [one for one in self.connections if one is not newcomer and not one.is_answering]
        if unfinished:
            min(unfinished, key=lambda one: one.since).drop()
        else:
            newcomer.refuse(*BUSY)

    def make_room(self) -> None:
        """Whoever holds most gives way, so that large bodies cannot keep small ones out."""
        while self.held > self.limits.unverified_bytes:
            max(self.connections, key=lambda one: one.held).refuse(*BUSY)


class WholeAnswers:
    """The transport that a request is answered through: the head waits for what comes right behind it, and they go
    together.

    uvicorn sends it by itself: one more call of the system for each answer, and a packet that nobody can use yet.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._head is None:
            self._head = data
            self._loop.call_soon(self.let_go)  # whoever streams may have nothing to say for long
        else:
            head, self._head = self._head, b""
            self._transport.write(head + data)

    def close(self) -> None:
        self.let_go()
        self._transport.close()

    def let_go(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)


class LimitedProtocol(HttpToolsProtocol):
    """One connection. It waits for a request, answers it, and waits for the next one.

    ``since``: when it began to wait, by the loop's clock. ``held``: its share of the crowd's bytes. ``is_answering``:
    a request has come whole, and its answer has not gone out yet.
    """

    def __init__(self, crowd: Crowd, **given: Any) -> None:
        super().__init__(**given)
        self.since = self.loop.time()
        self.held = 0
        self.is_answering = False
        self._crowd = crowd
        self._limits = crowd.limits
        self._received = 0
        self._largest = 0
        self._head_is_whole = False
        self._is_deaf = False
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    # --- the connection -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self._limits.request_seconds, self._is_late)
        self._crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.connections.discard(self)
        self._let_go()
        self._unset_keepalive_if_required()
        self.resume_writing()
        super().connection_lost(exc)

    def drop(self) -> None:
        """Close without an answer, at once."""
        self._crowd.connections.discard(self)
        self.transport.abort()

    def refuse(self, status: int, sentence: str) -> None:
        """Answer, let go of everything, and close once the answer has had time to be read."""
        self._let_go()
        self._is_deaf = True
        if self.cycle is not None:
            self.cycle.body = bytearray()
        path = self.scope.get("path", "") if self.scope is not None else ""
        self._crowd.refused(status, path, self.client[0] if self.client else "")
        kind, body = _told(status, sentence, path)
        headers = [*self.server_state.default_headers, (b"content-type", kind)]
        headers += [(b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        if status == 503:
            headers.append((b"retry-after", b"%d" % max(1, int(self._limits.request_seconds))))
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + body)
        # Closed at once, the system would answer what is still coming by a reset, which overtakes our answer.
        self.transport.write_eof()
        self._end_soon()

    def _end_soon(self) -> None:
        self.since = 0.0  # the first to make room
        self._deadline = self.loop.call_later(self._limits.linger_seconds, self.transport.abort)

    def _let_go(self) -> None:
        self._crowd.held -= self.held
        self.held = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_late(self) -> None:
        if self._received:
            self.refuse(*TOO_SLOW)
        else:
            self.drop()

    def timeout_keep_alive_handler(self) -> None:
        self.drop()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self._limits.stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    # --- what comes -----------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._is_deaf or self.is_answering:
            self._hear_no_more()
            return
        rest = b""
        if not self._head_is_whole:
            room = self._limits.head_bytes - self._received
            data, rest = data[:room], data[room:]
        self._parse(data)
        if not self._is_deaf and not self.is_answering:
            self._is_incomplete(over_the_head=bool(rest))
        if rest:
            self.data_received(rest)

    def _parse(self, data: bytes) -> None:
        self._received += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nobody here speaks anything else, so the request is answered as if it had not asked.
            self._hear_no_more()
        except httptools.HttpParserError as error:
            if self.is_answering:
                self._hear_no_more()
            else:
                refusal = error.__context__
                self.refuse(*(refusal.args if isinstance(refusal, Refused) else MALFORMED))

    def _hear_no_more(self) -> None:
        """Close after the answer: what has come behind the request is not read."""
        self._is_deaf = True
        if self.is_answering:
            self.cycle.keep_alive = False

    def _is_incomplete(self, *, over_the_head: bool) -> None:
        if over_the_head and not self._head_is_whole:
            self.refuse(*HEAD_TOO_LARGE)
        elif self._head_is_whole and self._declared() > self._largest:
            self.refuse(*self._too_large())
        elif self._received - self.held > self._limits.head_bytes + self.held // 16:
            self.refuse(*TOO_MUCH_AROUND_IT)
        else:
            if self._deadline is None:
                self._deadline = self.loop.call_later(self._limits.request_seconds, self._is_late)
            self._crowd.make_room()

    # --- what the parser finds ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.is_answering:
            raise Refused(*MALFORMED)  # sent before the one before it is answered: that one is, and then we close
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if len(self.headers) > self._limits.headers:
            raise Refused(*HEAD_TOO_LARGE)
        super().on_headers_complete()
        self._answer = WholeAnswers(self.transport, self.loop)
        self.cycle.transport = cast("asyncio.Transport", self._answer)
        self.scope["path"] = inner(self.scope["path"], self._crowd.root)
        self._head_is_whole = True
        self._largest = self._limits.largest_body(self.scope["path"])
        # What follows a body says nothing that anybody asks for, so it is not kept.
        self.headers = _NOTHING_KEPT
        if self.parser.should_upgrade() and self._declared() > 0:
            raise Refused(*UPGRADE_WITH_A_BODY)
        if self.expect_100_continue:
            self.cycle.waiting_for_100_continue = False
            if self._declared() > self._largest:
                raise Refused(*self._too_large())
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _declared(self) -> int:
        """The body's length as the head says it; 1 where it says only that there is one."""
        headers = dict(self.scope["headers"])
        return int(headers.get(b"content-length", b"transfer-encoding" in headers))

    def _too_large(self) -> tuple[int, str]:
        return 413, f"The body is over {shown(self._largest)}.\n"

    def on_body(self, body: bytes) -> None:
        self.held += len(body)
        self._crowd.held += len(body)
        if self.held > self._largest:
            raise Refused(*self._too_large())
        self.cycle.body += body

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._let_go()
        self._received = 0
        self._head_is_whole = False
        self.is_answering = True
        super()._start_asgi_task(self.cycle, self.app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Not yet: uvicorn asks for this when the head has come, and we do it when all has."""

    def on_response_complete(self) -> None:
        self._answer.let_go()
        super().on_response_complete()
        self.is_answering = False
        self.since = self.loop.time()
        if self.transport.is_closing():
            self._end_soon()


def _told(status: int, sentence: str, path: str) -> tuple[bytes, bytes]:
    """The media type and the body of a refusal: programs that ask the API are told it as they are told all others."""
    if status in TITLES and path.startswith(API):
        return MEDIA_TYPE.encode(), json.dumps(told(Problem(status, "not-taken", sentence.strip()))).encode()
    return b"text/plain; charset=utf-8", sentence.encode()
