"""A page on this machine that posts the App's manifest to GitHub, and takes the code that comes back."""

from __future__ import annotations

import html
import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from bot.adapters.github.registration import Registration
from bot.core.errors import Rejected, ShipmateError

BACK = "/back"
OUR_NAMES = frozenset({"127.0.0.1", "localhost"})
"""What a browser may call this machine; at any port, as one on another machine may come through a tunnel."""
MAKE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Shipmate: the GitHub App</title><h1>The GitHub App</h1>
<p>GitHub shows its name, which you may change, and makes it with everything that the bot needs.</p>
<form action="{action}" method="post"><input type="hidden" name="manifest" value="{manifest}">
<button autofocus>Make it on GitHub</button></form></html>
"""
DONE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Shipmate</title><h1>{title}</h1><p>{text}</p></html>
"""
ELSEWHERE = (
    HTTPStatus.MISDIRECTED_REQUEST,
    DONE.format(title="Nothing here", text="Open the address that the terminal shows, as it stands there."),
)


class LocalPage:
    """A context: open while the ``with`` lasts.

    ``redeem`` is given what GitHub sent, and returns what to say, which the browser shows; it may raise ShipmateError.
    ``state`` comes back with the code: what comes with another one was not asked for here, and is refused. Only this
    machine reaches the page, and no page of another site reads it: that one would have the ``state``.
    """

    def __init__(self, registration: Registration, web_url: str, homepage: str, redeem: Callable[[str], str]) -> None:
        self._redeem = redeem
        self._redeeming = Lock()
        self.state = secrets.token_urlsafe(24)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        manifest = json.dumps(registration.manifest(homepage, f"{self.url.rstrip('/')}{BACK}"))
        self._target = registration.page(web_url)
        self._page = MAKE.format(
            action=html.escape(f"{self._target}?state={self.state}"), manifest=html.escape(manifest)
        )
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="setup page", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, address: str) -> str:
        """What to say of the address that GitHub led to. Raises ShipmateError, Rejected where it is not ours."""
        query = parse_qs(urlsplit(address).query)
        state, code = query.get("state", [""])[0], query.get("code", [""])[0]
        if not code or not secrets.compare_digest(state.encode(), self.state.encode()):
            raise Rejected("This answer does not belong to the set-up that is running. Begin at its first page again.")
        with self._redeeming:
            return self._redeem(code)

    def answer(self, target: str) -> tuple[HTTPStatus, str]:
        """The page at that path, with its query."""
        path = urlsplit(target).path
        if path == "/":
            return HTTPStatus.OK, self._page
        if path != BACK:
            return HTTPStatus.NOT_FOUND, DONE.format(title="Nothing here", text="The set-up is at /.")
        try:
            said = self.take(target)
        except ShipmateError as error:
            return HTTPStatus.BAD_REQUEST, DONE.format(title="Not done", text=html.escape(str(error)))
        return HTTPStatus.OK, DONE.format(title="Done", text=f"{html.escape(said)} Go on in the terminal.")

    def is_meant(self, host: str) -> bool:
        """DNS rebinding: whether a ``Host`` header names this machine, not a site whose name was led here.

        To a browser such a site's pages are of one origin with this one.
        """
        try:
            return urlsplit(f"//{host}").hostname in OUR_NAMES
        except ValueError:
            return False

    def policy(self) -> str:
        """The Content-Security-Policy: nothing but a form that goes to GitHub."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self._target))
        return f"default-src 'none'; form-action {origin}; base-uri 'none'; frame-ancestors 'none'"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                is_meant = page.is_meant(self.headers.get("Host", ""))
                status, text = page.answer(self.path) if is_meant else ELSEWHERE
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", page.policy())
                self.send_header("Referrer-Policy", "no-referrer")
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Codes are in the addresses, and belong in no log."""

        return Handler
