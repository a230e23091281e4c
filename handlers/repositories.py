"""Repositories that are renamed or transferred: who they are by their numbers, what they are called now, and a word to
the admins, who change the settings when they like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

import structlog

from bot.context import Context
from bot.core import watermarks
from bot.core.errors import NotAccepted, NotAllowed, NotThere, Rejected, ShipmateError, Unavailable
from bot.core.events.external import CalledOtherwise, Tick
from bot.core.events.internal import RepositoryDue, RepositoryRenamed
from bot.core.outages import model as outages
from bot.core.ports.forge_types import Repository
from bot.core.ports.transaction import Records
from bot.core.repositories import messages
from bot.core.repositories.model import KnownRepository, same_name
from bot.router import Router
from bot.services import admins
from bot.settings import AppSettings

router = Router()
log = structlog.get_logger(__name__)

LOOKED_AT_EVERY = timedelta(hours=1)
"""One request for each repository; a webhook that calls it otherwise lets us look at once."""


# --- when to look ------------------------------------------------------------------------------------------------


@router.on(Tick, name="repositories.tick")
def tick(context: Context, tick: Tick) -> None:
    if tick.name != "reconcile":
        return
    known = {one.app: one for one in context.reads.repositories.all()}
    apps = [app for app in context.settings.apps.values() if _is_due(app, known.get(app.name), context.now)]
    records = context.begin()
    for repository in dict.fromkeys(app.repository for app in apps):
        records.put(RepositoryDue(repository), f"repository:{repository}:{tick.at.isoformat()}")


def _is_due(app: AppSettings, known: KnownRepository | None, now: datetime) -> bool:
    return known is None or not same_name(known.name, app.written) or now - known.looked_at >= LOOKED_AT_EVERY


@router.on(RepositoryDue, name="repositories.due")
def due(context: Context, event: RepositoryDue) -> None:
    """Nothing is postponed: the next tick asks the same."""
    try:
        seen = _look(context, event.repository)
    except Unavailable as error:
        log.warning("repository not looked at", repository=event.repository, reason=str(error))
        if isinstance(error, NotAccepted):
            records = context.begin()
            outages.report(records, records.put, error)
        return
    _take_in(context.begin(), context, event.repository, seen)


def not_looked(context: Context, event: CalledOtherwise, error: ShipmateError) -> None:
    """GitHub could not be asked: the repository is addressed as before, and redirects may help."""
    log.warning("repository not looked at", repository=event.repository, called=event.called, reason=str(error))
    _go_on(context.begin(), event, event.repository)


@router.on(CalledOtherwise, name="repositories.called_otherwise", given_up=not_looked)
def called_otherwise(context: Context, event: CalledOtherwise) -> None:
    """What it tells waits until it is known whom to ask about it: webhooks come late, and names are given away."""
    seen = _look(context, event.repository, event.called)
    records = context.begin()
    _take_in(records, context, event.repository, seen)
    known = {one.app: one for one in records.repositories.all()}
    now = [app.as_called(known.get(app.name)) for app in context.settings.apps_of_repository(event.repository)]
    _go_on(records, event, now[0].repository if now else event.repository)


def _go_on(records: Records, event: CalledOtherwise, repository: str) -> None:
    for n, one in enumerate(event.events):
        records.put(replace(cast("Any", one), repository=repository), f"named:{records.cause}:{n}")


# --- what GitHub shows -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seen:
    """The repository that is meant, None where it is not to be seen; its name may be ``taken`` by another one then."""

    found: Repository | None
    taken: bool = False


def _look(context: Context, repository: str, hint: str = "") -> _Seen:
    """By its number, where that is known; ``hint`` is what a webhook called it. Raises Unavailable."""
    apps = {app.name: app for app in context.settings.apps_of_repository(repository)}
    of_theirs = [one for one in context.reads.repositories.all() if one.app in apps]
    known = next((one for one in of_theirs if one.is_meant_by(apps[one.app].written)), None)
    written = next((app.written for app in apps.values()), repository)
    if known is not None:
        for near in dict.fromkeys(name for name in (hint, known.called, known.name) if name):
            try:
                return _Seen(context.forge.repository_numbered(known.number, near))
            except (NotThere, NotAllowed, Rejected, NotAccepted) as error:
                log.info("repository not seen", number=known.number, near=near, reason=str(error))
    try:
        found = context.forge.repository(written)
    except (NotThere, NotAllowed, Rejected) as error:
        log.warning("repository not seen", repository=written, reason=str(error))
        return _Seen(None)
    is_another = known is not None and found.number != known.number
    return _Seen(None, taken=True) if is_another else _Seen(found)


# --- what follows ------------------------------------------------------------------------------------------------


def _take_in(records: Records, context: Context, repository: str, seen: _Seen) -> None:
    known = {one.app: one for one in records.repositories.all()}
    found = seen.found
    named: list[tuple[AppSettings, KnownRepository]] = []
    for app in context.settings.apps.values():
        before = known.get(app.name)
        meant = before if before is not None and before.is_meant_by(app.written) else None
        concerned = app.repository == repository or (found and meant and meant.number == found.number)
        after = _after(app, before, seen, context.now) if concerned else None
        if after is not None:
            _keep(records, app, before, after)
            named.append((app, after))
        elif meant and found and same_name(meant.called, found.name):
            # What another repository is called now, this one cannot be called any more.
            gone = replace(meant, name=app.written, called="")
            _keep(records, app, before, gone)
            records.put(RepositoryDue(gone.address), f"repository:{gone.address}:{records.cause}")
    _tell(records, named)


def _after(app: AppSettings, before: KnownRepository | None, seen: _Seen, now: datetime) -> KnownRepository | None:
    """What is known of the app's repository from now on; None where that is nothing new."""
    meant = before is not None and before.is_meant_by(app.written)
    found = seen.found
    if found is None:
        if before is None or not meant:
            return None
        return replace(before, name=app.written, called="" if seen.taken else before.called, looked_at=now)
    same = before is not None and before.number == found.number
    if found.number is None or (meant and not same):
        return None
    told = before.told if before is not None and same else ""
    return KnownRepository(app.name, app.written, found.number, found.name, now, told)


