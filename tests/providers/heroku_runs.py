"""Runs against the small Heroku: a clock that can be moved, and a bot that is killed at any of its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.errors import Unavailable
from bot.core.ports.provider import Job, Outcome
from bot.providers import heroku as provider
from tests.providers.conftest import T0, ModelRun
from tests.servers.heroku.server import HerokuServer

SETTINGS = provider.Settings(app="acme-web")
BUILDS = "/apps/acme-web/builds"
RELEASES = "/apps/acme-web/releases"


class MovingClock:
    def __init__(self) -> None:
        self.at = T0

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class BotKilled(Exception):
    """Stands for kill -9: nothing after this line of the bot is carried out."""


class MortalRun(ModelRun):
    """Dies at its ``dies_at``-th step, before or after that step has been taken; a step is whatever a run is asked."""

    def __init__(self, job: Job, dies_at: int | None = None, *, after: bool = False) -> None:
        super().__init__(job, {})
        self.steps: list[str] = []
        self._left = dies_at
        self._after = after

    def _step(self, work: Callable[[], Any]) -> Any:
        self.steps.append(work.__qualname__)
        if self._left is not None:
            self._left -= 1
        if self._left == 0 and not self._after:
            raise BotKilled
        result = work()
        if self._left == 0:
            raise BotKilled
        return result

    def note(self, name: str) -> str | None:
        return self._step(lambda: super(MortalRun, self).note(name))

    def keep(self, name: str, value: str) -> None:
        self._step(lambda: super(MortalRun, self).keep(name, value))

    def tarball(self) -> str:
        return str(self._step(lambda: super(MortalRun, self).tarball()))

    def write(self, line: str) -> None:
        self._step(lambda: super(MortalRun, self).write(line))

    def pause(self, seconds: float) -> None:
        self._step(lambda: super(MortalRun, self).pause(seconds))


def reborn(run: ModelRun, **changes: Any) -> ModelRun:
    """The same run as a bot has it that has been started anew: what was stored is there, and nothing else."""
    new = ModelRun(replace(run.job, **changes), {})
    new.notes, new.lines, new.clock = dict(run.notes), list(run.lines), run.clock
    return new


def carried_out(run: ModelRun) -> Outcome:
    """From its start to its end, as the bot does it: what is to be tried later is."""
    return provider.follow(run, started(run))


def started(run: ModelRun) -> str:
    clock = run.clock
    assert isinstance(clock, MovingClock)
    for _ in range(20):
        try:
            return provider.start(run)
        except Unavailable as error:
            clock.move((error.retry_after or 5) + 1)
    raise AssertionError("it never starts")


def posts(heroku: HerokuServer) -> int:
    return len([one for one in heroku.requests if one.method == "POST"])
