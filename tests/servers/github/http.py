"""The HTTP side of the GitHub server: connections, faults on demand, ETags, and the log of requests."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import re
import socket
import sys
import tarfile
import threading
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.patience import PATIENCE
from tests.servers.github.routes import Answer, Refusal
from tests.servers.github.state import Files

if TYPE_CHECKING:
    from tests.servers.github.server import GitHubServer

VERSIONS = ("2022-11-28", "2026-03-10")


@dataclass
class Request:
    """One request as it came; ``status`` is what was answered, None where the connection was cut."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    status: int | None = None


@dataclass
class Fault:
    """See ``GitHubServer.fail_next``."""

    method: str
    path: re.Pattern[str]
    what: int | str
    times: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


class Cut(Exception):
    """The connection is to be dropped without an answer."""


class Silence(Exception):
    """The connection stays, and no answer comes."""


class Listener(ThreadingHTTPServer):
    """One port. Connections of clients that stay are closed with it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, github: GitHubServer, *, codeload: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.github = github
        self.codeload = codeload
        self.closing = threading.Event()
        self.open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close_connections(self) -> None:
        self.closing.set()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; a mistake of this server is."""
        if not isinstance(sys.exception(), OSError):
            self.github.crashes.append(traceback.format_exc())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    server: Listener

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        github = self.server.github
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(self.command, path, dict(parse_qsl(query)), None, dict(self.headers.items()))
        raw = self.rfile.read(length)
        try:
            if self.server.codeload:
                answer = github.codeload(request)
            else:
                answer = github.answer(request, raw)
        except Cut:
            self.close_connection = True
            return
        except Silence:
            self.close_connection = True
            self.server.closing.wait(PATIENCE)
            return
        if answer.status == 200 and request.method == "GET" and not isinstance(answer.body, bytes):
            answer = _unless_known(answer, self.headers.get("If-None-Match"))
        request.status = answer.status
        self._send(answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _send(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else b""
        if answer.body is not None and not isinstance(answer.body, bytes):
            body = json.dumps(answer.body).encode()
        # Without a Date: nobody has told this server what the time is, unless a test gives one.
        self.send_response_only(answer.status)
        dated = {"Date": self.server.github.date} if self.server.github.date else {}
        headers = {"Content-Type": "application/json; charset=utf-8", **dated, **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if answer.status not in (204, 304):
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """The log is ``GitHubServer.requests``."""


def parsed(raw: bytes) -> Any:
    """The JSON of a request. Raises Refusal (400)."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError as broken:
        raise Refusal(400, "Problems parsing JSON") from broken


def check_manners(headers: dict[str, str]) -> None:
    """What GitHub refuses before it looks at anything else. Raises Refusal."""
    lower = {name.lower(): value for name, value in headers.items()}
    if not lower.get("user-agent"):
        raise Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent")
    version = lower.get("x-github-api-version", VERSIONS[0])
    if version not in VERSIONS:
        raise Refusal(400, f"The API version {version} is not supported.")


def tarball(files: Files, folder: str) -> bytes:
    """A gzipped tarball as GitHub makes them: one top folder, and a global header with the commit's id.

    Files that begin with ``#!`` can be executed; a file whose content is ``-> target`` is a symbolic link.
    """
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": folder}) as tar:
        top = tarfile.TarInfo(folder)
        top.type, top.mode = tarfile.DIRTYPE, 0o775
        tar.addfile(top)
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(f"{folder}/{path}")
            member.mode = 0o775 if content.startswith(b"#!") else 0o664
            if content.startswith(b"-> "):
                member.type, member.linkname = tarfile.SYMTYPE, content[3:].decode()
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return gzip.compress(held.getvalue(), mtime=0)


def _unless_known(answer: Answer, known: str | None) -> Answer:
    etag = f'W/"{hashlib.sha256(json.dumps(answer.body).encode()).hexdigest()}"'
    headers = {**answer.headers, "ETag": etag, "Cache-Control": "private, max-age=60", "Vary": "Accept, Authorization"}
    return Answer(None if known == etag else answer.body, 304 if known == etag else 200, headers)
