"""Keeps what this process knows, its variables and its memory, from other processes of the same user."""

from __future__ import annotations

import ctypes
import os
import sys

from bot.core.errors import Rejected

PR_SET_DUMPABLE = 4
"""Of linux/prctl.h."""


def forbid_dumps() -> None:
    """Close this process's ``/proc/<pid>`` to others of its user, ptrace too, and leave no core dump.

    https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html. A program that this process starts is readable
    again, as it has nothing of ours. Root may still look. Does nothing where there is no Linux; raises Rejected where
    Linux refuses.
    """
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    # It takes whatever it is given: of a plain int the upper half would be left to chance.
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    if prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise Rejected(f"Linux does not let the bot keep its secrets from other processes: {reason} (prctl).")