def _keep(records: Records, app: AppSettings, before: KnownRepository | None, after: KnownRepository) -> None:
    """What was deployed of it follows, and so does what we have asked about it.

    By any of its names: what was being decided when the name changed may have been written under the old one.
    """
    records.repositories.save(after)
    new, was, names = after.spelled(app.written), app.repository, {app.repository, app.written}
    if before is not None and before.number == after.number:
        names |= {before.name, before.spelled(before.name)}
        was = was if before.is_meant_by(app.written) else before.spelled(before.name)
    for old in sorted(names - {new}):
        records.repositories.moved(app.name, old, new)
    if was != new:
        watermarks.renamed(records, was, new)


def _tell(records: Records, named: Iterable[tuple[AppSettings, KnownRepository]]) -> None:
    """Once for each name, however often it is looked at."""
    news: dict[tuple[str, str], list[str]] = {}
    for app, known in named:
        if not same_name(known.address, app.written) and known.told != known.address:
            records.repositories.save(replace(known, told=known.address))
            news.setdefault((app.written, known.called), []).append(app.name)
    for (name, called), apps in news.items():
        log.warning("repository renamed", repository=name, called=called or None, apps=apps)
        records.put(RepositoryRenamed(name, called, tuple(apps)), f"renamed:{name}:{records.cause}")


@router.on(RepositoryRenamed, name="repositories.renamed")
def renamed(context: Context, event: RepositoryRenamed) -> None:
    hearers = admins.hearers(context)
    message = (
        messages.renamed(event.name, event.called, event.apps)
        if event.called
        else messages.taken(event.name, event.apps)
    )
    admins.tell(context.begin(), hearers, message)
