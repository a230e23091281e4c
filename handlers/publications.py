"""Writes on GitHub what was deployed: a comment and a label on each pull request, and releases of production."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from bot.context import Context
from bot.core.deployments.model import DEPLOY, Deployment, State
from bot.core.effects import DrawComment, MarkRelease, PublishRelease, SetLabels
from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError
from bot.core.events import Event
from bot.core.events.external import Tick
from bot.core.events.internal import DeploymentEnded, PublicationsDue, PublishingAllowed, PublishingRefused
from bot.core.ports.publishing import NewRelease
from bot.core.ports.transaction import Records
from bot.core.publications import markdown, messages, refusals
from bot.core.publications.model import (
    AT_ONCE,
    PACE,
    UNWANTED,
    DeployedPullRequest,
    KeptRelease,
    Pace,
    numbers,
    tag_of,
)
from bot.core.rich_text import fingerprint
from bot.router import Router
from bot.services import admins
from bot.services.gate_facts import target_of
from bot.services.targets import Target
from bot.services.went_live import WentLive, went_live
from bot.settings import AppSettings

router = Router()
log = structlog.get_logger(__name__)

TIMER = "publications"
_REFUSED = (NotAllowed, NotThere)
"""Pull requests are never deleted: whom GitHub shows none may not write there."""


# --- what is to be written --------------------------------------------------------------------------------------


@router.on(DeploymentEnded, name="publications.ended")
def ended(context: Context, event: DeploymentEnded) -> None:
    """What has succeeded is live, and what it has taken back is not any more. Whatever else ends changes nothing."""
    deployment = context.reads.deployment(event.deployment_id)
    target = target_of(context, deployment) if deployment is not None else None
    if deployment is None or target is None or not _is_told(target, deployment):
        return
    found = went_live(context, target, deployment)
    if found is None:
        return
    records = context.begin(*target.place)
    found.still(records)
    if found.stays and _is_on_pull_requests(target.app):
        _note(records, target, found)
    if target.app.github.release and target.environment.production:
        _plan_release(records, target, found)


def _is_told(target: Target, deployment: Deployment) -> bool:
    if target.environment.pull_request is not None:
        return False  # previews have a comment of their own
    wanted = _is_on_pull_requests(target.app) or target.app.github.release
    return wanted and deployment.state is State.SUCCEEDED and deployment.task == DEPLOY


def _is_on_pull_requests(app: AppSettings) -> bool:
    return app.github.comment or app.github.label is not None


def _note(records: Records, target: Target, found: WentLive) -> None:
    app, place, deployment, changes = target.app, target.place, found.deployment, found.changes
    names = (app.repository, app.written, deployment.repository)
    came = numbers(changes.shipped, names)
    # What has overtaken it tells by itself of what is there no more.
    gone = numbers(changes.taken_back, names) if not found.overtaken else frozenset()
    if changes.base is None and deployment.pull_request is not None:
        came |= {deployment.pull_request}  # nothing to compare with: it ships what it was asked for at least
    known = {one.pull_request: one for one in records.publications.of(*place, came | gone)}
    changed = False
    for number in sorted(came):
        one = known.get(number)
        # What was live already has more commits now.
        if one is None or not one.live or (one.deployment_id != deployment.id and not found.overtaken):
            records.publications.save(DeployedPullRequest(*place, number, deployment.id, deployment.id))
            changed = True
    for number in sorted(gone - came):
        if number in known and known[number].live:
            records.publications.save(replace(known[number], live=False, changed_by=deployment.id))
            changed = True
    if changed:
        records.put(PublicationsDue(), f"publications:{records.cause}")


def _plan_release(records: Records, target: Target, found: WentLive) -> None:
    """What was there before has a release already, or went out when none was made: going back makes none."""
    place, deployment, changes = target.place, found.deployment, found.changes
    repository, before = target.app.repository.lower(), found.before
    made = records.publications.release_of(*place, deployment.sha)
    if made is not None:
        if not found.overtaken and made.deployment_id != deployment.id:
            records.emit(MarkRelease(made.deployment_id, repository))
    elif deployment.rollback_of is None and (changes.ahead or not changes.behind):
        since = records.publications.release_of(*place, before.sha) if before is not None else None
        records.publications.plan(KeptRelease(deployment.id, *place, deployment.sha))
        records.emit(PublishRelease(deployment.id, repository, since.deployment_id if since is not None else None))


# --- on pull requests: not too many at once ---------------------------------------------------------------------


@router.on(PublicationsDue, name="publications.due")
def due(context: Context, _event: PublicationsDue) -> None:
    _take_up(context)


@router.on(Tick, name="publications.look")
def look(context: Context, tick: Tick) -> None:
    """Whatever became of a timer: what waits must not wait for the next deployment."""
    if tick.name == "reconcile":
        _take_up(context)


def _take_up(context: Context) -> None:
    """As many as there is room for, and the others when there is again."""
    if not context.reads.publications.waiting(1):
        return
    records = context.begin()
    pace = Pace.read(records.kept(PACE), context.now)
    room = pace.room(context.now)
    found = records.publications.waiting(AT_ONCE + 1)
    for app, number in found[:room]:
        records.publications.taken_up(app, number)
        _emit(records, context.settings.apps.get(app), number)
    if room:
        pace = pace.after(context.now, min(room, len(found)))
        records.keep(PACE, pace.show())
    if len(found) > room:
        records.set_timer(TIMER, pace.next(context.now), PublicationsDue())


def _emit(records: Records, app: AppSettings | None, number: int) -> None:
    if app is not None and app.github.comment:
        records.emit(DrawComment(app.name, number, app.repository.lower()))
    if app is not None and app.github.label is not None:
        records.emit(SetLabels(app.name, number, app.repository.lower()))


@router.performs(DrawComment)
def draw_comment(context: Context, effect: DrawComment) -> Iterable[Event]:
    """Edit the comment, or write it first. One that somebody has deleted is not wanted, and stays so."""
    app = context.settings.apps.get(effect.app)
    if app is None or not app.github.comment:
        return []
    apps = [one.name for one in context.settings.apps_of_repository(app.repository) if one.github.comment]
    rows = context.reads.publications.everywhere(apps, effect.pull_request)
    known = next((one.comment_id for one in rows if one.comment_id is not None), None)
    body = markdown.comment(context.settings.bot.name, _places(context, rows))
    drawn = fingerprint(body)
    if not rows or known == UNWANTED or all(one.drawn == drawn for one in rows):
        return []
    try:
        written = _written(context, app, effect.pull_request, known, body, first=any(one.live for one in rows))
    except _REFUSED as error:
        return _refused(context, app, "comment", error)
    except Rejected as error:
        log.warning("comment not written", app=app.name, pull_request=effect.pull_request, reason=str(error))
        return []
    if written is not None:
        context.publications.commented(apps, effect.pull_request, written, drawn)
    return _allowed(context, app, "comment")


def _written(
    context: Context, app: AppSettings, number: int, known: int | None, body: str, *, first: bool
) -> int | None:
    """The number of the comment; None where there is none, and this is not the time for a ``first`` one."""
    publishing, marker = context.forge.publishing, markdown.marker(context.settings.bot.name)
    if known is not None:
        try:
            publishing.edit_comment(app.repository, known, body)
        except NotThere:
            # Where the whole pull request is out of sight, this raises it again.
            return publishing.find_comment(app.repository, number, marker) or UNWANTED
        return known
    found = publishing.find_comment(app.repository, number, marker)
    if found is not None:
        publishing.edit_comment(app.repository, found, body)
    return found or (publishing.comment(app.repository, number, body) if first else None)


def _places(context: Context, rows: Sequence[DeployedPullRequest]) -> list[markdown.Place]:
    """In the order of the settings; what they name no longer comes last."""
    places, apps = [], context.settings.apps
    order = [(app.name, environment) for app in apps.values() for environment in app.environments]
    several = len({one.app for one in rows}) > 1
    for row in sorted(rows, key=lambda one: order.index(_at(one)) if _at(one) in order else len(order)):
        brought, changed = context.reads.deployment(row.deployment_id), context.reads.deployment(row.changed_by)
        if brought is not None:
            taken = None if row.live else changed or brought
            url = apps[row.app].environments[row.environment].url if _at(row) in order else None
            places.append(markdown.Place(brought, taken, url or brought.environment_url, with_app=several))
    return places


def _at(row: DeployedPullRequest) -> tuple[str, str]:
    return row.app, row.environment


@router.performs(SetLabels)
def set_labels(context: Context, effect: SetLabels) -> Iterable[Event]:
    """Put on what is missing, take off what is there for no environment any more; what others have put on stays."""
    app = context.settings.apps.get(effect.app)
    if app is None or app.github.label is None:
        return []
    apps = {one.name: one for one in context.settings.apps_of_repository(app.repository) if one.github.label}
    rows = context.reads.publications.everywhere(list(apps), effect.pull_request)
    wanted = {one: label for one in rows if one.live and (label := _label(apps[one.app], one)) is not None}
    kept = {label.casefold() for label in wanted.values()}
    publishing, at = context.forge.publishing, (app.repository, effect.pull_request)
    try:
        for one in rows:
            if one.label is not None and one.label != wanted.get(one):
                if one.label.casefold() not in kept:
                    publishing.remove_label(*at, one.label)
                context.publications.labelled(one, None)
        for one, label in wanted.items():
            if one.label != label:
                publishing.add_label(*at, label)
                context.publications.labelled(one, label)
    except _REFUSED as error:
        return _refused(context, app, "label", error)
    except Rejected as error:
        log.warning("label not set", app=app.name, pull_request=effect.pull_request, reason=str(error))
        return []
    return _allowed(context, app, "label")


def _label(app: AppSettings, one: DeployedPullRequest) -> str | None:
    """None in a place that will be gone one day: nothing would ever take it off again."""
    environment = app.environments.get(one.environment)
    if environment is None or environment.transient:
        return one.label if environment is None else None
    return app.github.label_of(app.name, one.environment)


# --- releases ---------------------------------------------------------------------------------------------------


@router.performs(PublishRelease)
def publish_release(context: Context, effect: PublishRelease) -> Iterable[Event]:
    """Make it, unless it was made by an attempt that was cut off: then it is found by its tag."""
    deployment = context.reads.deployment(effect.deployment_id)
    planned = context.reads.publications.release(effect.deployment_id)
    target = target_of(context, deployment) if deployment is not None else None
    if deployment is None or planned is None or planned.release_id is not None or target is None:
        return []
    earlier = context.reads.publications.release_of(*target.place, deployment.sha)
    if earlier is not None:
        return mark_release(context, MarkRelease(earlier.deployment_id, effect.repository))
    try:
        tag, made = _tag_for(context, target, deployment)
        if made is None:
            made = context.forge.publishing.release(
                target.app.repository, _new(context, target, deployment, tag, effect.since)
            )
    except _REFUSED as error:
        return _refused(context, target.app, "release", error)
    except Rejected as error:
        log.warning("release not made", deployment=deployment.id, reason=str(error))
        return []
    context.publications.released(deployment.id, tag, made)
    return _allowed(context, target.app, "release")


def _tag_for(context: Context, target: Target, deployment: Deployment) -> tuple[str, int | None]:
    """The tag, and the release of it where that is made. A tag of another commit is somebody else's."""
    repository, tag = target.app.repository, tag_of(deployment)
    for candidate in (tag, f"{tag}-{deployment.short_sha}"):
        made = context.forge.publishing.find_release(repository, candidate)
        if made is not None and made.sha == deployment.sha:
            return candidate, made.id
        there = context.forge.resolve(repository, f"refs/tags/{candidate}") if made is None else None
        if made is None and (there is None or there.sha == deployment.sha):
            return candidate, None
    raise Rejected(f"{repository} has the tags {tag} and {tag}-{deployment.short_sha} already, for other commits.")


