"""How apps stand, as their pages are drawn from it: read from our own rows, nobody else is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.adapters.clock.crons import Crons
from bot.core.board.model import AppStanding
from bot.core.board.page_messages import PlaceLines, place
from bot.core.board.reading import Place, Rows, rows
from bot.core.freezes.model import ClosedBy, closed_by
from bot.core.freezes.windows import active_window, window
from bot.core.ports.transaction import Reads
from bot.settings import AppSettings, EnvironmentSettings

_CRONS = Crons()


class Standings:
    """Of some apps at one moment; how each stands is in ``apps``."""

    def __init__(self, reads: Reads, apps: Sequence[AppSettings], now: datetime) -> None:
        self._settings: Mapping[str, AppSettings] = {app.name: app for app in apps}
        self._rows = rows(reads, [place for app in apps for place in app.places], now)
        self._now = now
        self.apps = tuple(_standing(self._rows, app) for app in apps)

    def lines(self, app: AppStanding, *, linked: bool = True) -> list[PlaceLines]:
        """What is said of its places; see ``place``."""
        environments = self._settings[app.name].environments
        closed = [self._closed((app.name, name), one) for name, one in environments.items()]
        told = zip(app.places, closed, strict=True)
        return [place(one, closed_now, self._now, linked=linked) for one, closed_now in told]

    def _closed(self, where: Place, environment: EnvironmentSettings) -> ClosedBy | None:
        windows = tuple(window(one.deny, one.allow, one.length, one.timezone) for one in environment.windows)
        active = active_window(windows, self._now, _CRONS) if windows else None
        return closed_by(self._rows.freezes.get(where, ()), active, self._now)


def _standing(found: Rows, app: AppSettings) -> AppStanding:
    places = (found.standing((app.name, one.name), production=one.production) for one in app.environments.values())
    return AppStanding(app.name, tuple(places), app.default_environment)
