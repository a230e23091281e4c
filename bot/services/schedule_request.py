"""Puts a deployment on the schedule: reads its moment, and keeps the command until then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.context import Context
from bot.core.errors import Refused
from bot.core.events.external import Place
from bot.core.events.internal import ScheduleDue
from bot.core.grammar.commands import Deploy
from bot.core.grammar.parser import show
from bot.core.ports.forge_types import Commit
from bot.core.refs import looks_like_id
from bot.core.rich_text import Message
from bot.core.schedules import messages, reading
from bot.core.schedules.model import MOST, ScheduleEntry, timer_of
from bot.core.schedules.reading import Read
from bot.services import authorization
from bot.services.targets import Target


@dataclass(frozen=True, slots=True)
class _When:
    """The first moment, and the cron line where it comes again."""

    at: datetime
    timezone: str
    cron: str | None = None


def timezone_of(context: Context) -> str:
    """The zone in which the asker reads a clock."""
    return context.asker.timezone or context.settings.bot.timezone


def schedule(context: Context, target: Target, command: Deploy, commit: Commit) -> Message:
    """Keep the command, complete but for its moment. Its ref stays a name and is resolved then; a commit stays one.

    Where the person may not deploy there now, they are told now; it is looked at again at the moment itself.
    """
    now_command = replace(command, at=None, every=None)
    when = _when(context, command, now_command)
    authorization.demand(authorization.may_deploy(context, target))
    if not target.app.allowed_in(context.chat.channel_names(context.where.channel)):
        raise Refused(messages.deployed_elsewhere(target.app.name, target.app.allowed_channels))
    pinned = _names_commit(command.ref, commit)
    ref = commit.sha if pinned else command.ref or commit.ref
    where = context.where
    entry = ScheduleEntry(
        id=0,
        app=target.app.name,
        environment=target.environment.name,
        command=show(replace(now_command, ref=ref)),
        ref=commit.sha[:7] if pinned else ref,
        by=context.actor,
        # An address for answers that came with a button or a slash command does not live that long.
        place=Place(where.channel, thread=where.thread, message=where.message, direct=where.direct),
        created_at=context.now,
        at=when.at,
        timezone=when.timezone,
        every=command.every,
        cron=when.cron,
    )
    records = context.begin(target.app.name, target.environment.name)
    if len(records.schedules.of(target.app.name)) >= MOST:
        raise Refused(messages.full(target.app.name))
    kept = records.schedules.add(entry)
    records.set_timer(timer_of(kept.id), kept.at, ScheduleDue(kept.id, kept.at))
    return messages.scheduled(kept, context.now, pinned=pinned)


def read(context: Context, words: str) -> Read:
    """The moment to come that the words mean on the asker's clock, or whether they meant one that is over."""
    return reading.read(context.times, words, now=context.now, timezone=timezone_of(context))


def _when(context: Context, command: Deploy, asked: Deploy) -> _When:
    zone = timezone_of(context)
    if command.every is not None:
        cron = context.times.cron(command.every)
        at = context.cron.next_fire(cron, zone, context.now) if cron else None
        if at is None:
            raise Refused(messages.repetition_not_understood(command.every, asked))
        return _When(at, zone, cron)
    words = command.at or ""
    meant = read(context, words)
    if meant.at is None:
        raise Refused(messages.moment_not_understood(words, asked, over=meant.over))
    return _When(meant.at, zone)


def _names_commit(ref: str | None, commit: Commit) -> bool:
    """Whether the ref is the (short) id of the commit, and no name that may move."""
    return ref is not None and looks_like_id(ref) and commit.sha.startswith(ref.lower())
