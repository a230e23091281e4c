"""Go back by itself where a deployment has failed and the settings say so: announced, and stoppable for a minute."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.core.deployments import lifecycle, ships
from bot.core.deployments.model import DEPLOY, Actor, Deployment, State
from bot.core.deployments.requesting import commit_of
from bot.core.events.internal import DeploymentEnded
from bot.core.gates.judge import judge
from bot.router import Router
from bot.services.gate_facts import commit_facts, facts, target_of
from bot.services.new_deployments import new_deployment
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
    return replace(
        new_deployment(context, target, commit_of(live), trigger="rollback", by=Actor(context.settings.bot.name)),
        pull_request=None,
        rollback_of=failed.id,
        reason=f"#{failed.id} failed",
        changes=ships.undone(failed),
        usual_seconds=usual_seconds(context.reads, live.app, live.environment),
    )
