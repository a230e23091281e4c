"""Approvals: what one is, which of them count, and how many are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.deployments.model import Actor, Deployment
from bot.core.people.logins import is_nobody, same_login


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
        """Those that other requests for the very same have got ``since`` then, oldest first: same app, environment,
        repository, commit, task, hosts and parameters; forced or not."""


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
    return same_login(one.login, other.login)


def told_apart(one: Actor, other: Actor) -> bool:
    """Whether they are certainly two people: two in the chat, two on GitHub, or one of them an app.

    Where one is known in the chat only and the other on GitHub only, they may be one.
    """
    if is_same(one, other):
        return False
    if any(who.chat_id is None and is_nobody(who.login or "") for who in (one, other)):
        return True
    in_chat = one.chat_id is not None and other.chat_id is not None
    return in_chat or (one.login is not None and other.login is not None)


def counting(approvals: Iterable[Approval], requester: Actor, *, self_approval: bool) -> tuple[Approval, ...]:
    """Each person once; whoever asked, or may be who asked, only where the settings let them."""
    found: list[Approval] = []
    for approval in approvals:
        if not self_approval and not told_apart(approval.by, requester):
            continue
        if not any(is_same(approval.by, known.by) for known in found):
            found.append(approval)
    return tuple(found)
