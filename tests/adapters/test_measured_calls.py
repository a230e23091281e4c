"""Each call of a service is counted once, by what came of it: asked of small servers that fail in every way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.github.auth import TokenAuth
from bot.adapters.github.forge import GitHub
from bot.adapters.heroku.platform import Heroku
from bot.adapters.hooks.client import Hooks, Request
from bot.adapters.slack.chat import Slack
from bot.core.errors import ShipmateError
from bot.core.events.external import Place
from bot.core.ports.measures import Call, Service, What
from bot.core.rich_text import say
from tests.servers.github.server import GitHubServer
from tests.servers.heroku.server import HerokuServer
from tests.servers.hooks.server import HookServer, Reply
from tests.servers.slack.server import SlackServer

REPOSITORY = "acme/web"
NOWHERE = "http://127.0.0.1:1"


class Counted:
    """Measures that are looked at."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.quotas: dict[str, tuple[int, float | None]] = {}

    @contextmanager
    def call(self, service: Service) -> Iterator[Call]:
        call = Call()
        try:
            yield call
        finally:
            self.calls[service, call.result] += 1

    def quota(self, limit: str, remaining: int, seconds: float | None) -> None:
        self.quotas[limit] = remaining, seconds

    def given_up(self, what: What) -> None:
        raise AssertionError("nobody here gives anything up")


class Still:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def tried(ask: Callable[[], object]) -> None:
    with suppress(ShipmateError):
        ask()


# --- GitHub -----------------------------------------------------------------------------------------------------


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer(now=Still().now) as server:
        server.add_repository(REPOSITORY)
        yield server


def client(url: str, token: str, counted: Counted, **how: Any) -> GitHub:
    given = {"clock": Still(), "web_url": "https://github.com", "pause": lambda _: None} | how
    return GitHub(url, TokenAuth(token), measures=counted, **given)


@pytest.mark.parametrize(
    ("fault", "said", "result", "times"),
    [
        (404, {}, "client_error", 1),
        (422, {}, "client_error", 1),
        (401, {}, "refused", 1),
        (403, {}, "client_error", 1),
        (403, {"headers": {"Retry-After": "60"}}, "rate_limited", 1),
        (403, {"headers": {"X-RateLimit-Remaining": "0"}}, "rate_limited", 1),
        (403, {"body": {"message": "You have exceeded a secondary rate limit."}}, "rate_limited", 1),
        (429, {}, "rate_limited", 1),
        (502, {}, "server_error", 3),
        ("cut_before", {}, "unreachable", 3),
        ("silence", {}, "timeout", 1),
    ],
)
def test_a_question_to_github_that_fails(
    github: GitHubServer, fault: int | str, said: dict[str, Any], result: str, times: int
) -> None:
    counted = Counted()
    asks = client(github.url, github.token, counted, timeout=(5.0, 0.2) if fault == "silence" else (5.0, 20.0))
    github.fail_next("GET", "/repos/acme/web$", fault, times=times, **said)

    tried(lambda: asks.repository(REPOSITORY))

    assert counted.calls == {("github", result): times}


def test_a_question_to_github_that_is_answered_tells_what_is_left_of_the_limit(github: GitHubServer) -> None:
    counted = Counted()
    asks = client(github.url, github.token, counted)

    asks.repository(REPOSITORY)
    asks.repository(REPOSITORY)  # by its ETag: 304

    assert counted.calls == {("github", "ok"): 2}
    [(remaining, seconds)] = counted.quotas.values()
    assert (remaining, seconds) == (4_999, None)


def test_the_end_of_a_limit_is_told_by_githubs_own_clock(github: GitHubServer) -> None:
    counted = Counted()
    asks = client(github.url, github.token, counted)
    said = {"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": str(int(Still().now().timestamp()) + 90)}
    github.fail_next("GET", "/repos/acme/web$", 404, headers=said)

    tried(lambda: asks.repository(REPOSITORY))

    [(remaining, seconds)] = counted.quotas.values()
    assert remaining == 12
    assert seconds is not None


