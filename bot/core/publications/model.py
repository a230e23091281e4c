"""What is written about deployments: which pull requests are live where, which releases there are, and at what pace."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.deployments.model import Deployment, Shipped

UNWANTED = 0
"""Stands for a comment that somebody has deleted: there is none any more."""
AT_ONCE = 10
"""On how many pull requests is written within a minute. Each costs two requests that write, one for the comment and one
for the label, of the eighty a minute that GitHub takes from all that the bot does, its deployments and statuses
included: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
AN_HOUR = 120
"""And within an hour, of five hundred requests."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PACE = "publications:pace"
"""Under this is kept when on how many pull requests was written."""


@dataclass(frozen=True, slots=True)
class DeployedPullRequest:
    """A pull request in an environment of an app, where it is ``live`` or has been.

    ``deployment_id`` has brought it there last, ``changed_by`` has done that or taken it back. ``comment_id`` is the
    forge's number of the comment, the same in each environment; ``drawn`` the fingerprint of its text. ``label`` is
    the one that was put on the pull request for this environment.
    """

    app: str
    environment: str
    pull_request: int
    deployment_id: int
    changed_by: int
    live: bool = True
    comment_id: int | None = None
    drawn: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class KeptRelease:
    """The release of a deployment; ``release_id`` is the forge's number of it, None while it is not made."""

    deployment_id: int
    app: str
    environment: str
    sha: str
    tag: str = ""
    release_id: int | None = None


class PublicationReads(Protocol):
    """What was written, as far as the bot knows."""

    def of(self, app: str, environment: str, pull_requests: Collection[int]) -> Sequence[DeployedPullRequest]: ...

    def everywhere(self, apps: Collection[str], pull_request: int) -> Sequence[DeployedPullRequest]:
        """One pull request in all environments of the apps."""

    def waiting(self, most: int) -> Sequence[tuple[str, int]]:
        """The apps and numbers of pull requests of which something has changed since, whose turn comes first first."""

    def release(self, deployment_id: int) -> KeptRelease | None: ...

    def release_of(self, app: str, environment: str, sha: str) -> KeptRelease | None:
        """The last one of the commit that was made."""

    def release_before(self, app: str, environment: str, deployment_id: int) -> KeptRelease | None:
        """The last one of an earlier deployment that was made."""


class PublicationRecords(PublicationReads, Protocol):
    """To be written in a decision; whoever does so has begun with the app and the environment."""

    def save(self, one: DeployedPullRequest) -> None:
        """Where it is live; it waits to be written from now on. What was written so far stays as it is known."""

    def taken_up(self, app: str, pull_request: int) -> None:
        """It does not wait any more, in any environment of the app."""

    def plan(self, release: KeptRelease) -> None:
        """There is to be a release of the deployment, unless that is known."""


class Publications(Protocol):
    """Remembers what was written, outside of decisions. Raises Unavailable."""

    def commented(self, apps: Collection[str], pull_request: int, comment_id: int, drawn: str) -> None: ...

    def labelled(self, one: DeployedPullRequest, label: str | None) -> None: ...

    def released(self, deployment_id: int, tag: str, release_id: int) -> None: ...


# --- which pull requests ----------------------------------------------------------------------------------------


def numbers(shipped: Collection[Shipped], repositories: Collection[str]) -> frozenset[int]:
    """The pull requests among the lines, if they are those of the repository, by one of the names that it has or had.

    A commit may belong to one of a fork, or of what the repository was forked from: its number is another one here.
    """
    homes = {name.casefold() for name in repositories}
    return frozenset(one.number for one in shipped if one.number is not None and _home(one.url) in {None, *homes})


def _home(url: str) -> str | None:
    """None where pages have no addresses."""
    found = re.search(r"//[^/]+/([^/]+/[^/]+)/pull/[0-9]+", url)
    return found[1].casefold() if found else None


# --- at what pace -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pace:
    """A sliding window: when on how many pull requests was written within the last hour, oldest first."""

    written: tuple[tuple[datetime, int], ...] = ()

    @classmethod
    def read(cls, kept: str | None, now: datetime) -> Pace:
        """As ``kept`` by ``show``; what is older than an hour does not count any more."""
        pairs = (one.rpartition("=") for one in (kept or "").split())
        written = ((datetime.fromisoformat(at), int(count)) for at, _, count in pairs)
        return cls(tuple(one for one in written if one[0] > now - HOUR))

    def show(self) -> str:
        return " ".join(f"{at.isoformat()}={count}" for at, count in self.written)

    def room(self, now: datetime) -> int:
        """On how many more may be written now."""
        return max(0, min(AT_ONCE - self._since(now - MINUTE), AN_HOUR - self._since(now - HOUR)))

    def _since(self, moment: datetime) -> int:
        return sum(count for at, count in self.written if at > moment)

    def after(self, now: datetime, count: int) -> Pace:
        return replace(self, written=(*self.written, (now, count)))

    def next(self, now: datetime) -> datetime:
        """When there is room again."""
        if self._since(now - HOUR) >= AN_HOUR:
            return self.written[0][0] + HOUR
        return next((at for at, _ in self.written if at > now - MINUTE), now) + MINUTE


# --- releases ---------------------------------------------------------------------------------------------------


def tag_of(deployment: Deployment) -> str:
    """``web-production-2026-03-02-12``: its app, its environment, the day on which it ended, and its number.

    Git takes any name of ours in a tag, but for two dots in a row.
    """
    ended = deployment.finished_at or deployment.created_at
    place = re.sub(r"\.{2,}", ".", f"{deployment.app}-{deployment.environment}")
    return f"{place}-{ended:%Y-%m-%d}-{deployment.id}"
