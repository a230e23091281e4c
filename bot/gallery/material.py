"""Made-up content for the gallery: apps, people, commits and moments, the same each time it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from bot.core.deployments.model import Actor, Changes, Deployment, Shipped, State, StepRun, Steps
from bot.core.events.external import Place
from bot.core.freezes.model import Freeze
from bot.core.freezes.windows import ActiveWindow, Window
from bot.core.gates.model import Facts
from bot.core.gates.wanted_checks import Required
from bot.core.locks.model import Lock
from bot.core.people.model import Claim
from bot.core.ports.chat import Person
from bot.core.ports.forge_types import Check, Commit
from bot.core.rich_text import Mention
from bot.core.schedules.model import ScheduleEntry

NOW = datetime(2026, 11, 27, 14, 6, tzinfo=UTC)
"""When all of it happens: a Friday."""
GITHUB = "https://github.example/acme"
CARD = "https://acme.slack.example/archives/C0SHOP/p1764252000000100"
ONCALL = "S0ONCALL"
FIRST = 9
"""The number of the newest pull request."""
TITLES = (
    ("Orders: new index", "carol"),
    ("Less logging", "dave"),
    ("Gift cards: form & <preview>", "carol"),
    ("Gift cards: backend", "bob"),
    ("Friendlier words in the basket, and a much longer title than a list has room for", "carol"),
    ("Bump rails from 8.0.1 to 8.0.2", "dave"),
    ("Orders: remember the last address", "bob"),
    ("Faster checkout", "carol"),
)
STEPS = (("Build slug", 48), ("Migrate database", 80), ("Restart dynos", 110), ("Health check", 14))
OUTPUT = (
    "20261126 add_index_to_orders: migrating",
    "-- add_index(:orders, :customer_id)",
    "PG::LockNotAvailable: canceling statement due to lock timeout",
    "rake aborted!",
)


def before(minutes: float) -> datetime:
    """So many minutes before all of it happens."""
    return NOW - timedelta(minutes=minutes)


def sha(short: str) -> str:
    """All forty digits of a commit that begins like this."""
    return short + hashlib.sha256(short.encode()).hexdigest()[: 40 - len(short)]


def person_id(name: str) -> str:
    """The chat's id of a made-up person."""
    return f"U0{name.upper()}"


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of an app and its environment, as far as gates look at them."""

    name: str = "production"
    allowed_channels: tuple[str, ...] = ()
    required_checks: Required = "all"
    ignored_checks: tuple[str, ...] = ()
    deployers: tuple[str, ...] = ()
    required_reviews: int = 0
    after: str | None = None
    approvals: int = 0
    approvers: tuple[str, ...] = ()
    approval_timeout: timedelta = timedelta(hours=1)


def as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Material:
    """Content to fill messages with. ``strange`` makes of each text of others what strangers might have written.

    ``ref`` does so with names of branches, which can hold less; ``many`` is how many pull requests ship.
    """

    strange: Callable[[str], str] = as_it_is
    strange_ref: Callable[[str], str] = as_it_is
    many: int = 7
    rules: Rules = field(default_factory=Rules)

    def text(self, usual: str) -> str:
        return self.strange(usual)

    def ref(self, usual: str) -> str:
        return self.strange_ref(usual)

    def actor(self, name: str) -> Actor:
        return Actor(self.strange(name), person_id(name), name)

    def mention(self, name: str) -> Mention:
        return Mention(person_id(name), self.strange(name))

    def person(self, name: str, **more: Any) -> Person:
        return Person(person_id(name), self.strange(name), timezone="Europe/Berlin", **more)

    # --- what ships ----------------------------------------------------------------------------------------------

    def shipped(self, count: int | None = None, *, newest: int = 8) -> tuple[Shipped, ...]:
        """Pull requests, the newest first."""
        found = []
        for n in range(self.many if count is None else count):
            number = newest - n if newest > n else 1_000 + n
            title, author = TITLES[(FIRST - number) % len(TITLES)]
            url = f"{GITHUB}/shop/pull/{number}"
            found.append(Shipped(self.text(title), self.text(author), url, number=number, login=author))
        return tuple(found)

    def commit_alone(self) -> Shipped:
        """One that no pull request brought in."""
        return Shipped(
            self.text("Hotfix for the banner"), self.text("dave"), f"{GITHUB}/shop/commit/5e1f00d", sha=sha("5e1f00d")
        )

    def changes(self, *shipped: Shipped, base: str = "f79c8cc", **more: Any) -> Changes:
        found = shipped or self.shipped()
        url = f"{GITHUB}/shop/compare/{base}...ada7c2c"
        return Changes(**{"base": sha(base), "shipped": found, "ahead": len(found), "url": url, **more})

    # --- deployments ---------------------------------------------------------------------------------------------

    def deployment(
        self,
        state: State = State.RUNNING,
        *,
        at: str = "ada7c2c",
        ref: str = "main",
        by: str = "alice",
        where: str = "shop → production",
        **changed: Any,
    ) -> Deployment:
        """One of ``where``, ``ref`` ``at`` a commit, by a person, with its usual times; and what is to be otherwise."""
        app, _, environment = where.partition(" → ")
        given: dict[str, Any] = {
            name: self.strange(value) if name in _STRANGE and value else value for name, value in changed.items()
        }
        started = before(4) if state not in {State.REQUESTED, State.WAITING, State.SUPERSEDED, State.EXPIRED} else None
        ended = before(0) if state not in {State.REQUESTED, State.WAITING, State.STARTING, State.RUNNING} else None
        made = Deployment(
            id=12,
            request_id="0f8fad5b-d9cb-469f-a165-70867728950e",
            app=app,
            environment=environment,
            repository=f"acme/{app}",
            ref=self.ref(ref),
            sha=sha(at),
            state=state,
            trigger="chat",
            by=self.actor(by),
            created_at=before(6),
            title=self.text("Less logging"),
            url=f"{GITHUB}/{app}/commit/{sha(at)}",
            remote_id=1_034_512,
            started_at=started,
            finished_at=ended,
        )
        return replace(made, **given)

    def steps(self, done: int, *, running: bool = True, failed: bool = False) -> Steps:
        """Of four steps so many are ``done``; the next one is ``running``, or has ``failed``."""
        runs, at = [], before(4)
        for number, (name, seconds) in enumerate(STEPS[: done + (running or failed)], 1):
            end = at + timedelta(seconds=seconds)
            last = number > done
            runs.append(StepRun(number, self.text(name), at, None if last and running else end, failed and last))
            at = end
        return Steps(len(STEPS), tuple(runs))

    def output(self) -> tuple[str, ...]:
        return tuple(self.text(line) for line in OUTPUT)

    # --- what holds it back --------------------------------------------------------------------------------------

    def checks(self, **states: Literal["success", "pending", "failure"]) -> tuple[Check, ...]:
        return tuple(Check(self.text(name), state, f"{GITHUB}/shop/runs/{name}") for name, state in states.items())

    def facts(self, deployment: Deployment, **known: Any) -> Facts:
        """What the gates look at."""
        rules = known.pop("rules", self.rules)
        app = Rules(deployment.app, allowed_channels=rules.allowed_channels)
        return Facts(now=NOW, app=app, environment=rules, wanted=deployment, **known)

    def lock(self, by: str = "alice", **changed: Any) -> Lock:
        given = {"reason": "load test", "until": NOW + timedelta(minutes=38), **changed}
        if given["reason"]:
            given["reason"] = self.text(given["reason"])
        where = {"app": "search", "environment": "production"}
        return Lock(**{**where, "by": self.actor(by), "since": before(62), **given})

    def freeze(self, by: str = "dave", **changed: Any) -> Freeze:
        where = {"id": 3, "app": "search", "environment": "production"}
        given = {"reason": self.text("audit week"), "until": NOW + timedelta(hours=4), **changed}
        return Freeze(**{**where, "by": self.actor(by), "declared_at": before(120), **given})

    def window(self) -> ActiveWindow:
        """Nothing from Friday evening to Monday."""
        by = Window(True, "0 16 * * 5", timedelta(hours=64), "Europe/Berlin")
        return ActiveWindow(datetime(2026, 11, 30, 8, 0, tzinfo=UTC), by)

    def entry(self, **changed: Any) -> ScheduleEntry:
        """Something that is scheduled for five o'clock."""
        usual = ScheduleEntry(
            id=3,
            app="search",
            environment="production",
            command="deploy search/main to production",
            ref=self.ref("main"),
            by=self.actor("bob"),
            place=Place("C0SEARCH"),
            created_at=before(10),
            at=NOW.replace(hour=17, minute=0),
            timezone="Europe/Berlin",
        )
        return replace(usual, **changed)

    def claim(self) -> Claim:
        """Bob has signed in with the login that carol has so far."""
        return Claim(person_id("bob"), "carol-dev", person_id("carol"), Place("C0SHOP"), NOW + timedelta(hours=24))

    def commit(self, short: str = "ada7c2c", ref: str = "main") -> Commit:
        return Commit(
            sha(short), self.ref(ref), self.text("Less logging"), self.text("dave"), f"{GITHUB}/shop/commit/{short}"
        )


_STRANGE = frozenset({"title", "description", "reason", "force_reason"})
"""The fields of a deployment that hold what others have written."""

LOG = f"{GITHUB}/shop/actions/runs/77"
APP_PAGE = "https://shipmate.example.com/apps/shop"
PAGE = "https://shipmate.example/deployments/7f3a8c1e?key=6b135400.signed"
"""The page of a deployment."""
OPEN = "https://shop.example"


def names(people: Sequence[str]) -> dict[str, str]:
    """Each person's id in the chat with their name."""
    return {person_id(name): name for name in people}
