"""The git command, run without a shell, without anybody's own configuration, and no longer than it is wanted."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError, Unavailable
from bot.core.ports.forge_types import Remote

_LOOK_AGAIN = 0.25
"""Seconds between two looks at whether it is still wanted."""
_KILLED_WITHIN = 5.0
_SETTINGS = {
    # What a repository or a machine brings along is for people's own work.
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "advice.detachedHead": "false",
    "gc.autoDetach": "false",
    # A connection over which nothing comes for a minute has died.
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
}
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
}
_WAY_OUT = re.compile(r"(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR)|GIT_(?:PROXY_)?SSL_CAINFO", re.IGNORECASE)
"""Names of variables that say how the machine gets out into the network; they are handed on."""

_KEPT_OUT = re.compile(r"returned error: 40[13]|authentication failed|could not read (?:username|password)", re.I)
_MISSING = re.compile(r"returned error: 404|not found|not our ref|couldn't find remote ref|does not exist", re.I)
_UNREACHABLE = re.compile(r"could not resolve|connection refused|couldn't connect|failed to connect", re.I)
_AWAY = re.compile(
    r"connection (?:reset|timed out)|timed out|"
    r"returned error: (?:429|5\d\d)|early eof|unexpected disconnect|rpc failed|hung up|too slow|empty reply|"
    r"gnutls|ssl|transfer closed",
    re.IGNORECASE,
)
_FULL = re.compile(r"no space left|disk quota", re.IGNORECASE)
_BROKEN = re.compile(r"corrupt|bad object|not a git repository|unable to read|missing blob|fatal: bad|invalid", re.I)


class Interrupted(ShipmateError):
    """Nobody wants it any more."""


class Unreachable(Unavailable):
    """There is nobody at the remote's address, or no way to it from here."""


class Broken(Rejected):
    """What git has kept of a repository cannot be used."""


class Git:
    """The command with what it takes to reach a remote; its credentials are in its environment alone.

    ``goes_on`` is asked a few times a second whether it is still wanted, and Interrupted raised where it is not.
    """

    def __init__(self, remote: Remote, home: Path, environ: Mapping[str, str], goes_on: Callable[[], bool]) -> None:
        found = shutil.which("git", path=environ.get("PATH", os.defpath))
        if found is None:
            raise Rejected("The command git was not found on the worker's machine.")
        self._git = found
        self._goes_on = goes_on
        self._environment = {
            **{name: value for name, value in environ.items() if name == "PATH" or _WAY_OUT.fullmatch(name)},
            **_ENVIRONMENT,
            "HOME": str(home),
            **_configured({**_SETTINGS, **_of_remote(remote)}),
        }

    def __call__(self, *arguments: str, at: Path, holds: int | None = None, good: tuple[int, ...] = (0,)) -> int:
        """Run it in the directory ``at`` and return its exit code, one of the ``good`` ones.

        ``holds`` is a file that must stay open, and locked, for as long as any part of it runs. Raises NotThere,
        NotAllowed, Rejected, Broken, Unavailable and Interrupted.
        """
        with tempfile.TemporaryFile() as errors:
            process = self._begun(arguments, at, errors.fileno(), () if holds is None else (holds,))
            try:
                while not self._ended(process):
                    if not self._goes_on():
                        raise Interrupted("Stopped while the commit was being fetched.")
            finally:
                _kill(process)
            if process.returncode not in good:
                errors.seek(0)
                raise _error_of(arguments[0], errors.read().decode(errors="replace"))
        return process.returncode

    def knows(self, command: str) -> bool:
        """Whether there is such a command of git on this machine."""
        return shutil.which(f"git-{command}", path=self._environment.get("PATH", os.defpath)) is not None

    def _begun(
        self, arguments: tuple[str, ...], at: Path, errors: int, holds: tuple[int, ...]
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - a list of arguments, never a shell's line
                [self._git, *arguments],
                cwd=at,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=holds,
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"git could not be started: {error.strerror}.") from error

    @staticmethod
    def _ended(process: subprocess.Popen[bytes]) -> bool:
        try:
            process.wait(_LOOK_AGAIN)
        except subprocess.TimeoutExpired:
            return False
        return True


def _configured(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as variables, which no list of processes shows: https://git-scm.com/docs/git-config#ENVIRONMENT."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _of_remote(remote: Remote) -> dict[str, str]:
    """Who we are, told to the remote's own host and no other; there submodules are found by https too."""
    address = urlsplit(remote.address)
    if address.scheme not in ("https", "http"):
        return {}
    host = f"{address.scheme}://{address.netloc}/"
    settings = {f"url.{host}.insteadOf": f"git@{address.hostname}:"}
    if remote.token is not None:
        given = b64encode(f"x-access-token:{remote.token}".encode()).decode()
        settings[f"http.{host}.extraHeader"] = f"Authorization: Basic {given}"
    return settings


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_KILLED_WITHIN)


def _error_of(command: str, said: str) -> ShipmateError:
    """What went wrong, by what git says of it: its exit codes tell nothing."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = next((line for line in lines if line.startswith(("fatal:", "error:", "remote:"))), "")
    reason = re.sub(r"^(?:fatal|error|remote): ", "", telling or (lines[-1] if lines else "it did not say why"))
    sentence = f"git {command} failed: {reason.rstrip('.')}."
    if _UNREACHABLE.search(said):
        return Unreachable(sentence)
    if _FULL.search(said) or _AWAY.search(said):
        return Unavailable(sentence)
    if _KEPT_OUT.search(said):
        return NotAllowed(sentence)
    if _MISSING.search(said):
        return NotThere(sentence)
    return Broken(sentence) if _BROKEN.search(said) else Rejected(sentence)
