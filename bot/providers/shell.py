"""A command of yours, run in a clean checkout of the commit, once per machine although the bot may be killed.

Each deployment has a directory ``runs/<request id>`` with one numbered directory per attempt, of which
``bot.adapters.system.processes`` says what is in it; there is a second attempt only where the first has
vanished and ``resume = "rerun"``.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import signal
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bot.adapters.git.command import Interrupted, Unreachable
from bot.adapters.git.mirrors import Wanted, check_out
from bot.adapters.system import directories, processes
from bot.adapters.system.accounts import Account, account, hand_over
from bot.adapters.system.environment import VariableName, base_environment, inherited, variables
from bot.adapters.system.output import Output
from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError
from bot.core.ports.chat import Finding
from bot.core.ports.provider import Job, Outcome, Run
from bot.settings import masked, process_environment
from bot.settings.environment import from_environment

carries_out = True
removes_previews = True

VANISHED = "The worker's machine was restarted while this was running"
ELSEWHERE = "It was begun on another machine, {}, and is lost to this one; it may still be running there"
_ATTEMPTS = 5
_POLL = 0.25
_MOST_OUTPUT = 512 * 1024 * 1024
_FINISHED_RUNS_KEPT = 200
_OUTCOME = "outcome.json"
_MACHINE = "machine"
_STOPPING = "stopping.json"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_EXPLAINED = {126: "the command is not executable", 127: "the command was not found"}

Argument = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class Settings(BaseModel):
    """``provider = { type = "shell", command = "bin/deploy" }``.

    ``command``: a string is run by ``sh -c`` exactly as it is written, a list is a program with its arguments.
    ``resume``: what to do when the machine was restarted meanwhile: end as an error, or run the command again.
    ``environment``: more variables for the command. ``inherit``: names of variables that the command gets as the bot
    has them; secrets of the bot itself are not for it. ``directory``: where checkouts live, private to the bot's user.
    ``user``: whom the command runs as, where that is not to be the user who runs the bot. ``depth``: how many commits
    of history the checkout has, all where it is not said. ``submodules``: whether it has those too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Argument | list[Argument]
    resume: Literal["error", "rerun"] = "error"
    environment: dict[VariableName, Argument] = {}
    inherit: list[VariableName] = []
    directory: str | None = None
    user: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*[$]?$")] | None = None
    depth: Annotated[int, Field(strict=True, ge=1)] | None = None
    submodules: bool = False

    @field_validator("command")
    @classmethod
    def _says_something(cls, command: str | list[str]) -> str | list[str]:
        if not (command.strip() if isinstance(command, str) else command and command[0].strip()):
            raise ValueError("the command is empty")
        return command

    @field_validator("inherit")
    @classmethod
    def _no_secrets_of_the_bot(cls, names: list[str]) -> list[str]:
        return inherited(names)


def doctor(settings: Settings) -> Sequence[Finding]:
    """For ``python -m bot check``: whether the command can run as its user on this machine."""
    if settings.user is None:
        return []
    try:
        account(settings.user)
    except Rejected as error:
        return [Finding(False, str(error))]
    return [Finding(True, f"the command runs as {settings.user}")]


def start(run: Run) -> str:
    """Begin the command unless that was done before on this machine; the handle is the run's directory.

    Raises Rejected and Unavailable, and what ``run.checkout`` raises.
    """
    with directories.disk_errors():
        directory = _directory(run.job)
        if not (directory / _OUTCOME).exists():
            try:
                _begin(run, _newest(directory) or directory / "1")
            except Interrupted as stopped:
                _kept(_reason_to_stop(run) or Outcome("error", str(stopped)), directory)
            if (directory / _OUTCOME).exists():
                _tidy(directory)
        return str(directory)


def follow(run: Run, handle: str) -> Outcome:
    """Pass on the command's output until it ends, or end it. A repeat gives the same outcome."""
    with directories.disk_errors():
        directory = Path(handle) if Path(handle).is_dir() else _directory(run.job)
        outcome = _recorded(directory / _OUTCOME)
        if outcome is None:
            ended = _watch(run, directory)
            run.pause(0)  # stores what was passed on: from here on the output is not read again
            outcome = _kept(ended, directory)
        _tidy(directory)
        _forget_old_runs(directory.parent)
        return outcome


