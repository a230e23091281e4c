"""Deployments that other tools create or carry out: announced, followed, and carried out where a provider is ours."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import structlog

from bot.context import Context
from bot.core.deployments import lifecycle
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.model import REMOTE_STATES, Actor, Deployment, State
from bot.core.effects import RenderParent
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected
from bot.core.events.external import DeploymentCreated, DeploymentStatusReported
from bot.core.events.internal import DeploymentOpened, Due
from bot.core.gates.judge import judge
from bot.core.people.logins import same_login
from bot.core.ports.backfill import created_event
from bot.core.ports.forge_types import Commit
from bot.core.ports.transaction import Records
from bot.providers import load
from bot.router import Router
from bot.services import authorization
from bot.services.authorization import chat_id_of
from bot.services.gate_facts import CommitFacts, changes, commit_facts, facts, status_event, target_of, usual_seconds
from bot.services.targets import Target, target_named

router = Router()
log = structlog.get_logger(__name__)


@router.on(DeploymentCreated, name="following.created")
def created(context: Context, event: DeploymentCreated) -> None:
    """Ours comes back as an event too, and may do so before GitHub's answer has been taken in."""
    if context.reads.by_remote(event.repository, event.remote_id) is not None:
        return
    ours = _agrees(context, event)
    if ours is not None:
        creator = context.forge.users.own_login()
        if creator is None:
            return  # GitHub will not tell who we are, so only its answer to our own request can be believed
        if same_login(creator, event.creator):
            records = context.begin()
            records.put(DeploymentOpened(ours.id, event.remote_id), f"opened:{event.request_id}:{event.remote_id}")
            return
        log.warning("request id not believed", deployment=ours.id, remote=event.remote_id, creator=event.creator)
    target = target_named(context, event.repository, event.environment)
    if target is not None:
        _announce(context, target, event)


def _agrees(context: Context, event: DeploymentCreated) -> Deployment | None:
    """The deployment of ours that the event names, if it is of the same commit, place and task.

    Who may read it on GitHub can copy a request id, so all of this proves nothing without the creator.
    """
    named = context.reads.by_request(event.request_id) if event.request_id else None
    if named is None:
        return None
    wanted = (named.repository.lower(), named.sha, named.environment, named.task)
    return named if wanted == (event.repository.lower(), event.sha, event.environment, event.task) else None


def _announce(context: Context, target: Target, event: DeploymentCreated) -> None:
    """Follow it; where it is to be carried out, ask all gates first, as for a command that may wait."""
    wanted = _wanted(context, target, event)
    found, permission = CommitFacts(), None
    if wanted.exclusive:
        found = commit_facts(context, target, wanted, waits_for_checks=True)
        permission = authorization.may_still_deploy(context, target, wanted)
    records = context.begin(target.app.name, target.environment.name)
    if records.by_remote(event.repository, event.remote_id) is not None:
        return
    deployment = records.add(wanted)
    if not wanted.exclusive:
        records.emit(RenderParent(deployment.id))
        return
    view = replace(facts(records, context, target, found, deployment), waits_for_checks=True, permission=permission)
    lifecycle.proceed(records, deployment, judge(view, force=False), context.now)


def _wanted(context: Context, target: Target, event: DeploymentCreated) -> Deployment:
    ours = load(target.environment.provider.type).carries_out and target.app.foreign_deployments == "carry_out"
    carried_out = ours and not event.taken
    page = context.forge.repository(target.app.repository).url
    commit = Commit(event.sha, event.ref, "", event.creator, f"{page}/commit/{event.sha}" if page else "")
    return Deployment(
        id=0,
        request_id=str(uuid4()),
        app=target.app.name,
        environment=target.environment.name,
        repository=target.app.repository,
        ref=event.ref,
        sha=event.sha,
        url=commit.url or None,
        state=State.REQUESTED if carried_out else State.STARTING,
        trigger="foreign",
        by=Actor(event.creator, chat_id_of(context, event.creator), event.creator),
        created_at=context.now,
        task=event.task,
        remote_id=event.remote_id,
        started_at=None if carried_out else context.now,
        due_at=None if carried_out else context.now + target.environment.timeout,
        environment_url=target.environment.url,
        changes=changes(context, target, commit),
        usual_seconds=usual_seconds(context.reads, target.app.name, target.environment.name),
        exclusive=carried_out,
    )


