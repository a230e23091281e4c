"""Runs an HTTP server in a thread of its own, without a poll: it sleeps until somebody comes, and stops at once."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from http.server import HTTPServer, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from tests.patience import PATIENCE


class ThreadedServer(ThreadingHTTPServer):
    """Prints its own mistakes, and not that a client was killed."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Background:
    """``start`` it once, ``stop`` it once; the port is open from the making of the server on."""

    def __init__(self, server: HTTPServer) -> None:
        self._server = server
        self._stopping = Event()
        self._thread = Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        # Whoever is waited for has come; what was on its way before is served first.
        with suppress(OSError):
            socket.create_connection(self._server.server_address[:2]).close()
        self._thread.join(PATIENCE)
        self._server.server_close()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._server.handle_request()
