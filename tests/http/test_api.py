"""The API over a real port: who is let in, what is read, and what each error tells."""

from __future__ import annotations

import http.client
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from bot.adapters.storage import serialization
from bot.core.api.model import ApiToken, digest, new_secret
from bot.core.deployments.model import Actor, Deployment, State
from bot.core.deployments.representation import represented
from bot.core.events.external import ApiRequested
from bot.core.freezes.model import Freeze
from bot.core.grammar.commands import DeclareFreeze, Deploy, TakeLock, Unfreeze, Unlock
from bot.core.locks.model import Lock
from bot.http.api import access
from bot.http.api.app import Api
from bot.http.api.requests import Patience
from bot.settings import Settings, read
from tests.http.door import Door, door
from tests.patience import PATIENCE

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MARIA = "U00000001"
SETTINGS = """
[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
tasks = ["migrate"]
[apps.web.environments.staging]
aliases = ["qa"]
[apps.web.environments.production]
[apps.blog]
repository = "acme/blog"
channel = "#blog"
[apps.blog.environments.production]
"""
LIVE = Deployment(
    id=0,
    request_id="r-1",
    app="web",
    environment="staging",
    repository="acme/web",
    ref="main",
    sha="1a2b3c4" + "0" * 33,
    state=State.SUCCEEDED,
    trigger="chat",
    by=Actor("maria", MARIA),
    created_at=T0,
    started_at=T0,
    finished_at=T0 + timedelta(minutes=1),
)


def settings() -> Settings:
    return read(SETTINGS, {"BASE_URL": "https://bot.example"})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Client:
    """Asks with a token; ``decided`` is how the bot decides meanwhile, where it does."""

    door: Door
    secret: str | None = None

    def asks(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """``body`` is sent as JSON, bytes as they are; headers by name, ``_`` for ``-``."""
        sent = {"Authorization": f"Bearer {self.secret}"} if self.secret is not None else {}
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if raw is not None:
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=PATIENCE)
        try:
            connection.request(method, path, raw, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, json.loads(text) if text else None)
        finally:
            connection.close()

    def gets(self, path: str) -> Answer:
        return self.asks("GET", path)

    def problem(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str, str]:
        """The status, the kind and the words of a problem."""
        answer = self.asks(method, path, body, **headers)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.body["status"] == answer.status
        return answer.status, answer.body["type"].removeprefix("urn:shipmate:problem:"), answer.body["detail"]


@pytest.fixture
def at_door(tmp_path: Path) -> Iterator[Door]:
    with api(tmp_path) as made:
        yield made


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Door]:
    """Nobody waits for what is decided."""
    with api(tmp_path, Patience(0.0)) as made:
        yield made


PATIENT = Patience(PATIENCE)


@contextmanager
def api(directory: Path, patience: Patience = PATIENT, **how: Any) -> Iterator[Door]:
    with door(directory, api=lambda kept, ring: Api(settings(), kept, ring, patience), **how) as made:
        yield made


def client(at: Door, name: str = "ci", **how: Any) -> Client:
    secret = new_secret()
    plain = ApiToken(0, name, MARIA, (), read_only=False, created_at=at.kept.database.clock.now())
    at.kept.api.create(replace(plain, **how), digest(secret))
    return Client(at, secret)


def add(at: Door, **different: Any) -> Deployment:
    with at.kept.decisions.open(f"made:{different}", "made") as decision:
        return decision.begin(None, None).add(replace(LIVE, **different))


def asked(at: Door) -> list[ApiRequested]:
    """What waits to be decided on."""
    taken = at.kept.inbox.take(50)
    events = [serialization.event_from_bytes(one.name, one.body) for one in taken if one.name == "ApiRequested"]
    return [one for one in events if isinstance(one, ApiRequested)]


def answer(at: Door, request: str, status: int, body: Any) -> None:
    """As the bot does when it has decided."""
    with at.kept.decisions.open(f"api:{request}", "0:decided") as decision:
        decision.begin(None, None).api.answer(request, status, json.dumps(body))


