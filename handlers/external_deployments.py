"""Deployments that other tools create or carry out: announced, followed, and carried out where a provider is ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.context import Context
from bot.core.deployments import ending, following, lifecycle, telling, thread
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.card import NOT_PICKED_UP
from bot.core.deployments.model import (
    DEPLOY,
    ENDED,
    MOVES,
    REMOTE_STATES,
    REVIEW_WANTED,
    TELLING,
    Actor,
    Deployment,
    State,
    place_key,
)
from bot.core.deployments.reported import Reported, looked_after
from bot.core.deployments.twins import Twin, is_of_run, reported_by, together
from bot.core.effects import RenderParent
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected
from bot.core.events.external import DeploymentCreated, DeploymentStatusReported
from bot.core.events.internal import DeploymentOpened, Due
from bot.core.gates.judge import judge
from bot.core.people.logins import same_login
from bot.core.ports.backfill import created_event
from bot.core.ports.forge_types import Commit
from bot.core.ports.transaction import Records
from bot.core.repositories.model import same_name
from bot.core.unfurls.model import page as own_page
from bot.core.workflows.dispatched import LAST_RUN, LastRun
from bot.router import Router
from bot.services import authorization
from bot.services.authorization import chat_id_of
from bot.services.gate_facts import CommitFacts, commit_facts, facts, target_of
from bot.services.new_deployments import new_deployment
from bot.services.orphans import orphaned
from bot.services.remote_statuses import status_event, unheard
from bot.services.runs import is_ours
from bot.services.shipping import changes, usual_seconds
from bot.services.targets import Target, apps_at, target_named, targets_named
from bot.settings.models import DISPATCHING

LATELY = 5
"""How many of the last deployments in a place may have made another one on GitHub, of which we hear only now."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long it may take, and whether a success counts only when the health check has held."""

    timeout: timedelta
    probed: bool = False


OVERLOOKED = timedelta(minutes=1)
"""How old a deployment is whose webhook was lost. By less than that GitHub's clock and ours may differ."""

router = Router()
log = structlog.get_logger(__name__)


@router.on(DeploymentCreated, name="following.created")
def created(context: Context, event: DeploymentCreated) -> None:
    """Ours comes back as an event too, and may do so before GitHub's answer has been taken in."""
    if context.reads.by_remote(event.repository, event.remote_id, apps_at(context, event.repository)) is not None:
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
    if _is_known(context, event):
        return
    if event.by_workflow and (_is_of_our_run(context, event) or _is_twin(context, event)):
        return
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
    there = named.app in apps_at(context, event.repository) or same_name(named.repository, event.repository)
    agrees = (named.sha, named.environment, named.task) == (event.sha, event.environment, event.task)
    return named if there and agrees else None


def _is_known(context: Context, event: DeploymentCreated) -> bool:
    place = (event.repository, event.remote_id, apps_at(context, event.repository))
    reads = context.reads
    return reads.by_remote(*place) is not None or reads.twins.by_remote(*place) is not None


def _is_of_our_run(context: Context, event: DeploymentCreated) -> bool:
    """Whether the workflow that made it was dispatched by a provider of ours, which follows its run.

    Then nobody is told of it, and what it reports changes nothing.
    """
    for target in targets_named(context, event.repository, event.environment):
        if target.environment.provider.type != DISPATCHING:
            continue
        last = LastRun.read(context.reads.kept(place_key(*target.place, LAST_RUN)))
        app, environment = target.place
        lately = context.reads.history(app=app, environment=environment, ref=None, limit=LATELY)
        ours = next((one for one in lately if is_of_run(one, event.sha, event.created_at, last)), None)
        if ours is not None:
            records = context.begin(app, environment)
            if not _is_known(context, event):
                records.twins.save(Twin(event.repository, event.remote_id, ours.id, followed=False))
            return True
    return False


def _is_twin(context: Context, event: DeploymentCreated) -> bool:
    """Whether a job carries ours out, and has made another deployment of it by naming its environment.

    Then it is followed, and nobody is told of it: see ``bot.core.deployments.twins``.
    """
    ours = _awaited(context, event)
    own = context.forge.users.own_login() if ours else None
    if ours is None or own is None:
        return False
    if ours.remote_id is None:
        raise NotYet("Our own deployment is being created.")
    try:
        there = context.forge.deployments.statuses(ours.repository, ours.remote_id)
    except (NotThere, NotAllowed, Rejected):
        return False
    reporters = {one.creator for one in there if one.state in TELLING and not same_login(one.creator, own)}
    picked_up = ours.state is not State.STARTING or ours.last_status > 0
    who = reported_by(reporters, picked_up=picked_up, has_twins=bool(context.reads.twins.of(ours.id)))
    if who != "another":
        _adopt_twin(context, event, ours, followed=who == "twin")
    return who != "another"