def _new(context: Context, target: Target, deployment: Deployment, tag: str, since: int | None) -> NewRelease:
    reads = context.reads
    first = reads.publications.release(since) if since is not None else None
    if first is None or first.release_id is None:
        first = reads.publications.release_before(*target.place, deployment.id)
    live = reads.last_success(*target.place)
    return NewRelease(
        tag,
        deployment.sha,
        markdown.release_name(deployment),
        markdown.release_text(deployment, target.environment.url),
        since=first.tag if first is not None else None,
        latest=live is not None and live.id == deployment.id,
    )


@router.performs(MarkRelease)
def mark_release(context: Context, effect: MarkRelease) -> Iterable[Event]:
    made = context.reads.publications.release(effect.deployment_id)
    app = context.settings.apps.get(made.app) if made is not None else None
    live = context.reads.last_success(made.app, made.environment) if made is not None else None
    if made is None or made.release_id is None or app is None or live is None or live.sha != made.sha:
        return []
    try:
        context.forge.publishing.mark_latest(app.repository, made.release_id)
    except NotAllowed as error:
        return _refused(context, app, "release", error)
    except (NotThere, Rejected) as error:
        log.warning("release not marked", deployment=made.deployment_id, reason=str(error))
    return []


# --- what the bot may not ---------------------------------------------------------------------------------------


