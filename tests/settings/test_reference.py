"""The files that people start from are complete and true: settings.toml, .env.example and docs/settings.md."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bot.settings import Secrets, load, read
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
from bot.settings.reference import PAGE, refreshed

ROOT = Path(__file__).parents[2]
SETTINGS = (ROOT / "settings.toml").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / ".env.example").read_text(encoding="utf-8")
ALL_IN_USE = re.sub(r"^#(?=\S)", "", SETTINGS, flags=re.MULTILINE)


def test_a_fresh_clone_has_settings_that_load() -> None:
    settings = load(ROOT / "settings.toml", {})

    assert list(settings.apps) == ["web"]
    assert list(settings.apps["web"].environments) == ["staging", "production"]


def test_every_setting_that_is_not_in_use_works_when_its_mark_is_taken_away() -> None:
    production = read(ALL_IN_USE, {}).apps["web"].environments["production"]

    assert production.approvals == 1
    assert production.provider.type == "shell"
    assert production.windows[0].timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    "table",
    [BotSettings, SlackSettings, AppSettings, GitHubSettings, EnvironmentSettings, WindowSettings, PreviewSettings],
)
def test_every_key_is_in_the_file(table: type[Table]) -> None:
    bare = tomllib.loads(ALL_IN_USE)
    web = bare["apps"]["web"]
    environments = web["environments"].values()
    windows = [window for environment in environments for window in environment.get("windows", ())]
    tables = (bare["bot"], bare["slack"], web, web["github"], web["environments"]["preview"]["preview"])
    written = {key for one in (*tables, *environments, *windows) for key in one}

    # `allow` is the alternative to `deny`: the comment above the window shows it.
    assert set(table.keys()) - written - {"allow"} == set()


def test_every_variable_is_in_the_example_and_nothing_else() -> None:
    written = re.findall(r"^#?([A-Z][A-Z_]*)=", ENVIRONMENT, flags=re.MULTILINE)

    assert sorted(written) == sorted([*Secrets.variables(), "SHIPMATE_SETTINGS"])


def test_the_page_says_what_the_models_say() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")

    assert page == refreshed(page), "run: python -m bot.settings.reference"
