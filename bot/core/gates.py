"""What must hold before a deployment may start: small questions, each with an explained answer.

All gates are asked, of one view of the facts with one ``now``, and every answer is kept, so that people see all reasons
together and not one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.core.deploys import Deployment, Waiting
from bot.core.messages import Bold, Code, Line, Link, Span
from bot.core.ports import Check


@dataclass(frozen=True, slots=True)
class Policy:
    """What an environment asks for. ``required_checks``: "all" that were reported, "none", or names."""

    app: str
    environment: str
    required_checks: Literal["all", "none"] | tuple[str, ...] = "all"
    allowed_channels: tuple[str, ...] = ()
    force_needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the gates look at, gathered once.

    ``checks`` is None where they were not asked for. ``expects_checks`` is true where none is reported yet but the
    commit before had some, so that their absence means "not yet". ``place`` holds every name of the channel, None
    where the request did not come from the chat. ``patient`` requests wait for failed checks too: they may
    be run again.
    """

    now: datetime
    policy: Policy
    checks: tuple[Check, ...] | None = None
    expects_checks: bool = False
    busy: tuple[Deployment, ...] = ()
    queued_before: tuple[Deployment, ...] = ()
    place: frozenset[str] | None = None
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A gate's answer: one line that says why, whether it is open, and what may be done if it is not.

    ``waits_for`` is set where time alone may open it; ``forcible`` where a person may pass it by force.
    """

    gate: str
    open: bool
    line: Line
    waits_for: Waiting | None = None
    forcible: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """All answers, and what follows from them."""

    answers: tuple[Answer, ...]
    forced: tuple[Answer, ...] = field(default=())

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


Gate = Callable[[Facts], Answer | None]


def judge(facts: Facts, *, force: bool) -> Verdict:
    """Ask every gate. With ``force`` those that may be passed count as passed, and are told apart."""
    answers = tuple(answer for gate in GATES if (answer := gate(facts)) is not None)
    forced = tuple(answer for answer in answers if not answer.open and answer.forcible) if force else ()
    return Verdict(answers, forced)


def place(facts: Facts) -> Answer | None:
    """Some apps are deployed from some channels only."""
    allowed = facts.policy.allowed_channels
    if not allowed or facts.place is None:
        return None
    if any(name in facts.place for channel in allowed for name in (channel, channel.lstrip("#"))):
        return Answer("place", True, (Bold(facts.policy.app), " may be deployed from this channel"))
    channels = ", ".join(allowed)
    return Answer("place", False, (Bold(facts.policy.app), f" is deployed from {channels} only; ask there"))


def checks(facts: Facts) -> Answer | None:
    """Required commit statuses and check runs must be green; a required name that never came is pending."""
    required = facts.policy.required_checks
    if required == "none" or facts.checks is None:
        return None
    reported = {check.name: check for check in facts.checks}
    wanted = list(reported) if required == "all" else list(required)
    found = [reported.get(name, Check(name, "pending", description="not reported yet")) for name in wanted]
    failing = [check for check in found if check.state == "failure"]
    pending = [check for check in found if check.state == "pending"]
    if failing:
        spans: list[Span] = ["Checks failed: ", *_named(failing)]
        if pending:
            spans += ["; still pending: ", *_named(pending)]
        waits_for = Waiting.CHECKS if facts.patient else None
        return Answer("checks", False, tuple(spans), waits_for=waits_for, forcible=True)
    if pending:
        line = ("Checks are pending: ", *_named(pending))
        return Answer("checks", False, line, waits_for=Waiting.CHECKS, forcible=True)
    if not found and facts.expects_checks:
        line = ("No check has been reported for this commit yet",)
        return Answer("checks", False, line, waits_for=Waiting.CHECKS, forcible=True)
    if not found:
        return Answer("checks", True, ("No checks are reported for this commit",))
    return Answer("checks", True, (f"{len(found)} {'check is' if len(found) == 1 else 'checks are'} green",))


def _named(found: list[Check]) -> list[Span]:
    spans: list[Span] = []
    for check in found[:10]:
        if spans:
            spans.append(", ")
        spans.append(Link(check.url, check.name) if check.url else Code(check.name))
    if len(found) > 10:
        spans.append(f" and {len(found) - 10} more")
    return spans


def busy(facts: Facts) -> Answer | None:
    """One deployment at a time; the others queue in the order in which they were asked for."""
    if facts.busy:
        return Answer("busy", False, behind(facts.busy[0], len(facts.queued_before)), waits_for=Waiting.QUEUE)
    if facts.queued_before:
        first = facts.queued_before[0]
        return Answer("busy", False, (f"#{first.id} ({first.ref}) comes first",), waits_for=Waiting.QUEUE)
    return Answer("busy", True, ("Nothing else is running",))


def behind(running: Deployment, before: int) -> Line:
    """Why one has to queue: what is running, and how many are ``before`` it in the queue."""
    line = (f"#{running.id} ({running.ref}) is being deployed to ", Bold(running.environment), " now")
    return (*line, f"; this is number {before + 1} in the queue") if before else line


GATES: tuple[Gate, ...] = (place, checks, busy)
"""In the order in which people read them."""
