"""Where deliveries of Slack end up in tests: an inbox that knows repeats and can be out of order for a while."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from bot.core.errors import Unavailable
from bot.core.events.external import CommandGiven
from bot.core.ports.chat import Delivery


@dataclass
class Tray:
    """Implements ``bot.core.ports.chat.Inbox``. While ``broken`` nothing can be stored, and is ``refused``.

    ``rung`` counts how often somebody was told that there is something; ``passwords`` are kept beside the deliveries.
    """

    broken: bool = False
    rung: int = 0
    refused: int = 0
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)

    def put(self, delivery: Delivery) -> bool:
        if self.broken:
            self.refused += 1
            raise Unavailable("The database does not answer.")
        known = delivery.id in self.deliveries
        self.deliveries.setdefault(delivery.id, delivery)
        return not known

    def ring(self) -> None:
        self.rung += 1

    @property
    def commands(self) -> list[CommandGiven]:
        """What was stored, understood again, in the order of arrival."""
        return [msgspec.json.decode(one.body, type=CommandGiven) for one in self.deliveries.values()]
