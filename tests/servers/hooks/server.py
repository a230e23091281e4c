"""A small place that deploys when its hook is asked to, as docs/providers.md says, and takes nothing else.

It honours the idempotency key, tells its state, can be stopped, and calls back.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.patience import PATIENCE
from tests.servers.background import Background, ThreadedServer

KEYS = {
    *("request_id", "deployment_id", "app", "environment", "repository", "ref", "sha", "task", "params"),
    *("requested_by", "callback_url"),
}
JSON_TYPE = "application/json"
HOOK = re.compile(r"/deploy(?=[/?]|$)")


@dataclass(frozen=True)
class Reply:
    """What is answered instead of the usual. ``cut``: nothing, and the connection is closed."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class HookServer:
    """``replies`` are given to the next requests to the hook, ``answers`` to those for the state of a deploy.

    ``state`` is that of every deploy; ``begun`` has the number of a deploy by its idempotency key; ``when_asked`` is
    called as a request to the hook has come, before it is answered.
    """

    def __init__(self) -> None:
        self.secret = "hook-secret-0123456789"
        self.key = "service-key-9876543210"
        self.received: list[Received] = []
        self.problems: list[str] = []
        self.begun: dict[str, int] = {}
        self.replies: deque[Reply] = deque()
        self.answers: deque[Reply] = deque()
        self.states: deque[dict[str, Any]] = deque()
        self.state: dict[str, Any] = {"status": "build_in_progress"}
        self.stopped: list[int] = []
        self.when_stopped: Reply | None = None
        self.free_body = False
        self.when_asked: Callable[[Received], None] = lambda request: None
        server = ThreadedServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.host = self.url.removeprefix("http://")
        self._running = Background(server)

    def __enter__(self) -> Self:
        self._running.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.stop()

    @property
    def asked(self) -> list[Received]:
        """The requests to begin."""
        return [one for one in self.received if one.method == "POST" and HOOK.match(one.path)]

    @property
    def looks(self) -> list[Received]:
        return [one for one in self.received if one.method == "GET"]

    def calls_back(self, **said: Any) -> tuple[int, str]:
        """As the deployment that was asked for last; the status and the text of the answer."""
        return self.posts(json.dumps(said).encode())

    def posts(self, body: bytes, signature: str | None = None, url: str | None = None) -> tuple[int, str]:
        address = urlsplit(url or self.asked[-1].json["callback_url"])
        headers = {"Content-Type": JSON_TYPE, "X-Shipmate-Signature-256": signature or self.signs(body)}
        connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE)
        try:
            connection.request("POST", address.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def signs(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    # --- what is answered -----------------------------------------------------------------------------------------

    def reply_to(self, request: Received) -> Reply:
        self.received.append(request)
        if request.method == "POST" and HOOK.match(request.path):
            self._examine(request)
            self.when_asked(request)
            return self._begin(request)
        if (found := re.fullmatch(r"/deploys/([0-9]+)(/cancel)?", request.path)) is not None:
            if request.headers.get("authorization") != f"Bearer {self.key}":
                return Reply(401, b'{"message": "Unauthorized"}')
            if found[2] and request.method in ("POST", "PATCH"):
                return self._stop(int(found[1]))
            if request.method == "GET":
                return self._tell(int(found[1]))
        self.problems.append(f"{request.method} {request.path}")
        return Reply(404, b"no such page")

    def _examine(self, request: Received) -> None:
        headers, expect = request.headers, self.problems.append
        if headers.get("content-type") != JSON_TYPE:
            expect(f"content-type {headers.get('content-type')}")
        if headers.get("x-shipmate-signature-256") != self.signs(request.body):
            expect("the signature")
        if not re.fullmatch(r"[0-9]{10}", headers.get("x-shipmate-timestamp", "")):
            expect("the timestamp")
        if headers.get("idempotency-key") != headers.get("x-shipmate-request-id"):
            expect("the idempotency key")
        if self.free_body:
            return
        if set(request.json) != KEYS or not isinstance(request.json["params"], dict):
            expect(f"the body {request.json}")
        if request.json["request_id"] != headers.get("x-shipmate-request-id"):
            expect("the request id")

    def _begin(self, request: Received) -> Reply:
        reply = self.replies.popleft() if self.replies else None
        if reply is None or reply.cut:
            number = self.begun.setdefault(request.headers["idempotency-key"], len(self.begun) + 1)
            usual = Reply(201, json.dumps({"deploy": {"id": number, "status_url": self.status_url(number)}}).encode())
        return reply or usual

    def status_url(self, number: int) -> str:
        return f"{self.url}/deploys/{number}"

    def _stop(self, number: int) -> Reply:
        if self.when_stopped is not None:
            return self.when_stopped
        self.stopped.append(number)
        self.state = {"status": "canceled"}
        return Reply(200, b"{}")

    def _tell(self, number: int) -> Reply:
        if self.answers:
            return self.answers.popleft()
        said = self.states.popleft() if self.states else self.state
        return Reply(200, json.dumps(said).encode(), {"Content-Type": JSON_TYPE})


def _handler(server: HookServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if len(headers) != len(self.headers.items()):
                server.problems.append("a header twice")
            reply = server.reply_to(Received(self.command, self.path, headers, body))
            if reply.cut:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(reply.body)
            except OSError:
                self.close_connection = True  # whoever asked does not want all of it

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: what came is in ``received``."""

    return Handler
