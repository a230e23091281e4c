"""Settings that are read again: validated, taken over as a whole, and told in the log."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.errors import Unavailable
from bot.reloading import Reloading, ask
from bot.settings import load
from bot.settings.current import CurrentSettings

SHOP = """
[slack]
channel = "#deploys"
[apps.web]
repository = "acme/web"
[apps.web.environments.production]
approvals = 1
"""
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "GITHUB_TOKEN": "ghp-1",
    "GITHUB_WEBHOOK_SECRET": "s",
}


class Notebook:
    """What processes share; it may be away."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.away = False

    def read(self, key: str, /) -> str | None:
        if self.away:
            raise Unavailable("The database does not answer.")
        return self.kept.get(key)

    def write(self, key: str, value: str, /) -> None:
        self.kept[key] = value


class Process:
    """One that was started with SHOP."""

    def __init__(self, file: Path, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = file
        self._monkeypatch = monkeypatch
        self.set(**SECRETS)
        self.write(SHOP)
        self.current = CurrentSettings(load(file, SECRETS))
        self.reloading = Reloading(self.current, file, "worker", notebook)

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def reload(self) -> list[MutableMapping[str, Any]]:
        with capture_logs() as lines:
            self.reloading.reload()
        return lines

    @property
    def approvals(self) -> int:
        return self.current().apps["web"].environments["production"].approvals


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def process(tmp_path: Path, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> Process:
    monkeypatch.chdir(tmp_path)
    return Process(tmp_path / "settings.toml", notebook, monkeypatch)


def test_what_has_changed_is_taken_over_and_named(process: Process) -> None:
    process.write(SHOP.replace("approvals = 1", "approvals = 2") + "[apps.web.environments.staging]\n")

    lines = process.reload()

    assert process.approvals == 2
    assert lines == [
        {
            "event": "settings reloaded",
            "log_level": "info",
            "process": "worker",
            "changed": "apps.web.environments.production.approvals, apps.web.environments.staging",
        }
    ]


def test_settings_with_a_mistake_are_not_taken_and_every_mistake_is_told(process: Process) -> None:
    process.write(SHOP.replace("approvals = 1", "aprovals = 2\ntimeout = 'soon'"))

    lines = process.reload()

    assert process.approvals == 1
    assert [line["event"] for line in lines] == ["settings not reloaded"] * 2
    assert any("Did you mean `approvals`?" in line["problem"] for line in lines)


@pytest.mark.parametrize("text", [None, "[apps.web", "\x00"])
def test_a_file_that_is_gone_or_half_written_changes_nothing(process: Process, text: str | None) -> None:
    process.file.unlink()
    if text is not None:
        process.write(text)

    lines = process.reload()

    assert process.approvals == 1
    assert [line["log_level"] for line in lines] == ["error"]


def test_nothing_that_has_changed_is_said_too(process: Process) -> None:
    assert [line["changed"] for line in process.reload()] == ["nothing"]


def test_variables_and_the_bots_name_stay_until_a_restart_and_that_is_said(process: Process) -> None:
    process.set(GITHUB_TOKEN="ghp-2", SLACK_BOT_TOKEN="xoxb-2")
    process.write('[bot]\nname = "skipper"\n' + SHOP)

    lines = process.reload()

    assert process.current().secrets.github_token.get_secret_value() == "ghp-1"  # type: ignore[union-attr]
    assert process.current().bot.name == "shipmate"
    assert lines[-1]["event"] == "settings that take a restart"
    assert lines[-1]["changed"] == "SLACK_BOT_TOKEN, GITHUB_TOKEN, bot.name"
    assert "ghp-2" not in str(lines)


def test_settings_that_the_process_could_not_start_with_are_not_taken(process: Process) -> None:
    process.write(SHOP + '[[webhooks]]\nurl = "https://example.com"\nsecret = "NOT_SET"\n')

    lines = process.reload()

    assert process.current().webhooks == ()
    assert lines[0]["event"] == "settings not reloaded"
    assert "NOT_SET" in lines[0]["problem"]


def test_every_process_of_a_database_reloads_once_when_it_is_asked_to(process: Process, notebook: Notebook) -> None:
    process.reloading.look()
    process.write(SHOP.replace("approvals = 1", "approvals = 3"))
    process.reloading.look()
    before = process.approvals
    ask(notebook)

    with capture_logs() as lines:
        process.reloading.look()
        process.reloading.look()

    assert (before, process.approvals) == (1, 3)
    assert [line["event"] for line in lines] == ["settings reloaded"]


def test_what_was_asked_before_a_process_began_is_nothing_new_to_it(process: Process, notebook: Notebook) -> None:
    ask(notebook)

    with capture_logs() as lines:
        process.reloading.look()

    assert lines == []


def test_what_is_asked_while_the_database_is_away_is_found_afterwards(process: Process, notebook: Notebook) -> None:
    process.reloading.look()
    ask(notebook)
    notebook.away = True
    process.reloading.look()
    notebook.away = False

    with capture_logs() as lines:
        process.reloading.look()

    assert [line["event"] for line in lines] == ["settings reloaded"]
