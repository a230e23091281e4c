"""What must hold before a deployment may start: small questions, each with an explained answer.

All gates are asked, of one view of the facts with one ``now``, and every answer is kept, so that people see all reasons
together and not one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.core.approvals.model import Approval
from bot.core.deployments.model import Actor, Deployment, Waiting
from bot.core.freezes import reasons as freeze_reasons
from bot.core.freezes.model import ClosedBy, Force
from bot.core.gates import messages as says
from bot.core.locks import messages as lock_messages
from bot.core.locks.model import Lock, lets_in
from bot.core.people.permissions import Permission
from bot.core.ports.forge_types import Check, Comparison
from bot.core.ports.reviews import Protection, Reviewed
from bot.core.rich_text import Bold, Button, Code, Line, Link, Span


@dataclass(frozen=True, slots=True)
class Policy:
    """What an environment asks for. ``required_checks``: "all" that were reported, "none", or names."""

    app: str
    environment: str
    required_checks: Literal["all", "none"] | tuple[str, ...] = "all"
    allowed_channels: tuple[str, ...] = ()
    force_needs_reason: bool = False
    deployers: tuple[str, ...] = ()
    required_reviews: int = 0
    after: str | None = None
    approvals: int = 0
    approvers: tuple[str, ...] = ()
    self_approval: bool = False
    approval_timeout: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the gates look at, gathered once.

    ``checks`` is None where they were not asked for. ``expects_checks`` is true where none is reported yet but the
    commit before had some, so that their absence means "not yet". ``place`` holds every name of the channel, None
    where the request did not come from the chat. ``patient`` requests wait for failed checks too: they may
    be run again. ``wanted`` is what is decided on, with the id 0 where it is new. ``reviewed`` and ``behind`` (what it
    lacks of the default branch) are None where they are not asked for. ``before_here`` is the success of the commit in
    the environment before. ``approvals`` are those that count.
    ``lock`` is the environment's, whose ever it is. ``closure`` is what freezes and windows
    keep closed, ``force`` who wants to pass; ``later`` is the command that asks for the same at its end.
    """

    now: datetime
    policy: Policy
    wanted: Deployment | None = None
    checks: tuple[Check, ...] | None = None
    expects_checks: bool = False
    reviewed: Reviewed | None = None
    before_here: Deployment | None = None
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
    force: Force | None = None
    later: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A gate's answer: one line that says why, whether it is open, and what may be done if it is not.

    ``waits_for`` is set where time alone may open it; ``forcible`` where a person may pass it by force;
    ``buttons`` are what may be done about it; ``within`` is how long it is waited for at most.
    """

    gate: str
    open: bool
    line: Line
    waits_for: Waiting | None = None
    forcible: bool = False
    buttons: tuple[Button, ...] = ()
    within: timedelta | None = None


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


Gate = Callable[[Facts], Answer | None]

PATIENCE = timedelta(hours=24)
"""How long reviews and the environment before are waited for."""
WAITED_FOR = frozenset({Waiting.QUEUE, Waiting.APPROVAL})
"""What every request waits for, also where nobody said that it should wait."""


def judge(facts: Facts, *, force: bool) -> Verdict:
    """Ask every gate. With ``force`` those that may be passed count as passed, and are told apart."""
    answers = tuple(answer for gate in GATES if (answer := gate(facts)) is not None)
    forced = tuple(answer for answer in answers if not answer.open and answer.forcible) if force else ()
    unapproved = any(answer.waits_for is Waiting.APPROVAL for answer in answers)
    missing = facts.policy.approvals - len(facts.approvals) if unapproved else 0
    return Verdict(answers, forced, tuple(one.by for one in facts.approvals), missing)


def place(facts: Facts) -> Answer | None:
    """Some apps are deployed from some channels only."""
    allowed = facts.policy.allowed_channels
    if not allowed or facts.place is None:
        return None
    if any(name in facts.place for channel in allowed for name in (channel, channel.lstrip("#"))):
        return Answer("place", True, (Bold(facts.policy.app), " may be deployed from this channel"))
    channels = ", ".join(allowed)
    return Answer("place", False, (Bold(facts.policy.app), f" is deployed from {channels} only; ask there"))


def permission(facts: Facts) -> Answer | None:
    """Who asks may deploy here. Merges and what other tools create are asked by nobody in the chat.

    That somebody may is worth a line only where the environment names who.
    """
    given = facts.permission
    if given is None or (given and not facts.policy.deployers):
        return None
    return Answer("permission", given.allowed, given.line)


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
        waits_for = Waiting.CHECKS if facts.waits_for_checks else None
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


def review(facts: Facts) -> Answer | None:
    """The pull request of the commit has approving reviews; they are asked for where ``reviewed`` is known."""
    required, found = facts.policy.required_reviews, facts.reviewed
    if not required or found is None:
        return None
    is_open, line = says.reviewed(found, required)
    return Answer("review", is_open, line, _patiently(facts, Waiting.REVIEW), forcible=True, within=PATIENCE)


def order(facts: Facts) -> Answer | None:
    """The commit has succeeded in the environment that comes before. What goes back was there already."""
    after, wanted = facts.policy.after, facts.wanted
    if after is None or wanted is None or wanted.rollback_of is not None or wanted.task != "deploy":
        return None
    if facts.before_here is not None:
        return Answer("order", True, says.has_this_commit(after))
    first = Button(f"Deploy to {after}", f"deploy {wanted.app}/{wanted.sha[:12]} to {after}")
    line = says.lacks_this_commit(after)
    waits_for = _patiently(facts, Waiting.ORDER)
    return Answer("order", False, line, waits_for, forcible=True, buttons=(first,), within=PATIENCE)


def up_to_date(facts: Facts) -> Answer | None:
    """The commit has everything of the default branch. Time does not help one that has not."""
    if facts.behind is None:
        return None
    if facts.behind.behind_by == 0:
        return Answer("up to date", True, says.up_to_date(facts.default_branch))
    return Answer("up to date", False, says.behind_branch(facts.default_branch, facts.behind), forcible=True)


def protection(facts: Facts) -> Answer | None:
    """GitHub's rules for its own environment are told; they hold back what runs in Actions there, not us."""
    return Answer("protection", True, says.protected(facts.protection)) if facts.protection else None


