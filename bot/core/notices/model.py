"""What a notice is: that an author was told of a pull request in a place, so that they are told once (idempotent)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.deployments.model import Deployment, Shipped
from bot.core.people.logins import in_lower_case, is_nobody
from bot.core.rich_text import Mention

MOST_TOLD = 50
"""How many people hear of one deployment at most."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An author, by their chat id, is told of a pull request in an environment of an app.

    All notices of one ``deployment_id`` and one person are one message. ``changed_by`` is the deployment that made it
    ``live`` there, or took it back, last; ``message_id`` is None until the message is posted.
    """

    app: str
    environment: str
    pull_request: int
    person: str
    deployment_id: int
    changed_by: int
    title: str
    url: str | None = None
    live: bool = True
    message_id: str | None = None


class NoticeReads(Protocol):
    """Notices as they are now."""

    def of(self, app: str, environment: str, pull_requests: Collection[int]) -> Sequence[Notice]:
        """Whoever was told of these pull requests there."""

    def message(self, deployment_id: int, person: str) -> Sequence[Notice]:
        """Those that are one message, in the order of their pull requests."""


class NoticeRecords(NoticeReads, Protocol):
    """Notices to be kept; whoever writes has begun with the app and the environment."""

    def add(self, notice: Notice) -> bool:
        """False where the person was told of the pull request there before."""

    def save(self, notice: Notice) -> None:
        """Whether it is live, and what made it so."""


class Notices(Protocol):
    """Remembers what was posted, outside of decisions. Raises Unavailable."""

    def posted(self, deployment_id: int, person: str, message_id: str) -> None: ...


def shipped_by(deployment: Deployment) -> tuple[Shipped, ...]:
    """What a deployment ships; of a first one, whose changes nobody can tell, the pull request that was merged."""
    by, changes = deployment.by, deployment.changes
    if changes.shipped or changes.base is not None or deployment.pull_request is None or by.author is None:
        return changes.shipped
    return (Shipped(deployment.title, by.author, deployment.url or "", number=deployment.pull_request),)


def authors_of(shipped: Collection[Shipped]) -> tuple[str, ...]:
    """The people behind it, each once, in the order of what ships; apps are no people."""
    found = {in_lower_case(one.author): one.author for one in reversed(tuple(shipped)) if not is_nobody(one.author)}
    return tuple(reversed(found.values()))


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom the end of a deployment concerns; each is called at most once. Without a chat id they are named only.

    ``deployer`` is whoever asked for it or merged it, None where that was no person. ``authors`` are those of what
    shipped, without the deployer, ten at most of ``total``.
    """

    deployer: Mention | None
    authors: tuple[Mention, ...]
    total: int
