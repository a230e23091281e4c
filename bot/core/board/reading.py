"""What is known of places, by their names: one read for each table, however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.board.model import Found, Standing, standing
from bot.core.freezes.model import Freeze
from bot.core.locks.model import Lock
from bot.core.ports.transaction import Reads
from bot.core.previews.model import Preview, in_use

Place = tuple[str, str]
"""The names of an app and of one of its environments."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The deployments that have to do with how places stand, their locks, and their freezes, oldest first;
    of each app the previews that are there now."""

    deployments: Mapping[Place, Sequence[Found]]
    locks: Mapping[Place, Lock]
    freezes: Mapping[Place, Sequence[Freeze]]
    previews: Mapping[str, Sequence[Preview]]

    def standing(self, place: Place, *, production: bool) -> Standing:
        """How it stands; of several freezes the one that was declared last."""
        freeze = next(reversed(self.freezes.get(place, ())), None)
        bare = Standing(*place, production, lock=self.locks.get(place), freeze=freeze)
        return standing(bare, self.deployments.get(place, ()))


def rows(reads: Reads, places: Collection[Place], now: datetime) -> Rows:
    """Of these, and of the previews that their apps have now; locks and freezes whose time is over are none."""
    found: dict[Place, list[Found]] = defaultdict(list)
    apps, previews = {app for app, _ in places}, in_use(reads)
    own = {(app, one.environment) for app, those in previews.items() if app in apps for one in those}
    for one in reads.board.found({*places, *own}):
        found[one.deployment.app, one.deployment.environment].append(one)
    freezes: dict[Place, list[Freeze]] = defaultdict(list)
    for freeze in reads.freezes.all():
        if not freeze.ended(now):
            freezes[freeze.app, freeze.environment].append(freeze)
    locks = {one.place: one for one in reads.locks.all() if not one.ended(now)}
    return Rows(found, locks, freezes, previews)
