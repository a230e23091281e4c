"""Slack over HTTP, at the listener as it is run: what is signed and fresh is heard, and nothing else is looked at."""

from __future__ import annotations

import gzip
import hmac
import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from bot.adapters.slack.bolt_app import build, http_handler
from bot.adapters.slack.chat import Slack
from bot.core.ports.chat import Delivery
from tests.http.door import Door, door
from tests.patience import PATIENCE
from tests.servers.slack.inbox import Tray
from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import TEAM

SECRET = SlackServer.signing_secret
CHALLENGE = json.dumps({"type": "url_verification", "challenge": "abc", "token": "unused"}).encode()
REFUSED = (401, '{"error":"invalid request"}')
HEARD = (200, '{"challenge": "abc"}')


class Watch:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 3, 6, 17, 0, tzinfo=UTC)


class Standing(Tray):
    """The database takes what is to be stored, and does not answer until ``moves``."""

    def __init__(self) -> None:
        super().__init__()
        self.moves = Event()

    def put(self, delivery: Delivery) -> bool:
        self.moves.wait(PATIENCE)
        return super().put(delivery)


@contextmanager
def listener(directory: Path, *secrets: str, tray: Tray | None = None) -> Iterator[Door]:
    with SlackServer() as slack:
        chat = Slack(slack.bot_token, api_url=slack.api_url, clock=Watch())
        tray = tray or Tray()
        app = build(
            chat, bot_name="shipmate", inbox=tray, on_stored=tray.ring, keep_password=tray.passwords.__setitem__
        )
        with door(directory, slack=http_handler(app, secrets)) as made:
            yield made


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Door]:
    with listener(tmp_path, SECRET) as made:
        yield made


def says(listening: Door, timestamp: str, body: bytes = CHALLENGE, secret: str = SECRET, **but: str) -> tuple[int, str]:
    """Post it signed as Slack signs, for that timestamp."""
    signature = hmac.digest(
        secret.encode(), b"v0:%b:%b" % (timestamp.encode("latin-1", "replace"), body), "sha256"
    ).hex()
    headers = {"Content-Type": "application/json", "X-Slack-Request-Timestamp": timestamp}
    headers |= {"X-Slack-Signature": f"v0={signature}"}
    return listening.asks("POST", "/slack/events", body, headers | {k.replace("_", "-"): v for k, v in but.items()})


def test_what_is_signed_now_is_heard(listening: Door) -> None:
    assert says(listening, str(int(time.time()))) == HEARD


@pytest.mark.parametrize(
    "timestamp",
    [
        *("", " ", "soon", "nan", "inf", "-inf", "1e400", "1e9", "0x10", "1_000", "+5", "-1", "1.5", "1 2", "None"),
        *("0", "1", "99999999999999999999", "9" * 308, "9" * 309, "9" * 400, "9" * 4_300, "9" * 5_000, "0" * 5_000),
        *("\u00b2", "\u00bc", "\xff", "%00", "1700000000"),
    ],
)
def test_a_timestamp_that_is_none_is_refused_even_where_it_is_signed(
    listening: Door, caplog: pytest.LogCaptureFixture, timestamp: str
) -> None:
    answer = says(listening, timestamp)

    assert answer == REFUSED
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("seconds", "told"), [(-3_600, r"\d{4} s ago"), (-400, r"\d{3} s ago"), (3_600, r"in \d{4} s")]
)
def test_what_is_refused_for_its_time_alone_is_told_once_as_a_clock_that_is_off(
    listening: Door, caplog: pytest.LogCaptureFixture, seconds: int, told: str
) -> None:
    for _ in range(3):
        assert says(listening, str(int(time.time()) + seconds)) == REFUSED
        assert says(listening, str(int(time.time()) + seconds), secret="another") == REFUSED

    [said] = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    pattern = r"Slack is not heard: .* by this machine's clock it was signed (.*)\. Set the clock"
    assert (found := re.fullmatch(pattern, said))
    assert re.fullmatch(told, found[1])


@pytest.mark.parametrize("seconds", [-86_400, -330, 330, 86_400])
def test_what_is_older_or_younger_than_five_minutes_is_refused(listening: Door, seconds: int) -> None:
    assert says(listening, str(int(time.time()) + seconds)) == REFUSED


@pytest.mark.parametrize("seconds", [-240, 240])
def test_clocks_may_differ_by_less_than_five_minutes(listening: Door, seconds: int) -> None:
    assert says(listening, str(int(time.time()) + seconds)) == HEARD


@pytest.mark.parametrize(
    "signature", ["", "v0=", "v0=" + "0" * 64, "\xe9", "v0=\xff", "v1=" + "0" * 64, "v0=" + "0" * 20_000]
)
def test_a_signature_that_is_none_is_refused(listening: Door, signature: str) -> None:
    assert says(listening, str(int(time.time())), X_Slack_Signature=signature) == REFUSED


def test_a_compressed_body_is_not_unpacked_before_its_signature_is_known(listening: Door) -> None:
    body = gzip.compress(b" " * 100_000_000)

    answer = says(listening, str(int(time.time())), body, "somebody else's", Content_Encoding="gzip")

    assert answer == REFUSED


def test_a_body_of_a_megabyte_is_looked_at_and_a_larger_one_is_not(listening: Door) -> None:
    most = 1024 * 1024

    answers = [says(listening, str(int(time.time())), b"x" * size, "another") for size in (most, most + 1)]

    assert answers == [REFUSED, (413, "The body is over 1 MB.\n")]


def test_while_the_secret_is_changed_both_are_accepted_and_no_other(tmp_path: Path) -> None:
    now = str(int(time.time()))

    with listener(tmp_path, "old-secret", "new-secret") as listening:
        answers = [says(listening, now, secret=secret) for secret in ("old-secret", "new-secret", "another", "o")]

    assert answers == [HEARD, HEARD, REFUSED, REFUSED]


def test_without_a_secret_nothing_is_heard(tmp_path: Path) -> None:
    with listener(tmp_path) as listening:
        assert says(listening, str(int(time.time())), secret="") == REFUSED


def test_what_slack_did_not_sign_leaves_one_line_and_no_connection(listening: Door) -> None:
    with capture_logs() as lines:
        for _ in range(20):
            says(listening, "1", b"payload=hunter2")

    assert [(line["event"], line["answer"], line["path"], line["address"]) for line in lines] == [
        ("request refused", 401, "/slack/events", "127.0.0.1")
    ]


def test_while_nothing_can_be_stored_monitors_are_answered_all_the_same(tmp_path: Path) -> None:
    tray, answers = Standing(), []

    def writes(number: int) -> None:
        said = {"type": "message", "channel": "D1", "user": "U1", "team": TEAM, "text": "status", "ts": f"{number}.1"}
        body = {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{number}", "event": said}
        answers.append(says(listening, str(int(time.time())), json.dumps(body).encode())[0])

    with listener(tmp_path, SECRET, tray=tray) as listening:
        crowd = [Thread(target=writes, args=(number,)) for number in range(1, 61)]
        for one in crowd:
            one.start()
        listening.wait_for(lambda: sum(one.is_answering for one in tuple(listening.crowd.connections)) == len(crowd))
        told = [listening.asks("GET", path)[0] for path in ("/readyz", "/metrics")]
        tray.moves.set()
        for one in crowd:
            one.join(PATIENCE)

    assert told == [200, 200]
    assert answers == [200] * len(crowd)
    assert len(tray.deliveries) == len(crowd)