def _patiently(facts: Facts, waits_for: Waiting) -> Waiting | None:
    return waits_for if facts.waits_for_checks else None


def lock(facts: Facts) -> Answer | None:
    """Nobody else holds the environment. A force does not help against that: the lock can be taken over instead."""
    held, wanted = facts.lock, facts.wanted
    if held is None or wanted is None or held.ended(facts.now):
        return None
    if lets_in(held, wanted.by, merge=wanted.trigger == "merge", now=facts.now):
        return Answer("lock", True, lock_messages.own_line(held))
    return Answer(
        "lock",
        False,
        lock_messages.held_line(held),
        waits_for=Waiting.LOCK if facts.waits_for_checks else None,
        buttons=lock_messages.buttons_for_others(held),
    )


def freeze(facts: Facts) -> Answer | None:
    """No freeze and no window keeps the environment closed. Who declared a freeze, and admins, may force their way."""
    active_window, force = facts.closed_by, facts.force
    if active_window is None:
        return None
    passes = force is not None and active_window.lets_pass(force) and (force.explained or not force.tried)
    return Answer(
        "freeze",
        False,
        freeze_reasons.closed(facts.policy.environment, active_window, force),
        waits_for=Waiting.FREEZE if facts.waits_for_checks else None,
        forcible=passes,
        buttons=(Button("Schedule for its end", facts.later),) if facts.later else (),
    )


def busy(facts: Facts) -> Answer | None:
    """One deployment at a time; the others queue in the order in which they were asked for."""
    if facts.busy:
        return Answer("busy", False, says.in_line(facts.busy[0], facts.queued_before), waits_for=Waiting.QUEUE)
    if facts.queued_before:
        first = facts.queued_before[0]
        return Answer("busy", False, (f"#{first.id} ({first.ref}) comes first",), waits_for=Waiting.QUEUE)
    return Answer("busy", True, ("Nothing else is running",))


def approval(facts: Facts) -> Answer | None:
    """Enough others have approved. What goes back was approved when it came."""
    needed, wanted = facts.policy.approvals, facts.wanted
    if not needed or wanted is None or wanted.rollback_of is not None:
        return None
    if len(facts.approvals) >= needed:
        return Answer("approval", True, says.approved(facts.approvals, wanted))
    line = says.approvals_missing(facts.approvals, needed, facts.policy.approvers)
    return Answer("approval", False, line, Waiting.APPROVAL, within=facts.policy.approval_timeout)


GATES: tuple[Gate, ...] = (
    *(place, permission, checks, review, order, up_to_date, lock, freeze, busy, approval),
    protection,
)
"""In the order in which people read them."""
