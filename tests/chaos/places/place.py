"""What every place has: a table in the settings, work that gets on, faults of its own, and the truth in the end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar

from tests.end_to_end.installation import Installation

TRUTHFUL = ("goes on", "not known", "may go on", "may have begun", "had been deployed", "gone")
"""Words of a cancelled or lost one that tell that its work was not, or may not have been, stopped."""


class Place:
    """One environment of the app. ``stages`` are where a commit may fail there, ``fails`` where each bad one does."""

    name: ClassVar[str]
    asked: ClassVar[bool] = True
    """Whether people ask for deployments to it by its name."""
    stages: ClassVar[tuple[str, ...]] = ("work",)

    def __init__(self, here: Installation, chance: random.Random, stack: ExitStack, fails: dict[str, str]) -> None:
        self.here = here
        self.chance = chance
        self.stack = stack
        self.fails = fails
        self.happened: Counter[str] = Counter()

    def table(self) -> str:
        """What the settings say under its environment; ``{directory}`` in it is the installation's."""
        raise NotImplementedError

    def has(self, environment: str) -> bool:
        return environment == self.name

    def goes_on(self) -> None:
        """Whatever runs there gets on a little."""

    def storm(self) -> None:
        """One thing more goes wrong there; it is counted in ``happened``."""

    def fair(self) -> None:
        """Nothing goes wrong there any more."""

    def failing(self, sha: str) -> bool:
        """Whether what is deployed of this commit must fail."""
        return self.fails.get(sha) in self.stages

    def broken(self, deployments: Sequence[Any]) -> Iterator[str]:
        """Promises that were not kept with these deployments, which are all that went here."""
        for one in deployments:
            if self.excused(one):
                continue
            if one.state in {"succeeded", "failed"} and (one.state == "failed") != self.failing(one.sha):
                yield f"#{one.id} is {one.state}, which is not what became of it: {one.description}"
            if one.state in {"error", "timed_out"}:
                yield f"#{one.id} is {one.state}: {one.description}"
        yield from self.untrue(deployments)

    def excused(self, deployment: Any) -> bool:
        """Whether it may have ended as nobody wanted it to."""
        return False

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        """What was told of these and was not so there, and what happened there twice, or without having been asked."""
        raise NotImplementedError


def is_truthful(deployment: Any) -> bool:
    """Whether its end tells that the work may have gone on, or was done already."""
    return any(word in (deployment.description or "") for word in TRUTHFUL)


def is_of_itself(deployment: Any) -> bool:
    """Whether it follows from no other: a retry, a rollback and a promotion do."""
    return deployment.retry_of is None and deployment.rollback_of is None and deployment.promoted_from is None
