"""Approvals: what one is, which of them count, and how many are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.deployments.model import Actor, Deployment


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's yes to a deployment."""

    deployment_id: int
    by: Actor
    at: datetime


class ApprovalReads(Protocol):
    """Approvals as they are now."""

    def of(self, deployment_id: int) -> Sequence[Approval]:
        """Oldest first."""

    def for_same(self, deployment: Deployment, since: datetime) -> Sequence[Approval]:
        """Those that other requests for the very same have got ``since`` then, oldest first: same commit, environment,
        task, hosts and parameters."""


class ApprovalRecords(ApprovalReads, Protocol):
    """Approvals to be given; whoever does has begun with the app and the environment."""

    def give(self, approval: Approval) -> bool:
        """False where this person has given theirs already."""

    def withdraw(self, deployment_id: int) -> None:
        """After a no the others' yes counts no longer, for later requests either."""


def is_same(one: Actor, other: Actor) -> bool:
    """Whether both are one person: by chat id or by GitHub login, whichever is known of both."""
    if one.chat_id is not None and one.chat_id == other.chat_id:
        return True
    return one.login is not None and other.login is not None and one.login.casefold() == other.login.casefold()


def counting(approvals: Iterable[Approval], requester: Actor, *, self_approval: bool) -> tuple[Approval, ...]:
    """Each person once; whoever asked only where the settings let them."""
    found: list[Approval] = []
    for approval in approvals:
        if is_same(approval.by, requester) and not self_approval:
            continue
        if not any(is_same(approval.by, known.by) for known in found):
            found.append(approval)
    return tuple(found)
