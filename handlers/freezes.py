"""Freezes: ``freeze``, ``unfreeze``, ``freezes``, and what happens at their beginning and end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.context import Context
from bot.core.api.model import API
from bot.core.effects import Announce
from bot.core.errors import Reason, Refused
from bot.core.events.internal import FreezeDeclared, FreezeLifted, FreezeOver
from bot.core.freezes import lifecycle, messages, windows
from bot.core.freezes.model import ClosedBy, Freeze, closed_by
from bot.core.grammar.commands import DeclareFreeze, Freezes, Unfreeze
from bot.core.orphans.model import is_named
from bot.core.ports.transaction import Records
from bot.core.rich_text import Line, Mention, Message
from bot.router import Router
from bot.services import announcing, authorization, schedule_request
from bot.services.gate_facts import windows_of
from bot.services.targets import Target, environment_called, target_at
from bot.settings import AppSettings

router = Router()
ALL = "all"
MOST_AT_ONCE = 100
"""So many environments are frozen in one transaction, which holds the rows of all of them."""


# --- which environments -----------------------------------------------------------------------------------------


def _apps(context: Context) -> list[AppSettings]:
    """The channel's app, else all of them."""
    here = context.settings.apps.get(context.here) if context.here else None
    return [here] if here else list(context.settings.apps.values())


def _targets(context: Context, command: DeclareFreeze | Unfreeze) -> list[Target]:
    """The environments that the command's word means here. Raises Refused where it means none.

    ``all`` are those that stay: freezes keep what people use as it is, and previews go with each push. Their template
    means all of them.
    """
    apps, environment = _apps(context), command.environment or ALL
    found = [Target(app, one) for app in apps for one in app.environments.values() if environment in {ALL, one.name}]
    found = found or [
        Target(app, one) for app in apps if (one := app.previews.get(environment) or app.environment(environment))
    ]
    if not found and len(apps) == 1:
        environment_called(context, apps[0], environment, command.with_environment)
    if not found:
        known = dict.fromkeys(name for app in apps for name in app.environments)
        raise Refused(messages.no_such_environment(environment, known))
    return found


def _subject(context: Context, environment: str | None) -> str:
    place = "" if environment in {None, ALL} else f" on {environment}"
    return f"of {context.here or 'any app'}{place}"


# --- freeze -----------------------------------------------------------------------------------------------------


@router.command(DeclareFreeze)
def freeze(context: Context, command: DeclareFreeze) -> Message | None:
    """Who may deploy there may freeze it. One environment at once; several by an event each, as each has its lock.

    A program hears of all of them in its answer: for it they are decided on together, unless they are very many.
    """
    until = _until(context, command)
    targets = _targets(context, command)
    verdicts = [(target, authorization.may_deploy(context, target)) for target in targets]
    allowed = [target for target, permission in verdicts if permission]
    if not allowed:
        authorization.demand(verdicts[0][1])
    by = context.actor
    declared = [
        FreezeDeclared(one.app.name, one.environment.name, by, command.reason, context.now, until) for one in allowed
    ]
    here = _announced_here(context, [one.app.name for one in allowed])
    records = _decide(context, declared)
    going_on = {one.app.name: list(one.app.previews) for one in allowed if command.environment == ALL}
    for app, names in _by_app((one.app, one.environment) for one in declared):
        shown = Freeze(0, app, names[0], by, command.reason, context.now, until)
        pushed = command.environment in context.settings.apps[app].previews
        records.emit(Announce(app, messages.frozen(app, names, shown, going_on.get(app, ()), pushed=pushed)))
    denied = [permission.line for _, permission in verdicts if not permission]
    if here and not denied:
        return None
    previews = list(dict.fromkeys(name for names in going_on.values() for name in names))
    return messages.is_frozen([(one.app, one.environment) for one in declared], until, denied, previews)


def _decide(context: Context, declared: Sequence[FreezeDeclared]) -> Records:
    """Rows are locked in one order, so that two who want several do not wait crosswise."""
    if len(declared) > (MOST_AT_ONCE if context.via == API else 1):
        records = context.begin()
        for one in declared:
            records.put(one, f"freeze:{one.app}:{one.environment}:{records.cause}")
        return records
    first, *others = sorted(declared, key=lambda one: (one.app, one.environment))
    records = context.begin(first.app, first.environment)
    for one in others:
        records.hold(one.app, one.environment)
    for one in declared:
        _declare(records, one)
    return records


def _until(context: Context, command: DeclareFreeze) -> datetime | None:
    if command.until is None:
        return None
    meant = schedule_request.read(context, command.until)
    if meant.at is None:
        raise Refused(messages.until_not_understood(command.until, over=meant.over))
    return meant.at


def _announced_here(context: Context, apps: Sequence[str]) -> bool:
    """Whether the announcement appears right where the command was given, so that it is the answer."""
    where = context.where
    if where.thread or where.message or len(set(apps)) > 1:
        return False
    known = context.settings.apps.get(apps[0])
    return known is not None and announcing.is_read_here(context, known.channel)


