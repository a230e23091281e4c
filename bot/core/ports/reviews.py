"""What GitHub knows that guards a commit or an environment: reviews of pull requests, and environments' own rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from bot.core.deployments.wording import spoken
from bot.core.people.logins import in_lower_case, same_login
from bot.core.ports.forge_types import PullRequest


@dataclass(frozen=True, slots=True)
class Review:
    """One review of a pull request. ``insider`` is False for those who do not belong to the repository."""

    author: str
    state: Literal["approved", "changes_requested", "commented", "dismissed", "pending"]
    insider: bool = True


@dataclass(frozen=True, slots=True)
class Protection:
    """The rules of GitHub's own environment; they hold for what runs in Actions there, whoever starts it.

    ``branches`` says which may be deployed, in words; None where all may.
    """

    reviewers: tuple[str, ...] = ()
    wait: timedelta = timedelta(0)
    branches: str | None = None
    url: str | None = None


class Reviews(Protocol):
    """Both methods may raise the errors of ``bot.core.errors``."""

    def of(self, repository: str, number: int) -> Sequence[Review]:
        """Of a pull request, oldest first."""

    def protection(self, repository: str, environment: str) -> Protection | None:
        """None where there is no such environment, or no rule; at most a few minutes old."""


class NoReviews:
    """Where there is no GitHub: nobody has reviewed anything, and no environment has rules."""

    def of(self, repository: str, number: int) -> Sequence[Review]:  # noqa: ARG002
        return ()

    def protection(self, repository: str, environment: str) -> Protection | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The pull request that a commit belongs to, None where there is none, with its reviews, oldest first."""

    pull_request: PullRequest | None
    reviews: tuple[Review, ...] = ()


def standing(reviews: Iterable[Review], author: str) -> dict[str, str]:
    """How each reviewer's last word stands: ``approved`` or ``changes_requested``, by login.

    A comment takes nothing back, a dismissal does; authors and outsiders have no vote.
    """
    last: dict[str, tuple[str, str]] = {}
    for review in reviews:
        key = in_lower_case(review.author)
        if same_login(review.author, author) or not review.insider or review.state in {"commented", "pending"}:
            continue
        last[key] = (review.author, review.state)
    return {login: state for login, state in last.values() if state != "dismissed"}


def rules(protection: Protection) -> str:
    """The rules in words, joined by commas."""
    found: list[str] = []
    if protection.reviewers:
        found.append(f"approval by {' or '.join(protection.reviewers)}")
    if protection.wait:
        found.append(f"a wait of {spoken(protection.wait)}")
    if protection.branches:
        found.append(protection.branches)
    return ", ".join(found)
