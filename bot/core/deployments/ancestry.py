"""Which commits of a branch come before which: by what they contain, never by when anybody heard of them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.deployments.model import DEPLOY, MERGES, Deployment, State

AHEAD = "ahead:"
"""So begin the keys of ``ahead_key``."""


@dataclass(frozen=True, slots=True)
class Ancestry:
    """How other commits stand to a deployment's: ``older`` ones are in it, ``newer`` ones have it.

    ``apart`` are those that are neither, since a force push or between branches. ``ahead`` is what has gone furthest of
    the branch in the environment so far, None where nothing has or where that is not kept. ``dropped`` says that the
    branch has the commit no more, since it was forced to another history.
    """

    older: frozenset[str] = frozenset()
    newer: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    ahead: Deployment | None = None
    kept: bool = False
    dropped: bool = False

    def overtaken_by(self, deployment: Deployment) -> Deployment | None:
        """What has been deployed of its branch, so that it would take the environment back: to a part of that, or to
        what the branch has dropped.

        People may want the same commit once more; that it was merged is no reason to ship it again.
        """
        ahead = self.ahead
        if ahead is None or ahead.id == deployment.id:
            return None
        shipped = ahead.sha == deployment.sha and (ahead.busy or ahead.state is State.SUCCEEDED)
        overtaken = ahead.sha in self.newer or self.dropped or (shipped and deployment.trigger in MERGES)
        return ahead if overtaken else None


UNKNOWN = Ancestry()
"""Where nothing else of the branch waits, or has gone out."""


def goes_by_itself(deployment: Deployment) -> bool:
    """Whether nobody means this very commit: a retry and a rollback are meant, whatever has gone out since."""
    return deployment.trigger not in {"retry", "foreign"} and deployment.rollback_of is None


def same_line(one: Deployment, other: Deployment) -> bool:
    """Whether both are commits of one branch, wanted for the same."""
    return (one.ref, one.task, one.hosts, one.params) == (other.ref, other.task, other.hosts, other.params)


def ahead_key(deployment: Deployment) -> str | None:
    """Under which the id is kept of what has gone furthest of the branch there; None where that is not kept."""
    if deployment.task != DEPLOY or not goes_by_itself(deployment):
        return None
    return f"{AHEAD}{deployment.app}:{deployment.environment}:{deployment.ref}"
