"""A sample, a bot that only takes down what it is told, and somebody who types."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from bot.adapters.local.forge import LocalGit
from bot.core.events import Event
from bot.talk.console import Terminal
from bot.talk.sample import REPOSITORY, prepare
from bot.talk.session import Talk
from bot.talk.simulation import Simulator

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "shp_" + "a" * 43
ADDRESS = "http://127.0.0.1:41321"
TOPIC = "d872d0078eaf42be0cbe2d77bd6ba7ccadf1ae75"


class StoppedClock:
    def now(self) -> datetime:
        return T0


class Scribe:
    """In the bot's place: writes down what happens to it, in order. ``quiet`` says whether it is ever done."""

    def __init__(self, *, quiet: bool = True) -> None:
        self.told: list[object] = []
        self._quiet = quiet

    def say(self, person: str, text: str) -> None:
        self.told.append((person, text))

    def deliver(self, event: Event) -> None:
        self.told.append(event)

    def quiet(self) -> bool:
        return self._quiet

    def wait_until_quiet(self, timeout: float) -> bool:
        self.told.append(f"waited {timeout:.0f} s")
        return self._quiet

    def skip(self, delta: timedelta) -> None:
        self.told.append(delta)

    def make_token(self, name: str, person: str) -> str:
        self.told.append((name, person))
        return SECRET


class TerminalSession:
    """A sample, a scribe, and somebody who types."""

    def __init__(self, home: Path, *, quiet: bool = True) -> None:
        prepare(home)
        self.screen = io.StringIO()
        self.scribe = Scribe(quiet=quiet)
        self.forge = LocalGit({REPOSITORY: home / "web.git"}, home / "record.json", StoppedClock(), self.scribe.deliver)
        terminal = Terminal(Console(file=self.screen, width=200), zone=ZoneInfo("UTC"))
        self.talk = Talk(Simulator(self.scribe, terminal, self.forge, StoppedClock(), [REPOSITORY], ADDRESS))

    def hears(self, *lines: str) -> str:
        """What the screen shows after these lines."""
        for line in lines:
            assert self.talk.hear(line)
        return self.screen.getvalue()
