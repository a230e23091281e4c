"""Previews: each pull request has an environment of its own, made, updated and removed with it, as it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.context import Context
from bot.core.deployments import ending, lifecycle
from bot.core.deployments.model import DEPLOY, Deployment, State, place_key
from bot.core.effects import PostStatus, TellOfPreviews
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected, Unavailable
from bot.core.events import Event
from bot.core.events.external import PullRequestChanged, PullRequestClosed, PullRequestMerged, Tick
from bot.core.events.internal import (
    CatchUp,
    DeploymentEnded,
    PreviewDue,
    PreviewsTold,
    PublishingAllowed,
    PublishingRefused,
)
from bot.core.freezes import lifecycle as freeze_lifecycle
from bot.core.gates.judge import judge
from bot.core.locks import lifecycle as lock_lifecycle
from bot.core.ports.transaction import Records
from bot.core.previews import comment, messages, model
from bot.core.previews.model import PREVIEW, REMOVE, Plan, Preview
from bot.core.publications import refusals
from bot.core.rich_text import fingerprint
from bot.core.workflows.dispatched import LAST_RUN, LastRun
from bot.router import Router
from bot.services import previews
from bot.services.gate_facts import CommitFacts, facts, target_of
from bot.services.runs import is_ours
from bot.services.targets import Target, target_at

router = Router()
log = structlog.get_logger(__name__)

MOST_LOOKED_AT = 100
"""So many open pull requests are looked at, those first to which something has happened last."""
LATE_FOR = timedelta(days=3)
"""So long after the end of a workflow's run GitHub may still tell of what it has made, at least."""
SHOWN_AS_THERE = 100
"""So many deployments of a preview are looked through for those that GitHub still shows as if they were there."""


# --- something has happened -------------------------------------------------------------------------------------


@router.on(PullRequestChanged, PullRequestClosed, PullRequestMerged, name="previews.pull_request")
def pull_request(context: Context, event: PullRequestChanged | PullRequestClosed | PullRequestMerged) -> None:
    """One event for each app, so that a slow or broken one holds up no other."""
    apps = previews.previewed(context, event.repository)
    if not apps:
        return
    records = context.begin()
    for app in apps:
        for template in app.previews:
            _look(records, app.name, template, event.number)


@router.on(CatchUp, name="previews.catch_up")
def catch_up(context: Context, event: CatchUp) -> None:
    """Webhooks may be lost, and time goes by: what a look would change is looked at."""
    apps = previews.previewed(context, event.repository)
    if not apps:
        return
    try:
        pulls = {one.number: one for one in context.forge.open_pull_requests(event.repository, MOST_LOOKED_AT)}
    except (Unavailable, NotAllowed, NotThere, Rejected) as error:
        log.warning("previews not looked at", repository=event.repository, reason=str(error))
        return
    records = context.begin()
    for app in apps:
        for template, settings in app.previews.items():
            rules = previews.rules_of(settings)
            since = model.since(records, app.name, template, context.now)
            for number in model.due(records, app.name, template, rules, pulls, context.now, since) if rules else ():
                _look(records, app.name, template, number)


def _look(records: Records, app: str, template: str, number: int) -> None:
    records.put(PreviewDue(app, template, number), f"preview:{app}:{template}:{number}:{records.cause}")


# --- one preview ------------------------------------------------------------------------------------------------


@router.on(PreviewDue, name="previews.look")
def look(context: Context, event: PreviewDue) -> None:
    """Idempotent: the pull request as it is now says what is to become of its preview, whatever has happened.

    The template's row is locked first: it stands for how many there are.
    """
    target = target_at(context, event.app, model.name_of(event.template, event.number))
    rules = previews.rules_of(target.environment) if target is not None else None
    pull = context.forge.pull_request(target.app.repository, event.number) if target is not None else None
    if target is None or rules is None or pull is None:
        return
    seen = model.known(context.reads, event.app, event.template, event.number)
    plan = model.plan(pull, rules, seen, context.now, previews.removal_of(context.reads, seen))
    asked = previews.asked_for(context, target, pull) if plan is Plan.DEPLOY else None
    records = _begin(context, event.template, target)
    held = model.known(records, event.app, event.template, event.number)
    removal = previews.removal_of(records, held)
    if held != seen or model.plan(pull, rules, held, context.now, removal) is not plan:
        raise NotYet("Its preview has just gone on.")
    if asked is not None:
        new = Preview(event.app, event.template, event.number, pull.head_sha, context.now)
        _make(context, records, target, asked, held, new, rules.most)
    elif held is not None and plan in {Plan.REMOVE, Plan.AGE}:
        _remove(context, records, target, held, aged=plan is Plan.AGE)


