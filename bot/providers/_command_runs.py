"""Commands that are run in a clean checkout of the commit, once per machine although the bot may be killed.

Each has a directory ``runs/<request id>``, a step beside the provider's own work ``runs/<request id>.<step>``, with one
numbered directory per attempt, of which ``bot.adapters.system.processes`` says what is in it; there is a second attempt
only where the first has vanished and ``resume = "rerun"``.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import signal
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import zip_longest
from pathlib import Path

from bot.adapters.git.command import Interrupted, Unreachable
from bot.adapters.git.mirrors import Wanted, check_out
from bot.adapters.system import directories, environment, processes
from bot.adapters.system.accounts import Account, account, hand_over
from bot.adapters.system.environment import base_environment, variables
from bot.adapters.system.output import Output
from bot.core.deployments.messages import WITHOUT_HISTORY
from bot.core.deployments.model import StepRun, Steps
from bot.core.deployments.steps import Progress
from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError
from bot.core.ports.provider import Job, Outcome, Run
from bot.providers._command import Command
from bot.settings import masked, process_environment, secret_values
from bot.settings.environment import from_environment

VANISHED = "The worker's machine was restarted while this was running"
ELSEWHERE = "It was begun on another machine, {}, and is lost to this one; it may still be running there"
_ELSE = "it was begun on another machine, {}, and may still be running there"
_ATTEMPTS = 5
_POLL = 0.25
_MOST_OUTPUT = 512 * 1024 * 1024
_FINISHED_RUNS_KEPT = 200
_OUTCOME = "outcome.json"
_MACHINE = "machine"
_STOPPING = "stopping.json"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LINE_OF_A_KEY = 20
"""Characters; shorter words of a private key are no secret."""
_EXPLAINED = {126: "the command is not executable", 127: "the command was not found"}


@dataclass(frozen=True, slots=True)
class CommandRun:
    """One command of a deployment. ``step`` tells it from the others in its directory's name, ``name`` in words."""

    run: Run
    command: Command
    step: str = ""
    name: str = "the command"

    @property
    def job(self) -> Job:
        return self.run.job

    @property
    def claimed_as(self) -> str:
        """The name under which the machine that has begun it is kept."""
        return f"{_MACHINE}:{self.step}" if self.step else _MACHINE


def start(one: CommandRun) -> str:
    """Begin the command unless that was done before on this machine; the handle is the run's directory.

    Raises Rejected and Unavailable, and what ``run.checkout`` raises.
    """
    with directories.disk_errors():
        directory = _directory(one)
        if not (directory / _OUTCOME).exists():
            try:
                _begin(one, _newest(directory) or directory / "1")
            except Interrupted as stopped:
                _kept(_reason_to_stop(one.run) or Outcome("error", str(stopped)), directory)
            if (directory / _OUTCOME).exists():
                _tidy(directory)
        return str(directory)


def follow(one: CommandRun, handle: str) -> Outcome:
    """Pass on the command's output until it ends, or end it. A repeat gives the same outcome."""
    with directories.disk_errors():
        directory = Path(handle) if Path(handle).is_dir() else _directory(one)
        outcome = _recorded(directory / _OUTCOME)
        if outcome is None:
            ended = _watch(one, directory)
            one.run.pause(0)  # stores what was passed on: from here on the output is not read again
            outcome = _kept(ended, directory)
        _tidy(directory)
        _forget_old_runs(directory.parent)
        return outcome


def _watch(one: CommandRun, directory: Path) -> Outcome:
    for _ in range(_ATTEMPTS):
        attempt = _newest(directory)
        if attempt is not None and processes.claimed(attempt):
            outcome = _watch_attempt(one, attempt)
            if outcome is not None:
                return outcome
            attempt = directory / str(int(attempt.name) + 1)
        if one.command.resume == "error" or (attempt is not None and int(attempt.name) > _ATTEMPTS):
            break
        if (reason := _reason_to_stop(one.run)) is not None:
            other = _begun_elsewhere(one)
            return replace(reason, description=f"{reason.description}: {_ELSE.format(other)}") if other else reason
        one.run.write(f"{_lost(one)}: running {one.name} again")
        one.run.keep(one.claimed_as, _this_machine(one))
        try:
            _begin(one, attempt or directory / "1")
        except Interrupted as stopped:
            return _reason_to_stop(one.run) or Outcome("error", str(stopped))
    return Outcome("error", _lost(one))


