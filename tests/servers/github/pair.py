"""A GitHub and the bot's client for it, under a clock that stands still: what the adapter's tests start from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.adapters.github.auth import TokenAuth
from bot.adapters.github.forge import GitHub
from tests.servers.github.server import GitHubServer

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REPO = "acme/web"


@dataclass
class StillClock:
    """Implements ``bot.core.ports.chat.Clock``; time passes only by ``tick``."""

    at: datetime = T0

    def now(self) -> datetime:
        return self.at

    def tick(self, **how_long: float) -> None:
        self.at += timedelta(**how_long)


@dataclass
class Pair:
    """``pauses`` are the seconds the client would have waited between repeats."""

    server: GitHubServer
    client: GitHub
    clock: StillClock
    pauses: list[float] = field(default_factory=list)

    def asked(self, method: str = "GET") -> list[str]:
        """The paths asked for so far, without ``/repos/acme/web``."""
        return [
            request.path.removeprefix(f"/repos/{REPO}") for request in self.server.requests if request.method == method
        ]


@contextmanager
def pair() -> Iterator[Pair]:
    """With the repository ``acme/web``, whose branch ``main`` has one commit."""
    clock, pauses = StillClock(), list[float]()
    with GitHubServer(now=clock.now) as server:
        server.add_repository(REPO)
        auth = TokenAuth(server.token)
        client = GitHub(server.url, auth, clock=clock, web_url=server.web_url, pause=pauses.append)
        yield Pair(server, client, clock, pauses)
        client.close()
