"""Deployments that wait for their moment: ``schedule``, ``unschedule``, and the moment itself."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.core.effects import Reply
from bot.core.errors import Refused
from bot.core.events.external import CommandGiven
from bot.core.events.internal import ScheduleDue
from bot.core.grammar.commands import Deploy, ShowSchedule, Unschedule
from bot.core.grammar.parser import parse
from bot.core.orphans.model import is_named
from bot.core.rich_text import Message
from bot.core.schedules import messages
from bot.core.schedules.model import ScheduleEntry, is_missed, timer_of
from bot.router import Router
from bot.services import authorization
from bot.services.targets import app_of, target_at

router = Router()


@router.command(ShowSchedule)
def show_schedule(context: Context, command: ShowSchedule) -> Message:
    """What is to come, of the app that is named, else the channel's, else all."""
    app = command.app or context.here
    found, places = context.reads.schedules.of(app), context.settings.places
    if command.app and not found:
        app = app_of(context, command).name
    words = context.settings.vocabulary(app)
    example = Deploy(words.named_app(), environment=words.named_environment(), at="17:00")
    gone = {one.id for one in found if not is_named(places, one.app, one.environment)}
    return messages.listing(found, app or "all apps", example, gone)


@router.command(Unschedule)
def unschedule(context: Context, command: Unschedule) -> Message:
    """Whoever scheduled it may take it off, and so may those who deploy there, and admins."""
    seen = context.reads.schedules.entry(command.entry)
    if seen is None:
        raise Refused(messages.unknown_entry(command.entry))
    if not _may_unschedule(context, seen):
        raise Refused(messages.not_yours(seen))
    records = context.begin(seen.app, seen.environment)
    entry = records.schedules.entry(seen.id)
    if entry is None:
        raise Refused(messages.unknown_entry(command.entry))
    records.schedules.remove(entry.id)
    records.stop_timer(timer_of(entry.id))
    return messages.unscheduled(entry)


def _may_unschedule(context: Context, entry: ScheduleEntry) -> bool:
    if entry.by.chat_id == context.asker.id:
        return True
    target = target_at(context, entry.app, entry.environment)
    return bool(target and authorization.may_deploy(context, target)) or authorization.is_admin(context)


@router.on(ScheduleDue, name="schedules.due")
def due(context: Context, event: ScheduleDue) -> None:
    """Its person says it again, as it were: everything is asked anew, and the answer goes to where they asked for it.

    One that could not be taken up in time is told instead of done, and one that repeats gets its next moment.
    """
    seen = context.reads.schedules.entry(event.entry_id)
    if seen is None:
        return
    records = context.begin(seen.app, seen.environment)
    entry = records.schedules.entry(seen.id)
    if entry is None or entry.at != event.at:
        return
    again = context.cron.next_fire(entry.cron, entry.timezone, context.now) if entry.cron else None
    if not is_named(context.settings.places, entry.app, entry.environment):
        # The command may mean something else by now: an app that is gone is a branch of another one.
        records.emit(Reply(records.cause, entry.place, messages.gone(entry, again), else_to=entry.by.chat_id))
        why = f"{entry.app} → {entry.environment} is no longer in the settings"
        records.audit.record("schedule", outcome="missed", command=entry.command, reason=why)
    elif is_missed(entry.at, context.now, context.settings.bot.schedule_grace):
        told = messages.missed(entry, again, context.now - entry.at, _unforced(context, entry))
        records.emit(Reply(records.cause, entry.place, told, else_to=entry.by.chat_id))
        why = f"{entry.name} was due too long ago"
        records.audit.record("schedule", outcome="missed", command=entry.command, reason=why)
    elif entry.by.chat_id is not None:
        given = CommandGiven(entry.command, entry.by.chat_id, entry.place, "schedule")
        records.put(given, f"{timer_of(entry.id)}:{entry.at.isoformat()}")
    if again is None:
        records.schedules.remove(entry.id)
        return
    records.schedules.move(entry.id, again)
    records.set_timer(timer_of(entry.id), again, ScheduleDue(entry.id, again))


def _unforced(context: Context, entry: ScheduleEntry) -> Deploy | None:
    """What the entry would deploy, for whoever presses the button: a force is its own person's, and not theirs."""
    command = parse(entry.command, context.settings.vocabulary(entry.app))
    return replace(command, force=False, force_reason=None) if isinstance(command, Deploy) else None
