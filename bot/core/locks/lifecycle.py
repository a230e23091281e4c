"""How a lock goes on: each function moves one lock and says what must happen because of it.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.deployments.card_buttons import tells_of_lock
from bot.core.deployments.model import Actor, Deployment, State
from bot.core.deployments.reconsideration import reconsider
from bot.core.effects import Announce, PostInThread, RenderParent, TellPerson
from bot.core.events.internal import LockExpired, LockReminderDue
from bot.core.locks import messages
from bot.core.locks.model import Lock, next_reminder, same_person
from bot.core.ports.transaction import Records
from bot.core.rich_text import Message, say


def current(records: Records, app: str, environment: str, now: datetime) -> Lock | None:
    """The lock that holds now; one whose time is over is taken away first."""
    lock = records.locks.of(app, environment)
    if lock is None or not lock.ended(now):
        return lock
    release(records, lock)
    _record(records, "unlock", lock, "expired")
    records.emit(Announce(app, messages.expired(lock)))
    _tell(records, lock.by, messages.expired_for_you(lock))
    return None


def take(records: Records, wanted: Lock, every: timedelta) -> Lock:
    """Whoever has it afterwards: the lock that is wanted, one's own with what is new about it, or somebody else's.

    ``every`` is how often its owner is reminded.
    """
    now = wanted.since
    held = current(records, *wanted.place, now)
    if held is None:
        fresh = replace(wanted, remind_at=next_reminder(wanted, now, every))
        if records.locks.claim(fresh):
            _set_timers(records, fresh)
            _show(records, fresh)
            return fresh
        held = records.locks.of(*wanted.place)
        assert held is not None, "what could not be claimed is there"
    if not same_person(held.by, wanted.by):
        return held
    # Whoever says nothing of a time wants it without one: the end of the lock before would come as a surprise.
    same = replace(held, reason=wanted.reason or held.reason, until=wanted.until)
    look_again(records, same)
    return keep(records, same, now, every)


def keep(records: Records, lock: Lock, now: datetime, every: timedelta) -> Lock:
    """Its owner needs it still; the reminder begins anew."""
    kept = replace(lock, remind_at=next_reminder(lock, now, every))
    records.locks.save(kept)
    _set_timers(records, kept)
    return kept


def take_over(records: Records, before: Lock, wanted: Lock, every: timedelta) -> Lock:
    """It changes hands without ever being free; whoever waits for it goes on waiting."""
    taken = keep(records, wanted, wanted.since, every)
    if wanted.by.chat_id is not None:
        records.locks.unwatch(*wanted.place, wanted.by.chat_id)
    records.emit(Announce(taken.app, messages.taken_over(taken, before)))
    _tell(records, before.by, messages.taken_from_you(taken))
    look_again(records, taken)
    return taken


def move(records: Records, lock: Lock, place: tuple[str, str]) -> bool:
    """It holds for another place from now on, with all who want to know; whether nobody else has that."""
    there = replace(lock, app=place[0], environment=place[1])
    if not records.locks.claim(there):
        return False
    watchers = records.locks.watchers(*lock.place)
    records.locks.remove(*lock.place)
    for key in _timers(lock):
        records.stop_timer(key)
    for watcher in watchers:
        records.locks.watch(replace(watcher, app=there.app, environment=there.environment))
    _set_timers(records, there)
    look_again(records, there)
    return True


def release(records: Records, lock: Lock) -> None:
    """It is gone: whoever wanted to know is told, and what waits for the environment is decided on again."""
    watchers = records.locks.watchers(*lock.place)
    records.locks.remove(*lock.place)
    for key in _timers(lock):
        records.stop_timer(key)
    records.emit(*(TellPerson(watcher.person, messages.free_now(lock)) for watcher in watchers))
    look_again(records, lock)


def release_by_admin(records: Records, lock: Lock, admin: Actor) -> None:
    release(records, lock)
    records.emit(Announce(lock.app, messages.unlocked_by_admin(admin, lock)))
    _tell(records, lock.by, messages.released_for_you(admin, lock))


def release_with_branch(records: Records, lock: Lock, number: int, *, merged: bool) -> None:
    """The pull request is no more that it was taken for: what was merged is to be deployed."""
    release(records, lock)
    _record(records, "unlock", lock, f"#{number} was {'merged' if merged else 'closed'}")
    records.emit(Announce(lock.app, messages.branch_over(lock, number, merged=merged)))


def release_with_preview(records: Records, lock: Lock) -> None:
    """What it held is no more."""
    release(records, lock)
    _record(records, "unlock", lock, "the preview was removed")
    _tell(records, lock.by, messages.preview_over(lock))


def remind(records: Records, lock: Lock, now: datetime, every: timedelta) -> None:
    """Ask the owner whether they still need it, and again after the same time."""
    waiting = records.waiting(*lock.place)
    _tell(records, lock.by, messages.reminder(lock, now, waiting))
    keep(records, lock, now, every)


def after_rollback(records: Records, deployment: Deployment, now: datetime) -> None:
    """What was taken back must not be shipped again by the next merge: the environment is theirs who rolled it back.

    It happens together with the end of the deployment, so that no merge that waits for its turn slips in between; its
    card says so. The reminder is set by whoever knows how often to remind.
    """
    if deployment.rollback_of is None or deployment.state is not State.SUCCEEDED:
        return
    owner = _owner(records, deployment)
    if owner.chat_id is None and (owner.login is None or not deployment.by_itself):
        return
    held = current(records, deployment.app, deployment.environment, now)
    reason = f"it was rolled back to {deployment.short_sha}"
    if held is not None and not same_person(held.by, owner):
        return
    if held is None:
        held = Lock(deployment.app, deployment.environment, owner, now)
    lock = replace(held, reason=reason, until=None, holds_merges=True)
    records.locks.save(lock)
    records.stop_timer(_timers(lock)[1])
    _record(records, "lock", lock, reason)


def _owner(records: Records, rollback: Deployment) -> Actor:
    """Who has to see to it: whoever rolled it back, and of what went back by itself whoever deployed what failed."""
    failed = records.deployment(rollback.rollback_of) if rollback.by_itself and rollback.rollback_of else None
    return failed.by if failed is not None else rollback.by


def look_again(records: Records, lock: Lock) -> None:
    """Whatever waits for the environment is decided on with the lock as it is now."""
    reconsider(records, *records.waiting(*lock.place))
    _show(records, lock)


def _show(records: Records, lock: Lock) -> None:
    """What has ended there says whether it is locked, or offers to lock it, or asks whether it is to be."""
    live = records.last_success(*lock.place)
    for one in records.offering(*lock.place):
        if (one.parent is not None or one.card is not None) and tells_of_lock(one):
            records.emit(RenderParent(one.id, one.card))
    if live is not None and records.kept(messages.offer_key(live.id)) is not None:
        records.emit(PostInThread(live.id, say(*messages.held_line(lock), "."), part="end"))


def _record(records: Records, action: str, lock: Lock, reason: str) -> None:
    """For the audit: what happens to a lock by itself; commands are recorded where they are carried out."""
    why = f"{reason}; it belongs to {lock.by.name}"
    records.audit.record(action, reason=why, app=lock.app, environment=lock.environment)


def _tell(records: Records, by: Actor, message: Message) -> None:
    if by.chat_id is not None:
        records.emit(TellPerson(by.chat_id, message))


def _timers(lock: Lock) -> tuple[str, str]:
    return f"lock:{lock.app}:{lock.environment}:reminder", f"lock:{lock.app}:{lock.environment}:end"


def _set_timers(records: Records, lock: Lock) -> None:
    reminder, end = _timers(lock)
    for key, at, event in (
        (reminder, lock.remind_at, LockReminderDue(*lock.place)),
        (end, lock.until, LockExpired(*lock.place)),
    ):
        if at is None:
            records.stop_timer(key)
        else:
            records.set_timer(key, at, event)
