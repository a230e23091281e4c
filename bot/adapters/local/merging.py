"""The ``Merging`` port of git on this machine: its pull requests are born merged, so that none is left to merge."""

from __future__ import annotations

from collections.abc import Callable

from bot.core.errors import Rejected
from bot.core.ports.forge_types import PullRequest
from bot.core.ports.merging import Candidate, MergeRules, NotMerged
from bot.core.shipments.model import MergeMethod

NOTHING_OPEN = "Without GitHub there are no open pull requests to merge."


class LocalMerging:
    """Implements ``bot.core.ports.merging.Merging``; ``pull_request`` finds one that was merged."""

    def __init__(self, pull_request: Callable[[str, int], PullRequest | None]) -> None:
        self._pull_request = pull_request

    def candidate(self, repository: str, number: int) -> Candidate | None:
        found = self._pull_request(repository, number)
        return Candidate(found, "clean") if found is not None else None

    def rules(self, repository: str, branch: str) -> MergeRules:  # noqa: ARG002
        return MergeRules()

    def merge(self, repository: str, number: int, head: str, method: MergeMethod) -> NotMerged | None:  # noqa: ARG002
        raise Rejected(NOTHING_OPEN)

    def update(self, repository: str, number: int, head: str) -> NotMerged | None:  # noqa: ARG002
        raise Rejected(NOTHING_OPEN)

    def enqueue(self, repository: str, candidate: Candidate) -> NotMerged | None:  # noqa: ARG002
        raise Rejected(NOTHING_OPEN)

    def dequeue(self, repository: str, candidate: Candidate) -> None:
        """Nothing is ever in a queue here."""

    def is_queued(self, repository: str, candidate: Candidate) -> bool:  # noqa: ARG002
        return False
