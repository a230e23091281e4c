"""The ways in which envelopes reach an app: Socket Mode, signed HTTP posts, or straight into a Bolt app."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from slack_bolt import App, BoltRequest

from tests.patience import PATIENCE
from tests.servers.slack.envelopes import Envelope
from tests.servers.slack.socket import Socket
from tests.servers.slack.state import APP, Ephemeral, Workspace


class Target(Protocol):
    def send(self, envelope: Envelope) -> None: ...


@dataclass
class Dispatch:
    """Each envelope goes through ``app.dispatch`` before the one who caused it goes on: for tests without threads."""

    app: App
    workspace: Workspace

    def send(self, envelope: Envelope) -> None:
        request = BoltRequest(body=envelope.payload, headers=retry_headers(envelope), mode="socket_mode")
        answer = self.app.dispatch(request)
        _take(self.workspace, envelope, answer.status, _parsed(answer.body or ""))


@dataclass
class Post:
    """Each envelope is posted to ``url`` and signed, before the one who caused it goes on."""

    url: str
    signing_secret: str
    workspace: Workspace

    def send(self, envelope: Envelope) -> None:
        body, headers = signed(envelope, self.signing_secret)
        try:
            with urlopen(Request(self.url, data=body, headers=headers, method="POST"), timeout=PATIENCE) as answer:
                status, said = answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                status, said = error.code, error.read().decode()
        except (URLError, OSError):
            status, said = 0, ""
        _take(self.workspace, envelope, status, _parsed(said))


@dataclass
class Sockets:
    """Each envelope goes to one of the open connections in turn; acknowledgements come whenever the app sends them."""

    workspace: Workspace
    open: list[Socket] = field(default_factory=list)
    waiting: dict[str, Envelope] = field(default_factory=dict)
    turn: int = 0

    def send(self, envelope: Envelope) -> None:
        """Slack does not wait for a connection: without one nothing is sent, until it tries again."""
        with self.workspace.changed:
            self.waiting[envelope.id] = envelope
            lines, self.turn = list(self.open), self.turn + 1
        message: dict[str, Any] = {
            "envelope_id": envelope.id,
            "type": envelope.kind,
            "accepts_response_payload": envelope.kind != "events_api",
            "payload": envelope.payload,
        }
        if envelope.kind == "events_api":
            message |= {
                "retry_attempt": envelope.attempts - 1,
                "retry_reason": "timeout" if envelope.attempts > 1 else "",
            }
        for place in range(len(lines)):
            if lines[(self.turn + place) % len(lines)].send(message):
                return

    def serve(self, line: Socket) -> None:
        """Greet, then take acknowledgements until the connection ends."""
        hello = {"type": "hello", "num_connections": len(self.open) + 1, "connection_info": {"app_id": APP}}
        line.send(hello)
        self._change(lambda: self.open.append(line))
        while (said := line.read()) is not None:
            self._acknowledge(said)
        self._change(lambda: self.open.remove(line))

    def _acknowledge(self, said: dict[str, Any]) -> None:
        with self.workspace.changed:
            envelope = self.waiting.pop(said.get("envelope_id", ""), None)
        if envelope is not None:
            _take(self.workspace, envelope, 200, said.get("payload") or {})

    def _change(self, change: Any) -> None:
        with self.workspace.changed:
            change()
            self.workspace.changed.notify_all()


def _take(workspace: Workspace, envelope: Envelope, status: int, answer: dict[str, Any]) -> None:
    """Note what the app answered; words that come with an acknowledgement are shown to the person alone."""
    with workspace.changed:
        envelope.statuses.append(status)
        envelope.acked = status == 200
        if envelope.acked:
            envelope.answer = answer
            if answer.get("text") and envelope.kind == "slash_commands":
                shown = Ephemeral(answer["text"], [], envelope.channel, workspace.next_ts(), envelope.user, by="ack")
                workspace.ephemerals.append(shown)
        workspace.changed.notify_all()


def _parsed(body: str) -> dict[str, Any]:
    if body.startswith("{"):
        parsed: dict[str, Any] = json.loads(body)
        return parsed
    return {"text": body} if body else {}


def signed(envelope: Envelope, signing_secret: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the HTTP request: https://docs.slack.dev/authentication/verifying-requests-from-slack."""
    if envelope.kind == "events_api":
        body, kind = json.dumps(envelope.payload), "application/json"
    elif envelope.kind == "interactive":
        body, kind = urlencode({"payload": json.dumps(envelope.payload)}), "application/x-www-form-urlencoded"
    else:
        body, kind = urlencode(envelope.payload), "application/x-www-form-urlencoded"
    timestamp = str(int(time.time()))
    digest = hmac.new(signing_secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
        **retry_headers(envelope),
    }
    return body.encode(), headers


def retry_headers(envelope: Envelope) -> dict[str, Any]:
    """What a repeated event carries."""
    if envelope.attempts <= 1:
        return {}
    return {"x-slack-retry-num": str(envelope.attempts - 1), "x-slack-retry-reason": "http_timeout"}
