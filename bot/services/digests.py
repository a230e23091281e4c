"""When a digest is due, and what was told already."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.context import Context
from bot.core.digests.model import LATE, LONGEST, kept_moment, nudge_key, told_key
from bot.core.events.internal import DigestDue
from bot.core.ports.transaction import Reads
from bot.settings import AppSettings

AHEAD = timedelta(minutes=10)
"""So long before its moment a digest gets its timer: settings may change until then, and the clock comes more often."""


def channel(app: AppSettings) -> str:
    return app.channel.removeprefix("#")


def apps_of(context: Context, event: DigestDue) -> list[AppSettings]:
    """Those whose digest goes to the channel at that moment, as the settings are now."""
    here = [app for app in context.settings.apps.values() if channel(app) == event.channel]
    return [app for app in here if _last(context, app, event.at - timedelta(seconds=1), event.at) == event.at]


def owed(context: Context, app: AppSettings) -> datetime | None:
    """The last moment of the app's digest, where it is not told yet and not too late."""
    at = _last(context, app, context.now - LATE, context.now)
    return at if at is not None and untold(context.reads, app, at) else None


def coming(context: Context, app: AppSettings) -> datetime | None:
    """Its next moment, where that is near."""
    if app.digest is None:
        return None
    at = context.cron.next_fire(app.digest, context.settings.bot.timezone, context.now)
    return at if at is not None and at - context.now <= AHEAD else None


def untold(reads: Reads, app: AppSettings, at: datetime) -> bool:
    before = kept_moment(reads.kept(told_key(app.name)))
    return before is None or before < at


def told_until(context: Context, app: AppSettings, at: datetime) -> datetime:
    """Up to when the digest before has told: that of the moment before, where there was none."""
    before = kept_moment(context.reads.kept(told_key(app.name)))
    if before is None:
        before = _last(context, app, at - LONGEST, at - timedelta(seconds=1))
    return max(before or at - LONGEST, at - LONGEST)


def looks_again(reads: Reads, app: str) -> datetime | None:
    """When it is looked at next whether something of the app waits; None for at once."""
    return kept_moment(reads.kept(nudge_key(app)))


def _last(context: Context, app: AppSettings, after: datetime, until: datetime) -> datetime | None:
    if app.digest is None:
        return None
    return context.cron.last_fire(app.digest, context.settings.bot.timezone, after, until)
