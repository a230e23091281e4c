"""Locks: an environment in one person's hands, until they release it, its time is over or its branch is merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from bot.context import Context
from bot.core.deployments.model import Actor
from bot.core.effects import Announce, Reply, TellPerson
from bot.core.errors import Reason, Refused
from bot.core.events.internal import LockExpired, LockReminderDue
from bot.core.grammar.commands import AskToRelease, KeepLock, Locks, NotifyMe, TakeLock, TakeOver, Unlock
from bot.core.locks import lifecycle as lock_lifecycle
from bot.core.locks import messages
from bot.core.locks.model import ASKED_AGAIN_AFTER, Lock, Watcher, same_person
from bot.core.orphans.model import is_named
from bot.core.ports.transaction import Records
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import announcing, authorization
from bot.services.branch_locks import lock_wanted
from bot.services.orphans import demand_target, place_of
from bot.services.reading import as_read
from bot.services.targets import Target, app_of

router = Router()


@router.command(TakeLock)
def lock(context: Context, command: TakeLock) -> Message | None:
    """Take it, or the free ones of all; what one has already is brought up to date. No check has to be green."""
    targets = _targets(context, command)
    until = _until(context, command)
    by = authorization.actor(context)
    wanted = [replace(lock_wanted(context, target, by), reason=command.reason, until=until) for target in targets]
    app = targets[0].app
    heard = _is_app_channel(context, app.channel)
    records = _begin(context, [one.place for one in wanted])
    before = {one.place: records.locks.of(*one.place) for one in wanted}
    every = {target.environment.name: target.environment.lock_reminder for target in targets}
    held = [lock_lifecycle.take(records, one, every[one.environment]) for one in wanted]
    mine = [one for one in held if same_person(one.by, by)]
    others = [one for one in held if one not in mine]
    if not mine:
        raise _held(messages.held(others))
    _announce_taken(records, app.name, mine, before, context.now)
    if heard and not others:
        return None  # the announcement appears right here and says it all
    return messages.yours(mine, others, min(every[one.environment] for one in mine))


def _announce_taken(
    records: Records, app: str, mine: list[Lock], before: dict[tuple[str, str], Lock | None], now: datetime
) -> None:
    """``before`` are the locks that were there; some of ``mine`` may be among them, with another time or reason."""

    def is_new(one: Lock) -> bool:
        was = before[one.place]
        return was is None or was.ended(now)

    fresh = [one for one in mine if is_new(one)]
    if fresh:
        records.emit(Announce(app, messages.locked(fresh)))
    records.emit(*(Announce(app, messages.renewed(one)) for one in mine if one not in fresh))


def _targets(context: Context, command: TakeLock) -> list[Target]:
    """Where the person may deploy: the environment that is named, or of all those where they may."""
    app = app_of(context, command)
    if command.environment != "all":
        target = demand_target(context, command)
        authorization.demand(authorization.may_deploy(context, target))
        return [target]
    found = [Target(app, environment) for _, environment in sorted(app.environments.items())]
    allowed = [(target, authorization.may_deploy(context, target)) for target in found]
    if not any(permission for _, permission in allowed):
        authorization.demand(allowed[0][1])
    return [target for target, permission in allowed if permission]


def _until(context: Context, command: TakeLock) -> datetime | None:
    words = f"in {command.duration}" if command.duration else command.until
    if words is None:
        return None
    zone = context.asker.timezone or context.settings.bot.timezone
    moment = context.times.moment(words, now=context.now, timezone=zone)
    if moment is None:
        example = replace(command, duration="2h" if command.duration else None)
        example = example if command.duration else replace(example, until="fri 9:00")
        raise Refused(messages.time_not_understood(command.duration or command.until or "", example))
    return moment


def _is_app_channel(context: Context, channel: str) -> bool:
    """Whether the command was given where its announcement is read, and not in a thread there."""
    return context.where.thread is None and announcing.is_read_here(context, channel)


def _begin(context: Context, places: list[tuple[str, str]]) -> Records:
    """Of several environments the rows are locked in one order, so that two who want all of them do not block."""
    first, *others = sorted(places)
    records = context.begin(*first)
    for place in others:
        records.hold(*place)
    return records


@router.command(Unlock)
def unlock(context: Context, command: Unlock) -> Message | None:
    """Its owner may, and admins; of ``all`` what one may release, of ``mine`` one's own in every app."""
    by, chosen, app = authorization.actor(context), _chosen_to_unlock(context, command), command.app
    if not chosen:
        raise Refused(messages.no_lock_of_yours() if app is None else messages.nothing_locked(app))
    foreign = any(not same_person(one.by, by) for one in chosen)
    admin = foreign and authorization.is_admin(context)
    apps = {one.app for one in chosen}
    known = context.settings.apps.get(next(iter(apps))) if len(apps) == 1 else None
    heard = known is not None and _is_app_channel(context, known.channel)
    records = _begin(context, [one.place for one in chosen])
    there = [one for old in chosen if (one := lock_lifecycle.current(records, *old.place, context.now)) is not None]
    mine = [one for one in there if same_person(one.by, by)]
    others = [one for one in there if one not in mine]
    if not mine and not (others and admin):
        if others:
            raise _held(messages.held(others, hint=True))
        raise _not_locked(*chosen[0].place)
    for one in mine:
        lock_lifecycle.release(records, one)
    for name, group in groupby(mine, key=lambda one: one.app):
        records.emit(Announce(name, messages.unlocked(by, list(group))))
    for one in others if admin else []:
        lock_lifecycle.release_by_admin(records, one, by)
    left = [] if admin else others
    return None if heard and not left else messages.released([*mine, *others] if admin else mine, left)


