"""What can happen: the events that the bot makes itself, and all there are.

One frozen dataclass each, holding only what the bot uses of it; handlers subscribe to them by type. What comes from
outside is in ``arrivals``. All times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bot.core.arrivals import (
    ChecksChanged,
    CommandGiven,
    DeploymentCreated,
    DeploymentStatusReported,
    PullRequestClosed,
    PullRequestMerged,
    ReviewChanged,
    Tick,
)
from bot.core.deploys import By


@dataclass(frozen=True, slots=True)
class MergeToDeploy:
    """A merged pull request that one environment asks for."""

    app: str
    environment: str
    merged: PullRequestMerged


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Time to ask what happened in the repository while nobody listened."""

    repository: str


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """A webhook did not reach the bot: see ``bot.core.past.FailedDelivery``."""

    id: int
    guid: str
    repository: str | None
    hook: int | None


@dataclass(frozen=True, slots=True)
class Due:
    """A waiting deployment's moment has come."""

    deployment_id: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Reconsider:
    """Something that the waiting deployment waits for may have changed: decide on it again with fresh facts."""

    deployment_id: int


@dataclass(frozen=True, slots=True)
class DeploymentOpened:
    """Our own deployment now exists on GitHub as ``remote_id``."""

    deployment_id: int
    remote_id: int


@dataclass(frozen=True, slots=True)
class DeploymentNotOpened:
    """GitHub would not create our deployment; ``reason`` is a sentence for people.

    ``merged_sha`` is set where GitHub merged the default branch into the ref instead of deploying (202).
    """

    deployment_id: int
    reason: str
    merged_sha: str | None = None


@dataclass(frozen=True, slots=True)
class RunWanted:
    """A provider of ours is to carry the deployment out: for the engine itself, no feature answers it."""

    deployment_id: int


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A provider of ours has begun to carry the deployment out."""

    deployment_id: int


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A provider of ours has carried the deployment out, or failed to."""

    deployment_id: int
    outcome: Literal["succeeded", "failed", "error", "timed_out", "cancelled"]
    description: str
    environment_url: str | None = None
    log_url: str | None = None


@dataclass(frozen=True, slots=True)
class LinkAwaited:
    """It is time to ask GitHub whether the person has signed in; ``attempt`` is that of the ``link`` they said."""

    chat_id: str
    attempt: str


@dataclass(frozen=True, slots=True)
class LockReminderDue:
    """Whoever has the lock is to be asked whether they still need it."""

    app: str
    environment: str


@dataclass(frozen=True, slots=True)
class LockExpired:
    """The lock's time is over."""

    app: str
    environment: str


@dataclass(frozen=True, slots=True)
class BranchOver:
    """A pull request is merged or closed for which the environment is locked."""

    app: str
    environment: str
    pull_request: int
    head_ref: str
    merged: bool


@dataclass(frozen=True, slots=True)
class DeploymentEnded:
    """A deployment has come to its end, whichever it is: what comes after it may be thought of."""

    deployment_id: int


@dataclass(frozen=True, slots=True)
class FreezeDeclared:
    """A person closes an environment, one of several at a time; ``until`` is None for a freeze without an end."""

    app: str
    environment: str
    by: By
    reason: str
    declared_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class FreezeLifted:
    """A person ends a freeze before its time, one of several at once."""

    app: str
    environment: str
    freeze_id: int


@dataclass(frozen=True, slots=True)
class FreezeOver:
    """A freeze's time is over; it stays where its end has been moved since."""

    app: str
    environment: str
    freeze_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class WindowsTurn:
    """The windows of an environment may have opened or closed it, or may not be what they were."""

    app: str
    environment: str


@dataclass(frozen=True, slots=True)
class ScheduleDue:
    """The moment of a scheduled deployment has come; it is another one where it has been moved since."""

    entry_id: int
    at: datetime


Event: TypeAlias = (
    CommandGiven
    | PullRequestMerged
    | MergeToDeploy
    | PullRequestClosed
    | DeploymentCreated
    | DeploymentStatusReported
    | ChecksChanged
    | ReviewChanged
    | Tick
    | CatchUp
    | DeliveryFailed
    | Due
    | Reconsider
    | DeploymentOpened
    | DeploymentNotOpened
    | RunWanted
    | RunBegan
    | RunFinished
    | LinkAwaited
    | LockReminderDue
    | LockExpired
    | BranchOver
    | DeploymentEnded
    | FreezeDeclared
    | FreezeLifted
    | FreezeOver
    | WindowsTurn
    | ScheduleDue
)
