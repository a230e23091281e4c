"""The morning digest: what happened in the apps of a channel since the last one, and on Mondays last week's figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.context import Context
from bot.core.digests import messages
from bot.core.digests.model import LATE, NUDGED_AGAIN_AFTER, AppNews, nudge_key, place_news, told_key
from bot.core.effects import Announce
from bot.core.events.external import Tick
from bot.core.events.internal import DigestDue
from bot.core.figures.calendar import WEEK, after_work, midnight, week_begins
from bot.core.figures.messages import Week
from bot.core.figures.model import Span
from bot.core.ports.transaction import Records
from bot.router import Router
from bot.services import comparing, digests
from bot.services.productions import productions
from bot.services.weeks import week_of
from bot.settings import AppSettings

router = Router()


@router.on(Tick, name="digests.look")
def look(context: Context, tick: Tick) -> None:
    """Every few minutes: the next moments get their timers, and those that were missed are made up for."""
    if tick.name != "reconcile":
        return
    apps = [app for app in context.settings.apps.values() if app.digest is not None]
    owed = {DigestDue(digests.channel(app), at) for app in apps if (at := digests.owed(context, app)) is not None}
    coming = {DigestDue(digests.channel(app), at) for app in apps if (at := digests.coming(context, app)) is not None}
    if not owed and not coming:
        return
    records = context.begin()
    for one in sorted(owed, key=_key):
        records.put(one, _key(one))
    for one in sorted(coming, key=_key):
        records.set_timer(_key(one), one.at, one)


def _key(event: DigestDue) -> str:
    return f"digest:{event.channel}:{event.at.isoformat()}"


@router.on(DigestDue, name="digests.due")
def due(context: Context, event: DigestDue) -> None:
    """One message for all apps of the channel whose moment it is, and that were not told of since.

    While GitHub does not answer it is tried again, until it is too late for it.
    """
    if context.now - event.at > LATE:
        return
    apps = [app for app in digests.apps_of(context, event) if digests.untold(context.reads, app, event.at)]
    if not apps:
        return
    news = {app.name: _news(context, app, event.at) for app in apps}
    records = _begun(context, apps)
    apps = [app for app in apps if digests.untold(records, app, event.at)]
    told = [news[app.name] for app in apps]
    for app in apps:
        records.keep(told_key(app.name), event.at.isoformat())
    message = messages.digest(told, context.now, context.settings.bot.timezone)
    if message is None:
        return
    for one in told:
        _reminded(records, context, one)
    records.emit(Announce(apps[0].name, message))


def _begun(context: Context, apps: Sequence[AppSettings]) -> Records:
    """With a row of each app locked, in the order of their names: two digests tell of an app once."""
    places = sorted((app.name, min(app.environments)) for app in apps)
    records = context.begin(*places[0])
    for place in places[1:]:
        records.hold(*place)
    return records


def _news(context: Context, app: AppSettings, at: datetime) -> AppNews:
    span = Span(digests.told_until(context, app, at), at)
    places = []
    for one in app.environments.values():
        outcomes = context.reads.figures.outcomes(app.name, one.name, span.since)
        if not one.transient and (found := place_news(one.name, outcomes, span)) is not None:
            places.append(found)
    gaps = comparing.waiting(context, productions(app))
    return AppNews(app.name, span, tuple(places), tuple(gaps), _weeks(context, app, span))


def _weeks(context: Context, app: AppSettings, span: Span) -> tuple[Week, ...]:
    """Last week's figures, in the first digest of a week."""
    timezone = context.settings.bot.timezone
    monday = week_begins(span.until, timezone)
    if span.since >= midnight(monday, timezone):
        return ()
    return tuple(week_of(context, target, monday - timedelta(days=WEEK)) for target in productions(app))


def _reminded(records: Records, context: Context, news: AppNews) -> None:
    """What waits has been said for now, and needs no reminder."""
    if not news.is_news or not news.gaps:
        return
    again = after_work(context.now, NUDGED_AGAIN_AFTER, context.settings.bot.timezone)
    before = digests.looks_again(records, news.app)
    records.keep(nudge_key(news.app), max(again, before or again).isoformat())