def _awaited(context: Context, event: DeploymentCreated) -> Deployment | None:
    """Ours of the same commit and environment that another tool carries out; None where two apps might be meant."""
    named = event.environment.lower()
    there = [
        *(
            one
            for target in targets_named(context, event.repository, event.environment)
            for one in context.reads.busy(*target.place)
        ),
        *(one for one in orphaned(context, event.repository) if one.busy and one.environment.lower() == named),
    ]
    same = [one for one in there if one.exclusive and one.sha == event.sha]
    found = [one for one in same if not is_ours(context, target_of(context, one), one)]
    return found[0] if len(found) == 1 else None


def _adopt_twin(context: Context, event: DeploymentCreated, ours: Deployment, *, followed: bool) -> None:
    timeout = _terms(context, ours).timeout
    records = context.begin(ours.app, ours.environment)
    if _is_known(context, event):
        return
    deployment = records.deployment(ours.id)
    if deployment is None or _stands(deployment) != _stands(ours):
        raise NotYet("Ours has just gone on.")
    first = not records.twins.of(ours.id)
    records.twins.save(Twin(event.repository, event.remote_id, ours.id, followed=followed))
    if first and followed:
        described = replace(deployment, description=deployment_messages.in_workflow())
        following.goes_on(records, deployment, described, context.now, timeout)


def _stands(deployment: Deployment) -> tuple[State, int]:
    return deployment.state, deployment.last_status


def _announce(context: Context, target: Target, event: DeploymentCreated) -> None:
    """Follow it; where it is to be carried out, ask all gates first, as for a command that may wait."""
    wanted = _wanted(context, target, event)
    found, permission = CommitFacts(), None
    if wanted.exclusive:
        found = commit_facts(context, target, wanted, waits_for_checks=True)
        permission = authorization.may_still_deploy(context, target, wanted)
    records = context.begin(target.app.name, target.environment.name)
    if _is_known(context, event):
        return
    deployment = records.add(wanted)
    if not wanted.exclusive:
        records.emit(RenderParent(deployment.id))
        return
    view = replace(facts(records, context, target, found, deployment), waits_for_checks=True, permission=permission)
    lifecycle.proceed(records, deployment, judge(view, force=False), context.now)


def _wanted(context: Context, target: Target, event: DeploymentCreated) -> Deployment:
    provider = target.environment.provider
    ours = provider.carries_out and target.app.foreign_deployments == "carry_out"
    # A workflow that is dispatched for what a workflow has made would make one more, and so on for ever.
    in_circles = event.by_workflow and provider.type == DISPATCHING
    carried_out = ours and not event.taken and not in_circles
    page = context.forge.repository(target.app.repository, fresh=False).url
    commit = Commit(event.sha, event.ref, "", event.creator, f"{page}/commit/{event.sha}" if page else "")
    by = Actor(event.creator, chat_id_of(context, event.creator), event.creator)
    return replace(
        new_deployment(context, target, commit, trigger="foreign", by=by),
        state=State.REQUESTED if carried_out else State.STARTING,
        task=event.task,
        remote_id=event.remote_id,
        started_at=None if carried_out else _began(event, context.now),
        due_at=None if carried_out else context.now + target.environment.timeout,
        changes=changes(context, target, commit),
        usual_seconds=usual_seconds(context.reads, *target.place, event.task),
        exclusive=carried_out,
    )


def _began(event: DeploymentCreated, now: datetime) -> datetime:
    """What began long before it was heard of counts from then: what is live is the success that began last."""
    return event.created_at if now - event.created_at > OVERLOOKED else now