def _begin(context: Context, template: str, target: Target) -> Records:
    records = context.begin(target.app.name, template)
    records.hold(*target.place)
    return records


def _make(
    context: Context,
    records: Records,
    target: Target,
    asked: previews.Asked,
    held: Preview | None,
    new: Preview,
    most: int,
) -> None:
    """Deploy to it, or let it stand in line where all are in use. What is older of the same preview gives way."""
    others = [one for one in model.all_of(records, new.app, new.template) if one.number != new.number]
    if (held is None or not held.in_use) and not model.has_room(others, held, most):
        at = held.asked_at if held is not None and held.waits else context.now
        model.keep(records, replace(held or new, sha=new.sha, asked_at=at, waits=True, removal=None, aged=False))
        _tell(records, target, new.number)
        return
    deployment = records.add(asked.deployment)
    model.keep(records, model.asked_again(held or new, new.sha, context.now))
    for one in records.waiting(*target.place):
        if one.trigger == PREVIEW and one.id != deployment.id:
            ending.give_way(records, one, deployment, context.now, messages.newer_commit(deployment.sha))
    for one in records.busy(*target.place):
        if one.trigger == PREVIEW and one.task == DEPLOY:
            _stop(context, records, target, one, messages.NEWER_COMMIT)
    view = replace(facts(records, context, target, asked.found, deployment), waits_for_checks=True)
    lifecycle.proceed(records, deployment, judge(view, force=False), context.now)
    _tell(records, target, new.number)


def _stop(context: Context, records: Records, target: Target, one: Deployment, by: str) -> None:
    if one.cancel_by is None:
        ending.cancel(records, one, by, context.now, ours=is_ours(context, target, one))


def _remove(context: Context, records: Records, target: Target, held: Preview, *, aged: bool) -> None:
    """Take it away, after what runs there has been stopped; where nothing of ours is there, only GitHub is told."""
    for one in records.waiting(*target.place):
        if one.task != REMOVE:
            ending.end(records, one, State.CANCELLED, context.now, messages.over(held.number))
    for one in records.busy(*target.place):
        if one.task != REMOVE:
            _stop(context, records, target, one, messages.who_ends(held.number))
    app, environment = target.place
    deployed = records.history(app=app, environment=environment, ref=None, limit=SHOWN_AS_THERE, task=DEPLOY)
    last = next((one for one in deployed if one.started_at is not None), None)
    if last is None or not held.in_use or not target.environment.provider.removes_previews:
        _retire(records, target, None)
        _gone(records, held, aged=aged)
        _tell(records, target, held.number)
        return
    removal = records.add(previews.removal(context, target, last, held.number))
    model.keep(records, replace(held, removal=removal.id, aged=aged))
    verdict = judge(facts(records, context, target, CommitFacts(), removal), force=False)
    lifecycle.proceed(records, removal, verdict, context.now)
    _tell(records, target, held.number)


def _gone(records: Records, held: Preview, *, aged: bool) -> None:
    """One of those that may be in use is free: whoever stands in line is looked at."""
    if aged:
        model.keep(records, replace(held, removal=None, aged=True))
    else:
        model.forget(records, held)
        _clear(records, held)
    waiting = [one for one in model.all_of(records, held.app, held.template) if one.waits]
    for one in waiting[:1]:
        _look(records, one.app, one.template, one.number)


def _clear(records: Records, held: Preview) -> None:
    """What people held there is no more."""
    lock = records.locks.of(held.app, held.environment)
    if lock is not None:
        lock_lifecycle.release_with_preview(records, lock)
    for freeze in records.freezes.of(held.app, held.environment):
        freeze_lifecycle.lift(records, held.app, held.environment, freeze.id)


@router.on(Tick, name="previews.retain")
def retain(context: Context, tick: Tick) -> None:
    """What workflows want to know of their last run in a place goes some time after its preview: GitHub tells late."""
    if tick.name != "retain":
        return
    before = tick.at - max(context.settings.bot.retention, LATE_FOR)
    over = [
        place_key(app, environment, LAST_RUN)
        for app, environment, kept in model.last_runs(context.reads)
        if _is_long_gone(context, app, environment, LastRun.read(kept), before)
    ]
    records = context.begin()
    for key in over:
        records.forget(key)


def _is_long_gone(context: Context, app: str, environment: str, last: LastRun | None, before: datetime) -> bool:
    target = target_at(context, app, environment)
    if target is None or last is None or not previews.is_gone(context, target):
        return False
    run = context.reads.deployment(last.deployment)
    return run is None or (run.finished_at is not None and run.finished_at < before)


