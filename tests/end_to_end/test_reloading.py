"""A bot that runs takes new settings over: by a signal, by the task, and never those with a mistake."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.cluster import cluster
from tests.end_to_end.installation import BotProcess, Installation

BEFORE, AFTER = "[apps.web.environments.preview]", "[apps.web.environments.canary]"


def rewrites(place: Installation, old: str = BEFORE, new: str = AFTER) -> None:
    file = place.directory / "settings.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def answered(place: Installation, command: str) -> str:
    asked = place.slack.says("maria", "#web", f"@shipmate {command}")
    place.wait_for(lambda: place.slack.thread(asked.channel, asked.ts), f"an answer to {command}")
    return "\n".join(line for one in place.slack.thread(asked.channel, asked.ts) for line in one.lines)


def said(process: BotProcess, event: str, times: int = 1) -> Callable[[], bool]:
    return lambda: process.printed.count(f'event="{event}"') >= times


def test_a_hangup_lets_a_bot_read_its_settings_again(site: Installation) -> None:
    process = site.runs()
    before = answered(site, "status")
    rewrites(site)

    process.send(signal.SIGHUP)
    site.wait_for(said(process, "settings reloaded"), "the new settings")

    assert ("canary" in before, "canary" in answered(site, "status")) == (False, True)
    assert "apps.web.environments.canary, apps.web.environments.preview" in process.printed
    assert process.terminate() == 0


def test_settings_with_a_mistake_change_nothing_and_a_storm_of_signals_ends_nothing(site: Installation) -> None:
    process = site.runs()
    rewrites(site, BEFORE, "[apps.web.environments.preview]\naprovals = 2")

    for _ in range(50):
        process.send(signal.SIGHUP)
    site.wait_for(said(process, "settings not reloaded"), "what is wrong")

    assert "Did you mean `approvals`?" in process.printed
    assert "preview" in answered(site, "status")
    assert process.terminate() == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('directory = "{}/work"', 'directory = "{}/elsewhere"'),
        (
            "production]\nprovider",
            'production]\nprovider = {{ type = "external" }}\n[apps.web.environments.other]\nprovider',
        ),
    ],
    ids=["its directory", "its provider"],
)
def test_what_runs_goes_on_with_the_settings_that_it_began_with_and_through_a_kill(
    site_with: Callable[[str], Installation], old: str, new: str
) -> None:
    site = site_with("echo begun >>{directory}/begun; until test -e {directory}/go; do sleep 0.02; done; echo over")
    process = site.runs()
    site.deploys()
    site.wait_for(lambda: (site.directory / "begun").exists(), "the command")
    rewrites(site, old.format(site.directory), new.format(site.directory))
    process.send(signal.SIGHUP)
    site.wait_for(said(process, "settings reloaded"), "the new settings")

    process.kill()
    site.runs()
    (site.directory / "go").touch()
    [remote] = site.deployments()
    site.wait_for(lambda: site.statuses(remote.id)[-1] == "success", "the end")

    assert (site.directory / "begun").read_text() == "begun\n"
    assert not (site.directory / "elsewhere").exists()
    assert not (site.directory / "work" / "releases").exists()


def test_the_task_reaches_every_process_of_the_database(tmp_path: Path) -> None:
    with cluster(tmp_path, "true") as there:
        web, worker = there.web(), there.worker()
        rewrites(there)

        task = there.starts("reload")

        assert task.wait() == 0
        assert task.printed.startswith("The settings are understood.")
        for process in (web, worker):
            there.wait_for(said(process, "settings reloaded"), "the new settings in both")
        assert "canary" in answered(there, "status")


@pytest.mark.parametrize("wrong", ["[apps.web", "[apps.web]\nrepo = 1"])
def test_the_task_refuses_what_is_wrong_and_asks_nobody(site: Installation, wrong: str) -> None:
    process = site.runs()
    (site.directory / "settings.toml").write_text(wrong, encoding="utf-8")

    task = site.starts("reload")

    assert task.wait() == 1
    assert task.printed.startswith("✗ ")
    assert "settings" not in "".join(line for line in process.lines if "event=" in line)
