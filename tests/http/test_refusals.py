"""What is left of requests that were refused: a line in the log, a number in the metrics, nothing of the sender's."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.http.limits import PRODUCTION
from tests.http.door import PING, Door, door, signature
from tests.http.sender import post, sender

WRONG = {"X_Hub_Signature_256": "sha256=" + "0" * 64}


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path) as made:
        yield made


def test_a_webhook_that_is_not_signed_leaves_one_line_without_its_body(listening: Door) -> None:
    with capture_logs() as lines:
        answer = listening.posts(b'{"password": "hunter2"}', **WRONG)

    assert answer[0] == 401
    assert lines == [
        {
            "event": "request refused",
            "log_level": "warning",
            "answer": 401,
            "path": "/github/webhook",
            "address": "127.0.0.1",
        }
    ]


def test_a_flood_of_them_leaves_two_lines_and_their_number(tmp_path: Path) -> None:
    limits = replace(PRODUCTION, refusals_told_every=1)

    with door(tmp_path, limits=limits) as listening, capture_logs() as lines:
        for _ in range(50):
            listening.posts(PING, **WRONG)
        told = lambda: sum(line.get("count", 1) for line in lines) == 50  # noqa: E731
        listening.wait_for(told)

    assert lines[0]["event"] == "request refused"
    assert lines[-1] == {
        "event": "requests refused",
        "log_level": "warning",
        "answer": 401,
        "path": "/github/webhook",
        "count": lines[-1]["count"],
        "seconds": 1,
    }
    assert len(lines) < 25


def test_each_kind_of_refusal_has_a_line_of_its_own_and_no_path_of_the_senders(
    listening: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refused = [
        post("/github/webhook", Content_Length="99999999999"),
        post("/slack/events", Content_Length="99999999"),
        post("/an/invented/path", Content_Length="99999999"),
        post("/another", Content_Length="99999999"),
        b"\0\0\0",
        b"GET /" + b"a" * 100_000,
    ]

    with capture_logs() as lines:
        for request in refused:
            with sender(listening.port) as somebody:
                somebody.sends(request)
                somebody.answer()

    assert [(line["answer"], line["path"]) for line in lines] == [
        (413, "/github/webhook"),
        (413, "/slack/events"),
        (413, "other"),
        (400, "other"),
        (431, "other"),
    ]
    assert [one.message for one in caplog.records if one.name.startswith("uvicorn") and one.levelno > 20] == []


def test_refusals_are_counted_whatever_their_reason(listening: Door) -> None:
    listening.posts(PING, **WRONG)
    with sender(listening.port) as somebody:
        somebody.sends(post("/github/webhook", Content_Length="99999999999"))
        somebody.answer()

    counted = webhooks(listening)

    assert counted == {("other", "401"): 1.0, ("other", "413"): 1.0}


def test_events_are_counted_by_their_name_once_they_are_signed_and_known(listening: Door) -> None:
    for number, name in enumerate(["push", "check_run", "sunrise", 'a"} 1\nfake', "x" * 200]):
        listening.posts(PING, X_GitHub_Event=name.replace("\n", ""), X_GitHub_Delivery=f"d{number}")
    for number in range(20):
        listening.posts(PING, **WRONG, X_GitHub_Event=f"invented{number}")
    listening.posts(b"[]", X_GitHub_Event="deployment")

    counted = webhooks(listening)

    assert counted == {
        ("push", "202"): 1.0,
        ("check_run", "202"): 1.0,
        ("other", "202"): 3.0,
        ("other", "401"): 20.0,
        ("deployment", "400"): 1.0,
    }


def webhooks(listening: Door) -> dict[tuple[str, str], float]:
    """The counter by event and answer."""
    _, page = listening.asks("GET", "/metrics")
    found = re.findall(r'^shipmate_webhooks_total\{answer="(.*)",event="(.*)"\} (.*)$', page, flags=re.MULTILINE)
    return {(event, answer): float(number) for answer, event, number in found}


def test_whoever_sends_a_webhook_and_leaves_at_once_breaks_nothing(
    listening: Door, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps({"zen": "x" * 10_000}).encode()
    for number in range(30):
        with sender(listening.port) as somebody:
            signed = {"X_GitHub_Event": "ping", "X_Hub_Signature_256": signature(body)}
            somebody.sends(post("/github/webhook", body, X_GitHub_Delivery=f"d{number}", **signed))

    assert listening.asks("GET", "/healthz") == (200, "ok\n")
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []
