"""Commands that outlive the bot: begun once however often it is tried, found again after a restart, stopped as a group.

Each has a directory of its own, and files in it are all that is known of it:

    checkout/       where the command runs
    claim           the process id of the one wrapper that may run the command, which leads its process group
    output.log      what it prints, errors included
    exit-<code>     appears when it has ended
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bot.adapters.system.accounts import Account
from bot.adapters.system.directories import make_private_file
from bot.core.errors import Rejected, Unavailable

CHECKOUT = "checkout"
CLAIM = "claim"
OUTPUT = "output.log"
MARK = "SHIPMATE_RUN"

# A hard link appears at once, with the process id in it, and only one of many wrappers can make it. The wrapper
# survives SIGTERM (the command does not inherit the trap) to write down how the command ended; a rename needs no
# space, so that a full disk cannot hide the end. ``exec`` in a subshell never takes a shell's builtin for the command.
_WRAPPER = """
run=$1
shift
mask=$(umask)
umask 077
cd "$run/checkout" || exit 1
echo $$ >"$run/claim.$$" || exit 1
command -p ln "$run/claim.$$" "$run/claim" 2>/dev/null || { command -p rm -f "$run/claim.$$"; exit 0; }
exec >>"$run/output.log" 2>&1 </dev/null
trap : TERM
(umask "$mask" && exec "$@")
code=$?
command -p mv -f "$run/claim.$$" "$run/exit-$code"
"""
_CLAIMED_WITHIN = 10.0
_KILLED_WITHIN = 5.0
_LONGEST_KEY = 32 * 1024
"""Bytes that any pipe takes without a reader."""
_ENDED = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
_NOT_SHOWN = (psutil.Error, OSError)
"""What asking for a process raises that has ended, or that is somebody else's."""

# Our own children, which stay zombies until somebody asks how they ended. Those of an earlier bot are nobody's.
_children: dict[int, subprocess.Popen[bytes]] = {}


# An agent of its own, which ends with the command: the key comes over a pipe, is in no file and no environment, and
# what the command gets is the agent's socket. https://man.openbsd.org/ssh-agent
_WITH_KEY = """
ssh-add -q - <&3 || { echo "The SSH key could not be used: it must be a private key without a passphrase."; exit 1; }
exec 3<&-
exec "$@"
"""


def launch(
    directory: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    account: Account | None = None,
    ssh_key: str | None = None,
) -> bool:
    """Run the command in ``directory/checkout`` unless somebody has begun already; returns whether this call began it.

    ``arguments[0]`` is looked up in the environment's PATH. With an ``account`` the command runs as that user, while
    the wrapper and its files stay ours: the command can neither end the one nor forge the others. ``ssh_key``, a
    private key as a file holds it, is put into an SSH agent that lives as long as the command. Raises Rejected where
    the system will not take the arguments or the environment, Unavailable where no process can be started now.
    """
    reap()
    if claimed(directory):
        return False
    make_private_file(directory / OUTPUT)
    with _key_pipe(ssh_key) as pipe:
        whole = ["ssh-agent", "/bin/sh", "-c", _WITH_KEY, "shipmate", *arguments] if pipe else arguments
        wrapper = _spawn(directory, account.command(whole) if account else whole, environment, pipe)
    _children[wrapper.pid] = wrapper
    until = time.monotonic() + _CLAIMED_WITHIN
    while not claimed(directory) and wrapper.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    leader = _leader(directory)
    if leader is None:
        if wrapper.poll() is None:
            os.killpg(wrapper.pid, signal.SIGKILL)
            wrapper.wait()
        reap()
        raise Unavailable("The command could not be started on the worker's machine.")
    return leader == wrapper.pid


def claimed(directory: Path) -> bool:
    """Whether the command of this directory has been begun, by anybody."""
    return (directory / CLAIM).exists()


def exit_code(directory: Path) -> int | None:
    """The command's exit code (more than 128: the number of a signal on top), None while there is none."""
    for file in directory.glob("exit-*"):
        return int(file.name.removeprefix("exit-"))
    return None


def running(directory: Path) -> bool:
    """Whether anything of the command's group is alive and it has not ended."""
    reap()
    leader = _leader(directory)
    if leader is None:
        return False
    if exit_code(directory) is None and _alive(leader, str(directory)):
        return True
    if (wrapper := _children.get(leader)) is not None:
        # It has nothing left to do: writing the exit code down came last.
        with suppress(subprocess.TimeoutExpired):
            wrapper.wait(timeout=1)
        reap()
    return False


def stop(directory: Path, grace: float = 5.0) -> bool:
    """End the command and all of its group: SIGTERM, after ``grace`` seconds SIGKILL. Returns whether all are gone."""
    leader = _leader(directory)
    if leader is None or not _alive(leader, str(directory)):
        return True
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, _KILLED_WITHIN)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)
        if _gone_within(seconds, leader):
            return True
    return False


def reap() -> None:
    """Take note of our children that have ended, so that the system can forget them."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)


@contextmanager
def _key_pipe(key: str | None) -> Iterator[int | None]:
    """A pipe that holds the key, to be read once."""
    if key is None:
        yield None
        return
    text = (key.replace("\\n", "\n").replace("\r", "").strip() + "\n").encode()
    if len(text) > _LONGEST_KEY:
        raise Rejected("The SSH key is too long to be one.")
    reader, writer = os.pipe()
    try:
        os.write(writer, text)
        os.close(writer)
        yield reader
    finally:
        os.close(reader)


def _spawn(
    directory: Path, arguments: Sequence[str], environment: Mapping[str, str], pipe: int | None = None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - running what the settings say is what this is for
            ["/bin/sh", "-c", f"exec 3<&0{_WRAPPER}" if pipe else _WRAPPER, "shipmate", str(directory), *arguments],
            env={**environment, MARK: str(directory)},
            stdin=pipe or subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (ValueError, UnicodeError) as error:
        raise Rejected(f"The command cannot be run like this: {error}.") from error
    except BlockingIOError as error:
        raise Unavailable("The worker's machine has no room for another process.") from error
    except OSError as error:
        raise Rejected(f"The command cannot be run: {error.strerror}.") from error


def _leader(directory: Path) -> int | None:
    try:
        return int((directory / CLAIM).read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def _alive(group: int, mark: str) -> bool:
    """Whether the group lives and is the one that was started with ``mark``.

    Process ids come again, after a restart of the machine above all. The system never gives a number away while a
    group of that number lives, so one marked member, the leader by its arguments or another by its environment, is
    proof for all of them.
    """
    return any(_carries(pid, mark) for pid in _members(group))


def _gone_within(seconds: float, group: int) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        reap()
        if not _members(group):
            return True
        time.sleep(0.02)
    return not _members(group)


def _members(group: int) -> list[int]:
    """The living processes of a group, the leader first; a zombie is not alive."""
    living = [pid for pid in psutil.pids() if _lives_in(pid, group)]
    return sorted(living, key=lambda pid: pid != group)


def _lives_in(pid: int, group: int) -> bool:
    # A process may end between the listing and the look. Number 0, which macOS lists, would mean ourselves.
    with suppress(*_NOT_SHOWN):
        return bool(pid) and os.getpgid(pid) == group and psutil.Process(pid).status() not in _ENDED
    return False


def _carries(pid: int, mark: str) -> bool:
    """Whether a process's arguments or environment, as far as they can be read, contain the mark."""
    with suppress(*_NOT_SHOWN):
        process = psutil.Process(pid)
        # Arguments can be read where the environment cannot, and then suffice.
        return any(mark in one for one in process.cmdline()) or any(mark in one for one in process.environ().values())
    return False
