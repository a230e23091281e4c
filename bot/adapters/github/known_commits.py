"""A cache of commits: what GitHub has told of them never changes, so nobody has to ask for it twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from cachetools import LRUCache

from bot.adapters.github.mapping import commit_of
from bot.adapters.github.payloads import CommitShape
from bot.core.ports.forge_types import Commit

REMEMBERED_BYTES = 2 * 1024 * 1024
PER_COMMIT = 1_000
"""What one takes in memory besides its texts, about."""
FARTHEST = 250
"""How far back along parents is looked, as far as GitHub lists the commits between two."""


class KnownCommits:
    """The commits told of last, by repository and id. Safe to share between threads."""

    def __init__(self) -> None:
        self._commits: LRUCache[tuple[str, str], Commit] = LRUCache(REMEMBERED_BYTES, getsizeof=_size)
        self._lock = Lock()

    def saw(self, repository: str, commits: Iterable[CommitShape]) -> None:
        with self._lock:
            for commit in commits:
                known = commit_of(commit, commit.sha[:7])
                if _size(known) <= REMEMBERED_BYTES // 16:
                    self._commits[repository.lower(), commit.sha] = known

    def get(self, repository: str, sha: str) -> Commit | None:
        with self._lock:
            return self._commits.get((repository.lower(), sha))

    def before(self, repository: str, sha: str) -> Iterator[str | None]:
        """The commits before along first parents; None at last where the history ends, and nothing where it is unknown.

        The first is known whenever the commit itself is.
        """
        for _ in range(FARTHEST):
            commit = self.get(repository, sha)
            if commit is None:
                return
            if not commit.parents:
                yield None
                return
            sha = commit.parents[0]
            yield sha

    def between(self, repository: str, base: str, head: str) -> Sequence[Commit] | None:
        """What ``head`` has and ``base`` has not, oldest first, where each has one parent down to ``base``; else None.

        A merge may bring in anything, so that only GitHub can tell.
        """
        found: list[Commit] = []
        sha = head
        while sha != base:
            commit = self.get(repository, sha)
            if commit is None or len(commit.parents) != 1 or len(found) == FARTHEST:
                return None
            found.append(commit)
            sha = commit.parents[0]
        return found[::-1] or None


def _size(commit: Commit) -> int:
    return PER_COMMIT + 4 * len(commit.title) + len(commit.author) + len(commit.url) + 50 * len(commit.parents)
