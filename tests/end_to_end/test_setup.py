"""The set-up as a process in an empty folder, from a pipe: then the check needs nothing but what it has written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Secrets
from tests.patience import PATIENCE
from tests.servers.github.server import GitHubServer
from tests.servers.slack.server import SlackServer
from tests.setup.conftest import Browser

ROOT = Path(__file__).parents[2]


def started(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if name not in Secrets.variables()}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env={**kept, **variables, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def line_with(process: subprocess.Popen[str], part: str) -> str:
    """The next line with that in it. The process ends its output where it dies, so this ends too."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if part in line:
            return line.strip()
    raise AssertionError("".join(seen))


def test_what_was_set_up_passes_the_check(tmp_path: Path, github: GitHubServer) -> None:
    (tmp_path / "settings.toml").write_text((ROOT / "settings.toml").read_text("utf-8"), encoding="utf-8")
    with SlackServer() as slack:
        slack.add_channel("shop")
        github.add_repository("acme/shop")
        addresses = {"SLACK_API_URL": slack.api_url, "GITHUB_API_URL": github.url, "GITHUB_WEB_URL": github.url}
        process = started(tmp_path, "setup", **addresses)
        assert process.stdin is not None
        first = [
            "acme/shop",
            "",
            "shop",
            "1",
            "y",
            "https://ship.acme.example",
            "y",
            slack.bot_token,
            slack.app_token,
            "y",
        ]
        process.stdin.write("".join(f"{answer}\n" for answer in first))
        process.stdin.flush()
        line_with(process, "makes the GitHub App")
        page = line_with(process, "http://127.0.0.1")
        Browser(github, "acme/shop").press(page)
        process.stdin.write("\n")
        process.stdin.flush()
        assert line_with(process, "/installations/new").endswith("/apps/shipmate-acme/installations/new")
        github.registrations.made[0].installations[7001] = {"acme/shop"}
        said, _ = process.communicate("y\n", timeout=PATIENCE)
        checked = started(tmp_path, "check", **addresses)
        found, _ = checked.communicate(timeout=PATIENCE)

    assert (process.returncode, checked.returncode) == (0, 0), said + found
    assert "@shipmate deploy main to staging" in said
    logged = [one for one in (said + found).splitlines() if "[info" in one or "[warning" in one or "event=" in one]
    assert logged == []
    assert "✗" not in found


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server
