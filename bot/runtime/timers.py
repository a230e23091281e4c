"""Makes events of what has become due: waiting deployments, and timers."""

from __future__ import annotations

from bot.adapters.storage.store import Store
from bot.core.events.internal import Due
from bot.core.ports.chat import Clock


def put_due(store: Store, clock: Clock) -> bool:
    """Waiting deployments and timers whose moment has come become events; whether there were any that had not yet."""
    rung = store.timers.ring()
    new = [
        store.inbox.put_event(Due(deployment_id, due_at), f"due:{deployment_id}:{due_at.isoformat()}")
        for deployment_id, due_at in store.timers.due_deployments(clock.now())
    ]
    return bool(rung) or any(new)
