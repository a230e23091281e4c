"""Gathers which branch an environment is locked for: the one that its owner has deployed there."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.context import Context
from bot.core.deployments.model import Actor, Deployment
from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError
from bot.core.locks.model import Lock, is_candidate, same_person
from bot.core.ports.forge_types import PullRequest
from bot.services.targets import Target

log = structlog.get_logger(__name__)


def lock_wanted(context: Context, target: Target, by: Actor) -> Lock:
    """A lock on the target for this person; for a branch, if that is what they have deployed there.

    GitHub is asked about the branch only, and need not answer: a lock has to be possible when everything else fails.
    """
    lock = Lock(target.app.name, target.environment.name, by, context.now)
    deployed = _newest(context, target)
    if deployed is None or not is_candidate(deployed) or not same_person(deployed.by, by):
        return lock
    try:
        if not is_unmerged(context, target, deployed):
            return lock
        pull = _pull_request(context, deployed)
    except ShipmateError as error:
        log.warning("locked without its branch", app=lock.app, environment=lock.environment, reason=str(error))
        return lock
    return _for_branch(lock, deployed, pull)


def _for_branch(lock: Lock, deployed: Deployment, pull: PullRequest | None) -> Lock:
    if pull is not None:
        return replace(lock, ref=pull.head_ref, sha=deployed.sha, pull_request=pull.number, url=pull.url or None)
    if deployed.sha.startswith(deployed.ref):
        return lock  # a bare commit belongs to no branch whose end could be told
    return replace(lock, ref=deployed.ref, sha=deployed.sha)


def _newest(context: Context, target: Target) -> Deployment | None:
    place = (target.app.name, target.environment.name)
    busy = [one for one in context.reads.busy(*place) if one.exclusive]
    return busy[-1] if busy else context.reads.last_success(*place)


def is_unmerged(context: Context, target: Target, deployment: Deployment, *, fresh: bool = True) -> bool:
    """Whether it has something that the branch has not which is at home there, usually the default branch.

    False as well where GitHub cannot compare the two. Raises Unavailable. What is only offered need not be ``fresh``.
    """
    repository, forge = target.app.repository, context.forge
    home = target.environment.ref or target.app.default_ref
    try:
        home = home or forge.repository(repository, fresh=fresh).default_branch
        if deployment.ref in {home, *target.environment.deploy_on_merge}:
            return False
        if not fresh:
            return not forge.holds(repository, home, deployment.sha)
        return forge.compare(repository, home, deployment.sha).ahead_by > 0
    except (NotThere, NotAllowed, Rejected) as error:
        log.warning("not compared", deployment=deployment.id, reason=str(error))
        return False


def _pull_request(context: Context, deployed: Deployment) -> PullRequest | None:
    """The open pull request of the branch that was deployed."""
    repository = deployed.repository
    if deployed.pull_request is not None:
        pull = context.forge.pull_request(repository, deployed.pull_request)
        return pull if pull is not None and pull.state == "open" else None
    found = [pull for pull in context.forge.pull_requests_of(repository, deployed.sha) if pull.state == "open"]
    named = [pull for pull in found if pull.head_ref == deployed.ref]
    return next(iter(named or found), None)
