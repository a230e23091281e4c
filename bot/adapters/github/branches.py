"""A cache of what a repository's branches are: which is the default one, and which commits a branch has not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from threading import Lock

from cachetools import TTLCache, cachedmethod

from bot.adapters.github.http import Connection, at
from bot.adapters.github.known_commits import KnownCommits
from bot.adapters.github.mapping import repository_of
from bot.adapters.github.payloads import Repo
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import Repository

DESCRIBED_FOR = timedelta(hours=1)
LACKING_FOR = timedelta(minutes=30)
MOST_KEPT = 5_000
LOOKED_BACK = 10
"""How many commits before may tell that a branch has not what came after them."""


class Branches:
    """Safe to share between threads."""

    def __init__(self, connection: Connection, known: KnownCommits, clock: Clock) -> None:
        self._connection = connection
        self._known = known
        self._described: TTLCache[str, Repository, datetime] = TTLCache(MOST_KEPT, DESCRIBED_FOR, clock.now)
        self._heads: TTLCache[tuple[str, str], str, datetime] = TTLCache(MOST_KEPT, LACKING_FOR, clock.now)
        self._lacking: TTLCache[tuple[str, str, str], str, datetime] = TTLCache(MOST_KEPT, LACKING_FOR, clock.now)
        self._holding: TTLCache[tuple[str, str, str], bool, datetime] = TTLCache(MOST_KEPT, DESCRIBED_FOR, clock.now)
        self._lock = Lock()

    def described(self, repository: str) -> Repository:
        """The repository itself, as GitHub tells it now."""
        described = repository_of(self._connection.get(at(repository), Repo))
        with self._lock:
            self._described[repository.lower()] = described
        return described

    @cachedmethod(lambda self: self._described, key=lambda _, one: one.lower(), lock=lambda self: self._lock)
    def remembered(self, repository: str) -> Repository:
        """The repository as it was within the last hour."""
        return self.described(repository)

    def default(self, repository: str) -> str:
        """The default branch, as it was within the last hour."""
        return self.remembered(repository).default_branch

    def saw_head(self, repository: str, branch: str, sha: str) -> None:
        """Where a branch stands was asked for anyway: what it had not before, it may have now."""
        with self._lock:
            self._heads[repository.lower(), branch] = sha

    def lacks(self, repository: str, branch: str, sha: str) -> None:
        """GitHub has told that the branch has not this commit."""
        with self._lock:
            self._lacking[repository.lower(), branch, sha] = self._heads.get((repository.lower(), branch), "")

    def lists(self, repository: str, branch: str, commits: Iterable[str]) -> None:
        """GitHub has told that the branch has these commits."""
        with self._lock:
            self._holding.update(((repository.lower(), branch, one), True) for one in commits)

    def holds(self, repository: str, branch: str, sha: str) -> bool | None:
        """Whether the branch has the commit, None where that is not remembered."""
        with self._lock:
            if (repository.lower(), branch, sha) in self._holding:
                return True
        return False if self.is_lacking(repository, branch, sha) else None

    def is_lacking(self, repository: str, branch: str, sha: str) -> bool:
        """Whether the branch had not the commit, or one that came before it, within the last half an hour."""
        commits = [sha, *(one for one in islice(self._known.before(repository, sha), LOOKED_BACK) if one is not None)]
        with self._lock:
            head = self._heads.get((repository.lower(), branch), "")
            return any(self._lacking.get((repository.lower(), branch, one)) == head for one in commits)
