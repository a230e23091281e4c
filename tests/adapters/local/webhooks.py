"""The sample's repository with the local forge on it, and what the forge told."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.local.forge import LocalGit
from bot.core.events import Event
from bot.talk.sample import REPOSITORY

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOPIC = "d872d0078eaf42be0cbe2d77bd6ba7ccadf1ae75"
MAIN = "a9f60077f12a4033c0862c17d0a320ed208dadca"


class StoppedClock:
    def now(self) -> datetime:
        return T0


class Webhooks:
    """Keeps what was delivered."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)


def open_forge(home: Path, webhooks: Webhooks) -> LocalGit:
    return LocalGit({REPOSITORY: home / "web.git"}, home / "record.json", StoppedClock(), webhooks)


def git(directory: Path, *arguments: str) -> str:
    """The git command as a person would use it, with an identity of its own."""
    identity = ["-c", "user.name=carol", "-c", "user.email=carol@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(directory), *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
