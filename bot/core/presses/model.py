"""Presses: idempotency keys of what buttons start, and optimistic locking: each is tied to the state it was drawn for.

A screen may be old, and two people may look at the same one. So what a button starts is kept under the message that it
was in, and a button of a deployment says which one it is about and how that stood.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.deployments.model import Deployment, State
from bot.core.grammar.commands import Command, Deploy, Promote, Retry, Rollback, Ship

STARTS_ONE = (Deploy, Ship, Rollback, Promote, Retry)
"""Commands that start something each time they are given: a press on a button of theirs does so once."""

_DRAWN = re.compile(r"([0-9]{1,18}):([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Screen:
    """What whoever pressed had before them: the ``message``, what stood on the button, and what it was drawn for.

    ``deployment`` and ``state`` are None where it was drawn for none, or by a version that did not say; ``shown_at``
    is when the message was posted, None where nobody knows.
    """

    message: str | None
    command: str
    deployment: int | None = None
    state: State | None = None
    shown_at: datetime | None = None

    @property
    def key(self) -> str | None:
        """The same for every press on this button, however long the command is; None where the message is unknown."""
        if self.message is None:
            return None
        drawn = f"{self.deployment or ''}:{self.state or ''}:{self.command}"
        return f"{self.message}:{hashlib.sha256(drawn.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Press:
    """A press that has started something: by whom, and which deployment, where it was one."""

    key: str
    name: str
    chat_id: str | None
    deployment_id: int | None
    at: datetime


class PressReads(Protocol):
    """Presses that have started something."""

    def of(self, key: str) -> Press | None: ...


class PressRecords(PressReads, Protocol):
    """Presses to be kept, with what they start or not at all."""

    def keep(self, press: Press) -> bool:
        """False where one is kept under its key already: then it is that one that counts."""


def drawn_for(deployment: Deployment) -> str:
    """The deployment and how it stands, for a button that is drawn for that."""
    return f"{deployment.id}:{deployment.state}"


def screen(message: str | None, command: str, drawn: str | None, shown_at: datetime | None = None) -> Screen:
    """What ``drawn_for`` wrote, read again; what nobody can read was drawn for nothing.

    >>> screen("C1:1.2", "retry #4", "4:failed").state
    <State.FAILED: 'failed'>
    """
    found = _DRAWN.fullmatch(drawn or "")
    if found is None or found[2] not in set(State):
        return Screen(message, command, shown_at=shown_at)
    return Screen(message, command, int(found[1]), State(found[2]), shown_at)


def same_stage(one: State, other: State) -> bool:
    """Whether ending it is the same deed in both states: what waits is taken back, what goes on is stopped."""
    going = {State.STARTING, State.RUNNING}
    waiting = {State.REQUESTED, State.WAITING}
    return any({one, other} <= stage for stage in (going, waiting)) or one is other


def starts_one(command: Command) -> bool:
    return isinstance(command, STARTS_ONE)
