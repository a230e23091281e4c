"""The bot as a process, flooded by strangers: its memory and its handles stay within bounds, and GitHub is heard."""

from __future__ import annotations

import hashlib
import hmac
import http.client
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psutil
import pytest

from tests.end_to_end.installation import Installation
from tests.http.sender import chunk, post, sender
from tests.patience import PATIENCE

MB = 1024 * 1024
MOST_MORE = 160 * MB
"""What floods may add: the bytes that are not verified yet (64 MB), copies of the largest body, and much room."""
MOST_CONNECTIONS = 256
PING = b'{"zen": "Keep it logically awesome."}'


@pytest.fixture
def flooded(site: Installation) -> Iterator[tuple[Installation, psutil.Process]]:
    """It listens to Slack over HTTP as well."""
    del site.environ["SLACK_APP_TOKEN"]
    site.environ["SLACK_SIGNING_SECRET"] = site.slack.signing_secret
    process = site.runs()
    yield site, psutil.Process(process.pid)
    assert process.terminate() == 0


def webhook(site: Installation, delivery: str) -> int:
    """The answer to a webhook as GitHub sends it."""
    signed = hmac.new(site.github.webhook_secret.encode(), PING, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": f"sha256={signed}"}
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    try:
        connection.request("POST", "/github/webhook", PING, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def endless_bodies(port: int, stack: ExitStack) -> None:
    for path in ("/slack/events", "/github/webhook", "/nowhere"):
        somebody = stack.enter_context(sender(port))
        somebody.sends(post(path, Transfer_Encoding="chunked"), *[chunk(b"x" * MB)] * 250)


def half_open_bodies(port: int, stack: ExitStack) -> None:
    for _ in range(10):
        somebody = stack.enter_context(sender(port))
        somebody.sends(post("/github/webhook", Content_Length=str(25 * MB)), b"x" * 24 * MB)


def giant_heads(port: int, stack: ExitStack) -> None:
    for start in (b"GET / HTTP/1.1\r\nCookie: ", b"GET /", b"POST /slack/events?a="):
        somebody = stack.enter_context(sender(port))
        somebody.sends(start, b"a" * 40 * MB)


def many_connections(port: int, stack: ExitStack) -> None:
    for number in range(400):
        somebody = stack.enter_context(sender(port))
        if number % 2:
            somebody.sends(post("/github/webhook", Content_Length="60000"), b"x" * 50_000)


@pytest.mark.parametrize("flood", [endless_bodies, half_open_bodies, giant_heads, many_connections])
def test_a_flood_costs_little_and_keeps_no_webhook_out(
    flooded: tuple[Installation, psutil.Process], flood: Callable[[int, ExitStack], None]
) -> None:
    site, process = flooded
    memory, handles = process.memory_info().rss, process.num_fds()

    with ExitStack() as stack:
        flood(site.port, stack)
        answer = webhook(site, "during")
        more_memory, more_handles = process.memory_info().rss - memory, process.num_fds() - handles

    assert answer == 202
    assert more_memory < MOST_MORE
    assert more_handles <= MOST_CONNECTIONS + 20
