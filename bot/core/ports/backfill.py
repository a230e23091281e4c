"""What the forge can tell of the time in which nobody listened to it: merges, deployments, webhooks that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.events.external import DeploymentCreated, PullRequestMerged
from bot.core.ports.forge_types import RemoteDeployment


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A webhook that did not reach the bot. ``guid`` is what it is known by, at each of its attempts.

    ``repository`` and ``hook`` are None where it is the webhook of the bot's own GitHub App.
    """

    id: int
    guid: str
    repository: str | None = None
    hook: int | None = None


class Backfill(Protocol):
    """Asked every few minutes, so each question costs one request where nothing has happened.

    All methods raise the errors of ``bot.core.errors`` and look back no further than some hundred things.
    """

    def newest_merges(self, repository: str, bases: Sequence[str], since: datetime) -> Mapping[str, Sequence[int]]:
        """By branch that one of the patterns means, the numbers of the pull requests merged into it last since then.

        Several where they were merged in one moment, as a merge queue does.
        """

    def merge(self, repository: str, number: int) -> PullRequestMerged | None:
        """What the webhook would have told of the merge; None where the pull request is not merged."""

    def deployments(self, repository: str, since: datetime) -> Sequence[RemoteDeployment]:
        """Deployments created since then, by whomever, oldest first."""

    def failed_deliveries(self, repository: str | None, since: datetime) -> Sequence[FailedDelivery]:
        """Webhooks for the bot since then that got no 2xx at any attempt, oldest first.

        None asks for those of the GitHub App. Empty where our credentials may not see them.
        """

    def redeliver(self, failed: FailedDelivery) -> None:
        """Ask for one more attempt."""


def created_event(repository: str, found: RemoteDeployment, *, taken: bool) -> DeploymentCreated:
    """A deployment that was found on GitHub, as if its webhook had come."""
    return DeploymentCreated(
        repository=repository,
        remote_id=found.id,
        sha=found.sha,
        ref=found.ref,
        task=found.task,
        environment=found.environment,
        description=found.description,
        creator=found.creator,
        request_id=found.request_id,
        created_at=found.created_at,
        taken=taken,
        by_workflow=found.by_workflow,
    )
