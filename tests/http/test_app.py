"""The listener over a real port: what is signed is stored once and answered, and nothing else leaves a trace."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest

from bot.core.errors import Unavailable
from bot.http.limits import PRODUCTION, WEBHOOK
from tests.http.door import PING, Door, door, signature
from tests.patience import PATIENCE

LARGEST_BODY = PRODUCTION.largest_body(WEBHOOK)


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path) as made:
        yield made


def test_a_signed_webhook_is_stored_and_the_engine_told(listening: Door) -> None:
    answer = listening.posts(PING)

    assert answer == (202, "stored\n")
    assert listening.stored() == [("github:d1", "ping")]
    assert listening.rung == 1
    found = listening.kept.inbox.delivery("github:d1")
    assert found is not None
    assert found[0].body == PING


def test_a_form_is_signed_as_it_came_and_stored_as_the_json_in_it(listening: Door) -> None:
    body = urlencode({"payload": PING.decode()}).encode()

    answer = listening.posts(body, Content_Type="application/x-www-form-urlencoded")

    assert answer == (202, "stored\n")
    found = listening.kept.inbox.delivery("github:d1")
    assert found is not None
    assert found[0].body == PING


def test_a_delivery_that_is_known_is_told_so_and_stored_once(listening: Door) -> None:
    listening.posts(PING)

    answer = listening.posts(b'{"zen": "Something else."}')

    assert answer == (202, "known already\n")
    assert listening.stored() == [("github:d1", "ping")]


def test_an_event_that_nobody_knows_is_accepted(listening: Door) -> None:
    answer = listening.posts(PING, X_GitHub_Event="sunrise")

    assert answer == (202, "stored\n")
    assert listening.stored() == [("github:d1", "sunrise")]


def test_a_payload_without_the_fields_that_are_used_is_accepted_here(listening: Door) -> None:
    answer = listening.posts(b'{"action": "closed"}', X_GitHub_Event="pull_request")

    assert answer == (202, "stored\n")


@pytest.mark.parametrize(
    "wrong",
    [None, "", "sha256=", "sha256=0000", signature(PING, "another secret"), signature(PING).upper(), "sha1=ff"],
)
def test_a_missing_or_wrong_signature_leaves_no_trace(listening: Door, wrong: str | None) -> None:
    answer = listening.posts(PING, X_Hub_Signature_256=wrong)

    assert answer == (401, "The signature is missing or wrong; compare GITHUB_WEBHOOK_SECRET.\n")
    assert listening.stored() == []
    assert listening.rung == 0


def test_a_form_with_the_signature_of_its_payload_is_refused(listening: Door) -> None:
    body = urlencode({"payload": PING.decode()}).encode()

    answer = listening.posts(
        body, Content_Type="application/x-www-form-urlencoded", X_Hub_Signature_256=signature(PING)
    )

    assert answer[0] == 401
    assert listening.stored() == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"a": \xff}', b'{"a":' + b"[" * 100_000],
    ids=["empty", "cut", "list", "text", "no utf-8", "no utf-8 inside", "bottomless"],
)
def test_what_is_no_json_object_is_told_so_at_once(listening: Door, body: bytes) -> None:
    answer = listening.posts(body)

    assert answer == (400, "The body is not a JSON object.\n")
    assert listening.stored() == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"zen=1", "The webhook's form has no field “payload”.\n"),
        (b"payload=%ff", "The webhook's form cannot be read.\n"),
        (b"\xff", "The webhook's form cannot be read.\n"),
        (b"payload=%7B", "The body is not a JSON object.\n"),
    ],
)
def test_a_form_that_holds_no_payload_is_told_so(listening: Door, body: bytes, sentence: str) -> None:
    answer = listening.posts(body, Content_Type="application/x-www-form-urlencoded")

    assert answer == (400, sentence)
    assert listening.stored() == []


@pytest.mark.parametrize("header", ["X_GitHub_Event", "X_GitHub_Delivery"])
@pytest.mark.parametrize("value", [None, "", "x" * 201])
def test_a_webhook_without_its_name_or_number_is_refused(listening: Door, header: str, value: str | None) -> None:
    answer = listening.posts(PING, **{header: value})

    assert answer == (400, "X-GitHub-Event and X-GitHub-Delivery are needed.\n")
    assert listening.stored() == []


def test_a_body_that_says_that_it_is_too_large_is_not_even_read(listening: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", listening.port, timeout=PATIENCE)
    connection.putrequest("POST", "/github/webhook")
    connection.putheader("Content-Length", str(LARGEST_BODY + 1))
    connection.endheaders()

    answer = connection.getresponse()

    assert (answer.status, answer.read()) == (413, b"The body is over 25 MB.\n")
    assert answer.headers["Connection"] == "close"
    assert listening.stored() == []
    connection.close()


def test_a_body_that_does_not_say_how_large_it_is_is_given_up_at_the_limit(listening: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", listening.port, timeout=PATIENCE)
    chunk = b" " * (1024 * 1024)
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += len(chunk)
            yield chunk

    # The listener answers and leaves while we are still sending.
    with suppress(ConnectionError):
        connection.request("POST", "/github/webhook", body=chunks(), encode_chunked=True)
    with suppress(ConnectionError):
        assert connection.getresponse().status == 413
    connection.close()

    assert listening.stored() == []
    assert listening.asks("GET", "/healthz") == (200, "ok\n")


def test_a_body_of_just_the_limit_is_stored(tmp_path: Path) -> None:
    body = b'{"a": "' + b"x" * (LARGEST_BODY - 9) + b'"}'
    with door(tmp_path) as listening:
        answer = listening.posts(body)
        stored = listening.stored()

    assert len(body) == LARGEST_BODY
    assert answer == (202, "stored\n")
    assert stored == [("github:d1", "ping")]


def test_who_hangs_up_in_the_middle_leaves_no_trace(listening: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", listening.port, timeout=PATIENCE)
    connection.putrequest("POST", "/github/webhook")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"zen":')
    connection.close()

    answer = listening.posts(PING, X_GitHub_Delivery="d2")

    assert answer == (202, "stored\n")
    assert listening.stored() == [("github:d2", "ping")]


def test_a_database_that_cannot_store_asks_for_another_try(tmp_path: Path) -> None:
    with door(tmp_path, migrated=False) as listening:
        answer = listening.posts(PING)
        rung = listening.rung

    assert answer == (503, "The delivery could not be stored; please send it again.\n")
    assert rung == 0


def test_the_same_webhook_from_many_sides_is_stored_once(listening: Door) -> None:
    answers: list[tuple[int, str]] = []
    threads = [Thread(target=lambda: answers.append(listening.posts(PING))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(answers) == [(202, "known already\n")] * 7 + [(202, "stored\n")]
    assert listening.stored() == [("github:d1", "ping")]


def test_health_is_shown_and_webhooks_are_counted_by_event_and_answer(listening: Door) -> None:
    listening.posts(PING)
    listening.posts(PING, X_Hub_Signature_256=None)

    health, ready = listening.asks("GET", "/healthz"), listening.asks("GET", "/readyz")
    metrics = listening.asks("GET", "/metrics")

    assert (health, ready) == ((200, "ok\n"), (200, "ready\n"))
    assert metrics[0] == 200
    assert 'shipmate_webhooks_total{answer="202",event="ping"} 1.0' in metrics[1]
    assert 'shipmate_webhooks_total{answer="401",event="other"} 1.0' in metrics[1]


def test_a_listener_is_ready_and_says_who_refuses_the_bot(tmp_path: Path) -> None:
    told = ["Slack refuses the bot's credentials since 2026-03-02 10:00 UTC."]
    with door(tmp_path, outages=told) as listening:
        answer = listening.asks("GET", "/readyz")

    assert answer == (200, "ready\nSlack refuses the bot's credentials since 2026-03-02 10:00 UTC.\n")


def test_a_listener_without_its_database_is_alive_and_not_ready(tmp_path: Path) -> None:
    with door(tmp_path, obstacles=lambda: ["the database does not answer"]) as listening:
        answers = listening.asks("GET", "/healthz"), listening.asks("GET", "/readyz")

    assert answers == ((200, "ok\n"), (503, "not ready: the database does not answer\n"))


class Shelf:
    """Things that were set aside; on a database that does not answer it says so."""

    def __init__(self, *names: str, away: bool = False) -> None:
        self._names = names
        self._away = away

    def count(self) -> int:
        return len(self.names())

    def names(self) -> Sequence[str]:
        if self._away:
            raise Unavailable("The database does not answer.")
        return self._names


@pytest.mark.parametrize(
    ("aside", "ready", "gauge"),
    [
        (None, "ready\n", "0.0"),
        (Shelf(), "ready\n", "0.0"),
        (Shelf("github:1", "effect:7"), "ready; set aside: github:1, effect:7\n", "2.0"),
        (Shelf(away=True), "ready\n", "NaN"),
    ],
    ids=["nobody to ask", "nothing", "two", "nobody knows"],
)
def test_what_is_set_aside_is_named_and_counted_and_takes_nothing_out_of_rotation(
    tmp_path: Path, aside: Shelf | None, ready: str, gauge: str
) -> None:
    with door(tmp_path, aside=aside) as listening:
        answer, metrics = listening.asks("GET", "/readyz"), listening.asks("GET", "/metrics")

    assert answer == (200, ready)
    assert f"\nshipmate_set_aside {gauge}\n" in metrics[1]


def test_pages_that_are_not_there_and_wrong_methods_are_answered_as_usual(listening: Door) -> None:
    answers = [
        listening.asks("GET", "/github/webhook")[0],
        listening.asks("POST", "/slack/events", b"{}")[0],
        listening.asks("GET", "/nothing")[0],
        listening.asks("GET", "/"),
    ]

    assert answers == [405, 404, 404, (200, "Shipmate listens. GitHub's webhooks go to /github/webhook.\n")]


def test_a_payload_in_another_language_comes_through_unchanged(listening: Door) -> None:
    body = json.dumps({"zen": "Halte es einfach – 保持简单 🚀"}, ensure_ascii=False).encode()

    listening.posts(body, Content_Type="application/json; charset=utf-8")

    found = listening.kept.inbox.delivery("github:d1")
    assert found is not None
    assert found[0].body == body


@pytest.mark.parametrize("secret", ["old-secret", "new-secret"])
def test_while_the_secret_is_changed_a_webhook_signed_with_either_is_stored(tmp_path: Path, secret: str) -> None:
    with door(tmp_path, secrets=("old-secret", "new-secret")) as listening:
        answer = listening.posts(PING, X_Hub_Signature_256=signature(PING, secret))

    assert answer == (202, "stored\n")


@pytest.mark.parametrize("secret", ["", " ", ",", "old-secret,new-secret", "old-secret, new-secret", "another", "o"])
def test_nothing_but_the_two_secrets_signs_a_webhook(tmp_path: Path, secret: str) -> None:
    with door(tmp_path, secrets=("old-secret", "new-secret")) as listening:
        answer = listening.posts(PING, X_Hub_Signature_256=signature(PING, secret))

    assert answer[0] == 401


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_an_empty_secret_signs_nothing(tmp_path: Path, secrets: tuple[str, ...]) -> None:
    with door(tmp_path, secrets=secrets) as listening:
        answer = listening.posts(PING, X_Hub_Signature_256=signature(PING, ""))

    assert answer[0] == 401
