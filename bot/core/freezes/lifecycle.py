"""How a freeze begins and ends: each function writes what it means for those who wait.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

from bot.core.deployments.model import Waiting
from bot.core.deployments.reconsideration import look_again, reconsider
from bot.core.events.internal import FreezeOver
from bot.core.freezes.model import Freeze
from bot.core.ports.transaction import Records
from bot.core.previews.model import split


def declare(records: Records, freeze: Freeze) -> None:
    """It begins, in the place of an earlier one by the same person; it ends by itself where it has an end."""
    kept = records.freezes.declare(freeze)
    if kept.until is None:
        records.stop_timer(_timer(kept.id))
    else:
        over = FreezeOver(kept.app, kept.environment, kept.id, kept.until)
        records.set_timer(_timer(kept.id), kept.until, over)
    _look_again(records, kept.app, kept.environment)


def lift(records: Records, app: str, environment: str, freeze_id: int) -> None:
    """It is over, and what waited for that is decided on again."""
    records.freezes.remove(freeze_id)
    records.stop_timer(_timer(freeze_id))
    _look_again(records, app, environment)


def _look_again(records: Records, app: str, environment: str) -> None:
    """Also at the previews of which it is the template: its freeze is theirs."""
    look_again(records, app, environment, Waiting.FREEZE)
    held = [one for one in records.unended() if one.app == app and one.waits_for is Waiting.FREEZE]
    reconsider(records, *(one for one in held if (name := split(one.environment)) and name[0] == environment))


def _timer(freeze_id: int) -> str:
    return f"freeze:{freeze_id}"
