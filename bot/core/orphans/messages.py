"""What is said of orphans: in a channel once, in lists, and to whoever runs the bot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.core.deployments.model import Actor, Deployment
from bot.core.deployments.wording import name_of, what
from bot.core.freezes.model import Freeze
from bot.core.grammar.commands import Cancel, Command, Unfreeze, Unlock, Unschedule
from bot.core.grammar.offers import hint, offer
from bot.core.locks.messages import where, who
from bot.core.locks.model import Lock
from bot.core.orphans.model import Orphan
from bot.core.rich_text import Bold, Button, Code, Line, Message, Moment, Span, say
from bot.core.schedules.model import ScheduleEntry

MEND = "python -m bot check --mend"
SHOWN = 5
"""How many things are named together."""


def place(orphan: Orphan) -> str:
    return f"{orphan.app} → {orphan.environment}"


def summary(orphan: Orphan) -> str:
    """What it is, and that its place is gone, as a line of plain text."""
    named = place(orphan)
    match orphan.thing:
        case Deployment() as one:
            state = f"is {one.state} in" if one.busy else "waits for"
            return f"#{one.id} {name_of(one)} by {one.by.name} {state} {named}, {_gone(orphan)}"
        case Lock(by=by, since=since):
            return f"{named} is locked by {by.name} since {since:%Y-%m-%d %H:%M} UTC, {_gone(orphan)}"
        case Freeze(by=by, declared_at=since):
            return f"{named} is frozen by {by.name} since {since:%Y-%m-%d %H:%M} UTC, {_gone(orphan)}"
        case ScheduleEntry() as entry:
            at = f"{entry.at:%Y-%m-%d %H:%M} UTC"
            return f"{entry.name} of the schedule is to deploy {entry.ref} to {named} on {at}, {_gone(orphan)}"


def _gone(orphan: Orphan) -> str:
    """Which of the two is gone."""
    if orphan.has_app:
        return f"but {orphan.app} has no environment {orphan.environment} in the settings"
    return f"but there is no app {orphan.app} in the settings"


def command(orphan: Orphan) -> Command | None:
    """What ends it. None for a freeze of an app that is gone: that has no name in the chat that means it alone."""
    match orphan.thing:
        case Deployment(id=number):
            return Cancel(number)
        case Lock():
            return Unlock(orphan.environment, orphan.app)
        case Freeze():
            return Unfreeze(orphan.environment) if orphan.has_app else None
        case ScheduleEntry(id=number):
            return Unschedule(number)


MARKS: dict[type, str] = {Deployment: "⏳", Lock: "🔒", Freeze: "🧊", ScheduleEntry: "⏰"}
LABELS: dict[type, str] = {Deployment: "Cancel", Lock: "Unlock", Freeze: "Unfreeze", ScheduleEntry: "Unschedule"}


def left_behind(left: Sequence[Orphan]) -> Message:
    """For a channel, once: their place was taken out of the settings, or renamed."""
    gone: Line = ("🧭 ", where(left[0].app, left[0].environment), " is no longer in my settings, but ")
    buttons = [button for one in left[:SHOWN] for button in _button(one, many=len(left) > 1)]
    if len(left) == 1:
        return say(*gone, *_still(left[0], person=who), lines=[_ways(left[0])], buttons=buttons)
    lines: list[Line] = [("• ", *_still(one, person=who), *_ends_with(one)) for one in left[:SHOWN]]
    if len(left) > SHOWN:
        lines.append((f"… and {len(left) - SHOWN} more",))
    lines.append((Code(MEND), " on the bot's machine asks of each whether it ends or goes on elsewhere."))
    return say(*gone, "something is left there:", lines=lines, buttons=buttons)


def _ways(orphan: Orphan) -> Line:
    runs = isinstance(orphan.thing, Deployment) and orphan.thing.busy
    ends = command(orphan)
    ways = hint("To end it: ", ends, ", or " if runs else "; to hand it over: ") if ends else ("To mend it: ",)
    return (*ways, Code(MEND), " on the bot's machine.")


def _button(orphan: Orphan, *, many: bool) -> tuple[Button, ...]:
    ends = command(orphan)
    number = f" #{orphan.thing.id}" if many and isinstance(orphan.thing, Deployment | ScheduleEntry) else ""
    return offer(f"{LABELS[type(orphan.thing)]}{number}", ends) if ends else ()


def _ends_with(orphan: Orphan) -> Line:
    ends = command(orphan)
    return hint(" It ends with ", ends, ".") if ends else ()


def _name(by: Actor) -> Span:
    """Nobody is called because somebody else asks."""
    return by.name


def _still(orphan: Orphan, person: Callable[[Actor], Span] = _name) -> Line:
    match orphan.thing:
        case Deployment() as one if one.busy:
            return (f"#{one.id} ", *what(one), " by ", person(one.by), " still runs there. I follow it to its end.")
        case Deployment() as one:
            return (f"#{one.id} ", *what(one), " by ", person(one.by), " still waits for it. It does not start there.")
        case Lock() as lock:
            return (person(lock.by), " still has the lock, since ", Moment(lock.since), ".")
        case Freeze() as freeze:
            return ("it is still frozen by ", person(freeze.by), f" because {freeze.reason.rstrip('. ')}.")
        case ScheduleEntry() as entry:
            again = f", every {entry.every}" if entry.every else ""
            told = (f"{entry.name} of the schedule is still to deploy {entry.ref} there, ", Moment(entry.at), again)
            return (*told, ", for ", person(entry.by), ".")


def status_line(orphan: Orphan) -> Line:
    """Below its place, for those who ask what is where."""
    return (f"    {MARKS[type(orphan.thing)]} {place(orphan)}: ", *_still(orphan))


NEWS: Line = ("waits: its environment is no longer in my settings",)
"""For the card of one that waits."""


def waiting(deployment: Deployment) -> str:
    """For the ``description`` of one that waits."""
    return f"Waiting: {deployment.app} → {deployment.environment} is no longer in the settings"


def ended(deployment: Deployment) -> str:
    """Why one ends that was about to begin."""
    return f"{deployment.app} → {deployment.environment} is no longer in the settings"


def expired(deployment: Deployment) -> str:
    """Why one ends that has waited for a day."""
    return f"Given up after a day: {ended(deployment)}"


def with_left(refusal: Message, left: Sequence[Orphan]) -> Message:
    """The refusal of a command that names a place that is gone, with what is left there and how to end it."""
    lines = [_left(one) for one in left[:SHOWN]]
    return replace(refusal, lines=(*(refusal.lines or (refusal.sentence,)), *lines))


def _left(orphan: Orphan) -> Line:
    return (f"{place(orphan)} was there: ", *_still(orphan), *_ends_with(orphan))


# --- what was done about one -----------------------------------------------------------------------------------------


def lock_released(lock: Lock, by: str) -> Message:
    why = f" was released by {by}: that is no longer in my settings."
    return say("🔓 The lock of ", who(lock.by), " on ", where(lock.app, lock.environment), why)


def your_lock_released(lock: Lock, by: str) -> Message:
    why = f" was released by {by}: that is no longer in my settings."
    return say("Your lock on ", where(lock.app, lock.environment), why)


def freeze_lifted(freeze: Freeze, by: str) -> Message:
    why = f" was lifted by {by}: that is no longer in my settings."
    return say("☀️ The freeze of ", who(freeze.by), " on ", where(freeze.app, freeze.environment), why)


def handed_over(deployment: Deployment, to: tuple[str, str], by: str) -> Message:
    """For the thread of a deployment that goes elsewhere now."""
    gone = f"{deployment.app} → {deployment.environment} is no longer in my settings"
    return say(f"↪️ Handed over by {by} to ", Bold(" → ".join(to)), f": {gone}.")


def lock_handed_over(lock: Lock, to: tuple[str, str], by: str) -> Message:
    return _moved("The lock of ", lock, to, by)


def freeze_handed_over(freeze: Freeze, to: tuple[str, str], by: str) -> Message:
    return _moved("The freeze of ", freeze, to, by)


def _moved(name: str, thing: Lock | Freeze, to: tuple[str, str], by: str) -> Message:
    gone = f" holds for {thing.app} → {thing.environment} no longer, which is gone from my settings, but for "
    return say("↪️ ", name, who(thing.by), gone, where(*to), f". Handed over by {by}.")


# --- the terminal ----------------------------------------------------------------------------------------------------


def ask_hand_over(to: tuple[str, str]) -> str:
    return f"  Hand it over to {' → '.join(to)}? [y/n] "


ASK_END: dict[type, str] = {
    Deployment: "  Cancel it? [y/n] ",
    Lock: "  Release it? [y/n] ",
    Freeze: "  Lift it? [y/n] ",
    ScheduleEntry: "  Take it off the schedule? [y/n] ",
}
DONE = "  Done. What follows from it in the chat and on GitHub, the running bot does."
LEFT = "  It stays as it is."
MEANWHILE = "  It is gone meanwhile."
NOBODY = "Nothing was changed: there is nobody here to ask. Run it in a terminal."
NOTHING = "There is nothing to mend: all that waits, runs or is held is in the settings."
STOPPED = "Stopped. What was not answered stays as it is."


def taken(to: tuple[str, str]) -> str:
    return f"  {' → '.join(to)} is locked by somebody else, so it stays as it is."
