"""A door at which GitHub's webhooks arrive: a real listener that can be shut for a while."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.servers.background import Background


class WebhookReceiver:
    """Answers ``status`` to every POST; keeps the delivery ids of what it took in."""

    def __init__(self) -> None:
        self.status = 202
        self.taken: list[str] = []
        self.turned_away: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                kept = receiver.taken if receiver.status < 300 else receiver.turned_away
                kept.append(self.headers["X-GitHub-Delivery"])
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet: what came is in ``taken`` and ``turned_away``."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/github/webhook"
        self._running = Background(server)

    def __enter__(self) -> Self:
        self._running.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.stop()
