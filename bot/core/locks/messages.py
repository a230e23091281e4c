"""What the bot says about locks: one function per situation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.core.deployments import wording
from bot.core.deployments.model import Actor, Deployment
from bot.core.grammar import commands
from bot.core.grammar.offers import hint, offer
from bot.core.locks.model import Lock
from bot.core.names import stated
from bot.core.rich_text import Bold, Button, Code, Line, Link, Mention, Message, Moment, Span, say

USUAL_REASONS = ("a hotfix must go out", "its owner is away")
"""What a button says for those who take a lock over; others type theirs."""


def where(app: str, *environments: str) -> Bold:
    return Bold(f"{app} → {', '.join(environments)}")


def _place(lock: Lock) -> Bold:
    return where(lock.app, lock.environment)


def who(by: Actor) -> Mention:
    return Mention(by.chat_id, by.name)


def _details(lock: Lock) -> Line:
    """`` until …``, `` for topic (#12)``, `` because …``, as far as there is something to tell."""
    spans: list[Span] = []
    if lock.until is not None:
        spans += [" until ", Moment(lock.until)]
    if lock.ref is not None:
        number = f" (#{lock.pull_request})" if lock.pull_request is not None else ""
        spans += [" for ", Link(lock.url, f"{lock.ref}{number}")]
    if lock.reason:
        spans.append(f" because {lock.reason.rstrip('. ')}")
    return tuple(spans)


def held_line(lock: Lock) -> Line:
    """Who has it, since when, how long and why; without a full stop."""
    return ("Locked by ", *_held(lock))


def waits_for(lock: Lock) -> Line:
    """What one does that the lock keeps out, behind its name."""
    return ("waits for ", *holder(lock))


def holder(lock: Lock) -> Line:
    """Who has it, why and how long, in a few words."""
    until: Line = (", until ", Moment(lock.until)) if lock.until is not None else ()
    why = f": {stated(lock.reason).rstrip('. ')}" if lock.reason else ""
    return (f"{lock.by.name}{why}", *until)


def _held(lock: Lock) -> Line:
    """By name: whoever asks is told who it is, and nobody is called for that."""
    return (lock.by.name, *_since(lock))


def _since(lock: Lock) -> Line:
    comma = "," if lock.until is not None else ""
    return (" since ", Moment(lock.since), comma, *_details(lock))


def own_line(lock: Lock) -> Line:
    return (lock.by.name, " has the lock", *_details(lock))


# --- what may be done about a lock ------------------------------------------------------------------------------


def lock_button(app: str, environment: str, reason: str | None = None, label: str = "Lock") -> tuple[Button, ...]:
    """With the reason, if that can be written down: it may hold the name of a branch. Else it is asked for."""
    explained = offer(label, commands.TakeLock(environment, app, reason=reason)) if reason else ()
    return explained or offer(f"{label}…", commands.TakeLock(environment, app), asks=True)


def unlock_button(lock: Lock, label: str = "Unlock") -> tuple[Button, ...]:
    return offer(label, commands.Unlock(lock.environment, lock.app))


def _notify_button(lock: Lock) -> tuple[Button, ...]:
    return offer("Notify me", commands.NotifyMe(lock.environment, lock.app))


def buttons_for_others(lock: Lock) -> tuple[Button, ...]:
    place = (lock.environment, lock.app)
    return (
        *_notify_button(lock),
        *offer("Ask to release", commands.AskToRelease(*place)),
        *offer("Take over…", commands.TakeOver(*place), asks=True),
    )


# --- what the app's channel hears -------------------------------------------------------------------------------


def locked(locks: Sequence[Lock]) -> Message:
    """``locks`` were taken together, for the environments of one app."""
    first = locks[0]
    place = where(first.app, *(lock.environment for lock in locks))
    return say("🔒 ", who(first.by), " has locked ", place, *_details(first), ".", *_ends_with(locks))


def _ends_with(locks: Sequence[Lock]) -> Line:
    if len(locks) > 1 or locks[0].ref is None:
        return ()
    number = locks[0].pull_request
    name = f"#{number}" if number is not None else "its pull request"
    return (f" It is released when {name} is merged or closed.",)


def renewed(lock: Lock) -> Message:
    return say("🔒 ", who(lock.by), " keeps ", _place(lock), " locked", *_details(lock), ".")


def taken_over(lock: Lock, before: Lock) -> Message:
    return say("🔒 ", who(lock.by), " has taken ", _place(lock), " over from ", who(before.by), *_details(lock), ".")


def unlocked(by: Actor, locks: Sequence[Lock]) -> Message:
    """Somebody has released their own locks on environments of one app."""
    return say("🔓 ", who(by), " has unlocked ", where(locks[0].app, *(lock.environment for lock in locks)), ".")


def unlocked_by_admin(by: Actor, lock: Lock) -> Message:
    return say("🔓 ", who(by), " has released the lock of ", who(lock.by), " on ", _place(lock), ".")


def expired(lock: Lock) -> Message:
    return say("🔓 The lock of ", who(lock.by), " on ", _place(lock), " has expired.")


def branch_over(lock: Lock, number: int, *, merged: bool) -> Message:
    ended: Line = (Link(lock.url, f"#{number}"), f" was {'merged' if merged else 'closed'}, for which ")
    return say("🔓 ", _place(lock), " is unlocked: ", *ended, who(lock.by), " had it.")


def preview_over(lock: Lock) -> Message:
    """For its owner: what they had is no more."""
    return say("🔓 ", _place(lock), " was removed with its pull request, and with it your lock.")


# --- what is answered -------------------------------------------------------------------------------------------


def yours(locks: Sequence[Lock], others: Sequence[Lock], every: timedelta) -> Message:
    """``others`` are those that somebody else has."""
    first = locks[0]
    place = where(first.app, *(lock.environment for lock in locks))
    until: Line = (" until ", Moment(first.until)) if first.until is not None else ()
    hint: Line = () if until else (f" I remind you every {wording.spoken(every)}.",)
    return say(
        place,
        " is yours",
        *until,
        ".",
        *hint,
        lines=[(_place(lock), " is locked by ", *_held(lock), ".") for lock in others],
    )


def held(locks: Sequence[Lock], *, hint: bool = False) -> Message:
    """Somebody else has it, or all of them; ``hint`` says who may release it."""
    lines: list[Line] = [(_place(lock), " is locked by ", *_held(lock), ".") for lock in locks]
    buttons = buttons_for_others(locks[0]) if len(locks) == 1 else ()
    who_may: Line = (f" Only {locks[0].by.name} and admins can release it.",) if hint and len(locks) == 1 else ()
    return say(*lines[0], *who_may, lines=lines[1:], buttons=buttons)


def yours_already(lock: Lock) -> Message:
    return say("You have ", _place(lock), " yourself", *_details(lock), ".", buttons=unlock_button(lock))


def not_locked(app: str, environment: str) -> Message:
    button = lock_button(app, environment)
    return say(where(app, environment), " is not locked.", buttons=button)


def no_lock_of_yours() -> Message:
    return say("You hold no lock. ", Code("locks"), " shows who holds what.")


def nothing_locked(app: str) -> Message:
    return say("Nothing of ", Bold(app), " is locked.")


def released(locks: Sequence[Lock], others: Sequence[Lock]) -> Message:
    """``locks`` are gone, of any app; ``others`` stay, because somebody else has them."""
    names = ", ".join(f"{lock.app} → {lock.environment}" for lock in locks)
    lines: list[Line] = [(_place(lock), " stays locked by ", *_held(lock), ".") for lock in others]
    return say(Bold(names), f" {'is' if len(locks) == 1 else 'are'} unlocked.", lines=lines)


def time_not_understood(words: str, example: commands.TakeLock) -> Message:
    return say(f"I do not understand “{words}” as a time to come.", *hint(" For example: ", example))


def listing(
    locks: Sequence[Lock], asker: str, example: commands.TakeLock, gone: Collection[tuple[str, str]] = ()
) -> Message:
    """``gone`` are the places that the settings no longer name."""
    if not locks:
        return say("Nothing is locked.", *hint(" ", example, " keeps an environment to yourself."))
    marks = dict.fromkeys(gone, (wording.NO_LONGER,))
    lines: list[Line] = [("🔒 ", _place(one), *marks.get(one.place, ()), " by ", *_held(one)) for one in locks]
    mine = [lock for lock in locks if lock.by.chat_id == asker]
    buttons = [one for lock in mine[:5] for one in unlock_button(lock, f"Unlock {lock.app} → {lock.environment}")]
    return say("Locked now:", lines=lines, buttons=buttons)


def why_take_over(lock: Lock) -> Message:
    def reasoned(reason: str) -> commands.TakeOver:
        return commands.TakeOver(lock.environment, lock.app, reason)

    labelled = [(reason[:1].upper() + reason[1:], reasoned(reason)) for reason in USUAL_REASONS]
    return say(
        "Why do you need ",
        _place(lock),
        f" now? {lock.by.name} is told. Choose a reason",
        *hint(", or write it: ", reasoned("…")),
        buttons=[one for label, command in labelled for one in offer(label, command, "danger")],
    )


def asked_owner(lock: Lock) -> Message:
    return say(f"I have asked {lock.by.name}, and tell you when ", _place(lock), " is free.")


def asked_already(lock: Lock, at: datetime) -> Message:
    return say(f"I have asked {lock.by.name} already (", Moment(at), "). I tell you when ", _place(lock), " is free.")


def will_notify(lock: Lock) -> Message:
    return say("I tell you when ", _place(lock), " is free. ", *held_line(lock), ".")


def kept(lock: Lock) -> Message:
    again: Line = (" I ask again ", Moment(lock.remind_at), ".") if lock.remind_at is not None else ()
    until: Line = (" until ", Moment(lock.until)) if lock.until is not None else ()
    return say(_place(lock), " stays yours", *until, ".", *again)


# --- what one person is told ------------------------------------------------------------------------------------


def reminder(lock: Lock, now: datetime, waiting: Sequence[Deployment]) -> Message:
    keep = offer("Keep", commands.KeepLock(lock.environment, lock.app))
    lines: list[Line] = [("⏳ ", *wording.what(one), f" (#{one.id}) by {one.by.name} waits for it.") for one in waiting]
    return say(
        "You have had ",
        _place(lock),
        f" for {wording.spoken(now - lock.since)}",
        *_details(lock),
        ". Do you still need it?",
        lines=lines,
        buttons=[*unlock_button(lock), *keep],
    )


def expired_for_you(lock: Lock) -> Message:
    again = lock_button(lock.app, lock.environment, lock.reason, "Lock again")
    return say("Your lock on ", _place(lock), " has expired.", buttons=again)


def released_for_you(by: Actor, lock: Lock) -> Message:
    return say(who(by), " has released your lock on ", _place(lock), ".")


def taken_from_you(lock: Lock) -> Message:
    because = f" because {lock.reason.rstrip('. ')}" if lock.reason else ""
    return say(who(lock.by), " has taken ", _place(lock), f" over from you{because}.", buttons=_notify_button(lock))


def please_release(by: Actor, lock: Lock) -> Message:
    """``by`` asks its owner."""
    held: Line = (", which you have had", *_since(lock), ".")
    return say(who(by), " asks you to release ", _place(lock), *held, buttons=unlock_button(lock))


def free_now(lock: Lock) -> Message:
    return say(_place(lock), " is free now.", buttons=lock_button(lock.app, lock.environment))


# --- what is said under a deployment ----------------------------------------------------------------------------


def offer_key(deployment_id: int) -> str:
    """Under this is kept what whoever deployed a branch is asked: ``lock`` or ``unlock``."""
    return f"offer:{deployment_id}"


def offer_lock(deployment: Deployment) -> tuple[Button, ...]:
    """The next merge or deployment takes the place of a branch."""
    label = f"Keep {deployment.environment} for {deployment.ref}"
    return lock_button(deployment.app, deployment.environment, f"testing {deployment.ref}", label)


def offer_unlock(deployment: Deployment) -> tuple[Button, ...]:
    """What is there now is no branch any more."""
    return offer(f"Unlock {deployment.environment}", commands.Unlock(deployment.environment, deployment.app))
