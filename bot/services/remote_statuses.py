"""What whoever carries a deployment out has reported on GitHub, and no webhook has told of."""

from __future__ import annotations

import structlog

from bot.context import Context
from bot.core.deployments.model import TELLING, Deployment
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events.external import DeploymentStatusReported
from bot.core.ports.forge_types import RemoteStatus

log = structlog.get_logger(__name__)


def status_event(repository: str, remote_id: int, status: RemoteStatus) -> DeploymentStatusReported:
    """A status that was found on GitHub, as if its webhook had come."""
    return DeploymentStatusReported(
        repository=repository,
        remote_id=remote_id,
        status_id=status.id,
        state=status.state,
        description=status.description,
        log_url=status.log_url,
        environment_url=status.environment_url,
        creator=status.creator,
        created_at=status.created_at,
    )


def unheard(context: Context, deployment: Deployment) -> list[DeploymentStatusReported]:
    """The newest status of the deployment, and of each of its twins, if we have not heard of it.

    Whoever takes it in asks for those before it.
    """
    if deployment.remote_id is None:
        return []
    twins = [twin for twin in context.reads.twins.of(deployment.id) if twin.followed]
    asked = [(deployment.remote_id, deployment.last_status), *((twin.remote_id, twin.last_status) for twin in twins)]
    found = [_newest(context, deployment, *one) for one in asked]
    return [one for one in found if one is not None]


def _newest(
    context: Context, deployment: Deployment, remote_id: int, last_status: int
) -> DeploymentStatusReported | None:
    try:
        there = context.forge.deployments.statuses(deployment.repository, remote_id)
    except (NotThere, NotAllowed, Rejected) as error:
        log.warning("statuses not seen", deployment=deployment.id, remote=remote_id, reason=str(error))
        return None
    news = [one for one in there if one.id > last_status and one.state in TELLING]
    return status_event(deployment.repository, remote_id, news[-1]) if news else None