def test_the_limit_of_searches_is_another_one(github: GitHubServer) -> None:
    counted = Counted()
    asks = client(github.url, github.token, counted)
    searched = {"X-RateLimit-Remaining": "7", "X-RateLimit-Resource": "search"}
    github.fail_next("GET", "/repos/acme/web$", 404, headers=searched)

    tried(lambda: asks.repository(REPOSITORY))

    assert 7 not in [remaining for remaining, _ in counted.quotas.values()]


def test_what_is_not_sent_is_not_counted() -> None:
    counted = Counted()
    asks = client(NOWHERE, "token", counted)

    for _ in range(10):
        tried(lambda: asks.repository(REPOSITORY))

    # Five questions of three tries each; after that the circuit breaker is open.
    assert counted.calls == {("github", "unreachable"): 15}


# --- Slack ------------------------------------------------------------------------------------------------------


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        server.add_user("maria")
        server.add_channel("web", members=["maria"])
        yield server


def chat(server: SlackServer, counted: Counted) -> Slack:
    return Slack(server.bot_token, api_url=server.api_url, clock=Still(), timeout=5, measures=counted)


@pytest.mark.parametrize(
    ("failure", "result"),
    [
        ({"error": "channel_not_found"}, "client_error"),
        ({"error": "invalid_auth"}, "refused"),
        ({"error": "ratelimited"}, "rate_limited"),
        ({"error": "internal_error"}, "server_error"),
        ({"status": 429, "headers": {"Retry-After": "3"}}, "rate_limited"),
        ({"status": 503}, "server_error"),
        ({"cut": "before"}, "unreachable"),
    ],
)
def test_a_call_to_slack_that_fails(slack: SlackServer, failure: dict[str, Any], result: str) -> None:
    counted = Counted()
    slack.fail_next("auth.test", **failure)

    tried(chat(slack, counted).identity)

    assert counted.calls == {("slack", result): 1}


def test_a_message_in_slack_and_an_answer_at_its_address(slack: SlackServer) -> None:
    counted = Counted()
    api = chat(slack, counted).api
    address = slack.slash("maria", "#web", "/deploy", "main").payload["response_url"]

    api.identity()
    slack.fail_next("response_url", status=500)
    tried(lambda: api.answer_at(address, {"text": "Hello"}))
    api.answer_at(address, {"text": "Hello"})

    assert counted.calls == {("slack", "ok"): 2, ("slack", "server_error"): 1}


def test_a_slack_that_is_not_there() -> None:
    counted = Counted()
    slack = Slack("xoxb-1", api_url=f"{NOWHERE}/api/", clock=Still(), measures=counted)

    tried(lambda: slack.post(Place("C1"), say("Hello"), key="k"))

    assert counted.calls == {("slack", "unreachable"): 1}


# --- Heroku and hooks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "result", "times"),
    [(404, "client_error", 1), (401, "refused", 1), (429, "rate_limited", 1), (503, "server_error", 3)],
)
def test_a_question_to_heroku_that_fails(fault: int, result: str, times: int) -> None:
    counted = Counted()
    with HerokuServer() as server:
        server.add_app("acme-web")
        server.fail_next("GET", "/apps/acme-web$", fault, times=times)
        heroku = Heroku(server.url, server.key, Still(), lambda _: None, counted)

        tried(lambda: heroku.app("acme-web"))
        assert counted.calls == {("heroku", result): times}
        counted.calls.clear()
        tried(lambda: Heroku(server.url, server.key, Still(), lambda _: None, counted).app("acme-web"))

    assert counted.calls == {("heroku", "ok"): 1}


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Reply(202), "ok"),
        (Reply(404), "client_error"),
        (Reply(302), "ok"),
        (Reply(500), "server_error"),
        (Reply(cut=True), "unreachable"),
    ],
)
def test_a_hook_that_is_asked(reply: Reply, result: str) -> None:
    counted = Counted()
    with HookServer() as server:
        server.free_body = True
        server.replies.append(reply)

        tried(lambda: Hooks(Still(), counted).ask(Request("POST", f"{server.url}/deploy", body=b"{}")))

    assert counted.calls == {("hook", result): 1}
