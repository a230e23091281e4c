"""The board and the pages of apps on a real port, with deployments behind them and keys to look at them."""

from __future__ import annotations

import html
import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from bot.adapters.signing import Signatures
from bot.adapters.storage import tables
from bot.adapters.storage.deployments import to_row
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Deployment, State
from bot.core.freezes.model import Freeze
from bot.core.locks.model import Lock
from bot.core.ports.chat import Person
from bot.http.pages.access import SESSION
from bot.http.pages.site import Site
from bot.http.pages.static import assets
from bot.settings import Settings, read
from tests.core.deployments.made import a_deployment
from tests.http.door import Door, door
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from bot.adapters.slack.sign_in import SignIn

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "GITHUB_TOKEN": "token",
    "GITHUB_WEBHOOK_SECRET": "webhook-secret",
}
TWO_APPS = """
[slack]
channel = "#deploys"
[apps.web]
repository = "acme/web"
[apps.web.environments.staging]
aliases = ["qa"]
[apps.web.environments.production]
[apps.api]
repository = "acme/api"
[apps.api.environments.production]
"""


EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title></main><style>*{display:none}</style>",
    "{{ 7 * 7 }}{% include 'base.html' %}",
    "//evil.example/?a=1&b=2#c",
    "\u202egnp.exe\u202c\u2066 \u200b",
    "two\nlines\r\nSet-Cookie: x=y",
]
"""What strangers may call a branch or themselves, and write as a reason."""
HIDDEN = re.compile("[\u200b\u2028\u202a-\u202e\u2066-\u2069]")


def size(shown: Shown) -> int:
    """In bytes, with the stylesheets and the scripts that it takes."""
    names = re.findall(r'/static/([\w.]+)"', shown.html)
    return len(shown.html.encode()) + sum(len(assets()[name]) for name in names)


def tags(shown: Shown) -> list[str]:
    """What a page is made of, without where its links lead and when it was."""
    return [re.sub(r'(href|value|datetime)="[^"]*"', "", one) for one in re.findall(r"<[^>]*>", shown.html)]


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer: ``text`` is what a person reads of it, tags and scripts left out, a line for each line of the page."""

    status: int
    headers: dict[str, str]
    html: str

    @property
    def text(self) -> str:
        body = re.sub(r"<(script|style|title|datalist|select).*?</\1>", "", self.html, flags=re.DOTALL)
        lines = (html.unescape(re.sub(r"<[^>]*>", " ", line)) for line in body.splitlines())
        return "\n".join(told for line in lines if (told := " ".join(line.split())))

    def links(self, text: str) -> list[str]:
        """Where those lead that are called so."""
        found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', self.html)
        return [html.unescape(address) for address, called in found if html.unescape(called) == text]


class Noon:
    """It is always the same moment, in the middle of a day and of a week."""

    def now(self) -> datetime:
        return datetime(2026, 3, 4, 12, tzinfo=UTC)


class Members:
    """Everybody who has a session is one still."""

    def member(self, person: str) -> Person:
        return Person(person, person)


class Boards:
    """What is behind the pages, and whoever looks at them."""

    def __init__(self, opened: Door, site: Site) -> None:
        self.door = opened
        self.site = site
        self.now = site.store.database.clock.now()

    @property
    def store(self) -> Store:
        return self.site.store

    def key(self, scope: str = "/", **holds: float) -> str:
        return self.site.signatures.key(scope, self.now + timedelta(**(holds or {"days": 7})))

    def session(self) -> str:
        said = {"person": "U00000001", "name": "maria"}
        return self.site.signatures.token(SESSION, said, self.now + timedelta(hours=1))

    def asks(self, path: str, *, cookie: str = "") -> Shown:
        connection = http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Cookie": f"{SESSION}={cookie}"} if cookie else {})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Shown(answer.status, headers, answer.read().decode())
        finally:
            connection.close()

    def looks(self, path: str, scope: str = "/") -> Shown:
        """As somebody with a key for all that is below ``scope``."""
        return self.asks(f"{path}{'&' if '?' in path else '?'}key={self.key(scope)}")

    def add(self, *deployments: Deployment) -> None:
        places = {(one.app, one.environment) for one in deployments}
        with self.store.database.writing() as connection:
            known = {tuple(row) for row in connection.execute(sa.select(tables.environments))}
            rows = [{"app": app, "environment": environment} for app, environment in sorted(places - known)]
            if rows:
                connection.execute(sa.insert(tables.environments), rows)
            connection.execute(sa.insert(tables.deployments), [{"id": one.id, **to_row(one)} for one in deployments])

    def made(self, number: int, minutes_ago: float = 10, **different: Any) -> Deployment:
        """Took four minutes, and ended ``minutes_ago``."""
        ended = self.now - timedelta(minutes=minutes_ago)
        began = ended - timedelta(minutes=4)
        plain = {
            "state": State.SUCCEEDED,
            "sha": f"{number:07x}".ljust(40, "0"),
            "ref": "main",
            "created_at": began,
            "started_at": began,
            "finished_at": ended,
            "remote_id": number,
            "request_id": f"request-{number}",
        }
        return a_deployment(id=number, **{**plain, **different})

    def holds(self, lock: Lock) -> None:
        with self.store.decisions.open(f"lock {lock.place}", "boards") as decision:
            decision.begin(*lock.place).locks.claim(lock)

    def freezes(self, freeze: Freeze) -> None:
        with self.store.decisions.open(f"freeze {freeze.app} {freeze.by.name}", "boards") as decision:
            decision.begin(freeze.app, freeze.environment).freezes.declare(freeze)


def settings_of(text: str) -> Settings:
    return read(text, SECRETS)


@contextmanager
def boards(directory: Path, settings: str = TWO_APPS) -> Iterator[Boards]:
    made: list[Site] = []

    def site_of(store: Store) -> Site:
        still = Store(store.database.engine, Noon())
        site = Site(settings_of(settings), still, Signatures(lambda: ("a secret",)), cast("SignIn", Members()))
        site.signatures.make_ready()
        made.append(site)
        return site

    with door(directory, site=site_of) as opened:
        yield Boards(opened, made[0])
