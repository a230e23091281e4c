"""What a commit's checks will be when all are there: what its branch requires, and what commits before it had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from bot.core.ports.forge_types import EarlierCheck


class ExpectedChecks(Protocol):
    """Both methods may raise the errors of ``bot.core.errors``; what may not be read is told as nothing."""

    def required(self, repository: str, branch: str) -> Sequence[str]:
        """The names that the rules and the protection of the branch require; at most a few minutes old."""

    def before(
        self,
        repository: str,
        ref: str,
        sha: str,
        *,
        base: str | None = None,
        thorough: bool = True,
        partial: Callable[[str], bool] = lambda _: False,
    ) -> Sequence[EarlierCheck]:
        """What the last commits before ``sha`` had that had any, along first parents.

        ``ref`` is what people call the commit, ``base`` a commit before it, for one that the forge does not list yet.
        Without ``thorough`` one commit before is asked where the repository is not known to have checks at all.
        ``partial`` tells of a commit that it may have less than others: what it lacks is not gone because of that.
        """
