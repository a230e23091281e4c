"""A command of yours, run in a clean checkout of the commit, once per machine although the bot may be killed."""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.system.accounts import account
from bot.core.errors import Rejected
from bot.core.ports.chat import Finding
from bot.core.ports.provider import Outcome, Run
from bot.providers import _command_runs as command_runs
from bot.providers._command import Command
from bot.providers._command_runs import CommandRun

carries_out = True
removes_previews = True


class Settings(Command):
    """``provider = { type = "shell", command = "bin/deploy" }``."""


def doctor(settings: Settings) -> Sequence[Finding]:
    """For ``python -m bot check``: whether the command can run as its user on this machine."""
    try:
        command_runs.ssh_key(settings)
    except Rejected as error:
        return [*runs_as(settings.user), Finding(False, str(error))]
    return runs_as(settings.user)


def runs_as(user: str | None) -> Sequence[Finding]:
    """Whether a command can run as that user, where one is named."""
    if user is None:
        return []
    try:
        account(user)
    except Rejected as error:
        return [Finding(False, str(error))]
    return [Finding(True, f"the command runs as {user}")]


def start(run: Run) -> str:
    """Begin the command unless that was done before on this machine; the handle is the run's directory.

    Raises Rejected and Unavailable, and what ``run.checkout`` raises.
    """
    return command_runs.start(_of(run))


def follow(run: Run, handle: str) -> Outcome:
    """Pass on the command's output until it ends, or end it. A repeat gives the same outcome."""
    return command_runs.follow(_of(run), handle)


def _of(run: Run) -> CommandRun:
    return CommandRun(run, Settings.model_validate(run.job.settings))
