"""How a freeze begins and ends: each function writes what it means for those who wait.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

from bot.core.deployments.model import Waiting
from bot.core.deployments.reconsideration import look_again
from bot.core.events.internal import FreezeOver
from bot.core.freezes.model import Freeze
from bot.core.ports.transaction import Records


def declare(records: Records, freeze: Freeze) -> None:
    """It begins, in the place of an earlier one by the same person; it ends by itself where it has an end."""
    kept = records.freezes.declare(freeze)
    if kept.until is None:
        records.stop_timer(_timer(kept.id))
    else:
        over = FreezeOver(kept.app, kept.environment, kept.id, kept.until)
        records.set_timer(_timer(kept.id), kept.until, over)
    look_again(records, kept.app, kept.environment, Waiting.FREEZE)


def lift(records: Records, app: str, environment: str, freeze_id: int) -> None:
    """It is over, and what waited for that is decided on again."""
    records.freezes.remove(freeze_id)
    records.stop_timer(_timer(freeze_id))
    look_again(records, app, environment, Waiting.FREEZE)


def _timer(freeze_id: int) -> str:
    return f"freeze:{freeze_id}"
