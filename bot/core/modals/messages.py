"""What modals say: the forms for what a command lacks, and the one from which something is deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.modals.model import APP, HOW_LONG, MOMENTS, TO, WHAT, WHEN, WHY, Field, Filled, Modal, Option
from bot.core.rich_text import Code, Line, Message, say

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


def form(command: str, lines: tuple[Line, ...] = ()) -> Modal | None:
    """What is asked for a command, by its text; None where it lacks nothing."""
    begun = next((words for words in _FORMS if f"{command} ".startswith(f"{words} ")), None)
    if begun is None:
        return None
    title, submit, fields = _FORMS[begun]
    return Modal(title, submit, lines or ((Code(command),),), fields)


def too_late(command: str) -> Message:
    """The form could not be opened."""
    return say("Slack let me open no form for that just now. Press it again, or type ", Code(command), ".")


def opening() -> Modal:
    """The deploy modal until it is known what there is."""
    return Modal("Deploy", lines=(("One moment…",),))


def nothing_to_deploy() -> Modal:
    return Modal("Deploy", lines=(("There is no app here that you may see.",),))


def deploy(
    apps: Sequence[str],
    places: Sequence[Option],
    filled: Filled,
    *,
    alert: Line = (),
    note: Line = (),
    submit: str = "Deploy",
) -> Modal:
    """What to deploy where and when; ``filled`` is what was chosen so far, ``note`` what that comes to."""
    values = dict(filled)
    app = values.get(APP, "")
    shown = [Option(name, name) for name in apps]
    moments = [Option(label, value) for value, label in MOMENTS.items()]
    what = values.get(WHAT)
    fields = (
        Field(APP, "App", "choice", options=tuple(shown), chosen=_chosen(shown, values.get(APP)), redraws=True),
        Field(TO, "To", "choice", options=tuple(places), chosen=_chosen(places, values.get(TO)), redraws=True, of=app),
        Field(WHAT, "What", "search", True, chosen=Option(what, what) if what else None, redraws=True, of=app),
        Field(
            WHEN,
            "When",
            "choice",
            options=tuple(moments),
            chosen=_chosen(moments, values.get(WHEN) or "now"),
            redraws=True,
        ),
    )
    return Modal("Deploy", submit, fields=fields, alert=alert, notes=(note,) if note else ())


def _chosen(options: Sequence[Option], value: str | None) -> Option | None:
    return next((one for one in options if one.value == value), None)
