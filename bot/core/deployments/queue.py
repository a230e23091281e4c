"""Who waits for what in an environment, in the order in which they go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.deployments.model import Deployment, Waiting


@dataclass(frozen=True, slots=True)
class EnvironmentQueue:
    """An environment: what ``runs``, who stands in the queue, and who waits for something else before that."""

    app: str
    environment: str
    runs: tuple[Deployment, ...]
    queued: tuple[Deployment, ...]
    held: tuple[Deployment, ...]

    @property
    def empty(self) -> bool:
        return not (self.runs or self.queued or self.held)


def line(app: str, environment: str, busy: Sequence[Deployment], waiting: Sequence[Deployment]) -> EnvironmentQueue:
    """``waiting`` in the order in which they were asked for, which is the order of the queue."""
    queued = tuple(one for one in waiting if one.waits_for is Waiting.QUEUE)
    held = tuple(one for one in waiting if one.waits_for is not Waiting.QUEUE)
    return EnvironmentQueue(app, environment, tuple(busy), queued, held)