def _chosen_to_unlock(context: Context, command: Unlock) -> list[Lock]:
    """The locks that are meant, as they are now; Refused where the one that is named is not there."""
    known = context.reads.locks.all()
    if command.environment == "mine":
        mine = [one for one in known if one.by.chat_id == context.asker.id]
        return [one for one in mine if command.app in {None, one.app}]
    if command.environment == "all":
        found = [one for one in known if one.app == command.app]
        if not found:
            app = app_of(context, command)
            found = [one for one in known if one.app == app.name]
            if not found:
                raise Refused(messages.nothing_locked(app.name))
        return found
    place = place_of(context, command)
    found = [one for one in known if one.place == place and not one.ended(context.now)]
    if not found:
        raise _not_locked(*place)
    return found


def _held(message: Message) -> Refused:
    return Refused(message, (Reason("lock", message.summary()),))


def _not_locked(app: str, environment: str) -> Refused:
    message = messages.not_locked(app, environment)
    return Refused(message, (Reason("not locked", message.summary()),))


@router.command(Locks)
def locks(context: Context, _command: Locks) -> Message:
    """Everybody may see who holds what."""
    there = [one for one in context.reads.locks.all() if not one.ended(context.now)]
    words = context.settings.vocabulary(context.here)
    example = TakeLock(words.named_environment(), words.named_app())
    places = context.settings.places
    gone = {one.place for one in there if not is_named(places, *one.place)}
    return messages.listing(there, context.asker.id, example, gone)


@router.command(TakeOver)
def take_over(context: Context, command: TakeOver) -> Message | None:
    """Open to those who may deploy; a reason is asked for, because the owner is told. What is free is just taken."""
    target = demand_target(context, command)
    authorization.demand(authorization.may_deploy(context, target))
    by = authorization.actor(context)
    wanted = replace(lock_wanted(context, target, by), reason=command.reason)
    heard = _is_app_channel(context, target.app.channel)
    every = target.environment.lock_reminder
    records = context.begin(*wanted.place)
    before = lock_lifecycle.current(records, *wanted.place, context.now)
    if before is not None and same_person(before.by, by):
        raise Refused(messages.yours_already(before))
    if before is None:
        taken = lock_lifecycle.take(records, wanted, every)
        records.emit(Announce(taken.app, messages.locked([taken])))
    elif not command.reason:
        raise Refused(messages.why_take_over(before))
    else:
        taken = lock_lifecycle.take_over(records, before, wanted, every)
    return None if heard else messages.yours([taken], [], every)


