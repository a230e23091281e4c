"""How a started deployment goes on: created on GitHub, carried out by our provider, and reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from bot.context import Context
from bot.core.deployments import ending, following, lifecycle, reported
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.ending import REMOTE_ENDS
from bot.core.deployments.lifecycle import HUNG_AFTER
from bot.core.deployments.model import MOVES, REMOTE_STATES, Deployment, State, notes_key, run_key
from bot.core.deployments.reconsideration import reconsider
from bot.core.deployments.steps import progressed
from bot.core.effects import CreateDeployment, PostStatus, StartRun
from bot.core.errors import Conflict, NotAllowed, NotThere, Rejected
from bot.core.events import Event
from bot.core.events.internal import (
    DeploymentNotOpened,
    DeploymentOpened,
    RunBegan,
    RunFinished,
    RunHeldUp,
    RunProgressed,
    RunWanted,
)
from bot.core.orphans import messages as orphan_messages
from bot.core.ports.forge_types import JSON, MergedInstead, NewRemoteDeployment, NewRemoteStatus, RemoteStatus
from bot.core.ports.transaction import Records
from bot.router import Router
from bot.services.gate_facts import target_of
from bot.services.pages import log_on_forge
from bot.services.targets import Target

router = Router()

HELD_UP_AFTER = timedelta(minutes=1)
"""What is started later than this after it was created has not used up the time that it may take by that."""
ENDS: dict[str, State] = {
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "error": State.ERROR,
    "timed_out": State.TIMED_OUT,
    "cancelled": State.CANCELLED,
}


@router.performs(CreateDeployment)
def create_deployment(context: Context, effect: CreateDeployment) -> Iterable[Event]:
    """Exactly one deployment with our ``request_id``: after a lost answer the one that is there is taken."""
    deployment = context.reads.deployment(effect.deployment_id)
    if deployment is None or deployment.remote_id is not None:
        return []
    if deployment.ended and not context.repeated:
        return []
    new = _new_remote(context, deployment)
    try:
        found = context.forge.deployments.find(new) if context.repeated else None
        if found is None and deployment.ended:
            return []  # no attempt got through before it was called off, and another tool would begin what is made now
        if found is None and target_of(context, deployment) is None:
            return [DeploymentNotOpened(deployment.id, orphan_messages.ended(deployment))]
        created = found if found is not None else context.forge.deployments.create(new)
    except (Conflict, NotAllowed, NotThere, Rejected) as error:
        return [DeploymentNotOpened(deployment.id, str(error))]
    if isinstance(created, MergedInstead):
        return [DeploymentNotOpened(deployment.id, created.sentence, merged_sha=created.sha)]
    return [DeploymentOpened(deployment.id, created)]


def _new_remote(context: Context, deployment: Deployment) -> NewRemoteDeployment:
    target = target_of(context, deployment)
    payload: dict[str, JSON] = {
        "request_id": deployment.request_id,
        "ref": deployment.ref,
        "task": deployment.task,
        "hosts": deployment.hosts,
        "params": dict(deployment.params),
        "force": deployment.force,
        "force_reason": deployment.force_reason,
        "requested_by": {"slack": deployment.by.chat_id, "github": deployment.by.login},
        "notify": {
            "channel": deployment.channel or deployment.asked_channel,
            "thread_ts": deployment.parent or deployment.asked_thread,
        },
        "pull_request": deployment.pull_request,
        "config": {"app": deployment.app, "environment": deployment.environment},
    }
    return NewRemoteDeployment(
        repository=deployment.repository,
        sha=deployment.sha,
        task=deployment.task,
        environment=deployment.environment,
        description=f"{deployment.app} → {deployment.environment}: {deployment.ref}, asked for by {deployment.by.name}",
        payload=payload,
        request_id=deployment.request_id,
        production=bool(target and target.environment.production),
        transient=bool(target and target.environment.transient),
        auto_merge=bool(target and target.app.auto_merge),
    )


@router.on(DeploymentOpened, name="runs.opened")
def opened(context: Context, event: DeploymentOpened) -> None:
    """It exists on GitHub: hand it over to our provider, or wait for another tool to pick it up."""
    with_locked = _locked(context, event.deployment_id)
    if with_locked is None:
        return
    deployment, target = with_locked
    ours = bool(target and target.environment.provider.carries_out)
    records = context.begin()
    lifecycle.opened(records, deployment, event.remote_id, context.now, ours=ours)
    if target is None and deployment.remote_id is None and deployment.state is State.STARTING:
        # Nobody here can begin it; if another tool does, its word counts.
        there = records.deployment(deployment.id) or deployment
        ending.give_up(records, there, State.ERROR, context.now, orphan_messages.ended(deployment))


def _locked(context: Context, deployment_id: int) -> tuple[Deployment, Target | None] | None:
    """The deployment as it is with its environment's row locked."""
    seen = context.reads.deployment(deployment_id)
    if seen is None:
        return None
    deployment = context.begin(seen.app, seen.environment).deployment(deployment_id)
    return (deployment, target_of(context, deployment)) if deployment else None


@router.on(DeploymentNotOpened, name="runs.not_opened")
def not_opened(context: Context, event: DeploymentNotOpened) -> None:
    """GitHub said no. Where it merged the default branch instead, the merge commit goes on in its place."""
    with_locked = _locked(context, event.deployment_id)
    if with_locked is None:
        return
    deployment, _ = with_locked
    records = context.begin()
    if event.merged_sha is None:
        ending.end(records, deployment, State.ERROR, context.now, event.reason)
    elif not deployment.ended:
        _goes_on_merged(records, context, deployment, event.merged_sha)


