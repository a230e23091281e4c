"""A web site that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

from tests.servers.background import Background, ThreadedServer


class WebSite:
    """``answers`` are given one after another, the last one for ever: a status, or a status and where it leads."""

    def __init__(self, *answers: int | tuple[int, str], body: bytes = b"", secure: SSLContext | None = None) -> None:
        self.answers = list(answers) or [200]
        self.asked: list[tuple[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.headers["Host"], self.path))
                answer = site.answers.pop(0) if len(site.answers) > 1 else site.answers[0]
                status, location = answer if isinstance(answer, tuple) else (answer, None)
                self.send_response(status)
                if location is not None:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet: what came is in ``asked``."""

        server = ThreadedServer(("127.0.0.1", 0), Handler)
        if secure is not None:
            server.socket = secure.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_address[1]
        self.url = f"{'https' if secure else 'http'}://127.0.0.1:{self.port}"
        self._running = Background(server)

    def __enter__(self) -> Self:
        self._running.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.stop()
