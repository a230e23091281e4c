"""Processes that are measured: started on a core of their own, asked how they are, and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
SERVER_CORE = {0}
OTHER_CORES = set(range(1, os.cpu_count() or 1)) or SERVER_CORE
"""Where the load generator, the databases' servers and this process itself run."""
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "external" }

[apps.web.environments.staging]
deploy_on_merge = ["main"]
required_checks = "none"

[apps.web.environments.preview]

[apps.web.environments.production]
"""


@dataclass
class Measured:
    """A running process, and how long it took until it was ready."""

    process: subprocess.Popen[bytes]
    port: int
    ready_after: float

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * _PAGE

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


@contextmanager
def process(
    command: Sequence[str],
    ready: Callable[[int, str], bool],
    *,
    environ: Mapping[str, str] | None = None,
    port: int | None = None,
    cores: set[int] = SERVER_CORE,
) -> Iterator[Measured]:
    """``ready`` is asked with the port and what was logged so far."""
    port = port or free_port()
    with tempfile.NamedTemporaryFile("w+", prefix="bench-", suffix=".log") as log:
        began = time.perf_counter()
        started = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PORT": str(port), **(environ or {})},
            stdout=log,
            stderr=log,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        try:
            while not ready(port, Path(log.name).read_text()):
                if started.poll() is not None or time.perf_counter() - began > PATIENCE:
                    raise RuntimeError(f"{' '.join(command)} did not start:\n{Path(log.name).read_text()}")
                time.sleep(0.01)
            yield Measured(started, port, time.perf_counter() - began)
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def answers(path: str) -> Callable[[int, str], bool]:
    """Ready as soon as the path is answered with 200."""

    def ready(port: int, _: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return ready


def listens(port: int, _: str) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def says(word: str) -> Callable[[int, str], bool]:
    """Ready as soon as the word stands in the log."""
    return lambda _, logged: word in logged


@contextmanager
def bot(
    kind: str, database: str, environ: Mapping[str, str] | None = None, more_settings: str = ""
) -> Iterator[Measured]:
    """``python -m bot web | worker | run``."""
    ready = says("event=ready") if kind == "worker" else answers("/readyz")
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as settings:
        settings.write(SETTINGS + more_settings)
        settings.flush()
        given = {
            "SHIPMATE_SETTINGS": settings.name,
            "DATABASE_URL": database.replace("postgresql+psycopg://", "postgres://"),
            "GITHUB_WEBHOOK_SECRET": "bench-webhook-secret",
            "GITHUB_TOKEN": "token-of-nobody",
            "SLACK_BOT_TOKEN": "xoxb-of-nobody",
            "SLACK_APP_TOKEN": "xapp-of-nobody",
            **(environ or {}),
        }
        with process([sys.executable, "-m", "bot", kind], ready, environ=given) as started:
            yield started


def migrate(database: str) -> None:
    """Also the engine's tables, before the first process."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as settings:
        settings.write(SETTINGS)
        settings.flush()
        url = database.replace("postgresql+psycopg://", "postgres://")
        environ = {"PATH": os.environ["PATH"], "SHIPMATE_SETTINGS": settings.name, "DATABASE_URL": url}
        subprocess.run([sys.executable, "-m", "bot", "migrate"], env=environ, check=True, capture_output=True)
