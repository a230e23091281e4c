"""The representation of a deployment: what programs are told of it, by the API and by outgoing webhooks.

Its fields are a contract: one may be added, none changes its meaning, and what is not known is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.deployments.wording import REVIEW_ELSEWHERE, full
from bot.core.hooks.pointers import JSON
from bot.core.rich_text import plain

ROLLED_BACK = "rolled_back"
STATES = (*(str(one) for one in State if one is not State.REQUESTED), ROLLED_BACK)
"""The states of which programs are told."""
_WAITING = "Waiting: "


def represented(deployment: Deployment, base_url: str | None = None) -> dict[str, JSON]:
    """What JSON can hold of the deployment, under stable names; ``base_url`` is where the bot's own pages are.

    It has no secret and no one-time password. ``retry_of``, ``rollback_of``, ``promoted_from``, ``superseded_by`` and
    ``replaced_by`` are numbers of other deployments; times are RFC 3339 in UTC.
    """
    page = f"{base_url.rstrip('/')}/deployments/{deployment.request_id}" if base_url else None
    return {
        "id": deployment.request_id,
        "number": deployment.id,
        "app": deployment.app,
        "environment": deployment.environment,
        "hosts": deployment.hosts,
        "repository": deployment.repository,
        "ref": deployment.ref,
        "sha": deployment.sha,
        "title": deployment.title,
        "task": deployment.task,
        "params": dict(deployment.params),
        "state": state_told(deployment),
        "waits_for": _reasons(deployment),
        "description": deployment.description,
        "trigger": deployment.trigger,
        "requested_by": {
            "slack": deployment.by.chat_id,
            "github": deployment.by.login,
            "name": deployment.by.name,
        },
        "force": deployment.force,
        "force_reason": deployment.force_reason,
        "forced": list(deployment.forced),
        **_neighbours(deployment),
        "created_at": timestamp(deployment.created_at),
        "started_at": timestamp(deployment.started_at),
        "finished_at": timestamp(deployment.finished_at),
        "github_deployment_id": deployment.remote_id,
        "environment_url": deployment.environment_url,
        "log_url": deployment.log_url,
        "url": page,
    }


def state_told(deployment: Deployment) -> str:
    """The state in the words for programs: a rollback that succeeded has one of its own.

    What is only requested waits to be decided on, which takes a moment.
    """
    if deployment.trigger == "rollback" and deployment.state is State.SUCCEEDED:
        return ROLLED_BACK
    return str(State.WAITING if deployment.state is State.REQUESTED else deployment.state)


def timestamp(at: datetime | None) -> str | None:
    """RFC 3339, in UTC, to the millisecond.

    >>> timestamp(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    '2026-03-02T10:00:00.000Z'
    """
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _neighbours(deployment: Deployment) -> dict[str, JSON]:
    """What it has to do with pull requests and with other deployments."""
    return {
        "pull_request": deployment.pull_request,
        "retry_of": deployment.retry_of,
        "rollback_of": deployment.rollback_of,
        "promoted_from": deployment.promoted_from,
        "superseded_by": deployment.superseded_by,
        "replaced_by": deployment.replaced_by,
    }


def _reasons(deployment: Deployment) -> list[JSON]:
    """What it waits for, empty where it does not: the gate, a sentence, and what else there is to know of it.

    The first one is what is said of it in the chat; of the others it is not known since when.
    """
    facts = [plain(fact) for fact in deployment.facts]
    if deployment.reviewed_elsewhere:
        return [_reason(Waiting.REVIEW, full(REVIEW_ELSEWHERE), facts, deployment.waits_since)]
    if deployment.waits_for is None or deployment.state is not State.WAITING:
        return []
    why = deployment.description.removeprefix(_WAITING)
    first = full(f"{why[:1].upper()}{why[1:]}" or "Waiting")
    return [
        _reason(deployment.waits_for, first, facts, deployment.waits_since),
        *(_reason(one.reason, full(one.why), one.facts, None) for one in deployment.held),
    ]


def _reason(waits_for: Waiting, reason: str, facts: Sequence[str], since: datetime | None) -> JSON:
    return {"gate": str(waits_for), "reason": reason, "facts": list(facts), "since": timestamp(since)}
