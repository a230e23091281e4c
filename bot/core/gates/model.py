"""What the gates look at, what they answer, and what follows from all answers together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from bot.core.approvals.model import Approval
from bot.core.deployments.model import Actor, Deployment, Waiting
from bot.core.freezes.model import ClosedBy, Force
from bot.core.gates.wanted_checks import Required
from bot.core.grammar.commands import Deploy
from bot.core.locks.model import Lock
from bot.core.people.permissions import Permission
from bot.core.ports.forge_types import Check, Comparison, EarlierCheck
from bot.core.ports.reviews import Protection, Reviewed
from bot.core.rich_text import Button, Line

PATIENCE = timedelta(hours=24)
"""How long reviews and the environment before are waited for."""


class AppRules(Protocol):
    """What the gates read of an app's settings."""

    @property
    def name(self) -> str: ...
    @property
    def allowed_channels(self) -> tuple[str, ...]: ...


class EnvironmentRules(Protocol):
    """What the gates read of an environment's settings; ``bot.settings`` says what each of them means."""

    @property
    def name(self) -> str: ...
    @property
    def required_checks(self) -> Required: ...
    @property
    def ignored_checks(self) -> tuple[str, ...]: ...
    @property
    def deployers(self) -> tuple[str, ...]: ...
    @property
    def required_reviews(self) -> int: ...
    @property
    def after(self) -> str | None: ...
    @property
    def approvals(self) -> int: ...
    @property
    def approvers(self) -> tuple[str, ...]: ...
    @property
    def approval_timeout(self) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the gates look at, gathered once.

    ``checks`` is None where they were not asked for. ``expected_checks`` is what the commits before had, and
    ``checks_of_branch`` what the branch requires, so that their absence means "not yet"; for so long is it waited after
    the last one (``checks_settle``), and for what never comes (``checks_missing_after``). ``place`` holds every name of
    the channel, None where the request did not come from the chat. What ``waits_for_checks`` waits for failed ones too:
    they may be run again. ``wanted`` is what is decided on, with the id 0 where it is new. ``reviewed`` and ``behind``
    (what it lacks of the default branch) are None where they are not asked for. ``before_here`` is the success of the
    commit in the environment before, ``been_here`` says that it goes back to where it was let in. ``approvals`` are
    those that count. ``lock`` is the environment's, whose ever it is. ``closed_by`` is what freezes and windows keep
    closed, ``force`` who wants to pass; ``later`` is the command that asks for the same at its end. What goes on by
    itself stays ``soaks_until`` that moment in the environment ``soaks_in``.
    """

    now: datetime
    app: AppRules
    environment: EnvironmentRules
    wanted: Deployment | None = None
    checks: tuple[Check, ...] | None = None
    expected_checks: tuple[EarlierCheck, ...] = ()
    checks_of_branch: tuple[str, ...] = ()
    checks_settle: timedelta = timedelta(0)
    checks_missing_after: timedelta = PATIENCE
    reviewed: Reviewed | None = None
    before_here: Deployment | None = None
    been_here: bool = False
    behind: Comparison | None = None
    default_branch: str = ""
    protection: Protection | None = None
    approvals: tuple[Approval, ...] = ()
    busy: tuple[Deployment, ...] = ()
    queued_before: tuple[Deployment, ...] = ()
    place: frozenset[str] | None = None
    waits_for_checks: bool = False
    permission: Permission | None = None
    lock: Lock | None = None
    closed_by: ClosedBy | None = None
    soaks_in: str | None = None
    soaks_until: datetime | None = None
    force: Force | None = None
    later: Deploy | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A gate's answer: one line that says why, whether it is open, and what may be done if it is not.

    ``waits_for`` is set where time alone may open it; ``forcible`` where a person may pass it by force;
    ``buttons`` are what may be done about it; ``within`` is how long it is waited for at most.
    ``look_again_at`` is when the answer may be another one although nothing has happened; ``settling`` says that only
    that moment is waited for. ``missed`` names what should have come long ago, and ``meant`` what that may be called.
    ``news`` is what a deployment that waits for it does, in a few words behind its name, and ``facts`` what else there
    is to know; ``failed`` says that it will hardly open by itself.
    """

    gate: str
    open: bool
    line: Line
    waits_for: Waiting | None = None
    forcible: bool = False
    buttons: tuple[Button, ...] = ()
    within: timedelta | None = None
    look_again_at: datetime | None = None
    settling: bool = False
    missed: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()
    news: Line = ()
    facts: tuple[Line, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """All answers, and what follows from them. ``approvals_missing`` counts what people still have to say yes to."""

    answers: tuple[Answer, ...]
    forced: tuple[Answer, ...] = field(default=())
    approved_by: tuple[Actor, ...] = ()
    approvals_missing: int = 0

    @property
    def closed(self) -> tuple[Answer, ...]:
        """Gates that time alone does not open."""
        return tuple(answer for answer in self._counted if not answer.open and answer.waits_for is None)

    @property
    def waits(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self._counted if not answer.open and answer.waits_for is not None)

    @property
    def _counted(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer not in self.forced)


Gate: TypeAlias = Callable[[Facts], Answer | None]
"""A question about the facts; None where it does not arise."""


def if_patient(facts: Facts, waits_for: Waiting) -> Waiting | None:
    """What is waited for, where the request is one that waits."""
    return waits_for if facts.waits_for_checks else None
