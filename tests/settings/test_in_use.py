"""Every setting and every variable is read by somebody, or stands in the list of what is still to come."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.settings import Secrets
from bot.settings.models import (
    AppSettings,
    BotSettings,
    EnvironmentSettings,
    GitHubSettings,
    PreviewSettings,
    SlackSettings,
    Table,
    WindowSettings,
)
from bot.settings.planned import MARK, PLANNED
from bot.settings.stages import HealthSettings, StepSettings

ROOT = Path(__file__).parents[2]
MODELS: tuple[type[BaseModel], ...] = (
    *(BotSettings, SlackSettings, AppSettings, GitHubSettings, EnvironmentSettings, WindowSettings),
    *(StepSettings, HealthSettings, PreviewSettings),
    Secrets,
)
# Tables within tables: it is their own keys that are looked at.
TABLES = {"environments", "windows", "provider", "github", "preview"}


def fields(model: type[BaseModel]) -> set[str]:
    computed = model.COMPUTED if issubclass(model, Table) else frozenset()
    return {name for name in model.model_fields if name not in computed and name not in TABLES}


def read_by_somebody(directory: Path) -> set[tuple[str, str]]:
    """(model, field) for each field that code outside the settings and their check reads.

    The type checker is asked, for a name such as ``url`` belongs to many things: where all fields are called otherwise,
    each place that reads one is an error that names the model and the field.
    """
    for package in ("bot", "handlers"):
        shutil.copytree(ROOT / package, directory / package, ignore=shutil.ignore_patterns("__pycache__"))
    renamed = {name for model in MODELS for name in fields(model)}
    for path in (ROOT / "bot" / "settings").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(rf"^    ({'|'.join(renamed)}): ", r"    \1_renamed: ", text, flags=re.MULTILINE)
        (directory / "bot" / "settings" / path.name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--no-pretty"]
    done = subprocess.run(
        [*command, "--cache-dir", str(directory / "cache")], cwd=directory, capture_output=True, text=True, check=False
    )
    outside = [line for line in done.stdout.splitlines() if not line.startswith(("bot/settings/", "bot/check.py"))]
    found = re.findall(r'"(\w+)"(?: of "[^"]*")? has no attribute "(\w+)"', "\n".join(outside))
    assert done.returncode == 1, done.stdout + done.stderr
    return set(found)


@pytest.mark.processes
def test_every_key_and_every_variable_is_read_or_still_to_come(tmp_path: Path) -> None:
    read = read_by_somebody(tmp_path)

    unread = {(model.__name__, name) for model in MODELS for name in fields(model)} - read

    assert {name for _, name in unread} == set(PLANNED)
    assert read & {(model.__name__, name) for model in MODELS for name in PLANNED} == set()


@pytest.mark.parametrize("name", PLANNED)
def test_what_is_still_to_come_is_marked_wherever_it_stands(name: str) -> None:
    key = name.upper() if name in Secrets.model_fields else name
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    example = (ROOT / (".env.example" if key.isupper() else "settings.toml")).read_text(encoding="utf-8")

    [row] = re.findall(rf"^\| `{key}` \|.*$", page, flags=re.MULTILINE)
    # Beside a key of the file, above a variable or the variables before it.
    [entry] = re.findall(rf"(?:^# .*\n(?:#?\w+=.*\n)*)?^#?{key} ?=.*$", example, flags=re.MULTILINE)

    assert MARK in row
    assert MARK.lower() in entry.lower()
