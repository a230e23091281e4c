"""What deploy hooks call back, over a real port: what is signed is stored once, and nobody else learns anything."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest

from bot.adapters.storage import serialization
from bot.adapters.storage.runs import BegunRun
from bot.core.deployments.model import Actor, Deployment, State
from bot.core.events.internal import ProviderCalledBack
from bot.http.callbacks import Callbacks
from bot.http.limits import CALLBACKS, PRODUCTION
from bot.http.pages.desk import WAITING
from bot.settings import Settings, read
from tests.http.door import Door, door, signature
from tests.patience import PATIENCE

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECRET, OTHER = "hook-secret-0123", "other-secret-4567"
ENVIRON = {"HTTP_PROVIDER_SECRET": SECRET, "OTHER_SECRET": OTHER, "LOST_SECRET": "lost-secret-89"}
SETTINGS = """
[apps.web]
repository = "acme/web"
channel = "#web"
provider = { type = "http", url = "https://deploy.example.com/" }
[apps.web.environments.staging]
[apps.web.environments.production]
provider = { secret = "OTHER_SECRET" }
[apps.web.environments.preview]
provider = { type = "external" }
"""
RUNNING = Deployment(
    id=0,
    request_id="r-1",
    app="web",
    environment="staging",
    repository="acme/web",
    ref="main",
    sha="1a2b3c4" + "0" * 33,
    state=State.RUNNING,
    trigger="command",
    by=Actor("maria"),
    created_at=T0,
    started_at=T0,
)
UNSIGNED = (
    401,
    "The signature in X-Shipmate-Signature-256 is missing or wrong; compare the variable that `secret` names.\n",
)
TOO_MANY = (503, "Too much with an unknown signature waits to be looked up; please send it again.\n")
UNKNOWN = (404, "No deployment of a hook has this request id.\n")


def settings() -> Settings:
    return read(SETTINGS, {"HTTP_PROVIDER_SECRET": SECRET})


@contextmanager
def listening_to(directory: Path, **how: Any) -> Iterator[Door]:
    with door(directory, callbacks=lambda kept, ring: Callbacks(settings(), kept, ENVIRON, ring), **how) as made:
        yield made


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Door]:
    """One deployment, r-1, is being carried out in staging."""
    with listening_to(tmp_path) as made:
        add(made)
        yield made


def add(listening: Door, **changes: Any) -> Deployment:
    new = replace(RUNNING, **changes)
    with listening.kept.decisions.open(str(uuid4()), "test") as decision:
        return decision.begin(new.app, new.environment).add(new)


def calls_back(listening: Door, body: bytes | dict[str, Any], *, to: str = "r-1", **how: Any) -> tuple[int, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = how["signed"] if "signed" in how else signature(raw, how.get("secret", SECRET))
    headers = {"Content-Type": "application/json"} | (
        {"X-Shipmate-Signature-256": signed} if signed is not None else {}
    )
    return listening.asks("POST", f"{CALLBACKS}{to}", raw, headers)


def taken(listening: Door) -> list[ProviderCalledBack]:
    found = [listening.kept.inbox.delivery(id) for id, _ in listening.stored()]
    events = [serialization.event_from_bytes(one[0].name, one[0].body) for one in found if one]
    return [one for one in events if isinstance(one, ProviderCalledBack)]


def test_what_is_signed_is_stored_once_and_the_engine_told(listening: Door) -> None:
    body = {
        "state": "success",
        "description": " Is\tlive \x00",
        "log_url": "https://ci.example/1",
        "environment_url": "",
        "more": [1],
    }

    answers = [calls_back(listening, body) for _ in range(2)]

    assert answers == [(200, "stored\n"), (200, "known already\n")]
    [event] = taken(listening)
    assert (event.deployment_id, event.state, event.description) == (1, "success", "Is live")
    assert (event.log_url, event.environment_url) == ("https://ci.example/1", None)
    assert listening.rung == 1


def test_the_same_word_from_many_sides_is_stored_once(listening: Door) -> None:
    answers: list[tuple[int, str]] = []
    threads = [Thread(target=lambda: answers.append(calls_back(listening, {"state": "success"}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(answers) == [(200, "known already\n")] * 7 + [(200, "stored\n")]
    assert len(taken(listening)) == 1


BODY = b'{"state": "success"}'


@pytest.mark.parametrize(
    "signed",
    [
        None,
        "",
        "sha256=",
        signature(BODY, "another"),
        signature(BODY, SECRET).upper(),
        signature(BODY, OTHER),
        "sha1=ff",
    ],
)
@pytest.mark.parametrize("to", ["r-1", "r-2", "x" * 300, "%2e%2e"])
def test_nobody_learns_without_a_signature_whether_there_is_such_a_deployment(
    listening: Door, signed: str | None, to: str
) -> None:
    answer = calls_back(listening, BODY, to=to, signed=signed)

    # The secret of another hook of ours is one of ours, and still not that of this deployment.
    assert answer == (UNKNOWN if signed == signature(BODY, OTHER) and to != "r-1" else UNSIGNED)
    assert listening.stored() == []


def test_a_signature_is_good_for_the_bytes_that_were_signed(listening: Door) -> None:
    answer = calls_back(listening, BODY + b" ", signed=signature(BODY, SECRET))

    assert answer == UNSIGNED


def test_a_word_for_one_deployment_is_not_taken_for_another(listening: Door) -> None:
    add(listening, request_id="r-2", environment="production")
    add(listening, request_id="r-3", state=State.SUCCEEDED, finished_at=T0)
    word = {"state": "success", "request_id": "r-3"}

    answers = [calls_back(listening, word), calls_back(listening, BODY, to="r-2", signed=signature(BODY, SECRET))]

    mixed_up = "It is of another deployment: “request_id” is not the one of this address.\n"
    assert answers == [(422, mixed_up), UNSIGNED]
    assert calls_back(listening, BODY, to="r-2", secret=OTHER) == (200, "stored\n")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"success"', b"\xff\xfe", b'{"state": "\xff"}', b'{"a":' + b"[" * 9_999]
)
def test_what_is_no_json_object_is_told_so(listening: Door, body: bytes) -> None:
    assert calls_back(listening, body) == (400, "The body is not a JSON object.\n")
    assert listening.stored() == []


STATES = "“state” must be pending, queued, in_progress, success, failure, error or inactive.\n"
LINK = "“log_url” must be an address that begins with https:// or http://.\n"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, STATES),
        ({"state": "succeeded"}, STATES),
        ({"state": "waiting"}, STATES),
        ({"state": ["success"]}, STATES),
        ({"state": {"a": 1}}, STATES),
        ({"state": "success", "description": 5}, "“description” must be text.\n"),
        ({"state": "success", "log_url": "javascript:alert(1)"}, LINK),
        ({"state": "success", "log_url": "https://x.example/ a"}, LINK),
        ({"state": "success", "log_url": 5}, LINK),
        ({"state": "success", "log_url": f"https://x.example/{'a' * 2_000}"}, LINK),
    ],
)
def test_what_is_not_understood_is_explained(listening: Door, body: dict[str, Any], sentence: str) -> None:
    assert calls_back(listening, body) == (422, sentence)
    assert listening.stored() == []


def test_what_is_unknown_or_behind_no_hook_is_not_there(listening: Door) -> None:
    add(listening, request_id="r-2", environment="preview")

    assert [calls_back(listening, BODY, to=to) for to in ("r-2", "r-99", "x" * 300)] == [UNKNOWN] * 3


def test_what_has_ended_stays_as_it_is_unless_it_was_given_up(listening: Door) -> None:
    add(listening, request_id="r-2", state=State.CANCELLED, finished_at=T0)
    add(listening, request_id="r-3", state=State.TIMED_OUT, finished_at=T0, given_up_at=T0)

    answers = [calls_back(listening, BODY, to=to) for to in ("r-2", "r-3")]

    assert answers == [(200, "It has ended already; nothing has changed.\n"), (200, "stored\n")]
    assert [one.deployment_id for one in taken(listening)] == [3]


def test_a_run_whose_place_is_gone_from_the_settings_is_still_called_back(listening: Door) -> None:
    gone = add(listening, request_id="r-2", app="shop")
    listening.kept.runs.keep(gone.id, BegunRun("http", {"url": "https://x.example/", "secret": "LOST_SECRET"}, 900.0))

    answers = [calls_back(listening, BODY, to="r-2", secret=one) for one in (SECRET, "lost-secret-89")]

    assert answers == [UNSIGNED, (200, "stored\n")]


@pytest.mark.parametrize("place", ["production", "preview"], ids=["another secret", "another provider"])
def test_what_has_begun_is_called_back_with_the_secret_that_it_was_told(listening: Door, place: str) -> None:
    begun = add(listening, request_id="r-2", environment=place)
    listening.kept.runs.keep(begun.id, BegunRun("http", {"url": "https://x.example/", "secret": "LOST_SECRET"}, 900.0))

    answers = [calls_back(listening, BODY, to="r-2", secret=one) for one in (OTHER, "lost-secret-89")]

    assert answers == [UNSIGNED, (200, "stored\n")]


def test_a_large_body_is_refused_before_it_is_read(listening: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", listening.port, timeout=PATIENCE)
    connection.putrequest("POST", f"{CALLBACKS}r-1")
    connection.putheader("Content-Length", str(1024 * 1024 + 1))
    connection.endheaders()
    answer = connection.getresponse()

    assert (answer.status, answer.read()) == (413, b"The body is over 1 MB.\n")
    assert PRODUCTION.largest_body(f"{CALLBACKS}r-1") == 1024 * 1024
    connection.close()


def test_a_body_of_just_the_limit_is_taken(listening: Door) -> None:
    body = b'{"state": "success", "x": "' + b"x" * (1024 * 1024 - 29) + b'"}'

    assert len(body) == 1024 * 1024
    assert calls_back(listening, body) == (200, "stored\n")


def test_only_what_is_posted_is_taken(listening: Door) -> None:
    assert listening.asks("GET", f"{CALLBACKS}r-1")[0] == 405
    assert listening.asks("POST", "/providers/http/", b"{}")[0] == 404
    assert listening.asks("POST", f"{CALLBACKS}r-1/more", b"{}")[0] == 404


def test_a_database_that_does_not_answer_asks_for_another_try(tmp_path: Path) -> None:
    with listening_to(tmp_path, migrated=False) as listening:
        assert calls_back(listening, BODY) == (503, "It could not be stored; please send it again.\n")


class Standing(Callbacks):
    """The database does not answer what strangers ask, until ``moves``."""

    moves = Event()

    def take(self, request_id: str, body: bytes, signature: str) -> tuple[int, str]:
        if not self.may_be_signed(body, signature):
            self.moves.wait(PATIENCE)
        return super().take(request_id, body, signature)


def test_not_all_strangers_wait_for_the_database_and_keep_nobody_out(tmp_path: Path) -> None:
    answers: list[tuple[int, str]] = []
    most = WAITING + 1

    with door(tmp_path, callbacks=lambda kept, ring: Standing(settings(), kept, ENVIRON, ring)) as listening:
        add(listening)

        def guess() -> None:
            answers.append(calls_back(listening, {"state": "success"}, secret="guessed"))

        crowd = [Thread(target=guess) for _ in range(most + 5)]
        for one in crowd:
            one.start()
        listening.wait_for(lambda: len(answers) == 5)
        turned_away = [*answers]
        signed = calls_back(listening, {"state": "success"})
        Standing.moves.set()
        for one in crowd:
            one.join(PATIENCE)

    assert turned_away == [TOO_MANY] * 5
    assert signed == (200, "stored\n")
    assert answers[5:] == [UNSIGNED] * most


def test_either_of_two_secrets_is_good_while_it_is_changed(tmp_path: Path) -> None:
    environ = {"HTTP_PROVIDER_SECRET": "old-secret-1, new-secret-2"}
    with door(tmp_path, callbacks=lambda kept, ring: Callbacks(settings(), kept, environ, ring)) as listening:
        add(listening)
        words = ("old-secret-1", "new-secret-2", "old-secret-1, new-secret-2", "")
        answers = [calls_back(listening, {"state": "queued", "n": one}, secret=one)[0] for one in words]

    assert answers == [200, 200, 401, 401]
