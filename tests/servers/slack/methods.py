"""What Slack's methods have in common: their table, who may call them, which channels they see, how they page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.servers.slack.state import BOT_USER, Channel, Workspace

Arguments: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]
Run: TypeAlias = "Callable[[Caller, Arguments], Answer]"

HISTORY_SCOPES = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
READ_SCOPES = {"channel": "channels:read", "group": "groups:read", "im": "im:read"}


class Refused(Exception):
    """Slack's ``{"ok": false, "error": code}``, with more fields where Slack gives some."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": code, **more}


@dataclass(frozen=True)
class Method:
    scope: str | None
    run: Run


@dataclass(frozen=True)
class Caller:
    """Who calls: what the token may do, in which workspace, and the address of the server."""

    workspace: Workspace
    scopes: frozenset[str]
    address: str

    def needs(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))


METHODS: dict[str, Method] = {}


def method(name: str, scope: str | None = None) -> Callable[[Run], Run]:
    """Registers a function as Slack's method ``name``, for tokens with ``scope``."""

    def register(run: Run) -> Run:
        METHODS[name] = Method(scope, run)
        return run

    return register


def visible(caller: Caller, given: Arguments) -> Channel:
    channel = caller.workspace.channels.get(str(given.get("channel")))
    if channel is None or (channel.type != "channel" and BOT_USER not in channel.members):
        raise Refused("channel_not_found")
    return channel


def writable(caller: Caller, given: Arguments) -> Channel:
    # A person's id is as good as their direct message, for writing only.
    if given.get("channel") in caller.workspace.users:
        return caller.workspace.direct(str(given["channel"]))
    channel = visible(caller, given)
    if channel.is_archived:
        raise Refused("is_archived")
    if BOT_USER not in channel.members:
        raise Refused("not_in_channel")
    return channel


def readable(caller: Caller, given: Arguments) -> Channel:
    channel = visible(caller, given)
    caller.needs(HISTORY_SCOPES[channel.type])
    if BOT_USER not in channel.members:
        raise Refused("not_in_channel")
    return channel


def page(rows: list[Answer], given: Arguments, name: str) -> Answer:
    start, size = int(given.get("cursor") or 0), int(given.get("limit") or 100)
    if not 1 <= size <= 999:
        raise Refused("invalid_limit")
    following = str(start + size) if start + size < len(rows) else ""
    return {name: rows[start : start + size], "response_metadata": {"next_cursor": following}}


def true(value: Any) -> bool:
    return value in (True, "true", "1", 1)
