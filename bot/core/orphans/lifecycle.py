"""What becomes of an orphan: each function writes one end of it, and what must happen because of that.

All of it runs inside a decision's transaction, with the rows of all its environments locked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.deployments import ending, telling
from bot.core.deployments.model import Actor, Deployment, run_key
from bot.core.deployments.reconsideration import reconsider
from bot.core.effects import Announce, RenderParent, TellPerson
from bot.core.events.internal import ScheduleDue
from bot.core.freezes import lifecycle as freeze_lifecycle
from bot.core.freezes.model import Freeze
from bot.core.grammar.commands import Deploy
from bot.core.grammar.parser import parse, show
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from bot.core.locks import lifecycle as lock_lifecycle
from bot.core.locks.model import Lock
from bot.core.orphans import messages
from bot.core.orphans.model import Orphan
from bot.core.ports.transaction import Records
from bot.core.schedules.model import ScheduleEntry, timer_of

ENDS: dict[type, str] = {Deployment: "cancel", Lock: "unlock", Freeze: "unfreeze", ScheduleEntry: "unschedule"}
"""What the audit calls the end of each."""


def end(records: Records, orphan: Orphan, by: Actor, now: datetime) -> None:
    """As the command that ends it would, given by ``by``."""
    match orphan.thing:
        case Deployment() as deployment:
            # Without its settings only what has begun tells who carries it out.
            ours = deployment.exclusive and records.kept(run_key(deployment.id)) is not None
            ending.cancel(records, deployment, by.name, now, ours=ours)
        case Lock() as lock:
            lock_lifecycle.release(records, lock)
            records.emit(Announce(lock.app, messages.lock_released(lock, by.name)))
            if lock.by.chat_id is not None:
                records.emit(TellPerson(lock.by.chat_id, messages.your_lock_released(lock, by.name)))
        case Freeze() as freeze:
            freeze_lifecycle.lift(records, freeze.app, freeze.environment, freeze.id)
            records.emit(Announce(freeze.app, messages.freeze_lifted(freeze, by.name)))
        case ScheduleEntry() as entry:
            records.schedules.remove(entry.id)
            records.stop_timer(timer_of(entry.id))
    _record(records, orphan, ENDS[type(orphan.thing)], "")


def may_go(orphan: Orphan) -> bool:
    """Whether it may be handed over at all: what has begun, or is on GitHub for the old place, may not."""
    if isinstance(orphan.thing, Deployment):
        return not orphan.thing.busy and orphan.thing.remote_id is None
    return not isinstance(orphan.thing, ScheduleEntry) or _command_of(orphan.thing) is not None


def hand_over(records: Records, orphan: Orphan, to: tuple[str, str], by: Actor, url: str | None) -> bool:
    """It goes on as if it had always been there; whether it could. ``url`` is the page of that environment."""
    match orphan.thing:
        case Deployment() as deployment:
            _hand_over_deployment(records, deployment, to, by, url)
        case Lock() as lock:
            if not lock_lifecycle.move(records, lock, to):
                return False
            records.emit(Announce(to[0], messages.lock_handed_over(lock, to, by.name)))
        case Freeze() as freeze:
            freeze_lifecycle.lift(records, freeze.app, freeze.environment, freeze.id)
            freeze_lifecycle.declare(records, replace(freeze, app=to[0], environment=to[1]))
            records.emit(Announce(to[0], messages.freeze_handed_over(freeze, to, by.name)))
        case ScheduleEntry() as entry:
            _hand_over_entry(records, entry, to)
    _record(records, orphan, "hand over", f" and goes on as {' → '.join(to)}")
    return True


def _hand_over_deployment(
    records: Records, deployment: Deployment, to: tuple[str, str], by: Actor, url: str | None
) -> None:
    moved = replace(deployment, app=to[0], environment=to[1], environment_url=url)
    records.save(moved)
    records.emit(RenderParent(moved.id, moved.card))
    telling.note(records, moved, messages.handed_over(deployment, to, by.name))
    reconsider(records, moved)


def _hand_over_entry(records: Records, entry: ScheduleEntry, to: tuple[str, str]) -> None:
    command = _command_of(entry)
    assert command is not None, "may_go has asked"
    there = show(replace(command, app=to[0], environment=to[1]))
    records.schedules.save(replace(entry, app=to[0], environment=to[1], command=there))
    records.set_timer(timer_of(entry.id), entry.at, ScheduleDue(entry.id, entry.at))


def _command_of(entry: ScheduleEntry) -> Deploy | None:
    """What it deploys; None where that cannot be read any more."""
    words = Vocabulary({entry.app: AppVocabulary((entry.environment,))})
    command = parse(entry.command, words)
    return command if isinstance(command, Deploy) and command.app == entry.app else None


def leave_waiting(records: Records, deployment: Deployment) -> None:
    """It waits for its place to come back, and says so."""
    telling.waits_on(records, deployment, messages.waiting(deployment), messages.NEWS)


def _record(records: Records, orphan: Orphan, action: str, more: str) -> None:
    reason = f"{messages.place(orphan)} is no longer in the settings{more}"
    thing = orphan.thing
    number = thing.id if isinstance(thing, Deployment) else None
    records.audit.record(action, reason=reason, deployment_id=number, app=orphan.app, environment=orphan.environment)
