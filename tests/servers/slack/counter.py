"""Behind the Slack server's counter: tokens, scopes, addresses for answers, failures on order, the log of requests."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.servers.slack import chat, limits, links, people, views  # noqa: F401 - they register Slack's methods
from tests.servers.slack.delivery import Sockets
from tests.servers.slack.http import RESPOND, Failure, Reply, Request
from tests.servers.slack.methods import METHODS, Caller, Refused
from tests.servers.slack.openid import OpenId
from tests.servers.slack.socket import Socket
from tests.servers.slack.state import BOT_ID, BOT_USER, Channel, Ephemeral, Message, User, Workspace

ALL_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "links:read",
        "links:write",
        "reactions:write",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
RESPOND_USES = 5
RESPOND_SECONDS = 30 * 60


@dataclass
class Respond:
    """One address for answers."""

    channel: Channel
    user: User
    thread_ts: str | None
    until: float
    uses_left: int = RESPOND_USES


class Counter:
    """Answers requests as Slack does; ``address`` is set once the port is known."""

    def __init__(self, workspace: Workspace, sockets: Sockets, *, bot_token: str, app_token: str) -> None:
        self.address = ""
        self.scopes = ALL_SCOPES
        self.requests: list[Request] = []
        self.failures: dict[str, list[Failure]] = {}
        self._workspace = workspace
        self._sockets = sockets
        self.bot_token: str | None = bot_token
        self.refusal = "invalid_auth"
        self._app_token = app_token
        self._tickets: set[str] = set()
        self._responds: dict[str, Respond] = {}
        self.openid = OpenId()

    def answer(self, request: Request) -> Reply:
        """Carry the request out under the lock."""
        with self._workspace.changed:
            if request.method == RESPOND:
                reply = self._respond(request)
            else:
                reply = self._call(request)
            self._workspace.changed.notify_all()
            return reply

    def note(self, request: Request) -> None:
        """Keep the request in the log, whatever becomes of it."""
        with self._workspace.changed:
            self.requests.append(request)
            self._workspace.changed.notify_all()

    def next_failure(self, method: str) -> Failure | None:
        """What was ordered to go wrong now, if anything."""
        with self._workspace.changed:
            ordered = self.failures.get(method)
            if not ordered:
                return None
            ordered[0].times -= 1
            return ordered[0] if ordered[0].times else ordered.pop(0)

    def serve_socket(self, path: str, line: Socket) -> None:
        """Serve a Socket Mode connection until it ends; each ticket opens one."""
        ticket = urlsplit(path).query.removeprefix("ticket=")
        if ticket in self._tickets:
            self._tickets.discard(ticket)
            self._sockets.serve(line)

    def respond_address(self, channel: Channel, user: User, thread_ts: str | None) -> str:
        """A new address for answers: five uses within half an hour."""
        name = self._workspace.next_id("respond-")
        self._responds[name] = Respond(channel, user, thread_ts, time.time() + RESPOND_SECONDS)
        return f"{self.address}/respond/{name}"

    def _call(self, request: Request) -> Reply:
        headers = {"x-oauth-scopes": ",".join(sorted(self.scopes))}
        try:
            body = self._run(request)
        except Refused as refused:
            return Reply(body=refused.answer, headers=headers)
        return Reply(body={"ok": True, **body}, headers=headers)

    def _run(self, request: Request) -> dict[str, object]:
        if request.method == "apps.connections.open":
            if request.token != self._app_token:
                raise Refused("not_allowed_token_type" if request.token == self.bot_token else "invalid_auth")
            ticket = self._workspace.next_id("ticket-")
            self._tickets.add(ticket)
            return {"url": f"{self.address.replace('http', 'ws', 1)}/socket?ticket={ticket}"}
        if request.method == "openid.connect.token":
            return self.openid.exchange(request.arguments)
        method = METHODS.get(request.method)
        if method is None:
            raise Refused("unknown_method", req_method=request.method)
        if not request.token:
            raise Refused("not_authed")
        if request.token != self.bot_token:
            raise Refused(self.refusal)
        caller = Caller(self._workspace, self.scopes, self.address)
        if method.scope:
            caller.needs(method.scope)
        return method.run(caller, request.arguments)

    def _respond(self, request: Request) -> Reply:
        given = request.arguments
        address = self._responds.get(given["at"])
        if address is None or address.uses_left == 0 or time.time() > address.until:
            return Reply(404, {"ok": False, "error": "expired_url" if address is None else "used_url"})
        address.uses_left -= 1
        try:
            shown = chat.seen_as(self._workspace, given, limits.POST_TEXT)
        except Refused as refused:
            return Reply(400, refused.answer)
        ts = self._workspace.next_ts()
        if given.get("response_type") == "in_channel":
            said = Message(shown.text, shown.blocks, channel=address.channel.id, ts=ts, user=BOT_USER, bot_id=BOT_ID)
            self._workspace.said[address.channel.id].append(said)
        else:
            ephemeral = Ephemeral(
                shown.text,
                shown.blocks,
                channel=address.channel.id,
                ts=ts,
                user=address.user.id,
                by=RESPOND,
                thread_ts=address.thread_ts,
                # Slack replaces the message that the button was in unless it is told not to.
                replaced=given.get("replace_original", True) is not False,
            )
            self._workspace.ephemerals.append(ephemeral)
        return Reply(body="ok")
