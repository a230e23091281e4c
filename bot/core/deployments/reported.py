"""A success that another tool has reported, and that does not count before the health check has held.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from bot.core.deployments import following
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.model import Deployment, State, notes_key
from bot.core.deployments.telling import draw, tell
from bot.core.events.internal import RunWanted
from bot.core.ports.transaction import Reads, Records

REPORTED = "reported"
"""The note of a run under which the word of whoever carries the deployment out is kept."""


@dataclass(frozen=True, slots=True)
class Reported:
    """``description`` is the tool's own, ``at`` when we heard of it, as ISO 8601 in UTC.

    ``copied`` says that it was reported to another deployment on GitHub than ours, which is to show the same.
    """

    description: str
    at: str
    copied: bool = False

    def written(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, note: str | None) -> Self | None:
        return cls(**json.loads(note)) if note else None


def of(reads: Reads, deployment_id: int) -> Reported | None:
    return Reported.read(reads.kept(notes_key(deployment_id, REPORTED)))


def looked_after(
    records: Records, deployment: Deployment, now: datetime, timeout: timedelta, said: Reported
) -> Deployment:
    """It goes on until the health check has ended, which a run of ours looks at. The same word again changes nothing.

    From now on nobody waits for the tool.
    """
    if of(records, deployment.id) is not None:
        return deployment
    running = following.report(records, deployment, State.RUNNING, now, "", timeout)
    waits = replace(running, description=deployment_messages.IS_LOOKED_AT, due_at=None)
    records.save(waits)
    draw(records, waits)
    tell(records, waits, deployment_messages.running_line(waits), part="run")
    records.keep(notes_key(deployment.id, REPORTED), said.written())
    records.put(RunWanted(deployment.id), f"health:{deployment.id}")
    return waits