@router.command(AskToRelease)
def ask_to_release(context: Context, command: AskToRelease) -> None:
    """The owner is asked directly, not too often; who asks is told when it is free."""
    records, held, by = _held_by_another(context, command)
    watching = {one.person: one for one in records.locks.watchers(*held.place)}
    asked_at = watching[context.asker.id].asked_at if context.asker.id in watching else None
    if asked_at is not None and context.now - asked_at < ASKED_AGAIN_AFTER:
        _whisper(context, records, messages.asked_already(held, asked_at))
        return
    records.locks.watch(Watcher(*held.place, context.asker.id, context.now))
    if held.by.chat_id is not None:
        records.emit(TellPerson(held.by.chat_id, messages.please_release(by, held)))
    _whisper(context, records, messages.asked_owner(held))


@router.command(NotifyMe)
def notify_me(context: Context, command: NotifyMe) -> None:
    """Told when it is released, once."""
    records, held, _ = _held_by_another(context, command)
    if all(one.person != context.asker.id for one in records.locks.watchers(*held.place)):
        records.locks.watch(Watcher(*held.place, context.asker.id))
    _whisper(context, records, messages.will_notify(held))


def _whisper(context: Context, records: Records, message: Message) -> None:
    """An answer that concerns nobody but the asker."""
    records.emit(Reply(context.event_id, context.where, as_read(context, message), only_to=context.asker.id))


def _held_by_another(context: Context, command: AskToRelease | NotifyMe) -> tuple[Records, Lock, Actor]:
    place, by = place_of(context, command), authorization.actor(context)
    records = context.begin(*place)
    held = lock_lifecycle.current(records, *place, context.now)
    if held is None:
        raise Refused(messages.not_locked(*place))
    if same_person(held.by, by):
        raise Refused(messages.yours_already(held))
    return records, held, by


@router.command(KeepLock)
def keep(context: Context, command: KeepLock) -> Message:
    """The answer to a reminder."""
    place, by = place_of(context, command), authorization.actor(context)
    records = context.begin(*place)
    held = lock_lifecycle.current(records, *place, context.now)
    if held is None:
        raise Refused(messages.not_locked(*place))
    if not same_person(held.by, by):
        raise Refused(messages.held([held]))
    return messages.kept(lock_lifecycle.keep(records, held, context.now, _reminder(context, held)))


# --- as time passes ---------------------------------------------------------------------------------------------


@router.on(LockExpired, name="locks.expired")
def expired(context: Context, event: LockExpired) -> None:
    """Its time is over, unless it was prolonged meanwhile."""
    lock_lifecycle.current(context.begin(event.app, event.environment), event.app, event.environment, context.now)


@router.on(LockReminderDue, name="locks.reminder_due")
def reminder_due(context: Context, event: LockReminderDue) -> None:
    """Ask its owner, unless they have answered already or the lock is another one by now."""
    records = context.begin(event.app, event.environment)
    held = lock_lifecycle.current(records, event.app, event.environment, context.now)
    if held is None or held.remind_at is None or held.remind_at > context.now:
        return
    lock_lifecycle.remind(records, held, context.now, _reminder(context, held))


def _reminder(context: Context, held: Lock) -> timedelta:
    """How often the owner is reminded; where the settings have lost the environment, once a day."""
    app = context.settings.apps.get(held.app)
    environment = app.environment(held.environment) if app else None
    return environment.lock_reminder if environment else timedelta(days=1)
