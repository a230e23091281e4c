"""Webhooks' short way keeps the rules of HTTP: connections stay, requests come in a row, bodies come in pieces."""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from bot.adapters.storage.batching_inbox import BatchingInbox
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.http.app import WebhookListener
from bot.http.server import server_of
from tests.databases import migrate
from tests.patience import PATIENCE

SECRET = "webhook-secret"
BODY = b'{"zen": "Keep it logically awesome."}'


@pytest.fixture
def line(tmp_path: Path) -> Iterator[socket.socket]:
    """A connection to a listener."""
    with listening(tmp_path) as port, socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as opened:
        yield opened


@contextmanager
def listening(directory: Path) -> Iterator[int]:
    kept = Store(connect(f"sqlite:///{directory / 'lane.db'}"), SystemClock())
    migrate(kept.database.engine)
    intake = BatchingInbox(kept.database)
    server = server_of(WebhookListener(kept.inbox, SECRET, lambda: None, kept.database.obstacles, intake=intake))
    intake.start()
    with socket.create_server(("127.0.0.1", 0)) as opened:
        thread = Thread(target=server.run, args=([opened],), daemon=True)
        thread.start()
        yield opened.getsockname()[1]
        server.should_exit = True
        thread.join(PATIENCE)
    intake.stop()
    kept.database.engine.dispose()


def webhook(number: int, body: bytes = BODY, *, more: str = "", path: str = "/github/webhook") -> bytes:
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nX-GitHub-Event: ping\r\nX-GitHub-Delivery: d{number}\r\n"
        f"X-Hub-Signature-256: sha256={signed}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


def answers(line: socket.socket, count: int) -> list[tuple[str, str]]:
    """The status line and the body of each of the next answers."""
    found: list[tuple[str, str]] = []
    read = b""
    while len(found) < count:
        some = line.recv(65_536)
        assert some, f"the connection ended after {found}"
        read += some
        while b"\r\n\r\n" in read:
            head, _, rest = read.partition(b"\r\n\r\n")
            [length] = [int(one[15:]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")]
            if len(rest) < length:
                break
            found.append((head.split(b"\r\n")[0].decode(), rest[:length].decode()))
            read = rest[length:]
    return found


STORED = ("HTTP/1.1 202 Accepted", "stored\n")


def test_a_connection_stays_open_for_the_next_webhook(line: socket.socket) -> None:
    line.sendall(webhook(1))
    first = answers(line, 1)
    line.sendall(webhook(1))
    again = answers(line, 1)
    line.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")

    health = answers(line, 1)

    assert first == [STORED]
    assert again == [("HTTP/1.1 202 Accepted", "known already\n")]
    assert health == [("HTTP/1.1 200 OK", "ok\n")]


def test_webhooks_sent_without_waiting_are_answered_in_their_order(line: socket.socket) -> None:
    line.sendall(webhook(1) + webhook(2, b"[]") + webhook(3) + b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")

    found = answers(line, 4)

    assert found == [
        STORED,
        ("HTTP/1.1 400 Bad Request", "The body is not a JSON object.\n"),
        STORED,
        ("HTTP/1.1 200 OK", "ok\n"),
    ]


def test_a_body_may_come_in_many_pieces(line: socket.socket) -> None:
    whole = webhook(1, b'{"zen": "' + b"x" * 200_000 + b'"}')

    for start in range(0, len(whole), 50_000):
        line.sendall(whole[start : start + 50_000])

    assert answers(line, 1) == [STORED]


def test_a_body_of_unknown_length_may_come_in_chunks(line: socket.socket) -> None:
    head = webhook(1).partition(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"

    line.sendall(head + b"5\r\n" + BODY[:5] + b"\r\n" + b"%x\r\n" % len(BODY[5:]) + BODY[5:] + b"\r\n0\r\n\r\n")

    assert answers(line, 1) == [STORED]


def test_who_waits_to_be_asked_for_the_body_is_asked(line: socket.socket) -> None:
    head, _, body = webhook(1, more="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    line.sendall(head + b"\r\n\r\n")
    asked = line.recv(1000)

    line.sendall(body)

    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answers(line, 1) == [STORED]


def test_an_address_with_a_query_is_the_same_address(line: socket.socket) -> None:
    line.sendall(webhook(1, path="/github/webhook?from=here"))

    assert answers(line, 1) == [STORED]


def test_a_connection_that_is_to_end_ends_after_the_answer(line: socket.socket) -> None:
    line.sendall(webhook(1, more="Connection: close\r\n"))

    said = b""
    while some := line.recv(1000):
        said += some

    assert said.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert b"\r\nconnection: close\r\n" in said
    assert said.endswith(b"\r\n\r\nstored\n")


def test_a_listener_that_stops_answers_what_has_come(tmp_path: Path) -> None:
    with listening(tmp_path) as port:
        line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        line.sendall(webhook(1))
        first = answers(line, 1)

    with line:
        rest = line.recv(1000)

    assert first == [STORED]
    assert rest == b""