def _watch_attempt(one: CommandRun, attempt: Path) -> Outcome | None:
    """The outcome of one attempt; None where it has vanished without a trace."""
    run, output = one.run, Output(attempt / processes.OUTPUT, _secrets(one), one.run.clock.now)
    while True:
        alive = processes.running(attempt)
        output.copy(run.write, ended=not alive)
        _tell(run, output)
        if not alive:
            break
        reason = _reason_to_stop(run, output)
        if reason is not None:
            with suppress(OSError):  # a disk that is full keeps nothing running
                directories.write_whole(attempt / _STOPPING, json.dumps(asdict(reason)))
            all_gone = processes.stop(attempt)
            output.copy(run.write, ended=True)
            return reason if all_gone else Outcome(reason.result, f"{reason.description}, but it would not end")
        run.pause(_POLL)
    code = processes.exit_code(attempt)
    # The bot was killed while it was stopping the command: that is still how it ended.
    stopped = _recorded(attempt / _STOPPING)
    return stopped or (_ended(code, output) if code is not None else None)


def _tell(run: Run, output: Output) -> None:
    """The steps that the command tells of, and how far it is with the last."""
    told = output.progress
    if not (told.steps or told.percent is not None or told.log_url or told.environment_url):
        return
    ends = [begun for _, begun in told.steps[1:]]
    runs = [
        StepRun(number, name, datetime.fromisoformat(begun), datetime.fromisoformat(end) if end else None)
        for number, ((name, begun), end) in enumerate(zip_longest(told.steps, ends), 1)
    ]
    far = [*([runs[-1].name] if runs else []), *([f"{told.percent} %"] if told.percent is not None else [])]
    run.tell(Progress(": ".join(far), Steps(0, tuple(runs)), told.log_url, told.environment_url))


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


def _begin(one: CommandRun, attempt: Path) -> None:
    """Check the commit out and run the command there, unless somebody has begun this attempt already."""
    if processes.claimed(attempt) or _begun_elsewhere(one) is not None:
        return
    run, job, settings = one.run, one.job, one.command
    if run.cancelled():
        raise Interrupted("Cancelled, before it began.")
    runs_as = account(settings.user) if settings.user else None
    environ = _environment(one, runs_as)
    try:
        for directory in (attempt.parent, attempt):
            directories.make_private(directory, passable=runs_as is not None)
        directories.publish(attempt / processes.CHECKOUT, lambda into: _check_out(one, into, runs_as), mode=0o700)
        if (reason := _reason_to_stop(run)) is not None:
            raise Interrupted(f"{reason.description}, before it began.")
        mine = _this_machine(one)
        if run.claim(one.claimed_as, mine) != mine:
            return
    except (OSError, ShipmateError):
        # Somebody faster may have begun, ended and tidied up under our hands.
        if processes.claimed(attempt):
            return
        raise
    command = ["/bin/sh", "-c", settings.command] if isinstance(settings.command, str) else settings.command
    if processes.launch(attempt, command, environ, runs_as, ssh_key(settings)):
        run.write(f"Running {one.name} of {job.app} in {job.environment} on {job.sha[:7]}")


def _check_out(one: CommandRun, into: Path, runs_as: Account | None) -> None:
    run, settings = one.run, one.command
    wanted = Wanted(run.job.sha, settings.depth, settings.submodules, shared=runs_as is None)
    try:
        check_out(
            run.remote(),
            wanted,
            into,
            mirrors=_root(one) / "mirrors",
            environ=process_environment(),
            goes_on=lambda: _reason_to_stop(run) is None,
            write=run.write,
        )
    except (NotThere, NotAllowed, Rejected, Unreachable) as error:
        if settings.submodules:
            raise
        directories.empty(into)
        run.checkout(into)
        run.write(f"{WITHOUT_HISTORY}: {error}")
    if runs_as is not None:
        # Under its unfinished name, where no command can be at work yet.
        hand_over(into, runs_as)


