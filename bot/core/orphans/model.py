"""Orphans: what there is of an app or an environment that the settings no longer name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.core.deployments.model import Deployment
from bot.core.freezes.model import Freeze
from bot.core.locks.model import Lock
from bot.core.ports.transaction import Reads
from bot.core.schedules.model import ScheduleEntry

Places: TypeAlias = Mapping[str, Collection[str]]
"""Each app of the settings with the names of its environments."""
Thing: TypeAlias = Deployment | Lock | Freeze | ScheduleEntry

TOLD = "orphan:"
"""What the keys begin with under which is kept that a channel was told."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """One thing in a place that is gone. ``has_app`` where only its environment is."""

    thing: Thing
    has_app: bool

    @property
    def app(self) -> str:
        return self.thing.app

    @property
    def environment(self) -> str:
        return self.thing.environment

    @property
    def place(self) -> tuple[str, str]:
        return self.thing.app, self.thing.environment

    @property
    def key(self) -> str:
        """Tells it from all others that ever were: a lock that is taken anew is another one."""
        match self.thing:
            case Deployment(id=number):
                return f"{TOLD}deployment:{number}"
            case Lock(since=since):
                return f"{TOLD}lock:{self.app}:{self.environment}:{since.isoformat()}"
            case Freeze(id=number):
                return f"{TOLD}freeze:{number}"
            case ScheduleEntry(id=number):
                return f"{TOLD}schedule:{number}"


def deployment_of(key: str) -> int | None:
    """The number of the deployment that the key tells; None for what is none."""
    number = key.removeprefix(f"{TOLD}deployment:")
    return int(number) if number != key else None


def is_named(places: Places, app: str, environment: str) -> bool:
    """Whether the settings name the place, or the template of previews."""
    there = places.get(app, ())
    return environment in there or environment in getattr(there, "templates", ())


def orphans(reads: Reads, places: Places, now: datetime) -> list[Orphan]:
    """All that there are: deployments that have not ended, locks, freezes, and what is scheduled."""
    gone = [place for place in reads.unended_places() if not is_named(places, *place)]
    deployments = [one for place in gone for one in (*reads.busy(*place), *reads.waiting(*place))]
    there: list[Thing] = [
        *sorted(deployments, key=lambda one: one.id),
        *(one for one in reads.locks.all() if not one.ended(now)),
        *(one for one in reads.freezes.all() if not one.ended(now)),
        *reads.schedules.of(None),
    ]
    return [Orphan(one, one.app in places) for one in there if not is_named(places, one.app, one.environment)]