def deciding(at: Door, status: int, body: Any, most: int = 1) -> Thread:
    """Decides on what comes, as soon as it is there."""

    def decide() -> None:
        left = most
        while left:
            at.wait_for(lambda: bool(at.kept.inbox.backlog()))
            for one in asked(at):
                answer(at, one.request, status, body)
                at.kept.inbox.handled(f"api:{one.request}")
                left -= 1

    thread = Thread(target=decide, daemon=True)
    thread.start()
    return thread


# --- who is let in ------------------------------------------------------------------------------------------------


def test_nobody_is_let_in_without_a_valid_token(at_door: Door) -> None:
    expired = client(at_door, "old", expires_at=T0)
    revoked = client(at_door, "gone")
    at_door.kept.api.revoke("gone")
    strangers = [Client(at_door), Client(at_door, "shp_short"), Client(at_door, new_secret()), expired, revoked]

    answers = [one.gets("/api/board") for one in strangers]

    assert [one.status for one in answers] == [401] * 5
    assert {one.headers["www-authenticate"] for one in answers} == {"Bearer"}
    assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}


def test_a_revoked_token_is_refused_from_that_moment_on(at_door: Door) -> None:
    ci = client(at_door)

    before = ci.gets("/api/locks").status
    at_door.kept.api.revoke("ci")

    assert (before, ci.gets("/api/locks").status) == (200, 401)


def test_only_the_hash_of_a_token_is_kept_and_its_use_is_noted(at_door: Door, tmp_path: Path) -> None:
    ci = client(at_door)

    ci.gets("/api/board")

    [token] = at_door.kept.api.tokens()
    assert token.last_used_at is not None
    assert ci.secret is not None
    kept = b"".join(one.read_bytes() for one in tmp_path.glob("door.db*"))
    assert ci.secret.encode() not in kept
    assert digest(ci.secret).encode() in kept


def test_a_token_reaches_its_apps_alone(at_door: Door) -> None:
    other = add(at_door, app="blog", environment="production", request_id="r-2")
    ci = client(at_door, apps=("web",))

    refused = [
        ci.problem("POST", "/api/deployments", {"app": "blog"}),
        ci.problem("GET", "/api/deployments/r-2"),
        ci.problem("GET", f"/api/deployments/{other.id}"),
        ci.problem("GET", "/api/deployments?app=blog"),
        ci.problem("POST", "/api/locks/blog/production", {}),
        ci.problem("DELETE", "/api/locks/blog/production"),
        ci.problem("POST", "/api/freezes", {"app": "blog", "environment": "production", "reason": "why"}),
    ]

    assert {one[:2] for one in refused} == {(403, "out-of-scope")}
    assert refused[0][2] == "The token ci is for web only; make one for blog, or for all apps."
    assert [one["name"] for one in ci.gets("/api/board").body["apps"]] == ["web"]
    assert ci.gets("/api/deployments").body["deployments"] == []
    assert at_door.stored() == []


def test_a_token_that_may_only_read_changes_nothing(at_door: Door) -> None:
    ci = client(at_door, read_only=True)

    assert ci.problem("POST", "/api/deployments", {"app": "web"})[:2] == (403, "read-only")
    assert ci.gets("/api/freezes").status == 200
    assert at_door.stored() == []


def test_who_asks_too_often_is_told_when_to_ask_again(at_door: Door) -> None:
    ci, other = client(at_door), client(at_door, "other")

    answers = [ci.gets("/api/locks") for _ in range(int(access.BURST) + 60)]

    limited = [one for one in answers if one.status == 429]
    assert {one.status for one in answers} == {200, 429}
    assert limited[0].headers["retry-after"] == "1"
    assert limited[0].body["type"] == "urn:shipmate:problem:too-often"
    assert other.gets("/api/locks").status == 200