# --- what was deployed there, or removed, has ended ---------------------------------------------------------------


@router.on(DeploymentEnded, name="previews.ended")
def ended(context: Context, event: DeploymentEnded) -> None:
    seen = context.reads.deployment(event.deployment_id)
    target = target_of(context, seen) if seen is not None else None
    template = previews.template_of(target) if target is not None else None
    number = target.environment.pull_request if target is not None else None
    if seen is None or target is None or template is None or number is None:
        return
    records = _begin(context, template, target)
    deployment = records.deployment(seen.id) or seen
    held = model.known(records, target.app.name, template, number)
    if deployment.state is State.SUCCEEDED and model.is_removal(deployment):
        _retire(records, target, deployment)
        if held is not None and held.removal is not None:
            _gone(records, held, aged=held.aged)
    elif deployment.state is State.SUCCEEDED and deployment.task == DEPLOY:
        _retire_before(records, target, deployment)
    if deployment.trigger != PREVIEW:
        _look(records, target.app.name, template, number)
    _tell(records, target, number)


def _retire(records: Records, target: Target, removal: Deployment | None) -> None:
    """On GitHub nothing of it is shown as if it were there; what was removed before is not looked at again."""
    app, environment = target.place
    latest = None
    for one in records.history(app=app, environment=environment, ref=None, limit=SHOWN_AS_THERE):
        own = removal is not None and one.id == removal.id
        if model.is_removal(one) and one.state is State.SUCCEEDED and not own:
            return
        replaced = one.task == DEPLOY and one.state is State.SUCCEEDED and latest is not None
        if one.remote_id is not None and one.ended and not replaced:
            records.emit(PostStatus(one.id, "inactive", messages.REMOVED))
        if one.task == DEPLOY and one.state is State.SUCCEEDED:
            latest = latest or one


def _retire_before(records: Records, target: Target, newer: Deployment) -> None:
    """GitHub does this by itself only for environments that stay."""
    older = [one for one in records.successes(*target.place, 2) if one.id < newer.id]
    if older and older[0].remote_id is not None and not model.removed_since(records, older[0]):
        records.emit(PostStatus(older[0].id, "inactive", messages.REPLACED))


# --- the comment --------------------------------------------------------------------------------------------------


def _tell(records: Records, target: Target, number: int) -> None:
    records.emit(TellOfPreviews(target.app.repository, number))


@router.performs(TellOfPreviews)
def tell(context: Context, effect: TellOfPreviews) -> Iterable[Event]:
    """Edit the comment, or write it first. One that somebody has deleted is not wanted, and stays so."""
    repository, number = effect.repository, effect.pull_request
    found = previews.shown(context, repository, number)
    text = comment.comment(context.settings.bot.name, found)
    told = model.told(context.reads, repository, number)
    drawn = fingerprint(text)
    refused = context.reads.kept(refusals.key(repository, "preview")) is not None
    if told is not None and (told.comment == model.UNWANTED or (told.text == drawn and not context.repeated)):
        return []
    try:
        written = _written(context, effect, told.comment if told is not None else None, text, first=bool(found))
    except (NotAllowed, NotThere, Rejected) as error:
        log.warning("not told of previews", repository=repository, pull_request=number, reason=str(error))
        locked = isinstance(error, Rejected)
        return [] if refused or locked else [PublishingRefused(repository, "preview", str(error))]
    events: list[Event] = [PublishingAllowed(repository, "preview")] if refused else []
    return [*events, PreviewsTold(repository, number, written, drawn)] if written is not None else events


def _written(context: Context, effect: TellOfPreviews, known: int | None, text: str, *, first: bool) -> int | None:
    publishing, at = context.forge.publishing, (effect.repository, effect.pull_request)
    marker = comment.marker(context.settings.bot.name)
    if known is not None:
        try:
            publishing.edit_comment(effect.repository, known, text)
        except NotThere:
            return publishing.find_comment(*at, marker) or model.UNWANTED
        return known
    there = publishing.find_comment(*at, marker)
    if there is not None:
        publishing.edit_comment(effect.repository, there, text)
        return there
    return publishing.comment(*at, text) if first else None


@router.on(PreviewsTold, name="previews.told")
def told(context: Context, event: PreviewsTold) -> None:
    """By its number the comment is found without looking through all of them."""
    records = context.begin()
    model.keep_told(records, event.repository, event.number, model.Told(event.comment, event.text))
