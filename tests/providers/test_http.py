"""The ``http`` provider against a small place that deploys: what is sent, and how it is followed to its end."""

from __future__ import annotations

import gzip
import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.core.deployments.steps import Progress
from bot.core.errors import Rejected
from bot.core.ports.provider import Outcome
from bot.providers import http
from bot.providers.http.polling import MISSED
from tests.providers.conftest import SHA
from tests.providers.http_runs import (
    BASE_URL,
    HandClock,
    begun,
    calls_back,
    carried_out,
    hook_server,
    polled,
    stopped_at,
)
from tests.servers.background import Background
from tests.servers.hooks.server import HookServer, Reply


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[HookServer]:
    with hook_server(monkeypatch) as server:
        yield server


@pytest.fixture
def run_to(run_with, hook: HookServer):
    """A run of one and the same deployment through the hook."""

    def make(*, job: dict[str, Any] | None = None, **settings: Any) -> Any:
        run = run_with(http.Settings(**{"url": f"{hook.url}/deploy", **settings}), **(job or {}))
        run.clock = HandClock()
        return run

    return make


@contextmanager
def untrusted(directory: Path) -> Iterator[tuple[str, list[str]]]:
    """Something that speaks TLS with a certificate of its own making; what it has heard."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "1", "-nodes"]
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", "req", "-x509", *made, *names], check=True, capture_output=True)
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever does not trust it breaks off."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    running = Background(server)
    running.start()
    yield f"localhost:{server.server_address[1]}", heard
    running.stop()


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_the_hook_is_told_all_that_it_may_need_and_signed(hook, run_to) -> None:
    run = run_to(job={"params": {"migrate": "yes"}})
    begun(run)
    [asked] = hook.asked

    assert asked.json == {
        "request_id": "d3f4c8a0-7",
        "deployment_id": 7,
        "app": "web",
        "environment": "production",
        "repository": "acme/web",
        "ref": "topic",
        "sha": SHA,
        "task": "deploy",
        "params": {"migrate": "yes"},
        "requested_by": "octocat",
        "callback_url": f"{BASE_URL}/providers/http/d3f4c8a0-7",
    }
    assert asked.headers["x-shipmate-request-id"] == asked.headers["idempotency-key"] == "d3f4c8a0-7"
    assert asked.headers["x-shipmate-timestamp"] == "1772445600"
    assert asked.headers["x-shipmate-signature-256"] == hook.signs(asked.body)
    assert asked.headers["user-agent"].startswith("shipmate/")
    assert run.lines == [f"{hook.host} has taken it"]


def test_a_service_with_an_api_of_its_own_gets_what_it_wants(hook, run_to) -> None:
    hook.free_body = True
    run = run_to(
        url=f"{hook.url}/deploy/{{app}}?ref={{ref}}",
        headers={"Authorization": "Bearer $SERVICE_KEY"},
        body={"commitId": "{sha}", "n": 1, "meta": {"by": "{requested_by} via shipmate", "all": "{params}"}},
        job={"ref": "feature/a&b c", "params": {"a": "b"}},
    )
    begun(run)
    [asked] = hook.asked

    assert asked.path == "/deploy/web?ref=feature%2Fa%26b%20c"
    assert asked.headers["authorization"] == f"Bearer {hook.key}"
    assert asked.json == {"commitId": SHA, "n": 1, "meta": {"by": "octocat via shipmate", "all": {"a": "b"}}}


def test_an_address_that_is_secret_stands_in_the_environment_alone(hook, run_to, monkeypatch) -> None:
    monkeypatch.setenv("DEPLOY_HOOK", f"{hook.url}/deploy?key=top-secret-key")
    hook.replies.append(Reply(422, b"no top-secret-key here, nor hook-secret-0123456789"))
    run = run_to(url="$DEPLOY_HOOK")

    outcome = carried_out(run)

    assert hook.asked[0].path == "/deploy?key=top-secret-key"
    assert outcome.result == "failed"
    assert outcome.description.startswith(f"{hook.host} answered 422 Unprocessable")
    assert "hook-secret" not in f"{outcome} {run.lines} {run.notes}"


def test_what_is_not_set_is_named_and_nothing_is_sent(hook, run_to, monkeypatch) -> None:
    monkeypatch.delenv("HTTP_PROVIDER_SECRET")

    with pytest.raises(Rejected, match=r"^HTTP_PROVIDER_SECRET is not set: set it in the bot's environment"):
        http.start(run_to())

    assert hook.received == []


def test_where_nobody_could_tell_the_end_nothing_is_begun(hook, run_to, monkeypatch) -> None:
    monkeypatch.delenv("BASE_URL")

    with pytest.raises(Rejected, match=r"^Nobody could tell how it ends: set BASE_URL"):
        http.start(run_to())
    begun(run_to(poll=polled(hook)))

    assert [one.json["callback_url"] for one in hook.asked] == [None]


def test_no_password_is_looked_for_and_no_cookie_kept(hook, run_to, monkeypatch, tmp_path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login bot password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    hook.replies.append(Reply(503, b"", {"Set-Cookie": "session=1"}))

    begun(run_to())

    assert len(hook.asked) == 2
    assert [name for one in hook.asked for name in ("authorization", "cookie") if name in one.headers] == []


def test_nothing_is_sent_where_the_certificate_is_not_valid(hook, run_to, tmp_path) -> None:
    with untrusted(tmp_path) as (address, heard):
        run = run_to(url=f"https://{address}/deploy")
        outcome = carried_out(run)

    assert outcome == Outcome(
        "failed", f"The certificate of {address} is not valid, so nothing was sent (asked for 5 min 20 s)"
    )
    assert heard == []


# --- how it ends: called back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "result"), [("success", "succeeded"), ("failure", "failed"), ("error", "error")])
def test_what_is_called_back_is_how_it_ends(hook, run_to, state, result) -> None:
    run = run_to()
    handle = begun(run)
    calls_back(run, state, "Done in 3 steps", environment_url="https://web.example/", log_url="https://ci.example/1")

    outcome = http.follow(run, handle)

    assert outcome == Outcome(result, "Done in 3 steps", "https://web.example/", "https://ci.example/1")


def test_an_end_without_words_gets_some(hook, run_to) -> None:
    run = run_to()
    handle = begun(run)
    calls_back(run, "failure")

    assert http.follow(run, handle) == Outcome("failed", f"{hook.host} reports failure")


def test_how_far_it_has_got_is_told_once(hook, run_to) -> None:
    run = run_to()
    handle = begun(run)
    words = iter(
        [("in_progress", "Building", "1"), ("in_progress", "Building", "1"), ("in_progress", "Migrating", "2")]
    )

    def on_pause() -> None:
        state, description, at = next(words, ("success", "", "3"))
        calls_back(run, state, description, at=at, log_url="https://ci.example/1")

    run.on_pause = on_pause
    http.follow(run, handle)

    assert run.told == [Progress(text, log_url="https://ci.example/1") for text in ("Building", "Migrating")]
    assert run.lines[1:] == ["Building", "Migrating"]


def test_called_back_before_the_answer_was_taken_in_it_is_not_asked_again(hook, run_to) -> None:
    run = run_to()
    calls_back(run, "success", "Is live")

    assert carried_out(run) == Outcome("succeeded", "Is live")
    assert hook.asked == []


# --- how it ends: asked ---------------------------------------------------------------------------------------------


def test_it_is_asked_until_it_is_live(hook, run_to) -> None:
    hook.states.extend(
        [{"status": "created"}, {"status": "build_in_progress", "pct": 40, "logs": "https://l.example/1"}]
    )
    hook.state = {"status": "LIVE", "host": "web-123.up.example", "message": "Deployed in 12 s"}
    places = {"description": "/message", "progress": "/pct", "environment_url": "/host", "log_url": "/logs"}
    run = run_to(poll=polled(hook, **places))

    outcome = carried_out(run)

    assert outcome == Outcome("succeeded", "Deployed in 12 s", "https://web-123.up.example")
    assert run.told == [
        Progress("created"),
        Progress("build in progress · 40 %", log_url="https://l.example/1"),
    ]
    assert {one.path for one in hook.looks} == {"/deploys/1"}


def test_a_state_that_means_failure_fails_it(hook, run_to) -> None:
    hook.state = {"status": "build_failed"}

    assert carried_out(run_to(poll=polled(hook))) == Outcome("failed", "Ended with the state build_failed")


@pytest.mark.parametrize(("value", "written"), [(True, "true"), (3, "3"), ("Ready", "ready")])
def test_a_state_need_not_be_text(hook, run_to, value, written) -> None:
    hook.state = {"a/b": [{"done~": value}]}

    outcome = carried_out(run_to(poll=polled(hook, state="/a~1b/0/done~0", success=[written])))

    assert outcome.result == "succeeded"


def test_it_is_asked_no_more_often_than_the_settings_say(hook, run_to) -> None:
    pauses = []
    run = run_to(poll=polled(hook, every="5s"))
    run.on_pause = lambda: pauses.append(len(hook.looks)) or len(pauses) < 12 or run.cancel()

    carried_out(run)

    assert pauses == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (Reply(503, b"<html>Sorry</html>"), "{host} answered 503 Service Unavailable"),
        (Reply(429, b"", {"Retry-After": "0"}), "{host} answered 429 Too Many Requests"),
        (Reply(200, b"<html><body>Log in</body></html>"), "{host} does not answer with JSON"),
        (Reply(200, b'{"status": "\xff"}'), "{host} does not answer with JSON"),
        (Reply(200, b"[" * 200_000), "{host} does not answer with JSON"),
        (Reply(200, b'"' + b"x" * (1024 * 1024) + b'"'), "{host} does not answer with JSON"),
        (
            Reply(200, gzip.compress(b'{"status": "live"}'), {"Content-Encoding": "gzip"}),
            "{host} does not answer with JSON",
        ),
        (Reply(200, b'{"status": {"live": true}}'), "{host} tells no state at /status"),
        (Reply(200, b"[]"), "{host} tells no state at /status"),
        (Reply(cut=True), "{host} cannot be reached"),
        (Reply(404, b"gone"), "{host} answered 404 Not Found: gone"),
    ],
    ids=["down", "slow down", "page", "no utf-8", "bottomless", "huge", "packed", "object", "list", "cut", "not yet"],
)
def test_an_answer_that_says_nothing_is_waited_out_and_told_once(hook, run_to, answer, trouble) -> None:
    hook.answers.extend([answer] * (MISSED - 1))
    hook.state = {"status": "live"}
    run = run_to(poll=polled(hook))
    run.on_pause = lambda: run.clock.passes(60)

    assert carried_out(run).result == "succeeded"
    assert run.lines[1:] == [trouble.format(host=hook.host)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Reply(404, b""), "answered 404 Not Found"),
        (Reply(403, b'{"error": {"message": "Token expired"}}'), "answered 403 Forbidden: Token expired"),
        (
            Reply(302, b"", {"Location": "https://elsewhere.example/"}),
            "answered 302 Found, which sends the bot elsewhere",
        ),
    ],
)
def test_what_will_never_be_told_ends_it_as_an_error_that_may_still_be_called_back(hook, run_to, answer, why) -> None:
    hook.answers.extend([answer] * MISSED)

    outcome = carried_out(run_to(poll=polled(hook)))

    assert (outcome.result, outcome.given_up) == ("error", True)
    assert outcome.description.startswith(f"{hook.host} {why}")
    assert outcome.description.endswith(", so nobody can tell how it ends")


def test_an_address_to_ask_at_may_be_all_of_an_answer(hook, run_to) -> None:
    hook.state = {"status": "live"}

    assert carried_out(run_to(poll=polled(hook, url="{/deploy/status_url}"))).result == "succeeded"


@pytest.mark.parametrize("told", ["http://169.254.169.254/latest", "file:///etc/passwd", "//elsewhere.example/", "a b"])
def test_a_hook_sends_our_key_to_no_other_host(hook, run_to, told) -> None:
    hook.replies.append(Reply(200, json.dumps({"deploy": {"status_url": told}}).encode()))
    run = run_to(poll=polled(hook, url="{/deploy/status_url}"))

    with pytest.raises(Rejected, match=r"is not asked: it is another host|does not begin with https://"):
        carried_out(run)


@pytest.mark.parametrize("told", ["..", "."])
def test_a_number_that_would_lead_elsewhere_is_not_asked_for(hook, run_to, told) -> None:
    hook.replies.append(Reply(200, json.dumps({"deploy": {"id": told}}).encode()))

    with pytest.raises(Rejected, match="which would lead to another address"):
        carried_out(run_to(poll=polled(hook)))


def test_what_an_answer_holds_stays_one_piece_of_the_address(hook, run_to) -> None:
    hook.replies.append(Reply(200, b'{"deploy": {"id": "1/../../admin?x=1#y"}}'))
    run = run_to(poll=polled(hook))
    run.on_pause = run.cancel

    carried_out(run)

    assert {one.path for one in hook.looks} == {"/deploys/1%2F..%2F..%2Fadmin%3Fx%3D1%23y"}
    hook.problems.clear()


def test_a_secret_that_is_echoed_is_shown_to_nobody(hook, run_to) -> None:
    hook.state = {"status": "live", "m": f"with {hook.key}", "u": f"https://x.example/?k={hook.key}"}
    hook.states.append({"status": f"building with {hook.secret}"})
    run = run_to(poll=polled(hook, description="/m", log_url="/u"))

    outcome = carried_out(run)

    assert outcome == Outcome("succeeded", "with ••••", None, None)
    assert hook.key not in f"{run.lines} {run.told} {run.notes}"
    assert hook.secret not in f"{run.lines} {run.told} {run.notes}"


# --- how it is stopped ----------------------------------------------------------------------------------------------


def test_cancelled_it_is_stopped_where_the_settings_say_how(hook, run_to) -> None:
    run = run_to(poll=polled(hook), cancel=stopped_at(hook, method="PATCH"))
    run.on_pause = run.cancel

    outcome = carried_out(run)

    assert outcome == Outcome("cancelled", "Cancelled")
    assert hook.stopped == [1]


def test_out_of_time_it_is_stopped_too(hook, run_to) -> None:
    run = run_to(poll=polled(hook), cancel=stopped_at(hook))
    run.on_pause = run.run_out_of_time

    assert carried_out(run) == Outcome("timed_out", "Timed out after 15 min, and was stopped")


def test_what_goes_live_although_it_is_told_to_stop_has_succeeded(hook, run_to) -> None:
    hook.when_stopped = Reply(202, b"")
    run = run_to(poll=polled(hook), cancel=stopped_at(hook))

    def on_pause() -> None:
        run.cancel()
        if any(one.path.endswith("/cancel") for one in hook.received):
            hook.state = {"status": "live"}

    run.on_pause = on_pause

    assert carried_out(run) == Outcome("succeeded", "Ended with the state live")


def test_what_cannot_be_stopped_goes_on_and_that_is_said(hook, run_to) -> None:
    cancelled, late = run_to(), run_to(poll=polled(hook))
    cancelled.on_pause, late.on_pause = cancelled.cancel, late.run_out_of_time

    assert carried_out(cancelled) == Outcome(
        "cancelled", f"Cancelled: it goes on at {hook.host} (it cannot be stopped from here)"
    )
    assert carried_out(late) == Outcome(
        "timed_out",
        f"Timed out after 15 min: it goes on at {hook.host} (it cannot be stopped from here)",
        given_up=True,
    )


def test_a_refusal_to_stop_is_said(hook, run_to) -> None:
    hook.when_stopped = Reply(409, b'{"message": "Already being released"}')
    run = run_to(poll=polled(hook), cancel=stopped_at(hook))
    run.on_pause = run.cancel

    refused = f"{hook.host} answered 409 Conflict: Already being released"
    assert carried_out(run) == Outcome("cancelled", f"Cancelled: it goes on at {hook.host} ({refused})")


def test_one_that_was_stopped_before_a_restart_is_known_to_have_been(hook, run_to) -> None:
    before = run_to(poll=polled(hook), cancel=stopped_at(hook))
    handle = begun(before)
    before.run_out_of_time()
    before.on_pause = lambda: hook.stopped and (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        http.follow(before, handle)
    after = run_to(poll=polled(hook), cancel=stopped_at(hook))
    after.notes = before.notes

    assert http.follow(after, handle).result == "timed_out"
    assert hook.stopped == [1]
