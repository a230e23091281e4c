"""What modals say: the forms for what a command lacks, and the one from which something is deployed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.deployments.model import Deployment
from bot.core.deployments.wording import name_of, where
from bot.core.locks.model import Lock
from bot.core.modals.model import (
    APP,
    AT,
    FORCE,
    HOW_LONG,
    MOMENTS,
    OTHER,
    TO,
    WHAT,
    WHEN,
    WHY,
    Field,
    Filled,
    Modal,
    Option,
    tick_of,
)
from bot.core.names import listed
from bot.core.rich_text import Code, Line, Message, Span, say

_PERIODS = (
    Option("Until I release it", "-"),
    Option("For an hour", "1h"),
    Option("For 2 hours", "2h"),
    Option("For 4 hours", "4h"),
    Option("Until tomorrow 9:00", "until tomorrow 9:00"),
)
_WHY = Field(WHY, "Why?", optional=True)
_MUST_SAY_WHY = Field(WHY, "Why?")
_FORMS: Mapping[str, tuple[str, str, tuple[Field, ...]]] = {
    "reject": ("Reject", "Reject", (_WHY,)),
    "rollback": ("Roll back", "Roll back", (_WHY,)),
    "take over": ("Take over", "Take over", (_MUST_SAY_WHY,)),
    "lock": ("Lock", "Lock", (Field(HOW_LONG, "For how long?", "choice", options=_PERIODS, chosen=_PERIODS[0]), _WHY)),
}
"""By the words with which a command begins: title, what the button says, and what is asked."""
_FORCED = re.compile(r"deploy(?:!|:\S|\s).*\s--force", re.DOTALL)
"""A deployment as ``written`` prints it that lacks nothing but the reason for its force."""
ALL_THE_SAME = "Deploy all the same"
SAY_WHEN = "Say when: fri 9:00, in 2 hours, 2026-12-31 18:00."
SHOWN = 5
"""So many repositories are named."""
MUST_SAY_WHY = "Say why: others will ask."
UNWRITABLE = "I cannot tell this apart from other commands: type it instead, as in help deploy."


def form(command: str, lines: tuple[Line, ...] = (), *, alert: Line = (), explained: bool = True) -> Modal | None:
    """What is asked for a command, by its text; None where it lacks nothing. ``explained`` is whether a force needs a
    reason."""
    if _FORCED.fullmatch(command):
        why = _MUST_SAY_WHY if explained else _WHY
        return Modal("Deploy by force", ALL_THE_SAME, lines or ((Code(command),),), (why,), alert)
    begun = next((words for words in _FORMS if f"{command} ".startswith(f"{words} ")), None)
    if begun is None:
        return None
    title, submit, fields = _FORMS[begun]
    return Modal(title, submit, lines or ((Code(command),),), fields, alert)


def rejects(one: Deployment) -> Line:
    return (f"{one.app} → {where(one)}: {name_of(one)}, asked for by {one.by.name}, is not deployed then.",)


def takes_over(lock: Lock) -> Line:
    return (f"{lock.app} → {lock.environment} is held by {lock.by.name}, who is told.",)


def goes_past(what: str, forced: Sequence[Line]) -> Line:
    """What a force comes to: ``what`` goes where, and what it does not wait for."""
    if not forced:
        return (f"{what}. Nothing stops it now that a force would pass.",)
    return (f"{what}, although: ", *_in_a_row(forced))


def past(forced: Sequence[Line]) -> Line:
    """The same in small print."""
    return ("By force, although: ", *_in_a_row(forced))


def _in_a_row(lines: Sequence[Line]) -> Line:
    spans: list[Span] = []
    for line in lines:
        spans += ["; " if spans else "", *line]
    return tuple(spans)


def moment_not_read(words: str, *, over: bool) -> str:
    """At the field, for whoever has typed a moment."""
    if over:
        return f"“{words}” is over already. {SAY_WHEN}"
    return f"I do not understand “{words}” as a moment to come. {SAY_WHEN}"


def too_late(command: str) -> Message:
    """The form could not be opened; without a command it was one in which everything is chosen."""
    if not command:
        return say("Slack let me open no form for that just now. Try it again, or type ", Code("help deploy"), ".")
    return say("Slack let me open no form for that just now. Press it again, or type ", Code(command), ".")


def names_nothing() -> Line:
    """Of a message that the modal was opened for."""
    return ("⚠️ That message names no pull request, branch or commit that I can find. Choose what to deploy.",)


def names_several(first: str) -> Line:
    return ("⚠️ That message names several. This is the first one: ", Code(first), ".")


def too_long_to_choose(ref: str) -> Line:
    return ("⚠️ ", Code(ref), " is too long a name to be chosen here: type it, as in ", Code("help deploy"), ".")


def of_another_repository(named: str, known: Mapping[str, Sequence[str]]) -> Line:
    """``known`` are the names of apps by their repositories, as far as the reader may see them."""
    shown = [f"{repository} ({listed(apps)})" for repository, apps in list(known.items())[:SHOWN]]
    more = [f"{len(known) - SHOWN} more"] if len(known) > SHOWN else []
    ours = f" I know {listed([*shown, *more])}." if known else ""
    return ("⚠️ That message is about ", Code(named), f", which is the repository of no app that you may see.{ours}")


def opening() -> Modal:
    """The deploy modal until it is known what there is."""
    return Modal("Deploy", lines=(("One moment…",),))


def nothing_to_deploy() -> Modal:
    return Modal("Deploy", lines=(("There is no app here that you may see.",),))


@dataclass(frozen=True, slots=True)
class Preview:
    """What would come of it as it is chosen: what the button says, what stops it, and what it comes to.

    ``forcible`` is whether a force passes all that stops it, ``explained`` whether that needs a reason.
    """

    submit: str = "Deploy"
    alert: Line = ()
    note: Line = ()
    forcible: bool = False
    explained: bool = True


def deploy(
    apps: Sequence[str],
    places: Sequence[Option],
    filled: Filled,
    preview: Preview,
    *,
    remark: Line = (),
    zone: str = "",
) -> Modal:
    """What to deploy where and when; ``filled`` is what was chosen so far, and ``remark`` what is to be said of how it
    was opened. ``zone`` is what the reader's clock goes by."""
    values = dict(filled)
    app = values.get(APP, "")
    shown = [Option(name, name) for name in apps]
    what = values.get(WHAT)
    fields = (
        Field(APP, "App", "choice", options=tuple(shown), chosen=_chosen(shown, values.get(APP)), redraws=True),
        Field(TO, "To", "choice", options=tuple(places), chosen=_chosen(places, values.get(TO)), redraws=True, of=app),
        Field(WHAT, "What", "search", True, chosen=Option(what, what) if what else None, redraws=True, of=app),
        *_when(values, zone),
        *_force(values, preview),
    )
    notes = (preview.note,) if preview.note else ()
    lines = (remark,) if remark else ()
    return Modal("Deploy", preview.submit, lines, fields, preview.alert, notes)


def _when(values: Mapping[str, str], zone: str) -> tuple[Field, ...]:
    moments = tuple(Option(label, value) for value, label in MOMENTS.items())
    when = Field(
        WHEN, "When", "choice", options=moments, chosen=_chosen(moments, values.get(WHEN) or "now"), redraws=True
    )
    if values.get(WHEN) != OTHER:
        return (when,)
    clock = f"On your clock: {zone}." if zone else ""
    return (when, Field(AT, "Which moment?", example="fri 9:00, in 2 hours, 2026-12-31 18:00", hint=clock))


def _force(values: Mapping[str, str], preview: Preview) -> tuple[Field, ...]:
    """Where that helps; why, once it was ticked. It is ticked for what is chosen then, and for nothing else."""
    if not preview.forcible:
        return ()
    of = tick_of(values)
    tick = Option("Deploy all the same, by force", of)
    ticked = values.get(FORCE) == of
    why = _MUST_SAY_WHY if preview.explained else _WHY
    field = Field(FORCE, "Force", "tick", True, options=(tick,), chosen=tick if ticked else None, redraws=True, of=of)
    return (field, why) if ticked else (field,)


def _chosen(options: Sequence[Option], value: str | None) -> Option | None:
    return next((one for one in options if one.value == value), None)
