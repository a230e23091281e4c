"""Ship a pull request: wait until it may be merged, merge it, and deploy the merge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.context import Context
from bot.core.deployments import ending
from bot.core.deployments.model import Deployment, State
from bot.core.deployments.reconsideration import reconsider
from bot.core.effects import LeaveMergeQueue, MergePullRequest, UpdatePullRequest
from bot.core.errors import NotYet, Refused
from bot.core.events import Event
from bot.core.events.external import (
    PullRequestChanged,
    PullRequestClosed,
    PullRequestDequeued,
    PullRequestMerged,
    ReviewChanged,
)
from bot.core.events.internal import Reconsider, ShipmentEnqueued, ShipmentNotMerged
from bot.core.gates.access import place
from bot.core.gates.model import Facts
from bot.core.grammar.commands import Deploy, Ship
from bot.core.ports.forge_types import Commit, PullRequest
from bot.core.ports.merging import Candidate, NotMerged
from bot.core.rich_text import Message, plain, say
from bot.core.shipments import lifecycle, messages
from bot.core.shipments.model import Shipment, method_of
from bot.router import Router
from bot.services import authorization, deploy_request, shipments
from bot.services.gate_facts import target_of
from bot.services.targets import Target, app_of, environment_called
from bot.settings import AppSettings

router = Router()


# --- by command --------------------------------------------------------------------------------------------------


@router.command(Ship)
def ship(context: Context, command: Ship) -> Message | None:
    """What nobody may merge, or will be able to as it is, is refused at once; everything else waits."""
    app, number = app_of(context, command), command.pull_request
    authorization.demand(authorization.may_merge(context, app.repository, f"merge #{number}"))
    candidate = context.forge.merging.candidate(app.repository, number)
    if candidate is None:
        context.forge.repository(app.repository)  # raises where it is the repository that is not seen
        raise Refused(messages.no_pull_request(app.repository, number))
    target = _target(context, app, command, candidate.pull_request)
    authorization.demand(shipments.may_ship(context, target, number))
    _demand_place(context, target)
    _demand_mergeable(context, target, candidate)
    _demand_first(context, target, number)
    wanted = _wanted(context, target, candidate.pull_request)
    seen = shipments.look(context, target, wanted, candidate)
    if not seen.rules.queue and seen.method is None:
        raise Refused(messages.method_not_allowed(app.name, app.repository, app.merge_method, seen.rules.methods))
    told = deploy_request.telling(context, target)
    records = context.begin(*target.place)
    _demand_first(context, target, number)
    held = records.add(deploy_request.told_there(context, wanted, told))
    return deploy_request.answer(lifecycle.go_on(records, held, seen, context.now), told)


def _target(context: Context, app: AppSettings, command: Ship, pull: PullRequest) -> Target:
    """The environment that is named, else the first to which merges into its base are deployed. Raises Refused."""
    complete = replace(command, app=app.name)
    if command.environment is not None:
        named = environment_called(context, app, command.environment, lambda name: replace(complete, environment=name))
        return Target(app, named)
    places = app.environments.values()
    found = next((one for one in places if one.deploys_merges_into(pull.base)), None)
    if found is None:
        choices = [replace(complete, environment=one.name) for one in places]
        raise Refused(messages.which_environment(pull.base, choices))
    return Target(app, found)


def _demand_place(context: Context, target: Target) -> None:
    names = context.chat.channel_names(context.where.channel)
    answer = place(Facts(now=context.now, app=target.app, environment=target.environment, place=names))
    if answer is not None and not answer.open:
        raise Refused(say(*answer.line, "."))


def _demand_mergeable(context: Context, target: Target, candidate: Candidate) -> None:
    """Raises Refused where nothing but somebody's work on it will make it so."""
    pull = candidate.pull_request
    again = Ship(pull.number, target.environment.name, target.app.name)
    if pull.state == "merged":
        there = context.reads.merge_of(*target.place, pull.merge_sha or "") or context.reads.last_success(*target.place)
        is_there = there is not None and there.sha == pull.merge_sha
        deploys = Deploy(target.app.name, pull.merge_sha, target.environment.name) if not is_there else None
        raise Refused(messages.is_merged(pull, target.environment.name, deploys))
    if pull.state == "closed":
        raise Refused(messages.is_closed(pull, again))
    if candidate.draft:
        raise Refused(messages.is_draft(pull, again))
    if candidate.mergeable == "dirty":
        raise Refused(messages.has_conflicts(pull, again))


def _demand_first(context: Context, target: Target, number: int) -> None:
    """Raises Refused where it is being shipped there already."""
    other = shipments.at_place(context.reads, *target.place, number)
    if other is not None:
        raise Refused(messages.ships_already(other, context.asker.id))


