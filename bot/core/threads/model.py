"""A thread of the chat that is about a deployment, and which one is meant there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.core.deployments.model import Deployment, State

FAILED = frozenset({State.FAILED, State.ERROR, State.TIMED_OUT})
TO_RETRY = FAILED | {State.CANCELLED}


@dataclass(frozen=True, slots=True)
class Thread:
    """``deployments`` are those of the thread, oldest first, and at least one: the one whose card it hangs under comes
    first, or else the first that was asked for by the message that it hangs under."""

    deployments: tuple[Deployment, ...]

    @property
    def root(self) -> Deployment:
        return self.deployments[0]

    @property
    def about(self) -> Deployment:
        """What the thread is about: its first deployment, or what was asked for in it for the same place since."""
        return next(one for one in reversed(self.deployments) if _place(one) == _place(self.root))

    def meant(self, fits: Callable[[Deployment], bool]) -> Sequence[Deployment]:
        """Of the last ones of each place those that fit what somebody wants to do; else what the thread is about."""
        last = {_place(one): one for one in self.deployments}
        return [one for one in last.values() if fits(one)] or [self.about]


def _place(deployment: Deployment) -> tuple[str, str]:
    return deployment.app, deployment.environment
