"""What runs of the ``http`` provider are tested with: a clock that is moved by hand, and what is called back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.errors import Unavailable
from bot.core.hooks.callback import CALLBACK, Callback
from bot.core.ports.provider import Outcome
from bot.providers import http
from tests.servers.hooks.server import HookServer

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BASE_URL = "https://shipmate.example"


class HandClock:
    def __init__(self) -> None:
        self.at = T0

    def now(self) -> datetime:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@contextmanager
def hook_server(monkeypatch: pytest.MonkeyPatch, *, base_url: str | None = BASE_URL) -> Iterator[HookServer]:
    """A place that deploys, and what it takes to talk to it in the environment."""
    with HookServer() as server:
        monkeypatch.setenv("HTTP_PROVIDER_SECRET", server.secret)
        monkeypatch.setenv("SERVICE_KEY", server.key)
        if base_url is not None:
            monkeypatch.setenv("BASE_URL", base_url)
        yield server
    assert server.problems == []


def polled(hook: HookServer, **more: Any) -> dict[str, Any]:
    """The settings of ``poll``, as for the server."""
    return {
        "url": f"{hook.url}/deploys/{{/deploy/id}}",
        "success": ["live"],
        "failure": ["build_failed", "canceled"],
        "every": "1s",
        "headers": {"Authorization": "Bearer $SERVICE_KEY"},
        **more,
    }


def stopped_at(hook: HookServer, **more: Any) -> dict[str, Any]:
    headers = {"Authorization": "Bearer $SERVICE_KEY"}
    return {"url": f"{hook.url}/deploys/{{/deploy/id}}/cancel", "headers": headers, **more}


def calls_back(run: Any, state: str, description: str = "", at: str = "", **links: str) -> None:
    """As the handler keeps it."""
    run.notes[CALLBACK] = Callback(state, description, at=at, **links).written()


def begun(run: Any) -> str:
    """The handle, after as many tries as it takes, with the time between them."""
    for _ in range(200):
        try:
            return http.start(run)
        except Unavailable as error:
            run.clock.passes(error.retry_after or 5)
    raise AssertionError("it is never begun")


def carried_out(run: Any) -> Outcome:
    return http.follow(run, begun(run))


Runs = Callable[..., Any]
