"""What the bot says about freezes and windows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.core.deployments.wording import NO_LONGER, spoken
from bot.core.freezes.model import ClosedBy, Freeze
from bot.core.freezes.reasons import closed_by_window, frozen_by, until_when, why_closed
from bot.core.freezes.windows import ActiveWindow, Window
from bot.core.grammar.commands import DeclareFreeze, Unfreeze
from bot.core.grammar.offers import hint, offer
from bot.core.names import listed
from bot.core.rich_text import Bold, Button, Code, Line, Mention, Message, Moment, say

EXAMPLES = ("mon 9:00", "tomorrow 9am", "2026-12-31 18:00")


# --- freezing --------------------------------------------------------------------------------------------------


def frozen(
    app: str, environments: Sequence[str], freeze: Freeze, previews: Sequence[str] = (), *, pushed: bool = False
) -> Message:
    """For the app's channel: it begins. ``previews`` are those that go on; ``pushed``: what is frozen are previews."""
    names = (Bold(listed(environments)), " is " if len(environments) == 1 else " are ")
    line: Line = ("🧊 ", Bold(app), ": ", *names, *frozen_by(freeze, mention=True))
    rest: Line = (f"What is running finishes. {'Pushes' if pushed else 'Merges'} wait for the end.",)
    return say(*line, lines=[rest, *_go_on(previews)], buttons=unfreeze_buttons(environments))


def _go_on(previews: Sequence[str]) -> list[Line]:
    """What a freeze of everything leaves open."""
    if not previews:
        return []
    command = hint(" ", DeclareFreeze(previews[0], None, "of the holidays"), " holds them too.")
    return [("Previews go on with each push.", *command)]


def unfreeze_buttons(environments: Iterable[str]) -> list[Button]:
    """For the first few of them, each once."""
    names = list(dict.fromkeys(environments))[:5]
    return [button for name in names for button in offer(f"Unfreeze {name}", Unfreeze(name))]


def is_frozen(
    places: Sequence[tuple[str, str]], until: datetime | None, denied: Sequence[Line], previews: Sequence[str] = ()
) -> Message:
    """The answer: what is closed now, and what is not because the person may not, or as previews are not meant."""
    names = listed(f"{app} → {environment}" for app, environment in places)
    lines: list[Line] = [*(("Not frozen: ", *line) for line in denied), *_go_on(previews)]
    return say("🧊 Frozen: ", Bold(names), *until_when(until), ". What is running finishes.", lines=lines)


def until_not_understood(words: str, *, over: bool) -> Message:
    why = f"“{words}” is over already." if over else f"I do not understand “{words}” as a moment."
    return say(why, *hint(" For example: ", DeclareFreeze("production", EXAMPLES[0], "of the holidays")))


def no_such_environment(name: str, known: Iterable[str]) -> Message:
    return say(f"No app has an environment called {name}. There are {listed(known)}.")


# --- its end ---------------------------------------------------------------------------------------------------


def over(app: str, environment: str, *, lifted_by: Mention | None, still: ClosedBy | None) -> Message:
    """For the app's channel: a freeze ends, by itself or by a person; ``still`` is what keeps the place closed."""
    by: Line = (", lifted by ", lifted_by) if lifted_by else ()
    if still is None:
        return say("☀️ ", Bold(app), ": ", Bold(environment), " is no longer frozen", *by, ".")
    line: Line = ("🧊 ", Bold(app), ": a freeze of ", Bold(environment), " is over", *by)
    return say(*line, ", but it is ", *why_closed(still))


def lifted(freezes: Sequence[Freeze], left: Sequence[Freeze]) -> Message:
    """The answer: what is lifted, and what is not the person's to lift."""
    names = listed(dict.fromkeys(f"{one.app} → {one.environment}" for one in freezes))
    lines: list[Line] = [(f"Still: {one.app} → {one.environment} is ", *frozen_by(one, mention=False)) for one in left]
    return say("☀️ Lifted: ", Bold(names), ". What waited goes on by itself.", lines=lines)


def not_yours(freeze: Freeze) -> Message:
    return say(
        Bold(f"{freeze.app} → {freeze.environment}"),
        " is ",
        *frozen_by(freeze, mention=False),
        ". They and admins of the bot may lift it; please ask one of them.",
    )


def which_to_lift(environments: Sequence[str]) -> Message:
    buttons = [button for name in environments[:20] for button in offer(f"Unfreeze {name}", Unfreeze(name))]
    return say("Which freeze do you want to lift?", buttons=[*buttons, *offer("Unfreeze all", Unfreeze("all"))])


def nothing_frozen(subject: str) -> Message:
    return say(f"Nothing is frozen {subject}. ", Code("freezes"), " shows what is.")


def windows_stay(app: str, environment: str, active_window: ActiveWindow) -> Message:
    return say(
        Bold(f"{app} → {environment}"),
        " is ",
        *closed_by_window(active_window),
        ". No command lifts that: change ",
        Code("windows"),
        " there, or let an admin deploy with ",
        Code('--force "why"'),
        ".",
    )


# --- windows ---------------------------------------------------------------------------------------------------


def window_begins(app: str, environment: str, active_window: ActiveWindow) -> Message:
    line: Line = ("🧊 ", Bold(app), ": ", Bold(environment), " is ", *closed_by_window(active_window), ".")
    return say(*line, " What is running finishes. Merges wait for the end.")


def window_ends(app: str, environment: str, still: ClosedBy | None) -> Message:
    if still is None:
        return say("☀️ ", Bold(app), ": ", Bold(environment), " is open again.")
    return say(
        "☀️ ", Bold(app), ": ", Bold(environment), " is open again by its windows, but it is ", *why_closed(still)
    )


# --- the list --------------------------------------------------------------------------------------------------


def listing(lines: Sequence[Line], subject: str, buttons: Sequence[Button]) -> Message:
    if not lines:
        return say(f"Nothing is frozen {subject}, and there are no windows.")
    return say("Freezes and windows:", lines=lines, buttons=buttons)


def freeze_line(freeze: Freeze, *, gone: bool = False) -> Line:
    """``gone``: the settings name its place no longer."""
    name = (Bold(f"{freeze.app} → {freeze.environment}"), *((NO_LONGER,) if gone else ()))
    return ("🧊 ", *name, " is ", *frozen_by(freeze, mention=False))


def window_line(app: str, environment: str, active_window: ActiveWindow | None, next_change: datetime | None) -> Line:
    """Closed now, or when it closes next."""
    name = Bold(f"{app} → {environment}")
    if active_window is not None:
        by: Line = (f" ({described(active_window.by)})",) if active_window.by is not None else ()
        return ("🧊 ", name, " is ", *closed_by_window(active_window), *by)
    if next_change is None:
        return ("☀️ ", name, " is open, and its windows do not close it")
    return ("☀️ ", name, " is open; its windows close it from ", Moment(next_change), " on")


def described(window: Window) -> str:
    """The window as the settings write it."""
    kind = "deny" if window.denies else "allow"
    hours = window.length.total_seconds() / 3600
    length = f"{hours:.0f} h" if hours.is_integer() else spoken(window.length)
    return f"{kind} {window.cron} for {length}, {window.timezone}"
