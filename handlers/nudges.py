"""Reminders of what was merged and waits to be deployed: ``not today``, and the reminder itself."""

from __future__ import annotations

from datetime import timedelta

from bot.context import Context
from bot.core.comparisons import messages as comparisons
from bot.core.comparisons.messages import Gap
from bot.core.digests import messages
from bot.core.digests.model import LOOKED_AGAIN_AFTER, NUDGED_AGAIN_AFTER, nudge_key
from bot.core.effects import Announce
from bot.core.errors import Refused
from bot.core.events.external import Tick
from bot.core.events.internal import NudgeDue
from bot.core.figures.calendar import after_work, at_work, day_of, next_working_day
from bot.core.grammar.commands import NotToday
from bot.core.ports.transaction import Reads
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import comparing, digests
from bot.services.gate_facts import what_closes
from bot.services.productions import productions
from bot.services.targets import Target, app_of
from bot.settings import AppSettings

router = Router()


@router.on(Tick, name="nudges.look")
def look(context: Context, tick: Tick) -> None:
    """Every few minutes, in working hours: whose turn it is to be looked at."""
    timezone = context.settings.bot.timezone
    if tick.name != "reconcile" or not at_work(context.now, timezone):
        return
    due = [app for app in context.settings.apps.values() if app.nudge_after is not None and _is_due(context, app)]
    if not due:
        return
    records, today = context.begin(), day_of(context.now, timezone)
    for app in due:
        # The same until it is decided on, and another one tomorrow, whatever became of it.
        records.put(NudgeDue(app.name), f"nudge:{app.name}:{digests.looks_again(records, app.name)}:{today}")


def _is_due(context: Context, app: AppSettings) -> bool:
    """Where nothing may go nothing waits for us, and costs nobody a look at GitHub."""
    at = digests.looks_again(context.reads, app.name)
    return (at is None or at <= context.now) and bool(_open(context.reads, context, app))


def _open(reads: Reads, context: Context, app: AppSettings) -> list[Target]:
    """Where something may go: none of it while a digest is about to be told, which says the same and comes first."""
    if digests.owed(context, app) is not None or digests.coming(context, app) is not None:
        return []
    return [target for target in productions(app) if _is_free(reads, context, target)]


@router.on(NudgeDue, name="nudges.due")
def due(context: Context, event: NudgeDue) -> None:
    """Say what has waited for too long, where nothing is on its way and nobody keeps it out."""
    app, timezone = context.settings.apps.get(event.app), context.settings.bot.timezone
    if app is None or app.nudge_after is None or not at_work(context.now, timezone):
        return
    gaps = comparing.waiting(context, _open(context.reads, context, app))
    records = context.begin(app.name, min(app.environments))
    before = digests.looks_again(records, app.name)
    if before is not None and before > context.now:
        return
    places = {target.place for target in _open(records, context, app)}
    still = [gap for gap in gaps if (gap.app, gap.environment) in places and _is_still_live(records, gap)]
    told = [gap for gap in still if gap.oldest is not None and context.now - gap.oldest >= app.nudge_after]
    if told:
        records.emit(Announce(app.name, messages.nudge(app.name, told, context.now, timezone)))
        again = after_work(context.now, NUDGED_AGAIN_AFTER, timezone)
    elif len(places) < len(productions(app)) or len(still) < len(gaps):
        again = context.now + timedelta(minutes=1)  # as soon as whatever keeps it out has ended
    else:
        ripe = [gap.oldest + app.nudge_after for gap in still if gap.oldest is not None]
        again = min([context.now + LOOKED_AGAIN_AFTER, *ripe])
    # It is another moment each time: the next look is known by it.
    records.keep(nudge_key(app.name), again.isoformat())


def _is_free(reads: Reads, context: Context, target: Target) -> bool:
    lock = reads.locks.of(*target.place)
    held = lock is not None and not lock.ended(context.now)
    moving = reads.busy(*target.place) or reads.waiting(*target.place)
    return not held and not moving and what_closes(reads, context, target) is None


def _is_still_live(reads: Reads, gap: Gap) -> bool:
    live = reads.last_success(gap.app, gap.environment)
    return live is not None and gap.live is not None and live.id == gap.live.id


@router.command(NotToday)
def not_today(context: Context, command: NotToday) -> Message:
    """Whoever may be told of it may say that it is enough for today."""
    app = app_of(context, command)
    if app.nudge_after is None:
        raise Refused(messages.no_reminders(app.name))
    if not comparing.is_told(context, app):
        raise Refused(comparisons.not_for_you(app.name))
    until = next_working_day(context.now, context.settings.bot.timezone)
    records = context.begin(app.name, min(app.environments))
    until = max(until, digests.looks_again(records, app.name) or until)
    records.keep(nudge_key(app.name), until.isoformat())
    return messages.quiet_until(app.name, until)
