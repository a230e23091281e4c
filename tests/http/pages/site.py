"""A listener with the bot's pages, and deployments to look at."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from bot.adapters.storage.store import Store
from bot.core.deployments.model import Actor, Deployment, State
from bot.http.pages.site import Site
from bot.http.server import sign_in, signatures
from bot.settings import Settings, read
from tests.http.door import Door, door
from tests.patience import PATIENCE

SETTINGS = """
[apps.web]
repository = "acme/web"
channel = "#web"
[apps.web.environments.staging]
[apps.web.environments.production]
production = true
"""
RUNNING = Deployment(
    id=0,
    request_id="r-1",
    app="web",
    environment="production",
    repository="acme/web",
    ref="main",
    sha="1a2b3c4" + "0" * 33,
    state=State.RUNNING,
    trigger="command",
    by=Actor("maria"),
    created_at=datetime.now(UTC) - timedelta(minutes=5),
    started_at=datetime.now(UTC) - timedelta(minutes=4),
)
PAGE = "/deployments/r-1"


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str
    cookies: dict[str, str] = field(default_factory=dict)


class Pages:
    """What somebody with a browser can do; ``cookies`` are theirs."""

    def __init__(self, door: Door, site: Site) -> None:
        self.door = door
        self.site = site
        self.cookies: dict[str, str] = {}

    def add(self, deployment: Deployment = RUNNING, **changes: Any) -> Deployment:
        new = replace(deployment, **changes)
        with self.door.kept.decisions.open(str(uuid4()), "test") as decision:
            return decision.begin(new.app, new.environment).add(new)

    def save(self, deployment: Deployment, **changes: Any) -> Deployment:
        new = replace(deployment, **changes)
        with self.door.kept.decisions.open(str(uuid4()), "test") as decision:
            decision.begin(new.app, new.environment).save(new)
        return new

    def writes(self, deployment: Deployment, *lines: str) -> None:
        output = self.door.kept.output
        output.write(deployment.id, output.next_number(deployment.id), lines)

    def key(self, path: str = PAGE, days: float = 7) -> str:
        return self.site.signatures.key(path, self.site.clock.now() + timedelta(days=days))

    def with_key(self, path: str = PAGE, scope: str | None = None) -> str:
        return f"{path}{'&' if '?' in path else '?'}key={self.key(scope or path.partition('?')[0])}"

    def gets(self, address: str, method: str = "GET", **headers: str) -> Answer:
        """The whole answer; a cookie that is set is kept, and sent from then on."""
        connection = http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=PATIENCE)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, address, headers=sent)
            answer = connection.getresponse()
            made = Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
            for line in answer.headers.get_all("set-cookie") or []:
                name, _, rest = line.partition("=")
                value = rest.partition(";")[0].strip('"')
                made.cookies[name] = line
                self.cookies = {**self.cookies, name: value} if value else without(self.cookies, name)
            return made
        finally:
            connection.close()


def without(cookies: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in cookies.items() if key != name}


def settings(**environ: str) -> Settings:
    return read(SETTINGS, {"BASE_URL": "https://bot.example.com", **environ})


@contextmanager
def serving(directory: Path, given: Settings | None = None, **how: Any) -> Iterator[Pages]:
    told = given or settings()
    made: list[Site] = []

    def site(kept: Store) -> Site:
        made.append(
            Site(told, kept, signatures(told, kept), sign_in(told, kept.database.clock), look_every=0.01, **how)
        )
        return made[0]

    with door(directory, site=site) as opened:
        yield Pages(opened, made[0])
