"""What stands on the board: each app with its places, in the order in which they matter to whoever looks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from bot.core.deployments.model import Deployment, State
from bot.core.freezes.model import Freeze
from bot.core.locks.model import Lock

PAGE = 45
"""So many apps stand on a page."""
PLACES_SHOWN = 2
"""So many places of an app have a line of their own."""
LOOKED_AT_FOR = timedelta(hours=1)
"""For so long after somebody has opened it a board is kept up to date."""
BETWEEN_DRAWINGS = timedelta(seconds=5)
"""So long is waited before a board that nobody has just turned to is drawn again."""
FAILED = frozenset({State.FAILED, State.ERROR, State.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Found:
    """A deployment that has to do with how its place stands.

    ``live`` is whether it is what is live there; then ``behind`` counts the merges into ``branch`` that it lacks, None
    where that is not known.
    """

    deployment: Deployment
    live: bool = False
    behind: int | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a place of an app stands.

    ``tried`` is what was tried there last, once that has ended; ``waiting`` are in the order in which they were asked.
    """

    app: str
    environment: str
    production: bool = False
    live: Found | None = None
    tried: Deployment | None = None
    busy: tuple[Deployment, ...] = ()
    waiting: tuple[Deployment, ...] = ()
    lock: Lock | None = None
    freeze: Freeze | None = None

    @property
    def failing(self) -> bool:
        """Whether the last try has failed, and nothing else is live since."""
        if self.tried is None or self.tried.state not in FAILED:
            return False
        live = self.live.deployment if self.live else None
        return live is None or (live.started_at or live.created_at) < (self.tried.started_at or self.tried.created_at)

    @property
    def behind(self) -> int:
        return (self.live.behind or 0) if self.live else 0


@dataclass(frozen=True, slots=True)
class InUse:
    """The preview of a pull request, with its address where something is live there."""

    number: int
    url: str | None = None


class Rank(IntEnum):
    """What comes first on the board."""

    WANTED = 0
    FAILING = 1
    RUNNING = 2
    BEHIND = 3
    REST = 4


@dataclass(frozen=True, slots=True)
class AppStanding:
    """An app with its places, in the order of the settings; ``wanted`` is what the reader is to approve.

    ``mine`` are the names of the places that the reader holds; ``previews`` those of its pull requests.
    """

    name: str
    places: tuple[Standing, ...]
    default: str | None = None
    wanted: Deployment | None = None
    mine: tuple[str, ...] = ()
    previews: tuple[InUse, ...] = ()

    @property
    def rank(self) -> Rank:
        if self.wanted is not None:
            return Rank.WANTED
        if any(one.failing for one in self.places):
            return Rank.FAILING
        if any(one.busy for one in self.places):
            return Rank.RUNNING
        return Rank.BEHIND if any(one.behind for one in self.places) else Rank.REST

    @property
    def shown(self) -> tuple[Standing, ...]:
        """The places that have a line: where something goes on, then production, then as in the settings."""
        by_weight = sorted(self.places, key=self._weight)[:PLACES_SHOWN]
        return tuple(sorted(by_weight, key=lambda one: not one.production))

    def _weight(self, place: Standing) -> tuple[bool, bool]:
        wanted = self.wanted is not None and self.wanted.environment == place.environment
        return not (wanted or place.failing or place.busy), not place.production


@dataclass(frozen=True, slots=True)
class Look:
    """Which part of the board somebody looks at: ``what`` is a word of ``PARTS``, or ``app:`` and a name.

    >>> Look.of("failing:2"), Look.of("app:web:1").what, Look.of("nonsense")
    (Look(what='failing', page=2), 'app:web', Look(what='all', page=1))
    """

    what: str = "all"
    page: int = 1

    @staticmethod
    def of(text: str) -> Look:
        """What ``str`` has made; whatever cannot be read is all of it."""
        what, _, page = text.rpartition(":")
        known = what in PARTS or what.startswith("app:")
        return Look(what, int(page)) if known and page.isdecimal() and 0 < len(page) < 5 else Look()

    def __str__(self) -> str:
        return f"{self.what}:{self.page}"

    def shows(self, app: AppStanding) -> bool:
        match self.what:
            case "wanted":
                return app.wanted is not None
            case "failing":
                return any(one.failing for one in app.places)
            case "running":
                return any(one.busy for one in app.places)
            case "behind":
                return any(one.behind for one in app.places)
            case "mine":
                return bool(app.mine)
            case "all":
                return True
            case _:
                return self.what == f"app:{app.name}"


