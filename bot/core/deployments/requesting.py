"""How a deployment comes to be: what every new one is made of, whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.deployments.model import Actor, Deployment, State
from bot.core.ports.forge_types import Commit


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it goes, as the settings say now; ``url`` is the environment's own address."""

    app: str
    environment: str
    repository: str
    url: str | None = None


def requested(request_id: str, to: Destination, commit: Commit, *, trigger: str, by: Actor, at: datetime) -> Deployment:
    """One that is not stored yet, with all defaults. ``request_id`` is nobody else's (an idempotency key)."""
    return Deployment(
        id=0,
        request_id=request_id,
        app=to.app,
        environment=to.environment,
        repository=to.repository,
        ref=commit.ref,
        sha=commit.sha,
        title=commit.title,
        url=commit.url or None,
        state=State.REQUESTED,
        trigger=trigger,
        by=by,
        created_at=at,
        pull_request=commit.pull_request,
        environment_url=to.url,
    )


def commit_of(deployment: Deployment) -> Commit:
    """What is deployed once more, or somewhere else."""
    return Commit(
        deployment.sha,
        deployment.ref,
        deployment.title,
        "",
        deployment.url or "",
        pull_request=deployment.pull_request,
    )
