"""What providers are tested with: a run without the bot, a pipe that commands wait at, and a kill at any step."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.deployments.model import HEARD
from bot.core.deployments.steps import Progress
from bot.core.errors import NotThere
from bot.core.ports.forge_types import Remote
from bot.core.ports.measures import UNMEASURED, Measures
from bot.core.ports.provider import Job
from bot.core.ports.workflows import Workflows
from tests.patience import PATIENCE
from tests.servers.heroku.server import HerokuServer

SHA = "1a2b3c4" + "0" * 33
T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MOST_PAUSES = 400


class StandingClock:
    """Time passes by pauses alone."""

    def __init__(self) -> None:
        self.at = T0

    def now(self) -> datetime:
        return self.at


class ModelRun:
    """``files`` are what a checkout of the commit has; ``on_line`` says what happens when a line is read.

    Where no ``repository`` is set, git finds none; that this is told stands in ``without_history``.
    """

    def __init__(self, job: Job, files: dict[str, str]) -> None:
        self.job = job
        self.files = files
        self.lines: list[str] = []
        self.told: list[Progress] = []
        self.notes: dict[str, str] = {}
        self.memory: dict[str, str] = {}
        self.workflows: Workflows | None = None
        self.checkouts = 0
        self.repository: Remote | None = None
        self.without_history: list[str] = []
        self.on_line: dict[str, Callable[[], None]] = {}
        self.on_pause: Callable[[], None] = lambda: None
        self.clock = StandingClock()
        self.measures: Measures = UNMEASURED
        self._cancelled = threading.Event()
        self._seconds = job.timeout_seconds
        self._breaker = 0

    def write(self, line: str) -> None:
        if line.startswith("Without git's history"):
            self.without_history.append(line)
            return
        self.lines.append(line)
        self.on_line.get(line, lambda: None)()

    def written(self) -> int:
        return len(self.lines)

    def cancel(self) -> None:
        self._cancelled.set()

    def run_out_of_time(self) -> None:
        self._seconds = -1.0

    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def heard(self) -> str | None:
        return self.notes.get(HEARD)

    def remaining(self) -> float:
        return self._seconds

    def checkout(self, into: Path) -> None:
        self.checkouts += 1
        for name, text in self.files.items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_text(text)

    def tell(self, progress: Progress) -> None:
        if not self.told or self.told[-1] != progress:
            self.told.append(progress)

    def note(self, name: str) -> str | None:
        return self.notes.get(name)

    def keep(self, name: str, value: str) -> None:
        self.notes[name] = value

    def claim(self, name: str, value: str) -> str:
        return self.notes.setdefault(name, value)

    def remote(self) -> Remote:
        if self.repository is None:
            raise NotThere("There is no repository for git here.")
        return self.repository

    def remembered(self, name: str) -> str | None:
        return self.memory.get(name)

    def remember(self, name: str, value: str) -> None:
        self.memory[name] = value

    def tarball(self) -> str:
        return f"https://codeload.example/{self.job.repository}/{self.job.sha}"

    def pause(self, seconds: float) -> None:
        self._breaker += 1
        self.clock.at += timedelta(seconds=seconds)
        assert self._breaker < MOST_PAUSES, f"this never ends; so far: {self.lines}"
        self.on_pause()
        self._cancelled.wait(min(seconds, 0.02))


class Pipe:
    """A named pipe: a command waits at it, or is watched by it: it ends when the last process that holds it has."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._end = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def let_go(self) -> None:
        os.write(self._end, b"go\n")

    def watch(self) -> Callable[[], bool]:
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.close()

        def all_ended() -> bool:
            ready, _, _ = select.select([reader], [], [], PATIENCE)
            ended = bool(ready) and os.read(reader, 1) == b""
            os.close(reader)
            return ended

        return all_ended

    def close(self) -> None:
        if self._end >= 0:
            os.close(self._end)
            self._end = -1


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    pipe = Pipe(tmp_path / "pipe")
    yield pipe
    pipe.close()


@pytest.fixture
def run_with() -> Callable[..., ModelRun]:
    """A run of one and the same deployment, each time as a bot that has just been started would make it."""
    job = Job(
        deployment_id=7,
        request_id="d3f4c8a0-7",
        app="web",
        environment="production",
        repository="acme/web",
        ref="topic",
        sha=SHA,
        task="deploy",
        hosts=None,
        params={},
        force=False,
        requested_by="octocat",
        timeout_seconds=900.0,
        settings=None,
    )

    def make(settings: object, *, files: dict[str, str] | None = None, **changes: object) -> ModelRun:
        return ModelRun(replace(job, settings=settings, **changes), files or {"app.txt": "hello\n"})

    return make


@pytest.fixture
def killed_at_step() -> Callable[[int, Callable[[], None]], bool]:
    """Does the work in a process that is killed (-9) at its n-th step; False where it had ended before.

    A step is whatever the interpreter reports of itself: a file opened, renamed, deleted; a process started or killed.
    """

    def work_until(step: int, work: Callable[[], None]) -> bool:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _kill_at(step)
                work()
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)

    return work_until


def _kill_at(step: int) -> None:
    steps: Iterator[int] = iter(range(step))

    def count(event: str, _: object) -> None:
        if event.split(".")[0] in {"open", "os", "shutil", "subprocess"} and next(steps, None) is None:
            signal.raise_signal(signal.SIGKILL)

    sys.addaudithook(count)


@pytest.fixture
def heroku(monkeypatch: pytest.MonkeyPatch) -> Iterator[HerokuServer]:
    """A Heroku with the app acme-web, and its key in the environment."""
    with HerokuServer() as server:
        monkeypatch.setenv("HEROKU_API_KEY", server.key)
        monkeypatch.setenv("HEROKU_API_URL", server.url)
        server.add_app("acme-web")
        yield server
