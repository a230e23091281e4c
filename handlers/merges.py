"""A merged pull request is announced, and deployed to the environments that ask for it."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.core.deployments import ending, lifecycle, rolling_card, telling
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.kept_keys import told_key, tries_key
from bot.core.deployments.model import Actor, Deployment, State
from bot.core.deployments.reconsideration import reconsider
from bot.core.effects import Announce
from bot.core.errors import NotYet, ShipmateError
from bot.core.events.external import ChecksChanged, PullRequestMerged
from bot.core.events.internal import MergeToDeploy
from bot.core.gates.judge import judge
from bot.core.grammar.commands import Deploy
from bot.core.ports.forge_types import Commit
from bot.core.ports.transaction import Records
from bot.core.shipments import lifecycle as shipment_lifecycle
from bot.core.shipments import messages as shipment_messages
from bot.router import Router
from bot.services import authorization, shipments
from bot.services.ancestry import ancestry, demand_known
from bot.services.authorization import chat_id_of
from bot.services.gate_facts import commit_facts, facts, target_of
from bot.services.new_deployments import new_deployment
from bot.services.pull_requests import confirmed_merge
from bot.services.shipping import changes, usual_seconds
from bot.services.targets import Target, apps_at
from bot.settings import AppSettings

router = Router()


def _asking(context: Context, event: PullRequestMerged) -> list[Target]:
    """The environments to which it is to go."""
    apps = context.settings.apps_of_repository(event.repository)
    return [target for app in apps for target in _asking_in(app, event)]


def _shipped(context: Context, event: PullRequestMerged) -> list[Target]:
    """Where somebody has asked for it before it was merged."""
    waiting = shipments.of_pull_request(context, event.repository, event.number)
    meant = [one for one in waiting if shipments.base_of(one) == event.base]
    for app in context.settings.apps_of_repository(event.repository):
        meant += shipments.called_off(context, app, event)
    return [target for one in meant if (target := target_of(context, one)) is not None]


def _asking_in(app: AppSettings | None, event: PullRequestMerged) -> list[Target]:
    places = app.environments.values() if app is not None else ()
    return [Target(app, place) for place in places if app is not None and place.deploys_merges_into(event.base)]


# --- it cannot be taken up ---------------------------------------------------------------------------------------


def not_confirmed(context: Context, event: PullRequestMerged, error: ShipmateError) -> None:
    """GitHub could not be asked about it."""
    _tell(context.begin(), event, _asking(context, event), error)


def not_deployed(context: Context, event: MergeToDeploy, error: ShipmateError) -> None:
    """What the gates need could not be found out."""
    records = context.begin(event.app, event.environment)
    tries = tries_key(event.merged.merge_sha, event.app, event.environment)
    records.keep(tries, str(int(records.kept(tries) or 0) + 1))
    _tell(records, event.merged, _asking_in(context.settings.apps.get(event.app), event.merged), error)


def _tell(records: Records, event: PullRequestMerged, asking: list[Target], error: ShipmateError) -> None:
    """In each channel that it concerns, once, however many environments there are and however often it is found."""
    left = [target for target in asking if not records.merged(*target.place, event.merge_sha)]
    for channel in dict.fromkeys(target.app.channel for target in left):
        told = told_key(channel, event.merge_sha)
        if any(records.kept(key) is not None for key in (told, _told_before(channel, event))):
            continue
        records.keep(told, records.cause)
        places = [target for target in left if target.app.channel == channel]
        commands = [Deploy(one.app.name, event.base, one.environment.name) for one in places]
        message = deployment_messages.merge_not_taken_up(event, str(error), commands)
        records.emit(Announce(places[0].app.name, message))


def _told_before(channel: str, event: PullRequestMerged) -> str:
    """The key in earlier versions: a repository's name is no part of it any more, as names change."""
    return f"told:{channel}:{event.repository.lower()}:{event.merge_sha}"


# --- merged ------------------------------------------------------------------------------------------------------


@router.on(PullRequestMerged, name="merges.merged", given_up=not_confirmed)
def merged(context: Context, event: PullRequestMerged) -> None:
    """One event for each environment, so that a slow or broken one holds up no other.

    Its key is made of the merge itself: a redelivered webhook, or one that is found again later, deploys nothing twice.
    """
    asking = list({target.place: target for target in (*_asking(context, event), *_shipped(context, event))}.values())
    merge = confirmed_merge(context, event) if asking else None
    records = context.begin()
    if merge is None:
        return
    for target in asking:
        key = tries_key(merge.merge_sha, *target.place)
        given_up = records.kept(key)
        records.put(MergeToDeploy(*target.place, merge), f"{key}:{given_up}" if given_up else key)