def _watch(run: Run, directory: Path) -> Outcome:
    for _ in range(_ATTEMPTS):
        attempt = _newest(directory)
        if attempt is not None and processes.claimed(attempt):
            outcome = _watch_attempt(run, attempt)
            if outcome is not None:
                return outcome
            attempt = directory / str(int(attempt.name) + 1)
        if _settings(run.job).resume == "error" or (attempt is not None and int(attempt.name) > _ATTEMPTS):
            break
        if (reason := _reason_to_stop(run)) is not None:
            return reason
        run.write(f"{_lost(run)}: running the command again")
        run.keep(_MACHINE, _this_machine(run.job))
        try:
            _begin(run, attempt or directory / "1")
        except Interrupted as stopped:
            return _reason_to_stop(run) or Outcome("error", str(stopped))
    return Outcome("error", _lost(run))


def _watch_attempt(run: Run, attempt: Path) -> Outcome | None:
    """The outcome of one attempt; None where it has vanished without a trace."""
    output = Output(attempt / processes.OUTPUT, _secrets(run.job))
    while True:
        alive = processes.running(attempt)
        output.copy(run.write, ended=not alive)
        if not alive:
            break
        reason = _reason_to_stop(run, output)
        if reason is not None:
            directories.write_whole(attempt / _STOPPING, json.dumps(asdict(reason)))
            all_gone = processes.stop(attempt)
            output.copy(run.write, ended=True)
            return reason if all_gone else Outcome(reason.result, f"{reason.description}, but it would not end")
        run.pause(_POLL)
    code = processes.exit_code(attempt)
    # The bot was killed while it was stopping the command: that is still how it ended.
    stopped = _recorded(attempt / _STOPPING)
    return stopped or (_ended(code, output) if code is not None else None)


def _reason_to_stop(run: Run, output: Output | None = None) -> Outcome | None:
    if run.cancelled():
        return Outcome("cancelled", "Cancelled")
    if run.remaining() <= 0:
        return Outcome("timed_out", f"Stopped at the timeout of {_duration(run.job.timeout_seconds)}")
    if output is not None and output.size() > _MOST_OUTPUT:
        return Outcome("failed", f"Stopped: it printed more than {_MOST_OUTPUT // 1024 // 1024} MB")
    return None


def _ended(code: int, output: Output) -> Outcome:
    links = output.progress.environment_url, output.progress.log_url
    if code == 0:
        return Outcome("succeeded", "The command succeeded", *links)
    explained = _EXPLAINED.get(code)
    if code > 128 and code - 128 in set(signal.Signals):
        explained = signal.Signals(code - 128).name
    return Outcome("failed", f"exit code {code}" + (f": {explained}" if explained else ""), *links)


def _begin(run: Run, attempt: Path) -> None:
    """Check the commit out and run the command there, unless somebody has begun this attempt already."""
    if processes.claimed(attempt):
        return
    job, settings = run.job, _settings(run.job)
    runs_as = account(settings.user) if settings.user else None
    environment = _environment(job, runs_as)
    try:
        for directory in (attempt.parent, attempt):
            directories.make_private(directory, passable=runs_as is not None)
        directories.publish(attempt / processes.CHECKOUT, lambda into: _check_out(run, into, runs_as), mode=0o700)
        mine = _this_machine(job)
        if run.claim(_MACHINE, mine) != mine:
            return
    except (OSError, ShipmateError):
        # Somebody faster may have begun, ended and tidied up under our hands.
        if processes.claimed(attempt):
            return
        raise
    command = ["/bin/sh", "-c", settings.command] if isinstance(settings.command, str) else settings.command
    if processes.launch(attempt, command, environment, runs_as):
        run.write(f"Running the command of {job.app} in {job.environment} on {job.sha[:7]}")