@router.on(DeploymentStatusReported, name="following.reported")
def reported(context: Context, event: DeploymentStatusReported) -> None:
    """Newer statuses drive the deployment on; older or repeated ones change nothing."""
    reads, there = context.reads, (event.repository, event.remote_id, apps_at(context, event.repository))
    twin = reads.twins.by_remote(*there)
    seen = reads.deployment(twin.deployment_id) if twin else reads.by_remote(*there)
    if seen is None:
        _adopt(context, event)
        return
    heard = twin.last_status if twin else seen.last_status
    told = [one for one in event.all if one.status_id > heard]
    if not told:
        return
    terms = _terms(context, seen) if _is_followed(context, seen) else None
    alone = terms is None or (twin is None and not reads.twins.of(seen.id) and _go_on(seen, told))
    found = told if alone else _with_overtaken(context, told, heard, may_wait=seen.given_up)
    news = [_with_page(context, seen, one) for one in found]
    own = context.forge.users.own_login() if twin is None and reads.twins.of(seen.id) else None
    records = context.begin(seen.app, seen.environment)
    if twin is None:
        _take_in(records, context.now, seen.id, terms, news, own)
        return
    for one in news:
        _take_in_of_twin(records, context.now, seen.id, terms, one)


def _is_followed(context: Context, deployment: Deployment) -> bool:
    """Whether a status can still change something about it; also where its place is gone from the settings."""
    open_ = not deployment.ended or deployment.given_up
    return open_ and not is_ours(context, target_of(context, deployment), deployment)


def _terms(context: Context, deployment: Deployment) -> Terms:
    target = target_of(context, deployment)
    if target is None:
        return Terms(lifecycle.HUNG_AFTER)
    return Terms(target.environment.timeout, target.environment.health is not None and deployment.task == DEPLOY)


def _go_on(seen: Deployment, told: Sequence[DeploymentStatusReported]) -> bool:
    for one in told:
        if not _goes_on(seen, one):
            return False
        seen = replace(seen, state=REMOTE_STATES[one.state], last_status=one.status_id)
    return True


def _goes_on(seen: Deployment, event: DeploymentStatusReported) -> bool:
    """Whether nobody has to ask what came between: ours has begun, or what we know to be running goes on or has ended.

    Another tool's own deployment is told from its beginning, so that its first status is asked about.
    """
    if seen.ended or seen.reviewed_elsewhere:
        return False
    goal = REMOTE_STATES.get(event.state)
    begins = goal is State.RUNNING and seen.state is State.STARTING and (seen.exclusive or seen.last_status > 0)
    return begins or (seen.state is State.RUNNING and (goal is State.RUNNING or goal in ENDED))


def _with_overtaken(
    context: Context, told: Sequence[DeploymentStatusReported], heard: int, *, may_wait: bool
) -> list[DeploymentStatusReported]:
    """The statuses with all that we have not heard of yet: webhooks overtake each other, and people read in order.

    Where they cannot be seen, and it ``may_wait``, nothing is taken in that might cover up an end before it: our own
    last word on what was given up comes back as a status too.
    """
    repository, remote_id, known = told[0].repository, told[0].remote_id, {one.status_id for one in told}
    try:
        there = context.forge.deployments.statuses(repository, remote_id)
    except (NotThere, NotAllowed, Rejected):
        return [one for one in told if not may_wait or REMOTE_STATES.get(one.state) in MOVES[State.TIMED_OUT]]
    others = [one for one in there if one.id > heard and one.id not in known]
    found = [*told, *(status_event(repository, remote_id, one) for one in others)]
    return sorted(found, key=lambda one: one.status_id)


def _with_page(context: Context, deployment: Deployment, event: DeploymentStatusReported) -> DeploymentStatusReported:
    """A review is wanted somewhere: where GitHub does not say where, the environment's page leads there.

    Our own page, which we have told GitHub of, comes back as the log: it is nobody else's.
    """
    base = context.settings.secrets.base_url
    if event.log_url and base is not None and own_page(event.log_url, base) is not None:
        event = replace(event, log_url=None)
    if event.state != REVIEW_WANTED or event.log_url:
        return event
    page = context.forge.repository(deployment.repository, fresh=False).url
    return replace(event, log_url=following.review_page(page, deployment.environment) if page else None)


def _take_in(
    records: Records,
    now: datetime,
    deployment_id: int,
    terms: Terms | None,
    news: Sequence[DeploymentStatusReported],
    own: str | None,
) -> None:
    """``terms`` are None where statuses change nothing, and are only remembered; ``own`` is our login."""
    known, twins = records.deployment(deployment_id), records.twins.of(deployment_id)
    if known is None:
        return
    for event in news:
        if event.status_id <= known.last_status:
            continue
        known = replace(known, last_status=event.status_id)
        passed_on = twins and same_login(event.creator, own)  # what a twin has said, as we have told it
        if terms is None or event.state not in TELLING or passed_on:
            continue
        for twin in twins:
            records.twins.save(replace(twin, followed=False))
        known = _follow(records, now, known, event, terms)
    stored = records.deployment(deployment_id)
    if stored is not None and stored.last_status < known.last_status:
        records.save(replace(stored, last_status=known.last_status))


