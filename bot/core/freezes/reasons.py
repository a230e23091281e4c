"""Why an environment is closed, in a line: for the gate, and for all that tells of freezes and windows."""

from __future__ import annotations

from datetime import datetime

from bot.core.freezes.model import ClosedBy, Force, Freeze
from bot.core.freezes.windows import ActiveWindow
from bot.core.names import listed, stated
from bot.core.rich_text import Bold, Line, Mention, Moment, Span


def closed(environment: str, closed_by: ClosedBy, force: Force | None) -> Line:
    """Why nothing is deployed there now: who, until when and why; and why a force does not help."""
    return (Bold(environment), " is ", *why_closed(closed_by), *_no_force(closed_by, force))


def waits_until(closed_by: ClosedBy) -> Line:
    """What one does that it keeps out, behind its name."""
    if closed_by.until is None and not closed_by.freezes:
        return ("waits for a window",)
    return ("waits ", *until_then(closed_by))


def until_then(closed_by: ClosedBy) -> Line:
    """When it opens again, and why it does not before."""
    reasons = "; ".join(stated(freeze.reason) for freeze in closed_by.freezes)
    why = f": {reasons}" if reasons else ""
    if closed_by.until is None:
        return (f"until somebody lifts the freeze{why}" if closed_by.freezes else "closed, with no end in sight",)
    return ("until ", Moment(closed_by.until), why)


def whose(closed_by: ClosedBy) -> tuple[Line, ...]:
    names = list(dict.fromkeys(freeze.by.name for freeze in closed_by.freezes))
    by: list[Line] = [(f"frozen by {listed(names)}",)] if names else []
    return (*by, ("closed by a window in the settings",)) if closed_by.active_window is not None else tuple(by)


def why_closed(closed_by: ClosedBy) -> Line:
    reasons = [frozen_by(freeze, mention=False) for freeze in closed_by.freezes]
    if closed_by.active_window is not None:
        reasons.append(closed_by_window(closed_by.active_window))
    spans: list[Span] = []
    for reason in reasons:
        spans += ["; it is also ", *reason] if spans else reason
    return tuple(spans)


def frozen_by(freeze: Freeze, *, mention: bool) -> Line:
    by: Span = Mention(freeze.by.chat_id, freeze.by.name) if mention else freeze.by.name
    return ("frozen by ", by, *until_when(freeze.until), f": {stated(freeze.reason)}")


def closed_by_window(active_window: ActiveWindow) -> Line:
    end: Line = (" until ", Moment(active_window.until)) if active_window.until else (", and no end is in sight",)
    if active_window.by is None:
        return ("closed", *end, ", outside of the windows in the settings")
    return ("closed", *end, " by a window in the settings")


def until_when(until: datetime | None) -> Line:
    return (" until ", Moment(until)) if until is not None else (" until somebody lifts it",)


def _no_force(closed_by: ClosedBy, force: Force | None) -> Line:
    if force is None or not force.tried:
        return ()
    if closed_by.lets_pass(force):
        return () if force.explained else ("; a force through it needs a reason",)
    if closed_by.active_window is not None:
        return ("; only admins of the bot may force their way through a window",)
    names = ", ".join(dict.fromkeys(freeze.by.name for freeze in closed_by.freezes))
    return (f"; only {names} and admins of the bot may force their way through",)
