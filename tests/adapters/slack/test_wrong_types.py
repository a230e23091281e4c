"""What Slack has signed and is not as Slack sends it: left alone with a line, and nothing of it is stored wrongly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.socket_mode.builtin import SocketModeClient
from starlette.requests import Request

from bot.adapters.decoding import decode
from bot.adapters.slack.bolt_app import build, connect, http_handler
from bot.adapters.slack.chat import Slack
from bot.core.events.external import Place
from bot.core.rich_text import Button, say
from bot.core.stored import kind_stored_as
from tests.servers.slack import envelopes
from tests.servers.slack.delivery import signed
from tests.servers.slack.envelopes import Envelope, Kind
from tests.servers.slack.inbox import Tray
from tests.servers.slack.server import SlackServer

SECRET = SlackServer.signing_secret
WRONG: tuple[Any, ...] = (None, 5, [5], {"id": 5})
GONE = object()


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
    slack = Slack(server.bot_token, api_url=server.api_url, clock=Watch())
    stored = {"on_stored": tray.ring, "keep_password": tray.passwords.__setitem__}
    return build(slack, bot_name="shipmate", inbox=tray, **stored)


@pytest.fixture
def posts(server: SlackServer, tray: Tray) -> Iterator[Callable[[Envelope], int]]:
    """Post an envelope as Slack does, and say how it was answered."""
    handle = http_handler(bolt(server, tray), (SECRET,))
    with asyncio.Runner() as loop:

        def post(envelope: Envelope) -> int:
            body, headers = signed(envelope, SECRET)

            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": body}

            named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
            scope = {"type": "http", "method": "POST", "path": "/slack/events", "headers": named, "query_string": b""}
            return loop.run(handle(Request(scope, receive))).status_code

        yield post


def everything(server: SlackServer) -> list[Envelope]:
    """An envelope of each kind that the bot answers to, as Slack sends it."""
    message = server.says("maria", "#web", "@shipmate deploy web")
    server.edits(message, "@shipmate deploy web to staging")
    server.bot_says(server.add_bot("hal"), "#web", "@shipmate deploy web")
    server.slash("maria", "#web", "/deploy", "web")
    server.uses_shortcut("maria", message)
    server.renames("#web", "www", by="maria")
    channel, maria = server.workspace.channel("#www"), server.workspace.user("maria")
    Slack(server.bot_token, api_url=server.api_url, clock=Watch()).post(
        Place(channel.id), say("Hm?", buttons=[Button("Help", "help")]), key="1"
    )
    server.press("maria", server.messages("#www")[-1], "Help")
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "deploy",
        "hash": "1",
        "private_metadata": "{}",
        "blocks": [{"type": "input", "block_id": "app", "element": {"type": "plain_text_input", "action_id": "a"}}],
        "state": {"values": {"app": {"a": {"type": "plain_text_input", "value": "web"}}}},
    }
    return [
        *server.envelopes,
        *(
            replace(server.envelopes[-1], payload=payload)
            for payload in (
                envelopes.act(maria, view, {"action_id": "field:app", "value": "x"}, "app", ts="1.2", trigger="t"),
                envelopes.act(
                    maria, {**view, "type": "home"}, {"action_id": "turn:1", "value": "x"}, "b", ts="1", trigger="t"
                ),
                envelopes.sent_off(maria, view, trigger="t"),
                envelopes.closed(maria, view),
                envelopes.suggestion(maria, view, "app", "a", "w"),
            )
        ),
        *(
            replace(server.envelopes[0], payload=envelopes.event(event, event_id="E1"))
            for event in (
                {"type": "app_home_opened", "user": maria.id, "tab": "home", "event_ts": "1.2"},
                envelopes.links(message, channel, [("https://x.example", "x.example")], "conversations_history", True),
            )
        ),
    ]


def with_wrong(node: Any) -> Iterator[Any]:
    """The same once for each of its parts and each wrong thing in the place of that."""
    for name in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        for one in (*WRONG, GONE, *with_wrong(node[name])):
            changed = node.copy()
            changed[name] = one
            if one is GONE:
                del changed[name]
            yield changed


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR or one.exc_info]


def readable(tray: Tray) -> bool:
    """Whether all that was stored can be read again."""
    return all(decode(one.body, kind_stored_as(one.name) or type(None)) for one in tray.deliveries.values())


def test_whatever_is_wrong_in_a_request_it_is_refused_or_left_alone(
    server: SlackServer, tray: Tray, posts: Callable[[Envelope], int], caplog: pytest.LogCaptureFixture
) -> None:
    for envelope in everything(server):
        assert posts(envelope) == 200
        for payload in with_wrong(envelope.payload):
            answer = posts(replace(envelope, payload=payload))
            assert answer in {200, 400, 404}, payload
            assert faults(caplog) == [], payload
    assert readable(tray)


@pytest.mark.parametrize("kind", ["events_api", "interactive"])
@pytest.mark.parametrize(
    "payload",
    [
        *(None, 5, "x", [], [5], {"event": 5}, {"type": 5}, {"type": []}, {"type": "event_callback"}),
        *({"type": "event_callback", "event": wrong} for wrong in (None, 5, [], {}, {"type": 5}, {"type": None})),
        {"type": "block_actions", "actions": []},
        {"type": "view_submission", "view": None},
        {"type": "event_callback", "event": {"type": "message", "text": 5}, "authorizations": 5},
    ],
)
def test_what_is_no_request_of_slacks_is_refused_with_one_line(
    posts: Callable[[Envelope], int], tray: Tray, caplog: pytest.LogCaptureFixture, kind: Kind, payload: Any
) -> None:
    answer = posts(Envelope("1", kind, payload, "U1", "C1"))

    [line] = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert answer == 400
    assert line.startswith("Left alone what Slack has sent and is not as Slack documents it (")
    assert (faults(caplog), tray.deliveries) == ([], {})


@pytest.fixture
def connection(server: SlackServer, tray: Tray) -> Iterator[SocketModeClient]:
    client = connect(bolt(server, tray), server.app_token, ping_seconds=0.2)
    server.wait_for(lambda: server.sockets.open)
    yield client
    client.auto_reconnect_enabled = False
    server.drop_sockets()
    client.close()


def test_an_envelope_of_wrong_types_is_acknowledged_and_the_next_one_is_heard(
    server: SlackServer, tray: Tray, connection: SocketModeClient, caplog: pytest.LogCaptureFixture
) -> None:
    [line] = server.sockets.open
    wrong = [{"event": 5}, {"type": "event_callback", "event": {"type": "message", "channel": 5}, "authorizations": 5}]
    sent = [Envelope(str(number), "events_api", payload, "U1", "C1") for number, payload in enumerate(wrong)]
    for one in sent:
        server.sockets.send(one)
    for frame in (
        {"type": "events_api", "envelope_id": "9", "payload": None},
        {"type": 5, "envelope_id": 5, "payload": 5},
    ):
        line.send(frame)
    server.says("maria", "#web", "shipmate deploy web")
    server.wait_for(lambda: all(one.acked for one in [*sent, *server.envelopes]))
    server.wait_for(lambda: caplog.text.count("Unsupported payload data type") == 2)

    assert [one.text for one in tray.commands] == ["deploy web"]
    assert [one for one in caplog.records if one.exc_info] == []