@router.on(MergeToDeploy, name="merges.deploy", given_up=not_deployed)
def deploy(context: Context, event: MergeToDeploy) -> None:
    """Announce it, and start or wait; one that is part of what has gone out already gives way to that.

    Where it is being shipped it goes on as that, so that nothing is deployed twice.
    """
    app = context.settings.apps.get(event.app)
    if app is None or event.environment not in app.environments:
        return
    target = Target(app, app.environments[event.environment])
    number, base = event.merged.number, event.merged.base
    wanted, shipped = _wanted(context, target, event), shipments.at_place(context.reads, *target.place, number, base)
    called_off = shipments.called_off(context, app, event.merged) if shipped is None else []
    gone = next((one for one in called_off if one.environment == event.environment), None)
    if gone is not None:
        _merged_all_the_same(context, gone, wanted)
        return
    before, faster = event.merged.base_sha, shipments.merged_by_another(context, shipped, event.merged)
    permission = None
    if shipped is not None:
        wanted = shipment_lifecycle.merged(shipped, wanted, faster)
        permission = authorization.may_still_deploy(context, target, wanted)
    found = commit_facts(context, target, wanted, after=before, waits_for_checks=True)
    known = ancestry(context, target, wanted)
    records = context.begin(event.app, event.environment)
    if records.merged(event.app, event.environment, wanted.sha):
        return
    demand_known(records, wanted, known)
    held = shipments.at_place(records, *target.place, number, base)
    if (held and (held.id, held.shipment)) != (shipped and (shipped.id, shipped.shipment)):
        raise NotYet("Its shipment has just gone on.")
    merged_now = shipment_lifecycle.merged(held, wanted, faster) if held else None
    deployment = merged_now or records.add(rolling_card.taken_over(records, wanted))
    newer = known.overtaken_by(deployment)
    if newer is not None:
        why = deployment_messages.superseded_by(deployment, newer, dropped=known.dropped)
        _arrived_late(records, context, deployment, newer, why)
        return
    view = facts(records, context, target, found, deployment, known)
    view = replace(view, waits_for_checks=True, permission=permission)
    lifecycle.proceed(records, deployment, judge(view, force=False), context.now, known)


def _merged_all_the_same(context: Context, seen: Deployment, wanted: Deployment) -> None:
    """GitHub had been asked for it before it was called off: so it is told, and goes no further than that."""
    records = context.begin(seen.app, seen.environment)
    held = records.deployment(seen.id)
    if held is None or not held.unmerged or records.merged(seen.app, seen.environment, wanted.sha):
        return
    described = shipment_messages.merged_by_then(held.description, held.pull_request or 0)
    told = replace(shipment_lifecycle.merged(held, wanted, None), description=described)
    records.save(told)
    telling.draw(records, told)
    telling.tell(records, told, deployment_messages.end_line(told), part="end")


def _arrived_late(records: Records, context: Context, deployment: Deployment, newer: Deployment, why: str) -> None:
    if deployment.shipment is not None:
        ending.give_way(records, deployment, newer, context.now, why)
        return
    late = replace(deployment, state=State.SUPERSEDED, superseded_by=newer.id, finished_at=context.now, description=why)
    records.save(late)


def _wanted(context: Context, target: Target, event: MergeToDeploy) -> Deployment:
    merge = event.merged
    commit = _commit(context, target, event)
    by = Actor(merge.merged_by, chat_id_of(context, merge.merged_by), merge.merged_by, author=merge.author)
    return replace(
        new_deployment(context, target, commit, trigger="merge", by=by),
        pull_request=merge.number,
        merged_at=merge.merged_at,
        changes=changes(context, target, commit, merged=merge),
        usual_seconds=usual_seconds(context.reads, event.app, event.environment),
    )


def _commit(context: Context, target: Target, event: MergeToDeploy) -> Commit:
    """The merge commit as the webhook tells it: GitHub's API may not know it yet at that moment."""
    merge = event.merged
    page = context.forge.repository(target.app.repository, fresh=False).url
    url = f"{page}/commit/{merge.merge_sha}" if page else ""
    return Commit(merge.merge_sha, merge.base, merge.title, merge.author, url)


@router.on(ChecksChanged, name="merges.checks_changed")
def checks_changed(context: Context, event: ChecksChanged) -> None:
    """Whoever waits for this commit's checks looks again."""
    records = context.begin()
    apps = apps_at(context, event.repository)
    reconsider(records, *records.waiting_for_checks(event.repository, event.sha, apps))