def _wanted(context: Context, target: Target, pull: PullRequest) -> Deployment:
    head = Commit(pull.head_sha, f"#{pull.number}", pull.title, pull.author, pull.url, pull_request=pull.number)
    asked = deploy_request.asked_for(context, target, head)
    shipment = Shipment(pull.title, pull.url, pull.base, head_at=context.now)
    return replace(asked, trigger="ship", shipment=shipment)


# --- looking again -----------------------------------------------------------------------------------------------


@router.on(Reconsider, name="shipments.look")
def look(context: Context, event: Reconsider) -> None:
    """Something may have changed that its merge waits for."""
    seen = shipments.as_it_waits(context.reads, event.deployment_id)
    target = target_of(context, seen) if seen else None
    if seen is None or target is None or seen.pull_request is None:
        return
    repository = target.app.repository
    candidate = context.forge.merging.candidate(repository, seen.pull_request)
    if candidate is None:
        context.forge.repository(repository)  # raises where it is the repository that is not seen
    elif candidate.pull_request.state == "merged":
        _merged(context, seen, candidate, repository)
        return
    found = shipments.look(context, target, seen, candidate) if candidate else None
    records = context.begin(seen.app, seen.environment)
    held = shipments.as_it_waits(records, seen.id)
    if held is None:
        return
    if (held.sha, held.shipment) != (seen.sha, seen.shipment):
        raise NotYet("It has just gone on.")
    if found is None:
        ending.end(records, held, State.CANCELLED, context.now, messages.gone(seen.pull_request))
    else:
        lifecycle.go_on(records, held, found, context.now)


def _merged(context: Context, seen: Deployment, candidate: Candidate, repository: str) -> None:
    """Whoever has merged it: it goes on as when the webhook tells of it, unless that was taken up without it."""
    merge = shipments.merge_of(context, candidate, repository)
    records = context.begin(seen.app, seen.environment)
    held = shipments.as_it_waits(records, seen.id)
    if held is None or merge is None:
        return
    if shipments.base_of(held) != merge.base:
        why = messages.other_base(merge.number, shipments.base_of(held) or "", merge.base)
        ending.end(records, held, State.CANCELLED, context.now, why)
        return
    other = records.merge_of(held.app, held.environment, merge.merge_sha)
    if other is not None:
        ending.give_way(records, held, other, context.now, messages.merged_and_goes_out(other))
        return
    records.put(merge, f"merged:{merge.merge_sha}:{records.cause}")


@router.on(ReviewChanged, name="shipments.reviewed")
def reviewed(context: Context, event: ReviewChanged) -> None:
    _look_again(context, shipments.of_pull_request(context, event.repository, event.number))


@router.on(PullRequestChanged, name="shipments.changed")
def changed(context: Context, event: PullRequestChanged) -> None:
    _look_again(context, shipments.of_pull_request(context, event.repository, event.number))


@router.on(PullRequestClosed, PullRequestMerged, name="shipments.closed")
def closed(context: Context, event: PullRequestClosed | PullRequestMerged) -> None:
    """GitHub is asked whether that is so: a webhook alone ends nothing. A merge that was meant goes on by itself."""
    waiting = shipments.of_pull_request(context, event.repository, event.number)
    if isinstance(event, PullRequestMerged):
        waiting = [one for one in waiting if shipments.base_of(one) != event.base]
    _look_again(context, waiting)


def _look_again(context: Context, waiting: Sequence[Deployment]) -> None:
    if waiting:
        reconsider(context.begin(), *waiting)


# --- what GitHub is asked to do ----------------------------------------------------------------------------------


@router.performs(UpdatePullRequest)
def update_pull_request(context: Context, effect: UpdatePullRequest) -> Iterable[Event]:
    """At least once: GitHub does it while the head is the one that is told, and so only once."""
    held = shipments.as_it_waits(context.reads, effect.deployment_id)
    found = _candidate(context, held, effect.head) if held else None
    if held is None or held.shipment is None or held.shipment.asked != "update" or found is None:
        return [Reconsider(effect.deployment_id)]
    target, candidate = found
    if refused := _not_allowed(context, target, held):
        return [refused]
    number = candidate.pull_request.number
    answer = context.forge.merging.update(target.app.repository, number, effect.head)
    if answer is None:
        return []
    if answer.why == "for_good":
        answer = replace(answer, sentence=messages.not_updated(number, candidate.pull_request.base, answer.sentence))
    return [ShipmentNotMerged(held.id, answer.sentence, answer.why)]


