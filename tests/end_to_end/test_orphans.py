"""A bot whose settings lose an environment while something runs, waits and is locked there."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable

from tests.end_to_end.installation import ROOT, SETTINGS, Installation
from tests.patience import PATIENCE

WAITS = "echo begun >>{directory}/begun; until test -e {directory}/go; do sleep 0.02; done; echo over"


def without(environment: str, site: Installation, command: str = WAITS) -> str:
    text = SETTINGS.replace("{command}", command).replace("{directory}", str(site.directory))
    before, _, rest = text.partition(f"[apps.web.environments.{environment}]")
    return (before + rest[rest.index("\n[") :]).replace('default_environment = "production"', "")


def mends(site: Installation, *answers: str) -> tuple[int, str]:
    """``python -m bot check --mend`` at a terminal, where somebody types; its exit code and what it printed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "check", "--mend"],
        cwd=site.directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(site.directory), **site.environ},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    os.close(theirs)
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    printed, _ = process.communicate(timeout=PATIENCE)
    os.close(ours)
    return process.returncode, printed


def test_a_command_that_runs_comes_to_its_end_although_its_environment_is_gone(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(WAITS)
    bot = site.runs()
    site.deploys()
    site.wait_for(lambda: (site.directory / "begun").exists(), "the command")
    [remote] = site.deployments()
    site.wait_for(lambda: site.statuses(remote.id)[-1:] == ["in_progress"], "its status")

    bot.terminate()
    site.settings(without("production", site))
    after = site.runs()
    site.wait_for(lambda: any("is no longer in my settings" in one.text for one in site.parents()), "a word")
    (site.directory / "go").touch()
    site.wait_for(lambda: site.statuses(remote.id)[-1] == "success", "the end")

    assert (
        "maria is running in web → production, but web has no environment production in the settings" in after.printed
    )
    assert (site.directory / "begun").read_text() == "begun\n"
    assert "Traceback" not in after.printed


def test_what_is_left_is_named_by_check_and_mended_at_a_terminal_while_the_bot_runs(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with("true")
    bot = site.runs()
    said = site.deploys("lock staging because I look at it")
    site.wait_for(lambda: any("has locked" in one.text for one in site.parents()), "the lock")
    bot.terminate()
    site.settings(without("staging", site, "true"))
    site.runs()
    site.wait_for(lambda: any("is no longer in my settings" in one.text for one in site.parents()), "a word")

    unasked = site.starts("check", "--mend", typed="y\ny\n")
    code = unasked.wait()
    mended = mends(site, "y")
    site.wait_for(lambda: any("was released by" in one.text for one in site.parents()), "what follows")
    again = mends(site)

    named = "web → staging is locked by maria since "
    assert code == 1
    assert unasked.lines[0] == "Nothing was changed: there is nobody here to ask. Run it in a terminal."
    assert any(
        line.startswith(f"✗ {named}") and line.endswith("→ python -m bot check --mend") for line in unasked.lines
    )
    assert mended[1].startswith(named)
    assert "Release it? [y/n]   Done. What follows from it in the chat and on GitHub" in mended[1]
    assert again[1].startswith("There is nothing to mend: ")
    assert named not in again[1].partition("Shipmate ")[2]
    assert said.thread_ts is None


def test_where_nobody_answers_any_more_it_says_so_and_stops(site_with: Callable[[str], Installation]) -> None:
    site = site_with("true")
    bot = site.runs()
    site.deploys("lock staging because I look at it")
    site.wait_for(lambda: any("has locked" in one.text for one in site.parents()), "the lock")
    bot.terminate()
    site.settings(without("staging", site, "true"))

    code, printed = mends(site, "\x04")

    assert code == 1
    assert "Stopped. What was not answered stays as it is." in printed
    assert "✗ web → staging is locked by maria" in printed
