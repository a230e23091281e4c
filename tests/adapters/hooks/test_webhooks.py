"""The way to receivers of webhooks: what is sent, and what becomes of every kind of answer and of none."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread

import pytest

from bot.adapters.hooks.webhooks import WebhookClient
from bot.core.deployments.model import State
from bot.core.outgoing_webhooks.model import Answer, PendingEvent, Receiver, snapshot
from tests.core.deployments.made import a_deployment
from tests.patience import PATIENCE
from tests.servers.hooks.receiver import EventReceiver
from tests.servers.hooks.server import Reply

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RUNNING = snapshot(a_deployment(state=State.RUNNING, title="Grüße\ud800\0 \u2028"), None)
EVENT = PendingEvent(1, "r", "5a0e3b1c-7d2f-4c3a-9b8e-0123456789ab", 1, "deployment.running", RUNNING, T0, tries=0)


@pytest.fixture
def server() -> Iterator[EventReceiver]:
    with EventReceiver() as receiver:
        yield receiver
    assert receiver.problems == []


def at(server: EventReceiver, **different: str) -> Receiver:
    plain = Receiver("r", server.host, server.url, key=server.secret, secrets=(server.secret,))
    return replace(plain, **different)  # type: ignore[arg-type]


def said(server: EventReceiver, reply: Reply) -> Answer:
    server.replies.append(reply)
    return WebhookClient().post(at(server), EVENT, T0)


def test_it_is_signed_over_the_bytes_that_are_sent_and_says_what_it_is(server: EventReceiver) -> None:
    answer = WebhookClient().post(at(server), EVENT, T0)

    [sent] = server.received
    assert answer == Answer(taken=True)
    assert sent.headers["x-shipmate-event"] == "deployment.running"
    assert sent.headers["x-shipmate-delivery"] == EVENT.delivery
    assert sent.headers["x-shipmate-signature-256"] == server.signs(sent.body)
    assert sent.headers["user-agent"].startswith("shipmate/")
    assert sent.json == {
        "event": "deployment.running",
        "sent_at": "2026-03-02T10:00:00.000Z",
        "deployment": json.loads(RUNNING),
    }
    assert sent.json["deployment"]["title"] == "Grüße?\0 \u2028"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_answer_with_2xx_takes_it(server: EventReceiver, status: int) -> None:
    assert said(server, Reply(status)).taken


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Reply(400, b'{"detail": "no such field"}'), Answer(False, "400 Bad Request: no such field")),
        (Reply(404, b"<html>nothing</html>"), Answer(False, "404 Not Found")),
        (Reply(410), Answer(False, "410 Gone", gone=True)),
        (Reply(500), Answer(False, "500 Internal Server Error", away=True)),
        (Reply(503, headers={"Retry-After": "7"}), Answer(False, "503 Service Unavailable", away=True, wait=7)),
        (Reply(429, headers={"Retry-After": "86400"}), Answer(False, "429 Too Many Requests", away=True, wait=3600)),
        (
            Reply(429, headers={"Retry-After": "Mon, 02 Mar 2026 10:00:30 GMT"}),
            Answer(False, "429 Too Many Requests", away=True, wait=30),
        ),
    ],
)
def test_everything_else_says_why_not(server: EventReceiver, reply: Reply, answer: Answer) -> None:
    assert said(server, reply) == replace(answer, reason=f"{server.host} answered {answer.reason}")


def test_a_redirect_is_not_followed(server: EventReceiver) -> None:
    with EventReceiver() as elsewhere:
        answer = said(server, Reply(307, headers={"Location": elsewhere.url}))

        assert (answer.taken, answer.away) == (False, False)
        assert answer.reason.startswith(f"{server.host} answered 307 Temporary Redirect, which sends the bot elsewhere")
        assert elsewhere.received == []


def test_nothing_that_is_secret_comes_back(server: EventReceiver) -> None:
    hidden = at(server, url=f"{server.url}/hidden-4711")
    server.replies.append(Reply(400, f"{hidden.url} expected {server.secret}".encode()))

    answer = WebhookClient().post(hidden, EVENT, T0)

    assert answer.reason == f"{server.host} answered 400 Bad Request: •••• expected ••••"
    assert server.secret not in repr(hidden)
    assert "hidden-4711" not in repr(hidden)


def test_whoever_cannot_be_reached_is_away(server: EventReceiver) -> None:
    refused = socket.create_server(("127.0.0.1", 0))
    port = refused.getsockname()[1]
    refused.close()

    answers = [
        WebhookClient().post(at(server, url=url), EVENT, T0)
        for url in (f"http://127.0.0.1:{port}/x", "http://nobody.invalid/x", f"https://{server.host}/x")
    ]

    assert answers == [
        Answer(False, f"127.0.0.1:{port} cannot be reached.", away=True),
        Answer(False, "nobody.invalid cannot be reached.", away=True),
        Answer(False, f"The certificate of {server.host} is not valid, so nothing was sent.", away=True),
    ]


@contextmanager
def door(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does as it likes with each connection."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        connection.settimeout(PATIENCE)
        with connection, suppress(OSError):  # whoever asked has gone
            behave(connection)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield f"127.0.0.1:{listening.getsockname()[1]}"
    thread.join(PATIENCE)
    listening.close()


def _until_closed(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _says_nothing(connection: socket.socket) -> None:
    _until_closed(connection)


def _trickles(connection: socket.socket) -> None:
    """A header without an end, in pieces that come sooner than any timeout between two of them."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    connection.settimeout(0.02)
    for _ in range(90):
        connection.sendall(b"X-Slow: .\r\n")
        with suppress(TimeoutError):
            connection.recv(65536)


@pytest.mark.parametrize("behave", [_says_nothing, _trickles])
def test_whoever_does_not_come_to_an_end_is_away_when_the_time_is_up(
    server: EventReceiver, behave: Callable[[socket.socket], None]
) -> None:
    with door(behave) as host:
        answer = WebhookClient(deadline=0.2).post(at(server, url=f"http://{host}/x"), EVENT, T0)

    assert answer == Answer(False, f"{host} does not answer in time.", away=True)


def test_an_answer_that_never_ends_is_not_read_to_its_end(server: EventReceiver) -> None:
    def floods(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with door(floods) as host:
        answer = WebhookClient().post(at(server, url=f"http://{host}/x"), EVENT, T0)

    assert answer.taken