def _by_app(places: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for app, environment in places:
        if environment not in found.setdefault(app, []):
            found[app].append(environment)
    return list(found.items())


@router.on(FreezeDeclared, name="freezes.declared")
def declared(context: Context, event: FreezeDeclared) -> None:
    _declare(context.begin(event.app, event.environment), event)


def _declare(records: Records, event: FreezeDeclared) -> None:
    freeze = Freeze(0, event.app, event.environment, event.by, event.reason, event.declared_at, event.until)
    lifecycle.declare(records, freeze)


# --- its end ----------------------------------------------------------------------------------------------------


@router.command(Unfreeze)
def unfreeze(context: Context, command: Unfreeze) -> Message | None:
    """Who declared a freeze may lift it, and so may admins. Windows stay: they are in the settings."""
    found = _to_lift(context, command)
    by = context.actor
    admin = authorization.is_admin(context)
    lifted = [one for one in found if admin or one.declared_by(by)]
    if not lifted:
        raise _stands(messages.not_yours(found[0]), "freeze")
    left = [one for one in found if one not in lifted]
    targets = {(app.name, one.name): Target(app, one) for app in _apps(context) for one in app.environments.values()}
    here = _announced_here(context, [one.app for one in lifted])
    single = lifted[0] if len(lifted) == 1 else None
    records = context.begin(single.app, single.environment) if single else context.begin()
    if single:
        if single.id not in {one.id for one in records.freezes.of(single.app, single.environment)}:
            raise _stands(messages.nothing_frozen(_subject(context, single.environment)), "not frozen")
        lifecycle.lift(records, single.app, single.environment, single.id)
    else:
        for one in lifted:
            records.put(FreezeLifted(one.app, one.environment, one.id), f"unfreeze:{one.id}:{records.cause}")
    mention = Mention(by.chat_id, by.name)
    for place in dict.fromkeys((one.app, one.environment) for one in lifted):
        still = _still(records, context, targets.get(place), place, without=lifted)
        records.emit(Announce(place[0], messages.over(*place, lifted_by=mention, still=still)))
    return None if here and not left else messages.lifted(lifted, left)


def _to_lift(context: Context, command: Unfreeze) -> list[Freeze]:
    """The freezes that are meant. Raises Refused where there are none, or where it cannot be told which."""
    environment = command.environment
    found = [one for one in _declared(context) if environment in {None, ALL, one.environment}]
    names = list(dict.fromkeys(one.environment for one in found))
    if environment is None and len(names) > 1:
        raise Refused(messages.which_to_lift(names))
    if found:
        return found
    for target in _targets(context, command):
        active_window = windows.active_window(windows_of(target), context.now, context.cron)
        if active_window is not None:
            raise _stands(messages.windows_stay(target.app.name, target.environment.name, active_window), "window")
    raise _stands(messages.nothing_frozen(_subject(context, environment)), "not frozen")


def _stands(message: Message, gate: str) -> Refused:
    return Refused(message, (Reason(gate, message.summary()),))


def _declared(context: Context) -> list[Freeze]:
    """Those of the channel's app, else of all, also where the settings have lost the app."""
    here = {app.name for app in _apps(context)} if context.here else None
    return [one for one in context.reads.freezes.all() if not one.ended(context.now) and (not here or one.app in here)]


def _still(
    records: Records, context: Context, target: Target | None, place: tuple[str, str], without: Sequence[Freeze]
) -> ClosedBy | None:
    gone = {one.id for one in without}
    others = [one for one in records.freezes.of(*place) if one.id not in gone]
    active_window = windows.active_window(windows_of(target), context.now, context.cron) if target else None
    return closed_by(others, active_window, context.now)


@router.on(FreezeLifted, name="freezes.lifted")
def lifted(context: Context, event: FreezeLifted) -> None:
    records = context.begin(event.app, event.environment)
    lifecycle.lift(records, event.app, event.environment, event.freeze_id)


@router.on(FreezeOver, name="freezes.over")
def over(context: Context, event: FreezeOver) -> None:
    """Its time is over: told in the channel, once, and what waited goes on."""
    records = context.begin(event.app, event.environment)
    freeze = next((one for one in records.freezes.of(event.app, event.environment) if one.id == event.freeze_id), None)
    if freeze is None or freeze.until != event.until:
        return
    target = target_at(context, event.app, event.environment)
    still = _still(records, context, target, (event.app, event.environment), without=[freeze])
    records.emit(Announce(event.app, messages.over(event.app, event.environment, lifted_by=None, still=still)))
    records.audit.record("unfreeze", reason="its time is over")
    lifecycle.lift(records, event.app, event.environment, event.freeze_id)


# --- the list ---------------------------------------------------------------------------------------------------


@router.command(Freezes)
def freezes(context: Context, _command: Freezes) -> Message:
    """What is frozen, which windows close what now, and when they close it next."""
    apps = _apps(context)
    found, places = _declared(context), context.settings.places
    lines: list[Line] = [
        messages.freeze_line(one, gone=not is_named(places, one.app, one.environment)) for one in found
    ]
    for target in [Target(app, one) for app in apps for one in app.environments.values()]:
        found_windows = windows_of(target)
        if found_windows:
            active_window = windows.active_window(found_windows, context.now, context.cron)
            change = windows.next_change(found_windows, context.now, context.cron)
            lines.append(messages.window_line(target.app.name, target.environment.name, active_window, change))
    lift = messages.unfreeze_buttons(one.environment for one in found)
    return messages.listing(lines, _subject(context, None), lift)