def _refused(context: Context, app: AppSettings, what: refusals.What, error: ShipmateError) -> list[Event]:
    log.warning("not allowed to write", app=app.name, what=what, reason=str(error))
    known = context.reads.kept(refusals.key(app.repository, what)) is not None
    return [] if known else [PublishingRefused(app.repository, what, str(error))]


def _allowed(context: Context, app: AppSettings, what: refusals.What) -> list[Event]:
    known = context.reads.kept(refusals.key(app.repository, what)) is not None
    return [PublishingAllowed(app.repository, what)] if known else []


@router.on(PublishingRefused, name="publications.refused")
def refused(context: Context, event: PublishingRefused) -> None:
    """Admins are told once."""
    key = refusals.key(event.repository, event.what)
    if context.reads.kept(key) is not None:
        return
    apps = [one.name for one in context.settings.apps_of_repository(event.repository)]
    hearers = admins.hearers(context)
    records = context.begin()
    if records.kept(key) is None:
        records.keep(key, event.reason)
        admins.tell(records, hearers, messages.refused(event.repository, event.what, event.reason, apps))


@router.on(PublishingAllowed, name="publications.allowed")
def allowed(context: Context, event: PublishingAllowed) -> None:
    context.begin().forget(refusals.key(event.repository, event.what))
