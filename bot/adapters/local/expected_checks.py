"""Which checks a commit will have, told by those before it: no branch here has rules of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.adapters.local.git import GitRepository
from bot.core.ports.forge_types import Check, EarlierCheck

LOOKED_BACK = 10


class LocalExpectedChecks:
    """Implements ``ExpectedChecks``."""

    def __init__(self, git: Callable[[str], GitRepository], checks: Callable[[str, str], Sequence[Check]]) -> None:
        self._git = git
        self._checks = checks

    def required(self, repository: str, branch: str) -> Sequence[str]:  # noqa: ARG002
        return ()

    def before(
        self,
        repository: str,
        ref: str,  # noqa: ARG002
        sha: str,
        *,
        base: str | None = None,  # noqa: ARG002
        thorough: bool = True,  # noqa: ARG002
        partial: Callable[[str], bool] = lambda _: False,  # noqa: ARG002 - nothing is let go here
    ) -> Sequence[EarlierCheck]:
        git = self._git(repository)
        names: dict[str, None] = {}
        for _ in range(LOOKED_BACK):
            parents = git.commit(sha).parents
            if not parents:
                break
            sha = parents[0]
            names.update((check.name, None) for check in self._checks(repository, sha))
        return tuple(map(EarlierCheck, names))
