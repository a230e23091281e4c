"""Becomes another user, then a command: a program of its own, which is run by its path and imports nothing of ours.

``python become.py UID GID GROUP,GROUP COMMAND ARGUMENT…``, in the directory where the command is to run.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CAPABILITY_VERSION_3 = 0x20080522
"""Of linux/capability.h: two sets of 32, each effective, permitted and inheritable."""


def become(uid: str, gid: str, groups: str) -> None:
    """Take on the user's ids, for good. Raises OSError."""
    os.setgroups([int(group) for group in groups.split(",")])
    os.setgid(int(gid))
    os.setuid(int(uid))
    if sys.platform == "linux":
        _drop_capabilities()


def _drop_capabilities() -> None:
    """A bot that is not root holds the right to change users in a way that its command would inherit."""
    header, none = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main(uid: str, gid: str, groups: str, *command: str) -> None:
    try:
        become(uid, gid, groups)
    except OSError as error:
        sys.exit(f"The command could not be run as another user: {error.strerror}.")
    here = Path.cwd()
    try:
        os.chdir(here)
    except OSError as error:
        sys.exit(f"The user of the command cannot reach {here}: {error.strerror}. Open what is above it (chmod o+x).")
    # A shell says in its usual words, and exit codes, what is wrong with the command.
    os.execv("/bin/sh", ["/bin/sh", "-c", 'exec "$@"', "shipmate", *command])  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
