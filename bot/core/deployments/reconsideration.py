"""How what waits goes on: it is decided on again, as a request is when it comes."""

from __future__ import annotations

from bot.core.deployments.model import Deployment, Waiting
from bot.core.events.internal import Reconsider
from bot.core.ports.transaction import Records


def reconsider(records: Records, *deployments: Deployment) -> None:
    """Decide on each again, with fresh facts, after this decision: something that it waits for may have changed."""
    for one in deployments:
        records.put(Reconsider(one.id), f"reconsider:{one.id}:{records.cause}")


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
