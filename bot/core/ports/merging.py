"""Pull requests that are to be merged: how far they are, by which rules, and the merge itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from bot.core.ports.forge_types import PullRequest
from bot.core.shipments.model import METHODS, MergeMethod

Mergeable: TypeAlias = Literal["clean", "unstable", "behind", "blocked", "dirty", "unknown"]
"""Whether the forge would merge it: ``unstable`` where a check that nobody requires is not green, ``behind`` where it
lacks commits of its base that it has to have, ``blocked`` where another rule is not met, ``dirty`` where it conflicts,
and ``unknown`` while that is found out."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pull request as it stands. ``key`` is what the forge calls it where its number is not enough."""

    pull_request: PullRequest
    mergeable: Mergeable
    draft: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class MergeRules:
    """What a branch asks of what is merged into it: how, after how many ``reviews``, and whether through a queue."""

    methods: tuple[MergeMethod, ...] = METHODS
    reviews: int = 0
    queue: bool = False


@dataclass(frozen=True, slots=True)
class NotMerged:
    """Why the forge has not done what it was asked for, as a ``sentence``.

    ``moved`` says that the head is another one by now, ``queue`` that all merges go through a queue, ``for_good`` that
    asking again will not help before somebody has changed something.
    """

    sentence: str
    why: Literal["moved", "queue", "for_good", "not_yet"]


class Merging(Protocol):
    """Every method may raise the errors of ``bot.core.errors``."""

    def candidate(self, repository: str, number: int) -> Candidate | None: ...

    def rules(self, repository: str, branch: str) -> MergeRules:
        """As far as they can be seen; what cannot, the forge keeps by itself."""

    def merge(self, repository: str, number: int, head: str, method: MergeMethod) -> NotMerged | None:
        """Merge it, if ``head`` is its head; None where that is done. It is not asked whether that was done before."""

    def update(self, repository: str, number: int, head: str) -> NotMerged | None:
        """Let its base be merged into its branch, if ``head`` is its head; None where that is under way."""

    def enqueue(self, repository: str, candidate: Candidate) -> NotMerged | None:
        """Let it be merged when its turn comes; None where it stands in the queue now, or did before."""

    def dequeue(self, repository: str, candidate: Candidate) -> None:
        """Take it out of the queue, if it is in it."""

    def is_queued(self, repository: str, candidate: Candidate) -> bool: ...
