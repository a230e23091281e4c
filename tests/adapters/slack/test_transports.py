"""Socket Mode and signed HTTP, over real connections that break, go silent and are forged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import uvicorn
from slack_sdk.socket_mode.builtin import SocketModeClient
from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.routing import Route

from bot.adapters.slack.bolt_app import Listening, build, connect, http_handler
from bot.adapters.slack.chat import Slack
from bot.core.errors import NotAccepted, Unavailable
from bot.core.events.external import Place
from bot.core.rich_text import Button, say
from tests.patience import PATIENCE
from tests.servers.slack.delivery import signed
from tests.servers.slack.inbox import Tray
from tests.servers.slack.server import SlackServer

SECRET = SlackServer.signing_secret


class Watch:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 3, 6, 17, 0, tzinfo=UTC)


@pytest.fixture
def tray() -> Tray:
    return Tray()


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        server.add_user("maria")
        server.add_channel("web", members=["maria"])
        yield server


def bolt(server: SlackServer, tray: Tray):  # type: ignore[no-untyped-def] # the type is Bolt's own
    return build(
        Slack(server.bot_token, api_url=server.api_url, clock=Watch()),
        bot_name="shipmate",
        inbox=tray,
        on_stored=tray.ring,
        keep_password=tray.passwords.__setitem__,
    )


@pytest.fixture
def connection(server: SlackServer, tray: Tray) -> Iterator[SocketModeClient]:
    client = connect(bolt(server, tray), server.app_token, ping_seconds=0.2)
    server.wait_for(lambda: server.sockets.open)
    yield client
    # The library waits up to three seconds for a connection that has nothing to say.
    client.auto_reconnect_enabled = False
    server.drop_sockets()
    client.close()


def test_socket_mode_acknowledges_what_was_stored(
    server: SlackServer, tray: Tray, connection: SocketModeClient
) -> None:
    server.says("maria", "#web", "@shipmate deploy web")
    server.slash("maria", "#web", "/deploy", "web")

    server.wait_for(lambda: [one.acked for one in server.envelopes] == [True, True, True])

    assert sorted(one.text for one in tray.commands) == ["deploy web", "web"]


def test_socket_mode_does_not_acknowledge_what_was_not_stored(
    server: SlackServer, tray: Tray, connection: SocketModeClient
) -> None:
    tray.broken = True
    server.says("maria", "#web", "shipmate deploy web")
    server.wait_for(lambda: tray.refused)
    before = server.envelopes[0].acked

    tray.broken = False
    server.redeliver_unacked()
    server.wait_for(lambda: server.envelopes[0].acked)

    assert before is False
    assert [one.text for one in tray.commands] == ["deploy web"]


@pytest.mark.parametrize("break_it", [SlackServer.drop_sockets, SlackServer.go_silent, SlackServer.ask_to_reconnect])
def test_socket_mode_comes_back(
    server: SlackServer, tray: Tray, connection: SocketModeClient, break_it: Callable[[SlackServer], None]
) -> None:
    (old,) = server.sockets.open

    break_it(server)
    server.wait_for(lambda: server.sockets.open and old not in server.sockets.open, timeout=PATIENCE)
    server.says("maria", "#web", "shipmate deploy web")
    server.wait_for(lambda: server.envelopes[0].acked)

    assert [one.text for one in tray.commands] == ["deploy web"]


def test_a_wrong_app_token_is_refused(server: SlackServer, tray: Tray) -> None:
    with pytest.raises(NotAccepted) as refused:
        connect(bolt(server, tray), "xapp-wrong")

    assert str(refused.value) == (
        "Slack does not accept the token for apps.connections.open (invalid_auth): install the app again, "
        "copy its token."
    )


def test_a_slack_that_does_not_answer_is_unavailable(server: SlackServer, tray: Tray) -> None:
    server.fail_next("apps.connections.open", cut="before")

    with pytest.raises(Unavailable) as away:
        connect(bolt(server, tray), server.app_token)

    assert str(away.value) == "Slack does not answer (apps.connections.open: RemoteDisconnected)."


@pytest.mark.parametrize("how", [{"error": "invalid_auth"}, {"cut": "before"}, {"status": 503}])
def test_socket_mode_that_cannot_be_opened_is_opened_later(
    server: SlackServer, tray: Tray, caplog: pytest.LogCaptureFixture, how: dict[str, Any]
) -> None:
    server.fail_next("apps.connections.open", times=3, **how)

    listening = Listening(bolt(server, tray), server.app_token, again_after=0.02)
    server.wait_for(lambda: server.sockets.open)
    server.says("maria", "#web", "shipmate deploy web")
    server.wait_for(lambda: server.envelopes[0].acked)
    server.drop_sockets()
    listening.close()

    assert [one.text for one in tray.commands] == ["deploy web"]
    assert sum("Slack is not heard" in line for line in caplog.messages) == 1


@pytest.fixture
def endpoint(server: SlackServer, tray: Tray) -> Iterator[str]:
    """The address of a web process with nothing in it but the endpoint for Slack."""
    route = Route("/slack/events", http_handler(bolt(server, tray), (SECRET,)), methods=["POST"])
    web = uvicorn.Server(uvicorn.Config(Starlette(routes=[route]), port=0, log_config=None, lifespan="off"))
    thread = Thread(target=web.run, daemon=True)
    thread.start()
    server.wait_for(lambda: web.started)
    yield f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}/slack/events"
    web.should_exit = True
    thread.join(PATIENCE)


def test_http_stores_events_commands_and_presses_of_slack(server: SlackServer, tray: Tray, endpoint: str) -> None:
    server.http_target(endpoint)

    server.says("maria", "#web", "@shipmate deploy web")
    server.slash("maria", "#web", "/deploy", "web")
    slack = Slack(server.bot_token, api_url=server.api_url, clock=Watch())
    slack.post(Place(server.workspace.channel("#web").id), say("Hm?", buttons=[Button("Help", "help")]), key="1")
    server.press("maria", server.messages("#web")[-1], "Help")

    assert [one.statuses for one in server.envelopes] == [[200], [200], [200], [200]]
    assert [one.text for one in tray.commands] == ["deploy web", "web", "help"]


def test_http_asks_slack_to_send_again_what_was_not_stored(server: SlackServer, tray: Tray, endpoint: str) -> None:
    server.http_target(endpoint)
    tray.broken = True

    server.says("maria", "#web", "shipmate deploy web")

    assert server.envelopes[0].statuses == [500]


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body of the answer."""
    try:
        with urlopen(Request(url, data=body, headers=headers, method="POST"), timeout=PATIENCE) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v0=\xe9"},
        {"X-Slack-Signature": ""},
        {"X-Slack-Request-Timestamp": "1"},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": ""},
    ],
)
def test_http_refuses_what_slack_has_not_signed(
    server: SlackServer, tray: Tray, endpoint: str, forged: dict[str, str]
) -> None:
    server.says("maria", "#web", "shipmate deploy web")
    body, headers = signed(server.envelopes[0], SECRET)

    answer = post(endpoint, body, {**headers, **forged})

    assert answer == (401, b'{"error":"invalid request"}')
    assert tray.commands == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"payload=%7B"])
def test_http_refuses_noise_before_reading_it(tray: Tray, endpoint: str, body: bytes) -> None:
    answer = post(endpoint, body, {"Content-Type": "application/json"})

    assert answer == (401, b'{"error":"invalid request"}')


def test_http_answers_slacks_check_of_the_address(server: SlackServer, endpoint: str) -> None:
    server.says("maria", "#web", "hello")
    envelope = server.envelopes[0]
    envelope.payload = {"type": "url_verification", "challenge": "abc", "token": "unused"}

    answer = post(endpoint, *signed(envelope, SECRET))

    assert answer == (200, b'{"challenge": "abc"}')


def test_who_has_left_before_the_body_is_looked_at_is_no_error(server: SlackServer, tray: Tray) -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    handle = http_handler(bolt(server, tray), (SECRET,))
    scope = {"type": "http", "method": "POST", "path": "/slack/events", "headers": [], "query_string": b""}

    answer = asyncio.run(handle(HTTPRequest(scope, receive)))

    assert answer.status_code == 400
