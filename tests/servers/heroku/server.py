"""A Heroku to test against: a real HTTP server with real state that speaks the Platform API, and streams output."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.patience import PATIENCE
from tests.servers.background import Background
from tests.servers.heroku.routes import Answer, Call, Refusal, find
from tests.servers.heroku.state import State, Stream

ACCEPT = "application/vnd.heroku+json; version=3"
NAMES = {
    401: ("unauthorized", "Invalid credentials provided."),
    402: ("delinquent", "Your account has an unpaid balance."),
    403: ("forbidden", "You do not have access to the app."),
    404: ("not_found", "Couldn't find that app."),
    409: ("conflict", "Another build is in progress."),
    422: ("invalid_params", "Source could not be read."),
    429: ("rate_limit", "Your account reached the API rate limit."),
}


@dataclass
class Request:
    method: str
    path: str
    body: Any
    headers: dict[str, str]
    status: int | None = None


@dataclass
class Fault:
    method: str
    path: re.Pattern[str]
    what: int | str | Callable[[], None]
    times: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


class Cut(Exception):
    """The connection is to be dropped without an answer."""


class HerokuServer(State):
    """Use it as a context manager::

        with HerokuServer() as heroku:
            heroku.add_app("acme-web", plan=Plan(phase="succeeded"))
            Heroku(heroku.url, heroku.key)

    ``mistakes`` are requests that Heroku's schema does not have; they fail the test at the end. Streams are on another
    host, which must not see the key.
    """

    def __init__(self) -> None:
        super().__init__()
        self.key = "HRKU-01234567-89ab-cdef-0123-456789abcdef"
        self.requests: list[Request] = []
        self.stream_requests: list[Request] = []
        self.mistakes: list[str] = []
        self.left = 4_500
        self._faults: list[Fault] = []
        self._listeners = (_Listener(self, _Api), _Listener(self, _Streams))
        self.url, self.streams_url = (f"http://127.0.0.1:{one.server_address[1]}" for one in self._listeners)
        self._running = [Background(one) for one in self._listeners]

    def __enter__(self) -> HerokuServer:
        for running in self._running:
            running.start()
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        for listener, running in zip(self._listeners, self._running, strict=True):
            listener.close_connections()
            running.stop()
        if self.mistakes and kind is None:
            raise AssertionError("not as Heroku has it:\n" + "\n".join(self.mistakes))

    def fail_next(
        self,
        method: str,
        path: str,
        what: int | str | Callable[[], None],
        *,
        times: int = 1,
        headers: dict[str, str] | None = None,
        body: Any = None,
    ) -> None:
        """Let the next requests fail whose path matches: a status, ``cut_before`` or ``cut_after`` it is carried out.

        A function is called before it is carried out as always.
        """
        self._faults.append(Fault(method, re.compile(path), what, times, headers or {}, body))

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests whose path matches as a whole."""
        return [one for one in self.requests if one.method == method and re.fullmatch(path, one.path)]

    trap: Callable[[str, str, str], bool] = staticmethod(lambda when, method, path: False)
    """Called before and after a request is carried out; where it returns True no answer goes out."""

    def answer(self, request: Request) -> Answer:
        if self.trap("before", request.method, request.path):
            raise Cut
        answer = self._answer(request)
        if self.trap("after", request.method, request.path):
            raise Cut
        return answer

    def _answer(self, request: Request) -> Answer:
        with self.changed:
            self.requests.append(request)
            fault = self._fault_for(request)
        if fault is not None and callable(fault.what):
            fault.what()
        elif fault is not None and fault.what == "cut_before":
            raise Cut
        elif fault is not None and isinstance(fault.what, int):
            id, message = NAMES.get(fault.what, ("internal_server_error", "Something went wrong."))
            body = {"id": id, "message": message} if fault.body is None else fault.body
            return Answer(body, fault.what, fault.headers)
        with self.changed:
            try:
                answer = self._carried_out(request)
            except Refusal as refusal:
                answer = refusal.answer
                if answer.status in (406, 416, 422) or answer.body["id"] == "no_such_route":
                    self.mistakes.append(f"{request.method} {request.path}: {answer.body['message']}")
        if fault is not None and fault.what == "cut_after":
            raise Cut
        return answer

    def refuses(self, times: int = 1) -> None:
        """So many of the mistakes were meant."""
        assert len(self.mistakes) == times, self.mistakes
        self.mistakes.clear()

    def _carried_out(self, request: Request) -> Answer:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("accept") != ACCEPT:
            raise Refusal(406, "not_acceptable", f"Accept is {headers.get('accept')}.")
        if headers.get("authorization") != f"Bearer {self.key}":
            raise Refusal(401, "unauthorized", "Invalid credentials provided.")
        if request.body is not None and headers.get("content-type") != "application/json":
            raise Refusal(406, "not_acceptable", f"Content-Type is {headers.get('content-type')}.")
        if not headers.get("user-agent", "").startswith("shipmate/"):
            raise Refusal(406, "not_acceptable", "User-Agent is missing.")
        found = find(request.method, request.path)
        if found is None:
            raise Refusal(404, "no_such_route", "The requested API endpoint was not found.")
        return found[0](Call(self, self.streams_url, request.body, headers.get("range"), found[1]))

    def _fault_for(self, request: Request) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and fault.method == request.method and fault.path.search(request.path):
                fault.times -= 1
                return fault
        return None

    def stream(self, id: str) -> Stream | None:
        for app in self.apps.values():
            for one in (*app.builds, *app.releases):
                if one.id == id:
                    return one.stream
        return None


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, heroku: HerokuServer, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.heroku = heroku
        self.closing = False
        self.open: set[socket.socket] = set()

    def close_connections(self) -> None:
        self.closing = True
        with self.heroku.changed:
            self.heroku.changed.notify_all()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; a mistake of this server is."""
        if not isinstance(sys.exception(), OSError):
            self.heroku.mistakes.append(traceback.format_exc())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """The log is ``requests``."""


class _Api(_Handler):
    def do_GET(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else None
        request = Request(self.command, self.path, body, dict(self.headers.items()))
        try:
            answer = self.server.heroku.answer(request)
        except Cut:
            self.close_connection = True
            return
        request.status = answer.status
        sent = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response_only(answer.status)
        left = {"RateLimit-Remaining": str(self.server.heroku.left), "Content-Type": "application/json"}
        for name, value in {**left, **answer.headers, "Content-Length": str(len(sent))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET


class _Streams(_Handler):
    """``text/plain`` in chunks for as long as it grows; resumed by ``Range: bytes=<n>-``."""

    def do_GET(self) -> None:
        heroku = self.server.heroku
        heroku.stream_requests.append(Request("GET", self.path, None, dict(self.headers.items())))
        if "Authorization" in self.headers:
            heroku.mistakes.append("The host of the streams must not see the key.")
        with heroku.changed:
            stream = heroku.stream(self.path.partition("?")[0].rpartition("/")[2])
        if stream is None or stream.gone:
            self.send_response_only(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = None if stream.whole else re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        self._flow(stream, int(asked[1]) if asked else 0, 206 if asked else 200)

    def _flow(self, stream: Stream, at: int, status: int) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            chunk, cut, over = self._next(stream, at)
            if chunk:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                at += len(chunk)
            if cut is not None:
                stream.cut_at.remove(cut)
                self.close_connection = True
                return
            if over:
                self.wfile.write(b"0\r\n\r\n")
                return

    def _next(self, stream: Stream, at: int) -> tuple[bytes, int | None, bool]:
        """What comes after ``at``, where the connection is to be cut, and whether that was all."""
        changed, server = self.server.heroku.changed, self.server
        with changed:
            changed.wait_for(lambda: len(stream.text) > at or stream.ended or server.closing, timeout=PATIENCE)
            cut = next((one for one in stream.cut_at if at <= one <= len(stream.text)), None)
            return stream.text[at:cut], cut, (stream.ended and cut is None) or server.closing
