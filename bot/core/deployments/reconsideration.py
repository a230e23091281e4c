"""How what waits goes on: it is decided on again, as a request is when it comes."""

from __future__ import annotations

from bot.core.deployments.model import Deployment
from bot.core.events.internal import Reconsider
from bot.core.ports.transaction import Records


def reconsider(records: Records, *deployments: Deployment) -> None:
    """Decide on each again, with fresh facts, after this decision: something that it waits for may have changed."""
    for one in deployments:
        records.put(Reconsider(one.id), f"reconsider:{one.id}:{records.cause}")
