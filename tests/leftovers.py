"""Finds processes that a run of the tests has started and not ended, children of its children included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "SHIPMATE_TESTS"
"""A variable that names the directory, for what is started outside of it, as the tests' Postgres is."""


def left_behind(directory: Path, grace: float = 20.0) -> list[str]:
    """What is still alive ``grace`` seconds from now, a line each; all of it is killed then.

    A process belongs to the run if it descends from this one, or if its working directory, its arguments or its
    environment name ``directory``, under which every test keeps its files: whoever has left its parent is found so.
    """
    _, alive = psutil.wait_procs(list(_ours(directory)), timeout=grace)
    found = [_described(one) for one in alive]
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=grace)
    return found


def _ours(directory: Path) -> Iterator[psutil.Process]:
    me = psutil.Process()
    descendants = {one.pid for one in me.children(recursive=True)}
    mine = {os.getpid(), *(one.pid for one in me.parents())}
    for process in psutil.process_iter():
        if process.pid not in mine and (process.pid in descendants or _names(process, str(directory))):
            yield process


def _names(process: psutil.Process, directory: str) -> bool:
    try:
        return any(directory in text for text in (process.cwd(), *process.cmdline(), *process.environ().values()))
    except (psutil.Error, OSError):
        return False


def _described(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return f"{process.pid}, gone by now"