def _this_machine(one: CommandRun) -> str:
    """Whose directory it is: the machine's name, and what no other machine's directory has."""
    file = _root(one) / _MACHINE
    if not file.exists():
        with suppress(FileExistsError):
            directories.write_once(file, f"{platform.node() or 'nameless'} {secrets.token_hex(8)}")
    return file.read_text(encoding="utf-8")


def _begun_elsewhere(one: CommandRun) -> str | None:
    """The machine that has begun it, where that is another one."""
    begun_on = one.run.note(one.claimed_as)
    return None if begun_on in (None, _this_machine(one)) else begun_on.partition(" ")[0]


def _lost(one: CommandRun) -> str:
    """Why what was begun cannot be found, as far as that is known."""
    other = _begun_elsewhere(one)
    return VANISHED if other is None else ELSEWHERE.format(other)


def _environment(one: CommandRun, runs_as: Account | None) -> dict[str, str]:
    """The command's variables. Raises Rejected where one that is inherited has a secret of the bot in it."""
    settings, environ = one.command, process_environment()
    passed_on = {name: environ[name] for name in settings.inherit if name in environ}
    own = from_environment(environ, [])
    if telling := [name for name, value in passed_on.items() if masked(value, own) != value]:
        raise Rejected(f"{', '.join(telling)} of `inherit` holds a secret of the bot, which is not handed to commands.")
    return variables(one.job, base_environment(environ, runs_as), passed_on, settings.environment)


def ssh_key(command: Command) -> str | None:
    """The private key that the command may use. Raises Rejected where there is none, or nobody to hold it."""
    if command.ssh_key is None:
        return None
    key = process_environment().get(command.ssh_key, "").strip()
    if not key:
        raise Rejected(f"{command.ssh_key} is not set: `ssh_key` wants a private key in that variable.")
    if not all(shutil.which(program) for program in ("ssh-agent", "ssh-add")):
        raise Rejected("`ssh_key` needs ssh-agent and ssh-add, which are not installed on the worker's machine.")
    return key


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


def _root(one: CommandRun) -> Path:
    configured, passable = one.command.directory, one.command.user is not None
    if configured is not None:
        return Path(configured).expanduser().absolute()
    root = Path(tempfile.gettempdir()).absolute() / f"shipmate-{os.getuid()}"
    directories.make_private(root, passable=passable)
    return root


def _directory(one: CommandRun) -> Path:
    root = _root(one)
    directories.make_private(root / "runs", passable=one.command.user is not None)
    # A request id that came with somebody else's deployment may be anything.
    request_id = one.job.request_id
    plain = _FILE_NAME.fullmatch(request_id)
    name = request_id if plain else hashlib.sha256(request_id.encode()).hexdigest()
    return root / "runs" / (f"{name}.{one.step}" if one.step else name)


def _attempts(directory: Path) -> list[Path]:
    return sorted((entry for entry in directory.glob("[0-9]*") if entry.is_dir()), key=lambda entry: int(entry.name))


def _newest(directory: Path) -> Path | None:
    return next(reversed(_attempts(directory)), None)


def _recorded(file: Path) -> Outcome | None:
    return Outcome(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _secrets(one: CommandRun) -> list[str]:
    settings, environ = one.command, process_environment()
    passed_on = [environ.get(name, "") for name in settings.inherit]
    own = secret_values(from_environment(environ, []))
    key = environ.get(settings.ssh_key, "") if settings.ssh_key else ""
    key_lines = [line for line in key.replace("\\n", "\n").split() if len(line) > _LINE_OF_A_KEY]
    told = environment.secret_values(settings.environment)
    return [*own, *passed_on, *key_lines, *told, one.job.one_time_password or ""]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