@router.performs(MergePullRequest)
def merge_pull_request(context: Context, effect: MergePullRequest) -> Iterable[Event]:
    """At least once: what is merged is found merged. Whoever asked is looked at right before, whatever they were."""
    held = shipments.as_it_waits(context.reads, effect.deployment_id)
    found = _candidate(context, held, effect.head) if held else None
    if held is None or held.shipment is None or held.shipment.asked != "merge" or found is None:
        return [Reconsider(effect.deployment_id)]
    target, candidate = found
    if refused := _not_allowed(context, target, held):
        return [refused]
    answer = _ask_to_merge(context, target, candidate, effect)
    if answer is not None:
        if answer.why == "for_good":
            answer = replace(answer, sentence=messages.not_allowed(candidate.pull_request.number, answer.sentence))
        return [ShipmentNotMerged(held.id, answer.sentence, answer.why)]
    return [ShipmentEnqueued(held.id)] if effect.queues else [Reconsider(held.id)]


def _ask_to_merge(context: Context, target: Target, candidate: Candidate, effect: MergePullRequest) -> NotMerged | None:
    forge, repository, pull = context.forge.merging, target.app.repository, candidate.pull_request
    if effect.queues:
        return forge.enqueue(repository, candidate)
    method = method_of(target.app.merge_method, forge.rules(repository, pull.base).methods)
    if method is None:
        return NotMerged("its repository does not allow this way of merging it", "for_good")
    return forge.merge(repository, pull.number, effect.head, method)


def _candidate(context: Context, held: Deployment, head: str) -> tuple[Target, Candidate] | None:
    """The pull request, while it is open and has this head."""
    target = target_of(context, held)
    if target is None or held.pull_request is None or held.sha != head:
        return None
    found = context.forge.merging.candidate(target.app.repository, held.pull_request)
    if found is None or (found.pull_request.state, found.pull_request.head_sha) != ("open", head):
        return None
    return target, found


def _not_allowed(context: Context, target: Target, held: Deployment) -> ShipmentNotMerged | None:
    permission = shipments.may_still_ship(context, target, held)
    if permission:
        return None
    return ShipmentNotMerged(held.id, messages.not_allowed(held.pull_request or 0, plain(permission.line)), "for_good")


@router.performs(LeaveMergeQueue)
def leave_merge_queue(context: Context, effect: LeaveMergeQueue) -> Iterable[Event]:
    """Nobody wants it merged any more."""
    ended = context.reads.deployment(effect.deployment_id)
    target = target_of(context, ended) if ended else None
    if ended is None or target is None or ended.pull_request is None:
        return []
    others = shipments.of_pull_request(context, target.app.repository, ended.pull_request)
    candidate = context.forge.merging.candidate(target.app.repository, ended.pull_request)
    if candidate is not None and candidate.pull_request.state == "open" and not others:
        context.forge.merging.dequeue(target.app.repository, candidate)
    return []


@router.on(ShipmentEnqueued, name="shipments.enqueued")
def enqueued(context: Context, event: ShipmentEnqueued) -> None:
    """GitHub merges it when its turn comes."""
    seen = shipments.as_it_waits(context.reads, event.deployment_id)
    if seen is None:
        return
    records = context.begin(seen.app, seen.environment)
    held = shipments.as_it_waits(records, seen.id)
    if held is not None:
        lifecycle.enqueued(records, held, context.now)


@router.on(ShipmentNotMerged, name="shipments.not_merged")
def not_merged(context: Context, event: ShipmentNotMerged) -> None:
    """It ends, waits, or is asked for in another way, by why GitHub has not done it."""
    seen = shipments.as_it_waits(context.reads, event.deployment_id)
    if seen is None:
        return
    records = context.begin(seen.app, seen.environment)
    held = shipments.as_it_waits(records, seen.id)
    if held is None:
        return
    match event.why:
        case "moved":
            reconsider(records, held)
        case "queue":
            lifecycle.through_queue(records, held, context.now)
        case "not_yet":
            lifecycle.refused(records, held, event.reason, context.now)
        case "for_good":
            ending.end(records, held, State.CANCELLED, context.now, event.reason)


@router.on(PullRequestDequeued, name="shipments.dequeued")
def dequeued(context: Context, event: PullRequestDequeued) -> None:
    """GitHub has given it up, and says why; or it is merged, which is told by another event."""
    waiting = shipments.of_pull_request(context, event.repository, event.number)
    candidate = context.forge.merging.candidate(event.repository, event.number) if waiting else None
    if candidate is None or candidate.pull_request.state != "open" or event.reason in messages.MERGED:
        _look_again(context, waiting)
        return
    if context.forge.merging.is_queued(event.repository, candidate):
        return  # it is in it again
    records = context.begin()
    for one in sorted({(one.app, one.environment) for one in waiting}):
        records.hold(*one)
    for seen in waiting:
        held = shipments.as_it_waits(records, seen.id)
        if held is not None and held.shipment is not None and held.shipment.queues:
            why = messages.left_queue(event.number, event.reason)
            ending.end(records, held, State.CANCELLED, context.now, why)
