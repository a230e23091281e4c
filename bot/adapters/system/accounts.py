"""Users of this machine, of whom a command may be run as another than the one who runs the bot."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import Rejected

# What it takes to become another user, to hand a checkout over, to stop the command and to delete what it leaves.
# The numbers are those of linux/capability.h.
CAPABILITIES = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_FOWNER": 3,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
}
_BECOME = Path(__file__).with_name("become.py")


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the system knows them. ``groups`` are all that they are in, the first one included."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    shell: str

    def variables(self) -> dict[str, str]:
        """What a login would set."""
        return {"HOME": self.home, "USER": self.name, "LOGNAME": self.name, "SHELL": self.shell or "/bin/sh"}

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command that becomes this user, then ``arguments``."""
        ids = [str(self.uid), str(self.gid), ",".join(map(str, self.groups))]
        return [sys.executable, "-I", "-S", str(_BECOME), *ids, *arguments]


def account(name: str) -> Account:
    """The account that a command is to run as. Raises Rejected, with a sentence, where that cannot be."""
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError) as unknown:
        raise Rejected(
            f"There is no user {name} on the worker's machine: add one, or change `user` of the provider."
        ) from unknown
    if found.pw_uid in {0, os.geteuid()}:
        who = "root" if found.pw_uid == 0 else "the user who runs the bot"
        raise Rejected(f"A command cannot be kept from the bot's secrets as {who}: let `user` name another one.")
    if lacking := _lacking():
        raise Rejected(
            f"The bot runs as {_own_name()} and cannot run a command as {name}: "
            f"run the bot as root, or give it {', '.join(lacking)}, or remove `user` of the provider."
        )
    groups = tuple(os.getgrouplist(found.pw_name, found.pw_gid))
    return Account(found.pw_name, found.pw_uid, found.pw_gid, groups, found.pw_dir, found.pw_shell)


def hand_over(directory: Path, to: Account) -> None:
    """Give the directory with everything in it to the account; itself last, so that nobody meddles meanwhile."""
    for _, directories, files, place in os.fwalk(directory, topdown=False):
        for name in (*directories, *files):
            os.chown(name, to.uid, to.gid, dir_fd=place, follow_symlinks=False)
    os.chown(directory, to.uid, to.gid, follow_symlinks=False)


def _lacking() -> list[str]:
    """The capabilities that this process does not have; root may have lost some in a container."""
    if sys.platform != "linux":
        return [] if os.geteuid() == 0 else list(CAPABILITIES)
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    return [name for name, number in CAPABILITIES.items() if not effective >> number & 1]


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"