PARTS = {
    "all": "All apps",
    "wanted": "Waiting for me",
    "failing": "Failing",
    "running": "Running",
    "behind": "Behind",
    "mine": "My locks",
}
"""The parts of the board, by what they are called."""


@dataclass(frozen=True, slots=True)
class Board:
    """All apps that the reader may see, and the part of them that is looked at. ``new`` is who has never seen one.

    ``address`` is that of the page with all of it, where the reader may see that.
    """

    apps: tuple[AppStanding, ...]
    look: Look = field(default_factory=Look)
    new: bool = False
    address: str | None = None

    @property
    def matching(self) -> tuple[AppStanding, ...]:
        """What is looked at, in order: what wants the reader, fails, runs, is behind; then all else, by name."""
        return tuple(sorted(filter(self.look.shows, self.apps), key=lambda one: (one.rank, one.name)))

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.matching) // PAGE))

    @property
    def page(self) -> int:
        """The one that is shown: the last one where there are fewer than there were."""
        return min(max(1, self.look.page), self.pages)

    @property
    def shown(self) -> tuple[AppStanding, ...]:
        return self.matching[(self.page - 1) * PAGE : self.page * PAGE]

    @property
    def locks(self) -> int:
        """How many places the reader holds."""
        return sum(len(one.mine) for one in self.apps)


def standing(place: Standing, found: Sequence[Found]) -> Standing:
    """The place with what was found there, in the order of their numbers."""
    deployments = [one.deployment for one in found]
    ended = [one for one in deployments if one.ended]
    return replace(
        place,
        live=next((one for one in found if one.live), None),
        tried=ended[-1] if ended else None,
        busy=tuple(one for one in deployments if one.busy),
        waiting=tuple(one for one in deployments if one.state is State.WAITING),
    )


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who has opened the board: how often, when they were there last, and what they look at.

    ``asked`` counts how often they have opened it or turned to another part, and ``shown`` is that of them which was
    drawn last: at ``published_at``, as something with the fingerprint ``drawn``.
    """

    person: str
    opened_at: datetime
    openings: int = 1
    asked: int = 1
    shown: int = 0
    look: str = ""
    published_at: datetime | None = None
    drawn: str = ""

    @property
    def new(self) -> bool:
        """Whether it is the first time."""
        return self.openings == 1

    @property
    def waits(self) -> bool:
        """Whether they have asked for something that they have not been shown yet."""
        return self.shown < self.asked


class BoardReads(Protocol):
    """What the board is drawn from."""

    def found(self, places: Collection[tuple[str, str]]) -> Sequence[Found]:
        """What is live in each of these, apps and environments, and what was tried there last; and of these apps all
        that has not ended; by number, in one read. What it costs grows with these alone, whatever there was once."""

    def viewer(self, person: str) -> Viewer | None: ...

    def viewers(self, since: datetime) -> Sequence[str]:
        """Who has opened it since then."""


class BoardRecords(BoardReads, Protocol):
    """Who looks at the board."""

    def opened(self, person: str, at: datetime) -> None:
        """They have opened it, for the first time or again."""

    def turned(self, person: str, look: Look, at: datetime) -> None:
        """They look at another part of it."""


class Published(Protocol):
    """Remembers what was drawn for whom; that stays true whatever is decided, so each is written at once."""

    def published(self, viewer: Viewer, at: datetime, drawn: str) -> None:
        """The board was drawn for them, as they had asked for it until then and as it was at that moment."""
