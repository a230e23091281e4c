"""Faults of ours go to Sentry, once each, without secrets; nothing else does."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from bot import __version__
from bot.core.errors import Rejected, Unavailable
from bot.logs.fault_reports import report_faults
from tests.logs.written import Written
from tests.servers.background import Background

sentry_sdk = pytest.importorskip("sentry_sdk")
KEY = "0123456789abcdef0123456789abcdef"


class Sentry(ThreadingHTTPServer):
    """Takes envelopes: https://develop.sentry.dev/sdk/data-model/envelopes/."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: list[dict[str, Any]] = []
        self.received: list[str] = []

    @property
    def dsn(self) -> str:
        return f"http://{KEY}@127.0.0.1:{self.server_port}/42"


class _Handler(BaseHTTPRequestHandler):
    server: Sentry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/api/42/envelope/"
        assert f"sentry_key={KEY}" in self.headers["X-Sentry-Auth"]
        self.server.received.append(body.decode())
        _, *items = body.split(b"\n")
        for head, payload in zip(items[::2], items[1::2], strict=False):
            if json.loads(head)["type"] == "event":
                self.server.events.append(json.loads(payload))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def sentry(out: Written) -> Iterator[Sentry]:
    server = Sentry()
    running = Background(server)
    running.start()
    report_faults(out.logs, server.dsn, "worker")
    yield server
    sentry_sdk.get_client().close()
    running.stop()


def fails(out: Written, error: Exception) -> None:
    password = "hunter2-of-a-variable"  # noqa: F841 - must not be sent
    try:
        raise error
    except Exception:
        out.log.exception("handler failed", handler="deploys.answer")


def test_a_fault_is_sent_once_with_what_it_is_found_by_in_the_log(out: Written, sentry: Sentry) -> None:
    with bound_contextvars(deployment=12, delivery="github:72d3162e"):
        for _ in range(5):
            fails(out, KeyError("colour"))
    out.logs.end()

    [event] = sentry.events
    [raised] = event["exception"]["values"]
    assert (raised["type"], raised["value"]) == ("KeyError", "'colour'")
    assert event["release"] == f"shipmate@{__version__}"
    assert event["tags"] == {
        "process": "worker",
        "event": "handler failed",
        "deployment": "12",
        "delivery": "github:72d3162e",
        "handler": "deploys.answer",
    }


def test_neither_secrets_nor_variables_nor_the_machines_name_are_sent(out: Written, sentry: Sentry) -> None:
    out.logs.hide(["the-password-of-the-database"])

    fails(out, ValueError("postgres://me:the-password-of-the-database@db with xoxb-1234567890-abcdefghij"))
    out.logs.end()

    [sent] = sentry.received
    [event] = sentry.events
    assert event["exception"]["values"][0]["value"].endswith("@db with ••••")
    assert "the-password" not in sent
    assert "abcdefghij" not in sent
    assert all("vars" not in frame for frame in event["exception"]["values"][0]["stacktrace"]["frames"])
    assert not event.get("server_name")
    assert not {"user", "request", "modules"} & set(event)


def test_outages_refusals_and_what_libraries_say_are_not_sent(out: Written, sentry: Sentry) -> None:
    fails(out, Unavailable("GitHub does not answer.", service="GitHub"))
    fails(out, Rejected("No."))
    out.log.error("delivery set aside", reason="It failed again and again.")
    logging.getLogger("dbos").error("Exception listing queues")
    out.logs.end()

    assert sentry.received == []
