"""The audit: who did what, when, from where and why; one entry for each decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.api.model import API
from bot.core.deployments.model import Deployment, State
from bot.core.events import Event
from bot.core.events.external import (
    ApiRequested,
    CommandGiven,
    DeploymentCreated,
    DeploymentStatusReported,
    PullRequestMerged,
    Tick,
)
from bot.core.events.internal import MergeToDeploy
from bot.core.grammar import commands as c

LONGEST = 2_000
"""How many characters of a reason are kept."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who caused a decision, and from where.

    ``name`` is fit to be shown; ``via`` is how it came: mention, direct, slash, button, terminal, api, github, clock,
    bot. ``token`` is the name of the token that was used.
    """

    name: str
    chat_id: str | None = None
    login: str | None = None
    via: str = "bot"
    channel: str | None = None
    token: str | None = None


ITSELF = Origin("shipmate")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One decision.

    ``action`` is a command's name, ``deployment`` for how one goes on, or a feature's own word; ``outcome`` is
    ``done``, ``refused``, or the deployment's state. ``command`` is the command as it was understood; ``cause`` is the
    delivery that was decided on, the same for all that one delivery brought about.
    """

    id: int
    at: datetime
    cause: str
    action: str
    outcome: str
    origin: Origin
    app: str | None = None
    environment: str | None = None
    deployment_id: int | None = None
    command: str | None = None
    reason: str = ""


class AuditReads(Protocol):
    """What was decided."""

    def of(self, deployment_id: int, limit: int) -> Sequence[AuditEntry]:
        """The newest that concern the deployment, oldest first."""

    def refused(self, since: datetime, limit: int) -> Sequence[AuditEntry]:
        """The newest commands that were refused since then, newest first."""

    def caused(self, cause: str, since: datetime, changed_before: str) -> Sequence[AuditEntry]:
        """What the delivery has brought about, of what was decided since then; oldest first.

        So do changes of what was said in it, before the change that is the delivery ``changed_before``.
        """

    def since(self, moment: datetime, after: int, limit: int) -> Sequence[AuditEntry]:
        """From that moment on, oldest first; ``after`` is the id of the last one that was read already."""


class AuditRecords(AuditReads, Protocol):
    """What is being decided. Deployments record their states by themselves, commands are recorded by the pipeline."""

    @property
    def written(self) -> int | None:
        """The deployment that the transaction has made, else the one that it changed first."""

    def attribute(self, origin: Origin, app: str | None = None, environment: str | None = None) -> None:
        """Whatever is recorded in this transaction was caused by ``origin`` and concerns the environment."""

    def record(
        self,
        action: str,
        *,
        outcome: str = "done",
        reason: str | None = None,
        command: str | None = None,
        deployment_id: int | None = None,
        app: str | None = None,
        environment: str | None = None,
    ) -> None:
        """One entry. The deployment that is not named is the one that the transaction writes; see ``attribute``."""


def why(command: c.Command) -> str | None:
    """The reason that a person gave with a command."""
    return getattr(command, "reason", None) or getattr(command, "force_reason", None)


def origin_of(event: Event) -> Origin:
    """Who is behind an event, as far as the event itself tells."""
    match event:
        case CommandGiven():
            return Origin(event.person, event.person, via=event.via, channel=event.place.channel)
        case ApiRequested():
            return Origin(event.person, event.person, via=API, token=event.token_name)
        case MergeToDeploy(merged=merged):
            return Origin(merged.merged_by, login=merged.merged_by, via="github")
        case PullRequestMerged():
            return Origin(event.merged_by, login=event.merged_by, via="github")
        case DeploymentCreated() | DeploymentStatusReported():
            return Origin(event.creator, login=event.creator, via="github")
        case Tick():
            return Origin("shipmate", via="clock")
        case _:
            return ITSELF


def outcome_of(deployment: Deployment) -> str:
    """How a deployment stands, for its entry."""
    if deployment.reviewed_elsewhere:
        return "waiting for a review on GitHub"
    if deployment.state is State.WAITING and deployment.waits_for is not None:
        return f"waiting for {deployment.waits_for}"
    return str(deployment.state)


def reason_of(deployment: Deployment) -> str:
    """Why it stands so: what the bot says of it, what was passed by force, and why."""
    reasons = [deployment.description]
    if deployment.state is State.REQUESTED:
        reasons.append(f"by {deployment.trigger}: {deployment.ref}@{deployment.sha}")
    if deployment.state is State.STARTING and deployment.force:
        passed = "; ".join(deployment.forced) or "nothing that was closed"
        reasons.append(f"Passed by force: {passed}")
    if deployment.state in {State.REQUESTED, State.STARTING}:
        reasons.append(deployment.force_reason or deployment.reason or "")
    return ". ".join(reason for reason in reasons if reason)
