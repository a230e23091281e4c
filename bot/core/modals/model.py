"""A modal before any chat service's own format: fields to be filled in, and the command that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal, TypeAlias

from bot.core.grammar.commands import Command, Deploy, Reject, Rollback, TakeLock, TakeOver
from bot.core.rich_text import Line, one_line

Filled: TypeAlias = tuple[tuple[str, str], ...]
"""What was filled in: the names of fields, and their values."""

WHY, HOW_LONG, APP, TO, WHAT, WHEN = "why", "for", "app", "to", "what", "when"
AT, FORCE = "at", "force"
OTHER = "other"
"""What stands for a moment that is typed."""
LONGEST_WHY = 300
LONGEST_CHOICE = 150
"""A name that is longer would have to be cut, and would be another one."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of several values; ``hint`` says more of it."""

    label: str
    value: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """Something to be filled in.

    A ``text`` is typed, a ``choice`` is one of the ``options``, a ``search`` is one of what is found for the beginning
    that somebody types, and a ``tick`` is the only option, or nothing. With ``redraws`` the modal is drawn anew when it
    is chosen; what was chosen in it is forgotten where it is a field ``of`` something else by then. ``example`` stands
    in it while it is empty, ``hint`` below it.
    """

    name: str
    label: str
    kind: Literal["text", "choice", "search", "tick"] = "text"
    optional: bool = False
    options: tuple[Option, ...] = ()
    chosen: Option | None = None
    redraws: bool = False
    of: str = ""
    example: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Modal:
    """``lines`` say what is about to happen, ``alert`` what stops it; ``notes`` are small print below the fields.

    Without ``submit`` there is nothing to be done yet.
    """

    title: str
    submit: str | None = None
    lines: tuple[Line, ...] = ()
    fields: tuple[Field, ...] = ()
    alert: Line = ()
    notes: tuple[Line, ...] = ()


def filled_in(command: Command, filled: Filled) -> Command:
    """The command with what was filled in, as if it had been typed with it.

    >>> filled_in(Reject(12), (("why", "wait for the audit"),)).reason
    'wait for the audit'
    """
    values = {name: one_line(value).strip()[:LONGEST_WHY] for name, value in filled if value.strip()}
    why = values.get(WHY)
    match command:
        case TakeLock():
            words = values.get(HOW_LONG, "")
            limit = {"until": words.removeprefix("until ")} if words.startswith("until ") else {"duration": words}
            return replace(command, reason=why or command.reason, **(limit if words else {}))
        case Reject() | Rollback() | TakeOver():
            return replace(command, reason=why or command.reason)
        case Deploy(force=True):
            return replace(command, force_reason=why or command.force_reason)
        case _:
            return command


def lacking(fields: Sequence[str], filled: Filled) -> list[str]:
    """The fields that must be filled in and are not: blanks are nothing."""
    there = {name for name, value in filled if value.strip()}
    return [name for name in fields if name not in there]


MOMENTS = {
    "now": "Now",
    "green": "When its checks are green",
    "17:00": "17:00",
    "tomorrow 9:00": "Tomorrow 9:00",
    OTHER: "Another moment…",
}
"""When something may be deployed, by what stands for it."""


def deployment(filled: Filled) -> Deploy:
    """The command that the deploy modal stands for; why it is forced is added by ``filled_in``.

    >>> deployment((("what", "topic"), ("when", "other"), ("at", "fri 9:00"))).at
    'fri 9:00'
    """
    values = {name: one_line(value).strip() for name, value in filled}
    when = values.get(WHEN) or "now"
    return Deploy(
        app=values.get(APP) or None,
        ref=values.get(WHAT) or None,
        environment=values.get(TO) or None,
        force=values.get(FORCE) == tick_of(values),
        when_green=when == "green",
        at=typed_moment(filled) if when == OTHER else None if when in {"now", "green"} else when,
    )


def tick_of(values: Mapping[str, str]) -> str:
    """What is ticked where that is forced which is chosen in the deploy modal, and nothing else."""
    chosen = "\n".join(values.get(name) or "" for name in (APP, TO, WHAT))
    return sha256(chosen.encode()).hexdigest()[:32]


def typed_moment(filled: Filled) -> str | None:
    """The words for another moment than those that are offered; None where one of these was chosen, or nothing."""
    values = dict(filled)
    words = one_line(values.get(AT, "")).strip()
    return words or None if values.get(WHEN) == OTHER else None