def test_who_asks_too_often_takes_nobodys_turn_at_the_database(at_door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    use = at_door.kept.api.use
    monkeypatch.setattr(at_door.kept.api, "use", lambda hashed: (looks.append(hashed), use(hashed))[1])
    ci = client(at_door)

    answers = [ci.gets("/api/locks").status for _ in range(int(access.BURST) + 60)]

    assert set(answers) == {200, 429}
    assert len(looks) == answers.count(200)


def test_strangers_who_guess_keep_nobody_else_out(at_door: Door) -> None:
    ci, never_used = client(at_door), client(at_door, "new")
    ci.gets("/api/locks")

    guesses = [Client(at_door, new_secret()).gets("/api/locks") for _ in range(int(access.STRANGERS_BURST) + 10)]

    assert {one.status for one in guesses} == {401, 429}
    assert [one.gets("/api/locks").status for one in (ci, never_used)] == [200, 200]
    assert at_door.posts(b"{}")[0] == 202


def test_however_many_guess_the_database_is_asked_once_in_a_while(
    at_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    for name in ("use", "digests"):
        asked_for = getattr(at_door.kept.api, name)
        counted = lambda *given, name=name, asked_for=asked_for: (looks.append(name), asked_for(*given))[1]  # noqa: E731
        monkeypatch.setattr(at_door.kept.api, name, counted)
    monkeypatch.setattr(access, "LOOKED_EVERY", math.inf)
    guesses = [Client(at_door, new_secret()).gets("/api/locks") for _ in range(int(access.STRANGERS_BURST) + 40)]

    late = client(at_door, "late")

    assert looks.count("digests") == 1
    assert looks.count("use") == len([one for one in guesses if one.status == 401])
    assert late.gets("/api/locks").status == 429


def test_a_token_is_told_nowhere(at_door: Door, capfd: pytest.CaptureFixture[str]) -> None:
    known, guessed = client(at_door), Client(at_door, new_secret())

    known.problem("POST", "/api/deployments", b"{")
    guessed.gets("/api/board")
    Client(at_door, "shp_" + "x" * 50).gets("/api/board")

    printed = "".join(capfd.readouterr())
    assert "shp_" not in printed


# --- what is read -------------------------------------------------------------------------------------------------


def test_a_deployment_is_shown_by_its_id_and_by_its_number(at_door: Door) -> None:
    made = add(at_door)
    ci = client(at_door)

    found = [ci.gets(f"/api/deployments/{name}") for name in ("r-1", made.id)]

    assert [one.status for one in found] == [200, 200]
    assert found[0].body == found[1].body == represented(made, "https://bot.example")
    assert found[0].body["url"] == "https://bot.example/deployments/r-1"


@pytest.mark.parametrize("name", ["r-9", "9", "9" * 18, "9" * 40, "²", "%00", "..%2f", "'"])
def test_what_is_not_there_is_told_so(at_door: Door, name: str) -> None:
    assert client(at_door).gets(f"/api/deployments/{quote(name, safe='%')}").status == 404


def test_deployments_are_listed_newest_first_and_page_by_page(at_door: Door) -> None:
    for number in range(1, 6):
        add(at_door, request_id=f"r-{number}", environment="staging" if number < 5 else "production")
    add(at_door, request_id="r-6", state=State.FAILED)
    add(at_door, request_id="r-7", trigger="rollback")
    ci = client(at_door)

    def shown(query: str) -> list[str]:
        return [one["id"] for one in ci.gets(f"/api/deployments?{query}").body["deployments"]]

    first = ci.gets("/api/deployments?limit=2").body
    second = ci.gets(first["next"]).body
    assert [one["id"] for one in (*first["deployments"], *second["deployments"])] == ["r-7", "r-6", "r-5", "r-4"]
    assert shown("app=web&environment=qa&state=succeeded") == ["r-4", "r-3", "r-2", "r-1"]
    assert (shown("state=failed"), shown("state=rolled_back"), shown("app=blog")) == (["r-6"], ["r-7"], [])
    assert ci.gets("/api/deployments").body["next"] is None


def test_the_board_shows_what_is_where(at_door: Door) -> None:
    live = add(at_door)
    running = add(at_door, request_id="r-2", state=State.RUNNING, finished_at=None)
    later = at_door.kept.database.clock.now() + timedelta(hours=1)
    with at_door.kept.decisions.open("held", "held") as decision:
        records = decision.begin("web", "staging")
        records.locks.save(Lock("web", "staging", Actor("bob"), T0, "testing"))
        records.freezes.declare(Freeze(0, "web", "production", Actor("bob"), "the fair", T0, later))
    ci = client(at_door)

    web, blog = ci.gets("/api/board").body["apps"]

    staging, production = web["environments"]
    assert staging["live"] == represented(live, "https://bot.example")
    assert [one["number"] for one in staging["running"]] == [running.id]
    assert (staging["lock"]["reason"], staging["lock"]["held_by"]["name"]) == ("testing", "bob")
    assert (production["live"], production["production"], production["freeze"]["reason"]) == (None, True, "the fair")
    assert blog["name"] == "blog"
    assert [one["environment"] for one in ci.gets("/api/locks").body["locks"]] == ["staging"]
    assert [one["environment"] for one in ci.gets("/api/freezes").body["freezes"]] == ["production"]


# --- what is asked for --------------------------------------------------------------------------------------------


def test_a_request_is_answered_as_it_is_decided(at_door: Door) -> None:
    shown = represented(add(at_door))
    deciding(at_door, 201, shown)

    made = client(at_door).asks("POST", "/api/deployments", {"app": "web", "ref": "main"})

    assert (made.status, made.body) == (201, shown)
    assert made.headers["location"] == "/api/deployments/r-1"
    assert at_door.rung >= 1


def test_everything_that_is_asked_for_is_in_the_command(impatient: Door) -> None:
    body = {
        "app": "web",
        "ref": "#12",
        "environment": "QA/web-1",
        "task": "migrate",
        "params": {"region": "eu", "message": "two words"},
        "force": True,
        "force_reason": "hotfix",
        "when_green": True,
    }

    with capture_logs() as lines:
        undecided = client(impatient).asks("POST", "/api/deployments", body)

    [event] = asked(impatient)
    [accepted] = [one for one in lines if one["event"] == "accepted"]
    assert (accepted["delivery"], accepted["token"]) == (f"api:{event.request}", "ci")
    assert event.deploy == Deploy(
        app="web",
        ref="#12",
        environment="staging",
        hosts="web-1",
        task="deploy:migrate",
        params=(("region", "eu"), ("message", "two words")),
        force=True,
        force_reason="hotfix",
        when_green=True,
    )
    assert (event.person, event.token_name) == (MARIA, "ci")
    assert undecided.status == 202
    assert undecided.body["decided"] is False
    assert undecided.headers["location"] == f"/api/requests/{event.request}"


def test_what_is_not_decided_in_time_is_looked_at_later(impatient: Door) -> None:
    ci, other = client(impatient), client(impatient, "other")
    where = ci.asks("POST", "/api/deployments", {"app": "web"}).headers["location"]
    [event] = asked(impatient)

    before = ci.gets(where).body
    answer(impatient, event.request, 409, {"type": "urn:shipmate:problem:refused"})
    after = ci.gets(where).body

    assert (before["decided"], before["status"]) == (False, None)
    assert (after["decided"], after["status"], after["answer"]["type"]) == (True, 409, "urn:shipmate:problem:refused")
    assert other.gets(where).status == 404


def test_locks_and_freezes_are_asked_for_by_the_words_of_the_chat(impatient: Door) -> None:
    ci = client(impatient)

    ci.asks("POST", "/api/locks/web/qa", {"reason": "testing", "for": "2h"})
    ci.asks("POST", "/api/locks/web/production")
    ci.asks("DELETE", "/api/locks/web/production")
    ci.asks("DELETE", "/api/locks/gone/production")
    ci.asks("POST", "/api/freezes", {"environment": "all", "reason": "the fair", "until": "fri 9:00"})
    ci.asks("POST", "/api/freezes", {"app": "web", "environment": "qa", "reason": "the fair"})
    ci.asks("DELETE", "/api/freezes?environment=staging&app=web")
    ci.asks("DELETE", "/api/freezes")

    found: list[ApiRequested] = []
    while more := asked(impatient):
        found += more
        for one in more:
            impatient.kept.inbox.handled(f"api:{one.request}")
    assert [(one.command, one.here) for one in found] == [
        (TakeLock("staging", "web", duration="2h", reason="testing"), None),
        (TakeLock("production", "web"), None),
        (Unlock("production", "web"), None),
        (Unlock("production", "gone"), None),
        (DeclareFreeze("all", until="fri 9:00", reason="the fair"), None),
        (DeclareFreeze("staging", reason="the fair"), "web"),
        (Unfreeze("staging"), "web"),
        (Unfreeze(), None),
    ]


def test_what_was_done_and_has_nothing_to_show_has_no_body(at_door: Door) -> None:
    deciding(at_door, 204, None)

    done = client(at_door).asks("DELETE", "/api/locks/web/production")

    assert (done.status, done.body) == (204, None)


# --- idempotency --------------------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_request_and_has_the_same_answer(at_door: Door) -> None:
    shown = represented(add(at_door))
    ci, other = client(at_door), client(at_door, "other")
    deciding(at_door, 201, shown)
    body = {"app": "web", "ref": "main"}

    first = ci.asks("POST", "/api/deployments", body, Idempotency_Key="k1")
    again = ci.asks("POST", "/api/deployments", b'{ "ref": "main", "app": "web" }', Idempotency_Key="k1")
    different = ci.problem("POST", "/api/deployments", {"app": "web", "ref": "topic"}, Idempotency_Key="k1")

    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert different[:2] == (422, "key-used-already")
    assert len(at_door.stored()) == 2 - 1
    deciding(at_door, 409, {"type": "x", "status": 409})
    assert other.asks("POST", "/api/deployments", body, Idempotency_Key="k1").status == 409


def test_two_who_ask_for_the_same_at_once_ask_for_one_thing(at_door: Door) -> None:
    shown = represented(add(at_door))
    ci, answers = client(at_door), []

    def ask() -> None:
        answers.append(ci.asks("POST", "/api/deployments", {"app": "web"}, Idempotency_Key="k1"))

    threads = [Thread(target=ask) for _ in range(5)]
    for one in threads:
        one.start()
    deciding(at_door, 201, shown)
    for one in threads:
        one.join(PATIENCE)

    assert [one.status for one in answers] == [201] * 5
    assert len(at_door.stored()) == 1


def test_a_key_is_for_one_address_whatever_is_in_it_and_whatever_the_bot_is_called(impatient: Door) -> None:
    ci, path = client(impatient), "/api/locks/gone/a%23b"

    first = ci.asks("DELETE", path, Idempotency_Key="k1")
    again = ci.asks("DELETE", path, Idempotency_Key="k1", Host="bot.example/?x#")
    other = ci.problem("DELETE", "/api/locks/gone/a", Idempotency_Key="k1")

    assert (first.status, again.status, again.body) == (202, 202, first.body)
    assert other[:2] == (422, "key-used-already")


def test_a_key_is_of_one_line_and_not_too_long(at_door: Door) -> None:
    ci = client(at_door)

    assert ci.problem("POST", "/api/deployments", {"app": "web"}, Idempotency_Key="k" * 256)[:2] == (
        *(400, "key-not-valid"),
    )


# --- errors -------------------------------------------------------------------------------------------------------

NOT_UNDERSTOOD = [
    (b"{", 400, "not-json", "The body is not JSON"),
    (b"[]", 400, "not-json", "must be a JSON object"),
    (b"\xff", 400, "not-json", "not JSON"),
    (b"[" * 50_000, 400, "not-json", "not JSON"),
    (
        {"app": "web", "enviroment": "x"},
        400,
        "unknown-field",
        "no field “enviroment”; did you mean “environment”?",
    ),
    ({"app": 1}, 422, "not-valid", "Expected `str | null`, got `int` - at `app`."),
    ({}, 422, "not-valid", "“app” is needed: there are web and blog."),
    ({"app": "wbe"}, 422, "not-valid", "There is no app “wbe”; did you mean “web”?"),
    ({"app": "web", "environment": "stagin"}, 422, "not-valid", "did you mean “staging”?"),
    ({"app": "web", "ref": "two words"}, 422, "not-valid", "“ref” must be one word"),
    ({"app": "web", "ref": "a\u2028b"}, 422, "not-valid", "“ref” must be one word"),
    ({"app": "web", "ref": "--force"}, 422, "not-valid", "“ref” must be one word"),
    ({"app": "web", "ref": "a/../b"}, 422, "not-valid", "“ref” must be one word"),
    ({"app": "web", "environment": "staging/a\nb"}, 422, "not-valid", "so must the hosts behind its slash"),
    ({"app": "web", "environment": "staging/\0"}, 422, "not-valid", "so must the hosts behind its slash"),
    ({"app": "web", "environment": "staging/\u202eab"}, 422, "not-valid", "so must the hosts behind its slash"),
    ({"app": "web", "task": "rm -rf"}, 422, "not-valid", "“task” must be"),
    ({"app": "web", "task": "deploy:migrat"}, 422, "not-valid", "did you mean “migrate”?"),
    ({"app": "web", "force_reason": "why"}, 422, "not-valid", "“force_reason” belongs to “force”"),
    ({"app": "web", "force": "yes"}, 422, "not-valid", "Expected `bool`"),
    ({"app": "web", "params": {"a b": "c"}}, 422, "not-valid", "The parameter “a b”"),
    ({"app": "web", "params": {"a": "b\nc"}}, 422, "not-valid", "The value of “a”"),
    ({"app": "web", "params": {"a": {"b": 1}}}, 422, "not-valid", "Expected `str`"),
]


@pytest.mark.parametrize(("body", "status", "kind", "words"), NOT_UNDERSTOOD, ids=map(str, range(len(NOT_UNDERSTOOD))))
def test_a_request_that_cannot_be_is_told_why_and_kept_nowhere(
    at_door: Door, body: Any, status: int, kind: str, words: str
) -> None:
    found = client(at_door).problem("POST", "/api/deployments", body)

    assert found[:2] == (status, kind)
    assert words in found[2]
    assert at_door.stored() == []


@pytest.mark.parametrize("path", ["/api/locks/web/staging", "/api/freezes?environment=all"])
@pytest.mark.parametrize("body", [b"{", b"hello", b"[" * 50_000, b"9" * 5_000, b"\xff", {"for": "2h"}], ids=range(6))
def test_what_its_address_says_whole_takes_no_body(at_door: Door, path: str, body: Any) -> None:
    assert client(at_door).problem("DELETE", path, body)[0] == 400
    assert at_door.stored() == []


ADDRESSES = [
    ("/api/freezes?environment=", 422, "“environment” must be one word"),
    ("/api/freezes?environment=&app=web", 422, "web has no environment “”"),
    ("/api/freezes?environment=a%00b", 422, "“environment” must be one word"),
    ("/api/freezes?app=", 422, "There is no app “”"),
    ("/api/freezes?environment=staging&environment=production", 400, "“environment” is there twice"),
    ("/api/locks/web/", 422, "“environment” must be one word"),
    ("/api/locks/web/%00", 422, "“environment” must be one word"),
    ("/api/locks/web/a%20b", 422, "“environment” must be one word"),
    (f"/api/locks/web/{'a' * 256}", 422, "“environment” must be one word of 255 characters"),
]


@pytest.mark.parametrize(("path", "status", "words"), ADDRESSES, ids=map(str, range(len(ADDRESSES))))
def test_a_name_that_is_left_empty_or_is_none_ends_nothing(at_door: Door, path: str, status: int, words: str) -> None:
    found = client(at_door).problem("DELETE", path)

    assert found[0] == status
    assert words in found[2]
    assert at_door.stored() == []


def test_hosts_have_no_locks_and_no_freezes_of_their_own(at_door: Door) -> None:
    ci = client(at_door)
    told = "web has no environment “qa/web-1”; did you mean “staging”, which is all of its hosts?"

    assert ci.problem("POST", "/api/locks/web/qa/web-1")[2] == told
    assert ci.problem("POST", "/api/freezes", {"app": "web", "environment": "qa/web-1", "reason": "x"})[2] == told
    assert at_door.stored() == []


def test_below_an_address_of_a_proxy_all_addresses_are_below_it(tmp_path: Path) -> None:
    below = read(SETTINGS, {"BASE_URL": "https://tools.example/ship/"})
    with door(tmp_path, api=lambda kept, ring: Api(below, kept, ring, Patience(0.0))) as at:
        ci = client(at)
        one, _ = add(at), add(at, request_id="r-2")

        assert ci.gets("/api/deployments?limit=1").body["next"] == f"/ship/api/deployments?limit=1&before={one.id + 1}"
        assert ci.gets("/api/openapi.json").body["servers"] == [{"url": "/ship"}]
        undecided = ci.asks("POST", "/api/deployments", {"app": "web"}).headers["location"]
        assert undecided.startswith("/ship/api/requests/")
        answer(at, undecided.rpartition("/")[2], 201, represented(one))
        again = ci.asks("POST", "/api/deployments", {"app": "web"}, Idempotency_Key="k")
        answer(at, again.headers["location"].rpartition("/")[2], 201, represented(one))
        decided = ci.asks("POST", "/api/deployments", {"app": "web"}, Idempotency_Key="k")
        assert decided.headers["location"] == "/ship/api/deployments/r-1"


def test_other_errors_are_problems_too(at_door: Door) -> None:
    ci = client(at_door)

    assert ci.problem("GET", "/api/nothing")[:2] == (404, "no-such-address")
    assert ci.problem("GET", "/api")[:2] == (404, "no-such-address")
    assert ci.problem("POST", "/api/openapi.json", {})[:2] == (405, "method")
    assert ci.problem("PUT", "/api/deployments", {})[:2] == (405, "method")
    assert ci.asks("PUT", "/api/deployments").headers["allow"] == "POST, GET"
    assert ci.problem("POST", "/api/deployments", b"app=web", Content_Type="text/plain")[:2] == (415, "not-json")
    assert ci.problem("GET", "/api/deployments?limit=0")[:2] == (422, "not-valid")
    assert ci.problem("GET", "/api/deployments?limit=101")[:2] == (422, "not-valid")
    assert ci.problem("GET", "/api/deployments?state=fine")[:2] == (422, "not-valid")
    assert ci.problem("GET", "/api/deployments?enviroment=x")[2] == (
        "There is no parameter “enviroment” here; did you mean “environment”?"
    )
    assert ci.problem("POST", "/api/deployments", b" " * 65_537)[:2] == (413, "not-taken")


def test_a_database_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    with api(tmp_path, migrated=False) as at, capture_logs() as lines:
        status, kind, detail = Client(at, new_secret()).problem("GET", "/api/board")

    assert (status, kind) == (503, "not-available")
    assert "ask again" in detail
    # The log counts them with the outage, however many there are.
    assert [one["during"] for one in lines if "not taken" in one["event"]] == ["database"]


def test_who_waits_when_the_process_ends_is_told_where_the_answer_will_be(tmp_path: Path) -> None:
    with api(tmp_path, Patience(PATIENCE)) as at_door:
        ci, answers = client(at_door), []
        asking = Thread(target=lambda: answers.append(ci.asks("POST", "/api/deployments", {"app": "web"})))
        asking.start()
        at_door.wait_for(lambda: at_door.rung == 1)
        at_door.stop()
        asking.join(PATIENCE)

        [answer] = answers
        assert answer.status == 202
        assert answer.body["decided"] is False


def test_who_waits_for_an_answer_keeps_no_webhook_out(tmp_path: Path) -> None:
    with api(tmp_path, Patience(PATIENCE, most=3)) as at_door:
        ci, answers = client(at_door), []

        def ask(number: int) -> None:
            answers.append(ci.asks("POST", "/api/deployments", {"app": "web"}, Idempotency_Key=f"k{number}"))

        threads = [Thread(target=ask, args=(number,)) for number in range(6)]
        for one in threads:
            one.start()
        at_door.wait_for(lambda: len(answers) == 3)
        webhook = at_door.posts(b"{}")
        deciding(at_door, 204, None, most=6)
        for one in threads:
            one.join(PATIENCE)

        assert webhook[0] == 202
        assert sorted(one.status for one in answers) == [202, 202, 202, 204, 204, 204]
