"""Pull requests over GitHub's REST API, and a cache of those that a commit belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from threading import Lock

from cachetools import LRUCache, TTLCache

from bot.adapters.github.branches import Branches
from bot.adapters.github.http import Connection, at
from bot.adapters.github.known_commits import KnownCommits
from bot.adapters.github.mapping import pull_request_of
from bot.adapters.github.payloads import PullRequestShape
from bot.core.errors import NotThere, Rejected
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import PullRequest

KEPT_FOR = timedelta(minutes=20)
LOOKED_BACK = 10
"""How many commits before may tell."""
LISTED_AT_ONCE = 100
MOST_KEPT = 2_000
MOST_OF_A_COMMIT = 10
"""A commit with more of them is asked for anew each time."""


class GitHubPullRequests:
    """Safe to share between threads."""

    def __init__(self, connection: Connection, known: KnownCommits, branches: Branches, clock: Clock) -> None:
        self._connection = connection
        self._known = known
        self._branches = branches
        self._recent: TTLCache[tuple[str, str], tuple[PullRequest, ...], datetime] = TTLCache(
            MOST_KEPT, KEPT_FOR, clock.now
        )
        self._head_of: LRUCache[tuple[str, str], str] = LRUCache(MOST_KEPT)
        self._lock = Lock()

    def get(self, repository: str, number: int) -> PullRequest | None:
        try:
            found = pull_request_of(self._connection.get(at(repository, "pulls", number), PullRequestShape))
        except NotThere:
            return None
        with self._lock:
            for sha in (found.head_sha, found.merge_sha or ""):
                self._recent.pop((repository.lower(), sha), None)
        return found

    def of(self, repository: str, sha: str) -> tuple[PullRequest, ...]:
        """Those of a commit, merged ones first."""
        found: list[PullRequest] = []
        try:
            for page in self._connection.pages(at(repository, "commits", sha, "pulls"), list[PullRequestShape], most=3):
                found.extend(map(pull_request_of, page))
        except Rejected:  # 422: no such commit
            return ()
        ordered = tuple(sorted(found, key=lambda pull_request: pull_request.state != "merged"))
        with self._lock:
            self._recent.pop((repository.lower(), sha), None)
            if len(ordered) <= MOST_OF_A_COMMIT:
                self._recent[repository.lower(), sha] = ordered
        return ordered

    def lately_merged(self, repository: str, most: int) -> list[PullRequest]:
        """Those that were closed last stand among those that something has happened to last."""
        query: dict[str, str | int] = {"state": "closed", "sort": "updated", "direction": "desc"}
        size = min(most, LISTED_AT_ONCE)
        pages = self._connection.pages(
            at(repository, "pulls"), list[PullRequestShape], most=-(-most // size), **{**query, "per_page": size}
        )
        return [pull_request_of(one) for page in pages for one in page if one.merged_at is not None]

    def open(self, repository: str, most: int) -> list[PullRequest]:
        """Those to which something has happened last come first, in one request."""
        query: dict[str, str | int] = {"state": "open", "sort": "updated", "direction": "desc"}
        size = min(most, LISTED_AT_ONCE)
        pages = self._connection.pages(
            at(repository, "pulls"), list[PullRequestShape], most=1, **{**query, "per_page": size}
        )
        return [pull_request_of(one) for page in pages for one in page]

    def remembered(self, repository: str, sha: str) -> Sequence[PullRequest]:
        """The same as it was within the last minutes.

        What was pushed on top of a branch's head belongs to what that belonged to.
        """
        with self._lock:
            known = self._recent.get((repository.lower(), sha))
        if known is None:
            known = self._of_the_head_before(repository, sha)
        return self.of(repository, sha) if known is None else known

    def saw_head(self, repository: str, branch: str, sha: str) -> None:
        """The commit is the head of that branch."""
        with self._lock:
            self._head_of[repository.lower(), sha] = branch

    def _of_the_head_before(self, repository: str, sha: str) -> tuple[PullRequest, ...] | None:
        """None where it cannot be told: what the default branch gains may come of any pull request."""
        place = repository.lower()
        with self._lock:
            branch = self._head_of.get((place, sha))
            heads = [one for one in self._straight_before(repository, sha) if self._head_of.get((place, one)) == branch]
            found = next((known for one in heads if (known := self._recent.get((place, one))) is not None), None)
        if found is None or branch is None or branch == self._branches.default(repository):
            return None
        of_the_branch = all((one.state, one.head_ref) == ("open", branch) for one in found)
        return found if of_the_branch else None

    def _straight_before(self, repository: str, sha: str) -> Iterator[str]:
        """The commits before, as long as each has one parent."""
        for _ in range(LOOKED_BACK):
            commit = self._known.get(repository, sha)
            if commit is None or len(commit.parents) != 1:
                return
            sha = commit.parents[0]
            yield sha
