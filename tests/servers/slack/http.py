"""The HTTP side of the Slack server: the Web API, addresses for answers, Socket Mode's door, and failing on order."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.servers.slack.socket import Socket, accept_key

RESPOND = "response_url"
# In a form these are JSON.
_NESTED = {"blocks", "metadata", "view"}


@dataclass
class Request:
    """One request to the server: ``method`` is Slack's (``chat.postMessage``), or ``response_url``."""

    method: str
    arguments: dict[str, Any]
    token: str = field(repr=False, default="")


@dataclass
class Reply:
    """What goes back."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Failure:
    """What is to go wrong with the next ``times`` calls of a method."""

    error: str | None = None
    status: int | None = None
    cut: Literal["before", "after"] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1

    def reply(self) -> Reply:
        """Slack's answer: an error code in JSON, or a status with a page of text as proxies send it."""
        if self.error is None and self.status is not None and self.status != 429:
            return Reply(self.status, "<html>it is not you, it is us</html>", self.headers)
        return Reply(self.status or 200, {"ok": False, "error": self.error or "ratelimited"}, self.headers)


class Desk(Protocol):
    """What the HTTP side asks of the server behind it."""

    def note(self, request: Request) -> None: ...

    def answer(self, request: Request) -> Reply: ...

    def next_failure(self, method: str) -> Failure | None: ...

    def serve_socket(self, path: str, line: Socket) -> None: ...


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, desk: Desk) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.desk = desk

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the game; anything else is a mistake in a test and shows itself there."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        request = _request(self.path, self.headers, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.server.desk.note(request)
        failure = self.server.desk.next_failure(request.method)
        if failure is None:
            self._send(self.server.desk.answer(request))
        elif failure.cut is None:
            self._send(failure.reply())
        else:
            if failure.cut == "after":
                self.server.desk.answer(request)
            self._hang_up()

    def do_GET(self) -> None:
        key = self.headers.get("Sec-WebSocket-Key")
        if not key:
            return self.do_POST()
        self.send_response(101)
        for name, value in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_key(key)),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        return self.server.desk.serve_socket(self.path, Socket(self.connection, self.rfile))

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the server keeps its own log of requests."""

    def _send(self, reply: Reply) -> None:
        as_json = not isinstance(reply.body, str)
        body = (json.dumps(reply.body) if as_json else reply.body).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json; charset=utf-8" if as_json else "text/html")
        self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _request(path: str, headers: Headers, body: bytes) -> Request:
    parts = urlsplit(path)
    if "json" in headers.get("Content-Type", ""):
        arguments = json.loads(body or b"{}")
    else:
        form = dict(parse_qsl(f"{parts.query}&{body.decode()}", keep_blank_values=True))
        arguments = {name: json.loads(value) if name in _NESTED else value for name, value in form.items()}
    kind, _, name = parts.path.strip("/").partition("/")
    token = headers.get("Authorization", "").removeprefix("Bearer ") or str(arguments.get("token", ""))
    if kind == "respond":
        return Request(RESPOND, {**arguments, "at": name})
    return Request(name, arguments, token)
