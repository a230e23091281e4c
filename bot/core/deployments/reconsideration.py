"""How what waits goes on: it is decided on again, as a request is when it comes."""

from __future__ import annotations

from datetime import timedelta

from bot.core.deployments.model import Deployment, Waiting
from bot.core.events.internal import ApprovalHalfOver, ChecksMissing, Reconsider, TurnComesNearer
from bot.core.gates.model import Answer
from bot.core.ports.transaction import Records

A_MINUTE = timedelta(minutes=1)
"""How often a card in the queue is drawn anew: what it says of time is in minutes."""
TOLD_BY_WEBHOOK = frozenset({Waiting.CHECKS, Waiting.REVIEW, Waiting.MERGE})


def reconsider(records: Records, *deployments: Deployment) -> None:
    """Decide on each again, with fresh facts, after this decision: something that it waits for may have changed."""
    for one in deployments:
        records.put(Reconsider(one.id), f"reconsider:{one.id}:{records.cause}")


def remind(records: Records, held: Deployment, answer: Answer, *, again: bool) -> None:
    """Let it be looked at again when time alone may have changed the answer, and say once what never came.

    Also once after it began to wait: a webhook that came after GitHub was asked, and before this was decided, concerned
    nobody yet.
    """
    if not again and held.waits_for in TOLD_BY_WEBHOOK:
        reconsider(records, held)
    if not again and held.waits_for is Waiting.APPROVAL and held.waits_since is not None and answer.within is not None:
        half = held.waits_since + answer.within / 2
        records.set_timer(f"approval:{held.id}", half, ApprovalHalfOver(held.id))
    if not again and held.waits_for is Waiting.QUEUE and held.waits_since is not None:
        records.set_timer(turn_timer(held.id), held.waits_since + A_MINUTE, TurnComesNearer(held.id))
    if answer.look_again_at is not None:
        records.set_timer(f"checks:{held.id}", answer.look_again_at, Reconsider(held.id))
    if answer.missed:
        records.put(ChecksMissing(held.id, answer.missed, answer.meant), f"checks missing:{held.id}")


def turn_timer(deployment_id: int) -> str:
    return f"turn:{deployment_id}"


def next_in_queue(records: Records, app: str, environment: str) -> None:
    """The first of those that wait for their turn is decided on again."""
    for one in records.waiting(app, environment):
        if one.waits_for is Waiting.QUEUE:
            reconsider(records, one)
            return


def look_again(records: Records, app: str, environment: str, reason: Waiting) -> None:
    """What waits there for that reason is decided on again: it may go on now, or wait for another end of it."""
    for one in records.waiting(app, environment):
        if one.waits_for is reason:
            reconsider(records, one)
