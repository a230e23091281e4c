"""Reviews of pull requests and the rules of GitHub's environments: the ``Reviews`` port over its REST API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal, cast
from urllib.parse import quote

from cachetools import TTLCache, cachedmethod
from msgspec import Struct

from bot.adapters.github.http import Connection
from bot.adapters.github.payloads import Account, login_of
from bot.core.errors import NotAllowed, NotThere, Rejected, Unavailable
from bot.core.ports.chat import Clock
from bot.core.ports.reviews import Protection, Review

KEPT_FOR = timedelta(minutes=5)
MOST_KEPT = 1_000
INSIDERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""GitHub itself counts only reviews of those who may write; these are the ones who belong to the repository."""
STATES = frozenset({"approved", "changes_requested", "commented", "dismissed", "pending"})


class _Review(Struct, frozen=True):
    """https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request, in order of time."""

    state: str
    user: Account | None = None
    author_association: str = "NONE"


class _Reviewer(Struct, frozen=True):
    """A user has a ``login``, a team a ``slug``."""

    login: str | None = None
    slug: str | None = None


class _ReviewerOf(Struct, frozen=True):
    type: str
    reviewer: _Reviewer | None = None


class _Rule(Struct, frozen=True):
    """``type`` is required_reviewers, wait_timer (in minutes), or branch_policy."""

    type: str
    wait_timer: int = 0
    reviewers: list[_ReviewerOf] = []


class _BranchPolicy(Struct, frozen=True):
    protected_branches: bool = False
    custom_branch_policies: bool = False


class _Environment(Struct, frozen=True):
    """https://docs.github.com/en/rest/deployments/environments#get-an-environment"""

    html_url: str | None = None
    protection_rules: list[_Rule] = []
    deployment_branch_policy: _BranchPolicy | None = None


class GitHubReviews:
    """Implements ``bot.core.ports.reviews.Reviews``. Safe to share between threads."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._protections: TTLCache[str, Protection | None, datetime] = TTLCache(MOST_KEPT, KEPT_FOR, clock.now)
        self._lock = Lock()

    def of(self, repository: str, number: int) -> Sequence[Review]:
        path = f"/repos/{quote(repository)}/pulls/{number}/reviews"
        return [_review(one) for page in self._connection.pages(path, list[_Review], most=10) for one in page]

    def protection(self, repository: str, environment: str) -> Protection | None:
        """It is only told, and never in the way: where GitHub does not tell it, nobody waits for it."""
        try:
            return self._ask_protection(repository, environment)
        except Unavailable:
            return None

    @cachedmethod(
        lambda self: self._protections, key=lambda _, *names: " ".join(names).lower(), lock=lambda self: self._lock
    )
    def _ask_protection(self, repository: str, environment: str) -> Protection | None:
        path = f"/repos/{quote(repository)}/environments/{quote(environment, safe='')}"
        try:
            found = self._connection.get(path, _Environment)
        except (NotThere, NotAllowed, Rejected):
            return None
        protection = Protection(
            reviewers=tuple(_name(one) for rule in found.protection_rules for one in rule.reviewers),
            wait=timedelta(minutes=sum(rule.wait_timer for rule in found.protection_rules)),
            branches=_branches(found.deployment_branch_policy),
            url=found.html_url,
        )
        return protection if protection.reviewers or protection.wait or protection.branches else None


def _review(found: _Review) -> Review:
    """The state is upper case here and lower case in webhooks. One that we do not know says nothing."""
    state = found.state.lower()
    return Review(
        author=login_of(found.user),
        state=cast(
            "Literal['approved', 'changes_requested', 'commented', 'dismissed', 'pending']",
            state if state in STATES else "commented",
        ),
        insider=found.author_association in INSIDERS,
    )


def _name(found: _ReviewerOf) -> str:
    reviewer = found.reviewer or _Reviewer()
    if found.type == "Team":
        return f"the team {reviewer.slug}" if reviewer.slug else "a team"
    return reviewer.login or "somebody"


def _branches(policy: _BranchPolicy | None) -> str | None:
    if policy is None:
        return None
    return "protected branches only" if policy.protected_branches else "some branches only"