def _goes_on_merged(records: Records, context: Context, deployment: Deployment, merged_sha: str) -> None:
    newer = records.add(
        replace(
            deployment,
            request_id=str(uuid4()),
            sha=merged_sha,
            url=deployment.url.replace(deployment.sha, merged_sha) if deployment.url else None,
            state=State.REQUESTED,
            created_at=context.now,
            started_at=None,
            finished_at=None,
            channel=None,
            parent=None,
            edited_at=None,
            retry_of=deployment.id,
        )
    )
    gone = replace(deployment, superseded_by=newer.id)
    why = deployment_messages.merged_instead(deployment, newer)
    ending.end(records, gone, State.CANCELLED, context.now, why)
    lifecycle.wait_for_checks(records, newer, context.now)
    reconsider(records, newer)


@router.performs(StartRun)
def start_run(context: Context, effect: StartRun) -> Iterable[Event]:
    """The provider works from here on; starting it again finds the work that has begun."""
    deployment = context.reads.deployment(effect.deployment_id)
    if deployment is None or not deployment.busy:
        return []
    if deployment.started_at is not None and context.now - deployment.started_at > HELD_UP_AFTER:
        return [RunHeldUp(effect.deployment_id, wanted=True)]
    return [RunWanted(effect.deployment_id)]


@router.on(RunBegan, name="runs.began")
def began(context: Context, event: RunBegan) -> None:
    with_locked = _locked(context, event.deployment_id)
    if with_locked is not None:
        deployment, target = with_locked
        timeout = target.environment.timeout if target else HUNG_AFTER
        lifecycle.running(context.begin(), deployment, context.now, timeout=timeout, ours=True)


@router.on(RunHeldUp, name="runs.held_up")
def held_up(context: Context, event: RunHeldUp) -> None:
    """None of the time that it may take is over."""
    with_locked = _locked(context, event.deployment_id)
    if with_locked is None or with_locked[0].state is not State.STARTING:
        return
    records = context.begin()
    records.save(replace(with_locked[0], started_at=context.now))
    if event.wanted:
        records.put(RunWanted(event.deployment_id), f"run:{records.cause}")


@router.on(RunProgressed, name="runs.progressed")
def told(context: Context, event: RunProgressed) -> None:
    """The newest word counts, in whatever order they are taken up."""
    with_locked = _locked(context, event.deployment_id)
    if with_locked is None or not with_locked[0].busy:
        return
    deployment, _ = with_locked
    records, key, at = context.begin(), notes_key(event.deployment_id, "told"), event.at.isoformat()
    if at > (records.kept(key) or ""):
        records.keep(key, at)
        following.carried_on(records, deployment, event.progress, context.now)


@router.on(RunFinished, name="runs.finished")
def finished(context: Context, event: RunFinished) -> None:
    """The provider has the last word on how it ended."""
    with_locked = _locked(context, event.deployment_id)
    if with_locked is None:
        return
    deployment, _ = with_locked
    records = context.begin()
    said = reported.of(records, deployment.id)
    for key in (run_key(deployment.id), *records.kept_keys(notes_key(deployment.id))):
        records.forget(key)
    if deployment.state is State.STARTING and event.outcome in {"succeeded", "timed_out"}:
        deployment = lifecycle.running(records, deployment, context.now, timeout=HUNG_AFTER, ours=True)
    further = progressed(deployment, event.progress) if event.progress is not None else deployment
    ended = replace(
        further,
        log_url=event.log_url or further.log_url,
        environment_url=event.environment_url or further.environment_url,
    )
    description = event.description
    if event.outcome == "cancelled" and deployment.cancel_by:
        # What is said behind the colon is what people have to know of it.
        _, colon, more = description.partition(": ")
        description = f"Cancelled by {deployment.cancel_by}{colon}{more}"
    if event.given_up:
        ending.give_up(records, ended, ENDS[event.outcome], context.now, description)
    else:
        # A success that another tool has reported stands on GitHub already.
        told = said is not None and not said.copied and event.outcome == "succeeded"
        ending.end(records, ended, ENDS[event.outcome], context.now, description, report=not told)


@router.performs(PostStatus)
def post_status(context: Context, effect: PostStatus) -> Iterable[Event]:
    """One status more on GitHub, unless an earlier attempt got through."""
    deployment = context.reads.deployment(effect.deployment_id)
    if deployment is None or deployment.remote_id is None:
        return []
    gives_up = deployment.given_up_at is not None and effect.state == REMOTE_ENDS[State.ERROR]
    if context.repeated or gives_up:
        there = context.forge.deployments.statuses(deployment.repository, deployment.remote_id)
        if any(_is_it(status, effect) for status in there):
            return []
        if gives_up and (not deployment.given_up or any(_ends_it(status) for status in there)):
            return []  # whoever carries it out has told the end meanwhile, which must not be covered up
    target = target_of(context, deployment)
    status = NewRemoteStatus(
        state=effect.state,
        description=effect.description,
        environment=deployment.environment,
        log_url=log_on_forge(context, deployment),
        environment_url=deployment.environment_url,
        auto_inactive=target.environment.auto_inactive if target else True,
    )
    context.forge.deployments.post_status(deployment.repository, deployment.remote_id, status)
    return []


def _ends_it(there: RemoteStatus) -> bool:
    return REMOTE_STATES.get(there.state) in MOVES[State.TIMED_OUT]


def _is_it(there: RemoteStatus, wanted: PostStatus) -> bool:
    """Another tool may report the same state in other words. The beginning tells: the forge cuts what is too long."""
    words, said = (" ".join(text.split())[:100] for text in (wanted.description, there.description))
    return there.state == wanted.state and words == said