def _take_in_of_twin(
    records: Records, now: datetime, deployment_id: int, terms: Terms | None, event: DeploymentStatusReported
) -> None:
    """What a job says is said of ours: as far as the others of its kind agree."""
    twin = next((one for one in records.twins.of(deployment_id) if one.remote_id == event.remote_id), None)
    if twin is None or event.status_id <= twin.last_status:
        return
    tells = event.state in TELLING
    records.twins.save(replace(twin, last_status=event.status_id, state=event.state if tells else twin.state))
    deployment = records.deployment(deployment_id)
    if deployment is not None and deployment.busy and terms is None and event.environment_url:
        # A run that we follow tells of no address; a job of it may do so to its own deployment.
        records.save(replace(deployment, environment_url=event.environment_url))
    if deployment is None or terms is None or not tells or not twin.followed:
        return
    state = together([one for one in records.twins.of(deployment.id) if one.followed])
    _follow(records, now, deployment, replace(event, state=state), terms, copied=True)


def _follow(
    records: Records,
    now: datetime,
    known: Deployment,
    event: DeploymentStatusReported,
    terms: Terms,
    *,
    copied: bool = False,
) -> Deployment:
    """Let a status have its effect; ``copied`` where our own deployment on GitHub is to show it too.

    What has changed is saved, but for which status was the last.
    """
    goal = REMOTE_STATES.get(event.state)
    if known.reviewed_elsewhere and goal is not None:
        known = following.reviewed(records, known, now, terms.timeout)
    followed = replace(
        known,
        log_url=event.log_url or known.log_url,
        environment_url=event.environment_url or known.environment_url,
        description=event.description,
    )
    if known.given_up and goal is not None:
        moved = ending.end_after_all(records, followed, goal, now, event.description, copied=copied)
        return known if moved is followed else moved
    if known.ended:
        return known
    if goal is None:
        return following.review_wanted(records, followed, now)
    if goal is known.state:
        return following.goes_on(records, known, followed, now, terms.timeout)
    if goal is State.SUCCEEDED and terms.probed:
        said = Reported(event.description, now.isoformat(), copied)
        return looked_after(records, followed, now, terms.timeout, said)
    moved = following.report(records, followed, goal, now, event.description, terms.timeout, copied=copied)
    return known if moved is followed else moved


def _adopt(context: Context, event: DeploymentStatusReported) -> None:
    """A status of a deployment we have not heard of: its own event was lost or is late, so ask for it."""
    if not apps_at(context, event.repository):
        return
    remote = context.forge.deployments.get(event.repository, event.remote_id)
    if remote is None or target_named(context, event.repository, remote.environment) is None:
        return
    records = context.begin()
    created = created_event(event.repository, remote, taken=False)
    if not records.put(created, f"adopted:{event.remote_id}"):
        # Another worker is deciding on it at this moment. A second event of the same key would be dropped as a repeat.
        raise NotYet("The deployment of this status is being taken in.")
    for one in event.all:
        records.put(replace(one, others=()), f"status:{one.remote_id}:{one.status_id}")


@router.on(Due, name="following.overdue")
def overdue(context: Context, event: Due) -> None:
    """Nothing picked it up in time, or it never ended."""
    seen = context.reads.deployment(event.deployment_id)
    if seen is None or not seen.busy:
        return
    timeout = _terms(context, seen).timeout
    news = unheard(context, seen)
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    if deployment is None or not deployment.busy or deployment.due_at != event.due_at:
        return
    if news:
        # Not the tool but its webhooks were silent.
        records.save(replace(deployment, due_at=context.now + lifecycle.PICKED_UP_WITHIN))
        for one in news:
            records.put(one, f"status:{one.remote_id}:{one.status_id}:{records.cause}")
        return
    if deployment.state is State.RUNNING:
        ending.give_up(records, deployment, State.TIMED_OUT, context.now, deployment_messages.no_end_reported())
        return
    last_call = (deployment.started_at or deployment.created_at) + timeout
    if context.now >= last_call:
        ending.give_up(records, deployment, State.ERROR, context.now, deployment_messages.never_picked_up())
        return
    unseen = replace(deployment, due_at=last_call, description=NOT_PICKED_UP)
    records.save(unseen)
    telling.draw(records, unseen)
    telling.tell(records, unseen, thread.run(unseen), occasion="hung", part="run")
