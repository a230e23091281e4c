"""What somebody looks for in an app's history, as the query of an address says it; wrong values become sentences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from bot.core.deployments.history import Wanted
from bot.core.deployments.history_messages import STATES
from bot.core.deployments.model import State
from bot.core.errors import Rejected
from bot.core.names import listed, nearest
from bot.core.rich_text import one_line

FILTERS = ("environment", "state", "person", "ref", "before")
LONGEST = 250
"""No ref is longer, nor what a person is called."""
_MOST_DIGITS = 18
"""A database counts no further."""


def wanted(
    app: str, asked: Mapping[str, str], environments: Collection[str], known: Callable[[str], str | None]
) -> Wanted:
    """``environments`` are those that are offered, and ``known`` tells the name of any other that has ever been there.

    Raises Rejected with a sentence for whoever has asked.
    """
    given = {name: asked.get(name, "").strip() for name in FILTERS}
    for name, value in given.items():
        if len(value) > LONGEST or not value.isprintable():
            raise Rejected(f"The {name} is too long, or has something in it that cannot be typed.")
    environment = given["environment"] or None
    return Wanted(
        app,
        environment=_environment(app, environment, environments, known) if environment else None,
        state=_state(given["state"]) if given["state"] else None,
        person=given["person"] or None,
        ref=given["ref"] or None,
        before=_before(given["before"]) if given["before"] else None,
    )


def _environment(app: str, name: str, environments: Collection[str], known: Callable[[str], str | None]) -> str:
    found = name if name in environments else known(name)
    if found is None:
        meant = nearest(name, environments)
        meaning = f"Did you mean {meant}?" if meant else f"It has {listed(list(environments))}."
        raise Rejected(f"{app} has no environment called “{one_line(name)}”. {meaning}")
    return found


def _state(name: str) -> State:
    try:
        return State(name.lower().replace(" ", "_").replace("-", "_"))
    except ValueError:
        raise Rejected(f"There is no state “{one_line(name)}”. The states are {listed(list(STATES))}.") from None


def _before(number: str) -> int:
    digits = number.removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS):
        raise Rejected(f"“{one_line(number)}” is no number of a deployment: before=120 shows what came before #120.")
    return int(digits)
