"""What is said of a commit's checks outside the gates: that one turned red afterwards, or will probably never come."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments import telling
from bot.core.deployments.kept_keys import turned_red_key
from bot.core.deployments.model import Deployment, Waiting
from bot.core.events.external import ChecksChanged
from bot.core.events.internal import ChecksMissing
from bot.core.gates.wanted_checks import wanted_checks
from bot.core.grammar.commands import Deploy
from bot.core.ports.forge_types import Check
from bot.core.ports.transaction import Records
from bot.router import Router
from bot.services.gate_facts import target_of
from bot.services.targets import apps_at

router = Router()


@router.on(ChecksMissing, name="checks.missing")
def missing(context: Context, event: ChecksMissing) -> None:
    """Once: it may be that no check will ever come, so there is a way on without them."""
    seen = context.reads.deployment(event.deployment_id)
    if seen is None:
        return
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    if deployment is None or deployment.waits_for is not Waiting.CHECKS:
        return
    waited = context.now - (deployment.waits_since or context.now)
    message = deployment_messages.checks_missed(deployment, event.names, waited, _forced(deployment), event.meant)
    telling.note(records, deployment, message, occasion="hung")


def _forced(old: Deployment) -> Deploy:
    """The command that deploys the same by force; whether it needs a reason is asked when it is given."""
    same = Deploy(app=old.app, ref=old.sha[:12], environment=old.environment, hosts=old.hosts, task=old.task)
    return replace(same, params=old.params, force=True)


@router.on(ChecksChanged, name="checks.turned_red")
def turned_red(context: Context, event: ChecksChanged) -> None:
    """What is being deployed or is live was green when it began: a check that fails now is told in its thread, once."""
    red = [
        (one, failing)
        for one in context.reads.deployed_from(event.repository, event.sha, apps_at(context, event.repository))
        if (failing := _red(context, one))
    ]
    if not red:
        return
    records = context.begin()
    for one in sorted({(one.app, one.environment) for one, _ in red}):
        records.hold(*one)
    for deployment, failing in red:
        _tell(records, deployment, failing)


def _red(context: Context, deployment: Deployment) -> list[Check]:
    """Those that have failed since. What was let in with failed ones, or without being asked, began with these."""
    target = target_of(context, deployment)
    if target is None or target.environment.required_checks == "none":
        return []
    required, ignored = target.environment.required_checks, target.environment.ignored_checks
    checks = context.forge.checks(deployment.repository, deployment.sha)
    failing = wanted_checks(required, ignored, checks).in_state("failure")
    asked = not deployment.force and deployment.rollback_of is None and deployment.exclusive
    begun = (deployment.started_at or deployment.created_at).replace(microsecond=0)
    return [check for check in failing if asked or (check.at is not None and check.at >= begun)]


def _tell(records: Records, deployment: Deployment, failing: list[Check]) -> None:
    key = turned_red_key(deployment.id)
    told = (records.kept(key) or "").split("\n")
    new = [check for check in failing if check.name not in told]
    if not new:
        return
    records.keep(key, "\n".join([*filter(None, told), *(check.name for check in new)]))
    telling.note(records, deployment, deployment_messages.turned_red(deployment, new))
