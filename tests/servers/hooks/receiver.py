"""A program of somebody else's that is told of deployments, and takes nothing that is not as docs/webhooks.md says."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self

from bot.core.deployments.representation import STATES
from tests.servers.background import Background, ThreadedServer
from tests.servers.hooks.server import Received, Reply

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class EventReceiver:
    """``received`` is all that came, ``taken`` what was answered with 2xx, ``problems`` what was wrong with any of it.

    ``replies`` are given to the next requests, and ``reply`` to all others. ``when_asked`` is called as a request has
    come, before it is answered.
    """

    def __init__(self) -> None:
        self.secret = "events-secret-0123456789"
        self.received: list[Received] = []
        self.taken: list[Received] = []
        self.problems: list[str] = []
        self.replies: deque[Reply] = deque()
        self.reply = Reply(204)
        self.when_asked: Callable[[Received], None] = lambda request: None
        server = ThreadedServer(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{server.server_address[1]}"
        self.url = f"http://{self.host}/shipmate"
        self._running = Background(server)

    def __enter__(self) -> Self:
        self._running.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.stop()

    @property
    def events(self) -> list[str]:
        """The names of those that were taken, in order."""
        return [one.json["event"] for one in self.taken]

    def of(self, number: int) -> list[str]:
        """The same of one deployment, without what they all begin with."""
        mine = [one.json for one in self.taken if one.json["deployment"]["number"] == number]
        return [one["event"].removeprefix("deployment.") for one in mine]

    def signs(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    def reply_to(self, request: Received) -> Reply:
        self._examine(request)
        self.received.append(request)
        self.when_asked(request)
        reply = self.replies.popleft() if self.replies else self.reply
        if 200 <= reply.status < 300 and not reply.cut:
            self.taken.append(request)
        return reply

    def _examine(self, request: Received) -> None:
        headers, expect = request.headers, self.problems.append
        if request.method != "POST" or not request.path.startswith("/shipmate"):
            expect(f"{request.method} {request.path}")
            return
        if headers.get("content-type") != "application/json":
            expect(f"content-type {headers.get('content-type')}")
        if headers.get("x-shipmate-signature-256") != self.signs(request.body):
            expect("the signature")
        if not UUID.fullmatch(headers.get("x-shipmate-delivery", "")):
            expect("the delivery's id")
        said: Any = json.loads(request.body)
        if list(said) != ["event", "sent_at", "deployment"] or not MOMENT.fullmatch(said["sent_at"]):
            expect(f"the body {said}")
        if said["event"] != headers.get("x-shipmate-event"):
            expect("the event")
        if said["event"] != f"deployment.{said['deployment']['state']}" or said["deployment"]["state"] not in STATES:
            expect(f"the state {said['event']} {said['deployment']['state']}")


def _handler(receiver: EventReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:  # whoever sent it was killed meanwhile
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.reply_to(Received(self.command, self.path, headers, body))
            if reply.cut:
                self.close_connection = True
                return
            self.send_response(reply.status)
            told = {} if reply.status == 204 else {"Content-Length": str(len(reply.body))}
            for name, value in {**told, **reply.headers}.items():
                self.send_header(name, value)
            try:
                self.end_headers()
                self.wfile.write(reply.body)
            except OSError:
                self.close_connection = True  # whoever sent it waits no longer

        do_GET = do_POST = do_PUT = _any

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: what came is in ``received``."""

    return Handler
