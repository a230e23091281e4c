"""Go back by itself where a deployment has failed and the settings say so: announced, and stoppable for a minute."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from bot.context import Context
from bot.core.deployments import lifecycle, ships
from bot.core.deployments.model import DEPLOY, Actor, Deployment, State
from bot.core.events.internal import DeploymentEnded
from bot.core.gates.judge import judge
from bot.router import Router
from bot.services.gate_facts import commit_facts, facts, target_of
from bot.services.shipping import usual_seconds
from bot.services.targets import Target

router = Router()


@router.on(DeploymentEnded, name="automatic_rollbacks.ended")
def ended(context: Context, event: DeploymentEnded) -> None:
    """Of what may still be running nobody knows what it leaves, so that is left to people."""
    failed = context.reads.deployment(event.deployment_id)
    target = target_of(context, failed) if failed else None
    if failed is None or target is None or not target.environment.rollback_on_failure or not _has_failed(failed):
        return
    live = context.reads.last_success(*target.place)
    if live is None or live.sha == failed.sha:
        return
    wanted = _wanted(context, target, failed, live)
    found = commit_facts(context, target, wanted, waits_for_checks=True)
    records = context.begin(*target.place)
    if records.later_than(failed) or records.busy(*target.place):
        return  # somebody has it in hand
    deployment = records.add(wanted)
    view = replace(facts(records, context, target, found, deployment), waits_for_checks=True)
    lifecycle.proceed(records, deployment, judge(view, force=False), context.now)


def _has_failed(one: Deployment) -> bool:
    failed = one.state in {State.FAILED, State.ERROR} and not one.given_up and one.remote_id is not None
    return failed and one.task == DEPLOY and one.rollback_of is None and one.started_at is not None


def _wanted(context: Context, target: Target, failed: Deployment, live: Deployment) -> Deployment:
    return Deployment(
        id=0,
        request_id=str(uuid4()),
        app=live.app,
        environment=live.environment,
        repository=target.app.repository,
        ref=live.ref,
        sha=live.sha,
        title=live.title,
        url=live.url,
        state=State.REQUESTED,
        trigger="rollback",
        by=Actor(context.settings.bot.name),
        created_at=context.now,
        rollback_of=failed.id,
        reason=f"#{failed.id} failed",
        environment_url=target.environment.url,
        changes=ships.undone(failed),
        usual_seconds=usual_seconds(context.reads, live.app, live.environment),
    )