def _check_out(run: Run, into: Path, runs_as: Account | None) -> None:
    settings = _settings(run.job)
    wanted = Wanted(run.job.sha, settings.depth, settings.submodules, shared=runs_as is None)
    try:
        check_out(
            run.remote(),
            wanted,
            into,
            mirrors=_root(run.job) / "mirrors",
            environ=process_environment(),
            goes_on=lambda: _reason_to_stop(run) is None,
            write=run.write,
        )
    except (NotThere, NotAllowed, Rejected, Unreachable) as error:
        if settings.submodules:
            raise
        directories.empty(into)
        run.checkout(into)
        run.write(f"Without git's history, from the commit's files alone: {error}")
    if runs_as is not None:
        # Under its unfinished name, where no command can be at work yet.
        hand_over(into, runs_as)


def _this_machine(job: Job) -> str:
    """Whose directory it is: the machine's name, and what no other machine's directory has."""
    file = _root(job) / _MACHINE
    if not file.exists():
        with suppress(FileExistsError):
            directories.write_once(file, f"{platform.node() or 'nameless'} {secrets.token_hex(8)}")
    return file.read_text(encoding="utf-8")


def _lost(run: Run) -> str:
    """Why what was begun cannot be found, as far as that is known."""
    begun_on = run.note(_MACHINE)
    return VANISHED if begun_on in (None, _this_machine(run.job)) else ELSEWHERE.format(begun_on.partition(" ")[0])


def _environment(job: Job, runs_as: Account | None) -> dict[str, str]:
    """The command's variables. Raises Rejected where one that is inherited has a secret of the bot in it."""
    settings, environ = _settings(job), process_environment()
    passed_on = {name: environ[name] for name in settings.inherit if name in environ}
    own = from_environment(environ, [])
    if telling := [name for name, value in passed_on.items() if masked(value, own) != value]:
        raise Rejected(f"{', '.join(telling)} of `inherit` holds a secret of the bot, which is not handed to commands.")
    return variables(job, base_environment(environ, runs_as), passed_on, settings.environment)


def _kept(outcome: Outcome, directory: Path) -> Outcome:
    """The outcome that everybody is told from now on: the first one."""
    if (earlier := _recorded(directory / _OUTCOME)) is not None:
        return earlier
    directories.make_private(directory)
    directories.write_whole(directory / _OUTCOME, json.dumps(asdict(outcome)))
    return outcome


def _tidy(directory: Path) -> None:
    """Delete what takes space. What tells that the run was begun and has ended stays, lest a late repeat begins it."""
    for attempt in _attempts(directory):
        directories.remove(attempt / processes.CHECKOUT)
        directories.remove_unfinished(attempt)
        (attempt / processes.OUTPUT).unlink(missing_ok=True)


def _forget_old_runs(runs: Path) -> None:
    for file in directories.youngest_first(runs.glob(f"*/{_OUTCOME}"))[_FINISHED_RUNS_KEPT:]:
        directories.remove(file.parent)
    directories.remove_unfinished(runs)


def _root(job: Job) -> Path:
    configured, passable = _settings(job).directory, _settings(job).user is not None
    if configured is not None:
        return Path(configured).expanduser().absolute()
    root = Path(tempfile.gettempdir()).absolute() / f"shipmate-{os.getuid()}"
    directories.make_private(root, passable=passable)
    return root


def _directory(job: Job) -> Path:
    root = _root(job)
    directories.make_private(root / "runs", passable=_settings(job).user is not None)
    # A request id that came with somebody else's deployment may be anything.
    plain = _FILE_NAME.fullmatch(job.request_id)
    return root / "runs" / (job.request_id if plain else hashlib.sha256(job.request_id.encode()).hexdigest())


def _attempts(directory: Path) -> list[Path]:
    return sorted((entry for entry in directory.glob("[0-9]*") if entry.is_dir()), key=lambda entry: int(entry.name))


def _newest(directory: Path) -> Path | None:
    return next(reversed(_attempts(directory)), None)


def _recorded(file: Path) -> Outcome | None:
    return Outcome(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _secrets(job: Job) -> list[str]:
    environment = process_environment()
    passed_on = [environment.get(name, "") for name in _settings(job).inherit]
    return [*passed_on, job.one_time_password or ""]


def _settings(job: Job) -> Settings:
    return Settings.model_validate(job.settings)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
