"""What is kept of a run: that something was sent, and what the hook has answered."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime

from bot.core.ports.provider import Outcome

SENT = "sent"
"""The note of what was sent, which is kept before it is."""
ACCEPTED = "accepted"
"""The note of what was answered."""
STOPPING = "stopping"
"""The note of why it is to stop, which is kept before the hook is told."""


@dataclass(frozen=True, slots=True)
class Sent:
    """``since``: when it was first sent; ``not_before``: when it may be sent again. ``begun`` is whether the hook may
    have begun all the same, although it has accepted nothing yet; ``said`` why not, as it was told last."""

    since: datetime
    not_before: datetime
    begun: bool = False
    said: str = ""

    def written(self) -> str:
        moments = {"since": self.since.isoformat(), "not_before": self.not_before.isoformat()}
        return json.dumps({**asdict(self), **moments})

    @classmethod
    def read(cls, note: str | None) -> Sent | None:
        if note is None:
            return None
        said = json.loads(note)
        moments = {name: datetime.fromisoformat(said[name]) for name in ("since", "not_before")}
        return cls(**{**said, **moments})


@dataclass(frozen=True, slots=True)
class Begun:
    """The handle of a run. ``values``: what the answer has at the places that the settings name. ``outcome`` is set
    where it has ended already. ``certain``: whether the hook has accepted it, or nobody knows."""

    values: dict[str, str] = field(default_factory=dict)
    outcome: Outcome | None = None
    certain: bool = True

    def written(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, handle: str) -> Begun:
        said = json.loads(handle)
        outcome = said.pop("outcome")
        return cls(**said, outcome=Outcome(**outcome) if outcome else None)