@router.on(DeploymentStatusReported, name="following.reported")
def reported(context: Context, event: DeploymentStatusReported) -> None:
    """A newer status drives the deployment on; an older or repeated one changes nothing."""
    seen = context.reads.by_remote(event.repository, event.remote_id)
    if seen is None:
        _adopt(context, event)
        return
    if event.status_id <= seen.last_status:
        return
    target = target_of(context, seen)
    followed = target is not None and not seen.ended and not _is_ours(target, seen)
    news = _with_overtaken(context, seen, event) if followed else [event]
    records = context.begin(seen.app, seen.environment)
    for one in news:
        _take_in(records, context, seen.id, target if followed else None, one)


def _with_overtaken(
    context: Context, deployment: Deployment, event: DeploymentStatusReported
) -> list[DeploymentStatusReported]:
    """The status with all that we have not heard of yet: webhooks overtake each other, and people read in order."""
    try:
        there = context.forge.deployments.statuses(event.repository, event.remote_id)
    except (NotThere, NotAllowed, Rejected):
        return [event]
    others = [one for one in there if one.id > deployment.last_status and one.id != event.status_id]
    return sorted([event, *(status_event(deployment, one) for one in others)], key=lambda one: one.status_id)


def _take_in(
    records: Records, context: Context, deployment_id: int, target: Target | None, event: DeploymentStatusReported
) -> None:
    """``target`` is None where the status changes nothing, and is only remembered."""
    deployment = records.deployment(deployment_id)
    if deployment is None or event.status_id <= deployment.last_status:
        return
    known = replace(deployment, last_status=event.status_id)
    records.save(known)
    goal = REMOTE_STATES.get(event.state)
    if target is None or goal is None or known.ended:
        return
    followed = replace(
        known,
        log_url=event.log_url or known.log_url,
        environment_url=event.environment_url or known.environment_url,
        description=event.description,
    )
    timeout = target.environment.timeout
    if goal is known.state:
        lifecycle.goes_on(records, known, followed, context.now, timeout)
    else:
        lifecycle.report(records, followed, goal, context.now, event.description, timeout)


def _is_ours(target: Target, deployment: Deployment) -> bool:
    """Whether we carry it out ourselves, so that its statuses are our own coming back."""
    return deployment.exclusive and load(target.environment.provider.type).carries_out


def _adopt(context: Context, event: DeploymentStatusReported) -> None:
    """A status of a deployment we have not heard of: its own event was lost or is late, so ask for it."""
    if not any(app.repository.lower() == event.repository.lower() for app in context.settings.apps.values()):
        return
    remote = context.forge.deployments.get(event.repository, event.remote_id)
    if remote is None or target_named(context, event.repository, remote.environment) is None:
        return
    records = context.begin()
    created = created_event(event.repository, remote, taken=False)
    if not records.put(created, f"adopted:{event.repository}:{event.remote_id}"):
        # Another worker is deciding on it at this moment. A second event of the same key would be dropped as a repeat.
        raise NotYet("The deployment of this status is being taken in.")
    records.put(event, f"status:{event.repository}:{event.remote_id}:{event.status_id}")


@router.on(Due, name="following.overdue")
def overdue(context: Context, event: Due) -> None:
    """Nothing picked it up in time, or it never ended."""
    seen = context.reads.deployment(event.deployment_id)
    if seen is None or not seen.busy:
        return
    target = target_of(context, seen)
    news = _unheard(context, seen)
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    if deployment is None or not deployment.busy or deployment.due_at != event.due_at:
        return
    if news is not None:
        # Not the tool but its webhooks were silent.
        records.save(replace(deployment, due_at=context.now + lifecycle.PICKED_UP_WITHIN))
        records.put(news, f"status:{news.repository}:{news.remote_id}:{news.status_id}:{records.cause}")
        return
    if deployment.state is State.RUNNING:
        lifecycle.end(records, deployment, State.TIMED_OUT, context.now, deployment_messages.no_end_reported())
        return
    last_call = (deployment.started_at or deployment.created_at) + (
        target.environment.timeout if target else lifecycle.HUNG_AFTER
    )
    if context.now >= last_call:
        lifecycle.end(records, deployment, State.ERROR, context.now, deployment_messages.never_picked_up())
        return
    records.save(replace(deployment, due_at=last_call))
    lifecycle.note(records, deployment, deployment_messages.not_picked_up(deployment), occasion="hung")


def _unheard(context: Context, deployment: Deployment) -> DeploymentStatusReported | None:
    """The newest status on GitHub, if no webhook has told of it."""
    if deployment.remote_id is None:
        return None
    try:
        there = context.forge.deployments.statuses(deployment.repository, deployment.remote_id)
    except (NotThere, NotAllowed, Rejected):
        return None
    news = [one for one in there if one.id > deployment.last_status and one.state in REMOTE_STATES]
    return status_event(deployment, news[-1]) if news else None
