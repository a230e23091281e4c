"""What pull requests and ended deployments mean for locks: some end, some are offered, some are asked about."""

from __future__ import annotations

import structlog

from bot.context import Context
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.model import Deployment, State
from bot.core.effects import PostInThread
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events.external import PullRequestClosed, PullRequestMerged, Tick
from bot.core.events.internal import BranchOver, DeploymentEnded
from bot.core.locks import lifecycle as lock_lifecycle
from bot.core.locks import messages
from bot.core.locks.model import Lock, is_candidate, same_person
from bot.core.ports.forge_types import PullRequest
from bot.core.ports.transaction import Records
from bot.router import Router
from bot.services.branch_locks import is_unmerged
from bot.services.gate_facts import target_of
from bot.services.orphans import repository_of
from bot.services.pull_requests import is_over
from bot.services.targets import Target

router = Router()
log = structlog.get_logger(__name__)


# --- the branch is merged or closed -----------------------------------------------------------------------------


@router.on(PullRequestMerged, PullRequestClosed, name="locked_branches.pull_request_over")
def pull_request_over(context: Context, event: PullRequestMerged | PullRequestClosed) -> None:
    """One event for each lock, because each belongs to an environment of its own."""
    held = [one for one in context.reads.locks.all() if one.for_pull_request(event.number, event.head_ref)]
    repository = event.repository.casefold()
    there = [one for one in held if (repository_of(context, one.app) or "").casefold() == repository]
    if not there or not is_over(context, event):
        return
    records = context.begin()
    for one in there:
        over = BranchOver(*one.place, event.number, event.head_ref, isinstance(event, PullRequestMerged))
        records.put(over, f"branch-over:{one.app}:{one.environment}:{records.cause}")


@router.on(Tick, name="locked_branches.reconcile")
def reconcile(context: Context, tick: Tick) -> None:
    """A pull request whose webhook was lost ends its lock a little later."""
    if tick.name != "reconcile":
        return
    there = [one for one in context.reads.locks.all() if one.ref is not None]
    over = [(one, pull) for one in there if (pull := _ended(context, one)) is not None]
    records = context.begin()
    for one, pull in over:
        event = BranchOver(*one.place, pull.number, pull.head_ref, pull.state == "merged")
        records.put(event, f"branch-over:{one.app}:{one.environment}:{records.cause}")


def _ended(context: Context, lock: Lock) -> PullRequest | None:
    """The lock's pull request, if it is open no more."""
    repository = repository_of(context, lock.app)
    if repository is None:
        return None
    try:
        if lock.pull_request is not None:
            pull = context.forge.pull_request(repository, lock.pull_request)
            found = [pull] if pull is not None else []
        else:
            known = context.forge.pull_requests_of(repository, lock.sha or "")
            found = [pull for pull in known if pull.head_ref == lock.ref]
    except (NotThere, NotAllowed, Rejected) as error:
        log.warning("lock not reconciled", app=lock.app, environment=lock.environment, reason=str(error))
        return None
    return found[0] if found and all(pull.state != "open" for pull in found) else None


@router.on(BranchOver, name="locked_branches.branch_over")
def branch_over(context: Context, event: BranchOver) -> None:
    """Nothing is left to be tested, and what was merged is to be deployed: the lock ends."""
    records = context.begin(event.app, event.environment)
    held = lock_lifecycle.current(records, event.app, event.environment, context.now)
    if held is None or not held.for_pull_request(event.pull_request, event.head_ref):
        return
    lock_lifecycle.release_with_branch(records, held, event.pull_request, merged=event.merged)


# --- a deployment has succeeded ---------------------------------------------------------------------------------


@router.on(DeploymentEnded, name="locked_branches.deployed")
def deployed(context: Context, event: DeploymentEnded) -> None:
    """Whoever tests a branch where others deploy is offered a lock; whoever is done is asked for theirs."""
    deployment = context.reads.deployment(event.deployment_id)
    target = target_of(context, deployment) if deployment else None
    if deployment is None or target is None or deployment.state is not State.SUCCEEDED:
        return
    held = context.reads.locks.of(deployment.app, deployment.environment)
    if held is not None and held.ended(context.now):
        held = None
    if deployment.rollback_of is not None:
        _remind_later(context, target)
    elif held is None and is_candidate(deployment) and target.environment.production:
        _offer_lock(context, target, deployment)
    elif held is not None and _may_be_done(held, deployment):
        _offer_unlock(context, target, deployment)


def _may_be_done(held: Lock, deployment: Deployment) -> bool:
    """Whether the owner has deployed something since they have the lock."""
    theirs = same_person(held.by, deployment.by) and deployment.task == "deploy"
    return theirs and held.since <= deployment.created_at


def _offer_lock(context: Context, target: Target, deployment: Deployment) -> None:
    if not is_unmerged(context, target, deployment, fresh=False):
        return
    records = context.begin(deployment.app, deployment.environment)
    free = lock_lifecycle.current(records, deployment.app, deployment.environment, context.now) is None
    newest = records.last_success(deployment.app, deployment.environment)
    if free and newest is not None and newest.id == deployment.id:
        _ask(records, deployment, "lock")


def _offer_unlock(context: Context, target: Target, deployment: Deployment) -> None:
    if is_unmerged(context, target, deployment):
        return
    records = context.begin(deployment.app, deployment.environment)
    held = lock_lifecycle.current(records, deployment.app, deployment.environment, context.now)
    if held is not None and _may_be_done(held, deployment):
        _ask(records, deployment, "unlock")


def _ask(records: Records, deployment: Deployment, what: str) -> None:
    """By a button of the reply that says how it ended."""
    records.keep(messages.offer_key(deployment.id), what)
    records.emit(PostInThread(deployment.id, deployment_messages.end_line(deployment), part="end"))


def _remind_later(context: Context, target: Target) -> None:
    """The lock that came with the end of a rollback has no reminder yet."""
    app, environment = target.app.name, target.environment.name
    records = context.begin(app, environment)
    held = lock_lifecycle.current(records, app, environment, context.now)
    if held is not None and held.remind_at is None and held.until is None:
        lock_lifecycle.keep(records, held, context.now, target.environment.lock_reminder)
