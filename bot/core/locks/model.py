"""What a lock is, and whom it keeps out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.deployments.model import Actor, Deployment
from bot.core.people.logins import same_login

ASKED_AGAIN_AFTER = timedelta(minutes=10)
"""Whoever asks for a release twice within this time is told that the owner was asked already."""


@dataclass(frozen=True, slots=True)
class Lock:
    """An environment of an app in one person's hands. All times are aware and in UTC.

    ``ref``, ``sha`` and ``pull_request`` (with its page, ``url``) are set where it was taken for a branch: it ends with
    the pull request. ``holds_merges`` keeps the owner's own merges out as well: after a rollback, so that what was
    taken back is not shipped again by whatever is merged next.
    """

    app: str
    environment: str
    by: Actor
    since: datetime
    reason: str | None = None
    until: datetime | None = None
    ref: str | None = None
    sha: str | None = None
    pull_request: int | None = None
    url: str | None = None
    holds_merges: bool = False
    remind_at: datetime | None = None

    @property
    def place(self) -> tuple[str, str]:
        return self.app, self.environment

    def ended(self, now: datetime) -> bool:
        """Whether its time is over, also where nobody has taken it away yet."""
        return self.until is not None and self.until <= now

    def for_pull_request(self, number: int, head_ref: str) -> bool:
        """Whether it was taken for this pull request, or for the branch in it as long as its number is not known."""
        if self.pull_request is not None:
            return self.pull_request == number
        return self.ref is not None and self.ref == head_ref


@dataclass(frozen=True, slots=True)
class Watcher:
    """Somebody who wants to know when the lock is released; ``asked_at`` is when they last asked for that."""

    app: str
    environment: str
    person: str
    asked_at: datetime | None = None


class LockReads(Protocol):
    """Locks as they are now, those included whose time is over and that nobody has taken away yet."""

    def of(self, app: str, environment: str) -> Lock | None: ...

    def all(self) -> Sequence[Lock]:
        """By app and environment."""

    def watchers(self, app: str, environment: str) -> Sequence[Watcher]: ...


class LockRecords(LockReads, Protocol):
    """Locks to be changed; whoever does has begun with the app and the environment."""

    def claim(self, lock: Lock) -> bool:
        """Take it, in one statement; False where the environment is locked already."""

    def save(self, lock: Lock) -> None:
        """Whatever stands there becomes this lock."""

    def remove(self, app: str, environment: str) -> None:
        """The lock goes, and with it whoever wanted to know."""

    def watch(self, watcher: Watcher) -> None: ...

    def unwatch(self, app: str, environment: str, person: str) -> None: ...


def same_person(one: Actor, other: Actor) -> bool:
    """By chat id where both have one, else by GitHub login: a merge knows only the latter, and not for everybody."""
    if one.chat_id is not None and other.chat_id is not None:
        return one.chat_id == other.chat_id
    return same_login(one.login, other.login)


def lets_in(lock: Lock, who: Actor, *, merge: bool, now: datetime) -> bool:
    """Whether the lock lets a deployment of this person pass; ``merge`` where it comes from a merged pull request."""
    if lock.ended(now):
        return True
    return same_person(lock.by, who) and not (merge and lock.holds_merges)


def next_reminder(lock: Lock, now: datetime, every: timedelta) -> datetime | None:
    """When its owner is reminded next; None where it ends before that, for they are told then."""
    at = now + every
    return at if lock.until is None or at < lock.until else None


def is_candidate(deployment: Deployment) -> bool:
    """Whether it is one that a person may want the environment to be locked for: their own, by command, as it is."""
    return (
        deployment.trigger not in {"merge", "ship", "foreign", "promotion"}
        and deployment.rollback_of is None
        and deployment.task == "deploy"
        and deployment.by.chat_id is not None
    )
