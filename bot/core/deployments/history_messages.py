"""What the pages say of deployments in a list, and how they name them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bot.core.deployments.listings import NEVER_RAN
from bot.core.deployments.model import DEPLOY, Deployment, State
from bot.core.deployments.wording import emoji, name_of, spoken, where
from bot.core.rich_text import Line, Link, one_line

LONGEST_NAME = 40
LONGEST_REASON = 80
STATES: dict[State, str] = {
    State.REQUESTED: "asked for",
    State.WAITING: "waiting",
    State.STARTING: "starting",
    State.RUNNING: "running",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.ERROR: "did not work",
    State.TIMED_OUT: "timed out",
    State.CANCELLED: "stopped",
    State.SUPERSEDED: "part of a later one",
    State.EXPIRED: "expired",
}
"""What the pages call them."""
Tone: TypeAlias = Literal["bad", "busy", "good", "quiet"]
"""How it stands, at a glance."""


def address(deployment: Deployment) -> str:
    """The path of its page."""
    return f"/deployments/{deployment.request_id}"


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """As a part of a line that has no room for more.

    >>> short("a-branch-with-a-very-long-name", 12)
    'a-branch-wi…'
    """
    text = one_line(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def called(deployment: Deployment) -> str:
    """Its ref and its commit; of what is long the commit stays."""
    name, sha = one_line(name_of(deployment)), deployment.short_sha
    ref = name.removesuffix(f"@{sha}")
    return short(ref) if ref == name else f"{short(ref)}@{sha}"


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A deployment in a list: ``why`` is what is told of one that did not end well."""

    number: Line
    state: str
    tone: Tone
    place: str
    what: str
    by: str
    at: datetime
    took: str
    why: str


def history_line(one: Deployment) -> HistoryLine:
    fell = one.state in {State.FAILED, State.ERROR, State.TIMED_OUT}
    took = one.took if one.state not in NEVER_RAN else None
    task = "" if one.task == DEPLOY else f"{short(one.task)} "
    return HistoryLine(
        number=(Link(address(one), f"#{one.id}"),),
        state=f"{emoji(one)} {_state(one)}",
        tone="bad" if fell else "good" if one.state is State.SUCCEEDED else "quiet" if one.ended else "busy",
        place=short(where(one)),
        what=f"{task}{called(one)}",
        by=short(one.by.name),
        at=one.created_at,
        took=spoken(took) if took is not None else "",
        why=short(one.description, LONGEST_REASON) if fell else "",
    )


def _state(one: Deployment) -> str:
    if one.trigger == "rollback" and one.state is State.SUCCEEDED:
        return "rolled back"
    return STATES[one.state]
