"""Runs of workflows that webhooks tell of: whoever follows one looks at once, in whatever process."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import HEARD, Deployment, notes_key
from bot.core.events.external import WorkflowRunChanged
from bot.core.ports.transaction import Reads
from bot.core.workflows.dispatched import FOUND
from bot.router import Router
from bot.services.gate_facts import target_of
from bot.settings.models import DISPATCHING

router = Router()


@router.on(WorkflowRunChanged, name="workflow_runs.changed")
def changed(context: Context, event: WorkflowRunChanged) -> None:
    """The webhook is believed nothing but that there is something to see: an old one costs a look, and no more."""
    followers = [one for one in context.reads.unended(event.repository) if _may_follow(context, one, event.number)]
    if not followers:
        return
    records = context.begin()
    for place in sorted({(one.app, one.environment) for one in followers}):
        records.hold(*place)
    for one in followers:
        held = records.deployment(one.id)
        if held is not None and held.busy:  # what has ended has no notes any more
            records.keep(notes_key(one.id, HEARD), records.cause)


def _may_follow(context: Context, deployment: Deployment, number: int) -> bool:
    """Whether it is carried out by that run, or by one that it does not know yet."""
    target = target_of(context, deployment)
    if not deployment.busy or not deployment.exclusive or target is None:
        return False
    if target.environment.provider.type != DISPATCHING:
        return False
    known = _run_of(context.reads, deployment)
    return known in (None, number)


def _run_of(reads: Reads, deployment: Deployment) -> int | None:
    known = reads.kept(notes_key(deployment.id, FOUND))
    return int(known.partition(":")[0]) if known else None
