"""Groups of processes, real ones: begun once, told apart from strangers, stopped to the last."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot.adapters.system import processes
from bot.core.errors import Rejected, Unavailable
from tests.patience import PATIENCE

ENVIRONMENT = {"PATH": os.defpath}


@pytest.fixture
def attempt(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "checkout").mkdir()
    yield tmp_path
    processes.stop(tmp_path, grace=0)


def printed(attempt: Path, until: str) -> str:
    """The output once it contains ``until``: the command is that far."""
    for _ in range(1000):
        output = (attempt / "output.log").read_text()
        if until in output:
            return output
        threading.Event().wait(0.01)
    raise AssertionError(f"{until} was never printed")


def ended(attempt: Path) -> int | None:
    for _ in range(1000):
        if not processes.running(attempt):
            return processes.exit_code(attempt)
        threading.Event().wait(0.01)
    raise AssertionError("the command does not end")


def test_a_command_runs_and_its_exit_code_is_kept(attempt) -> None:
    assert not processes.claimed(attempt)
    assert processes.launch(attempt, ["/bin/sh", "-c", "pwd; exit 7"], ENVIRONMENT)

    assert ended(attempt) == 7
    assert processes.claimed(attempt)
    assert printed(attempt, "checkout") == f"{attempt}/checkout\n"


def test_a_second_launch_does_nothing(attempt) -> None:
    first = processes.launch(attempt, ["echo", "once"], ENVIRONMENT)
    second = processes.launch(attempt, ["echo", "twice"], ENVIRONMENT)

    assert (first, second) == (True, False)
    assert ended(attempt) == 0
    assert printed(attempt, "once") == "once\n"


def test_no_zombie_is_left(attempt) -> None:
    processes.launch(attempt, ["true"], ENVIRONMENT)
    leader = int((attempt / "claim").read_text())
    ended(attempt)

    with pytest.raises(ProcessLookupError):
        os.kill(leader, 0)


def test_the_command_has_no_terminal_and_nothing_to_read(attempt) -> None:
    processes.launch(attempt, ["/bin/sh", "-c", "read line || echo nothing to read"], ENVIRONMENT)

    assert printed(attempt, "\n") == "nothing to read\n"


def test_a_command_cannot_run_where_there_is_no_checkout(tmp_path) -> None:
    with pytest.raises(Unavailable) as refused:
        processes.launch(tmp_path, ["true"], ENVIRONMENT)

    assert str(refused.value) == "The command could not be started on the worker's machine."
    assert not processes.claimed(tmp_path)


def test_arguments_that_the_system_cannot_take_are_refused(attempt) -> None:
    with pytest.raises(Rejected) as with_nul:
        processes.launch(attempt, ["echo", "a\0b"], ENVIRONMENT)
    with pytest.raises(Rejected) as too_long:
        processes.launch(attempt, ["echo", "x" * 10_000_000], ENVIRONMENT)

    assert str(with_nul.value) == "The command cannot be run like this: embedded null byte."
    assert str(too_long.value) == "The command cannot be run: Argument list too long."


def test_who_ignores_sigterm_is_killed_with_all_its_children(attempt) -> None:
    fifo = attempt / "pipe"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    stubborn = "trap '' TERM; exec 3> ../pipe; (sh -c 'sleep 60; true' & sleep 60; true) & echo ready; sleep 60; true"
    processes.launch(attempt, ["/bin/sh", "-c", stubborn], ENVIRONMENT)
    printed(attempt, "ready")

    assert processes.stop(attempt, grace=0.1)

    select.select([reader], [], [], PATIENCE)
    assert os.read(reader, 1) == b""
    os.close(reader)
    assert not processes.running(attempt)
    assert processes.exit_code(attempt) is None


def test_children_whose_leader_was_killed_are_still_ours(attempt) -> None:
    processes.launch(attempt, ["/bin/sh", "-c", "echo ready; sleep 60; true"], ENVIRONMENT)
    printed(attempt, "ready")
    leader = int((attempt / "claim").read_text())
    os.kill(leader, signal.SIGKILL)

    assert processes.running(attempt)
    assert processes.stop(attempt)
    assert not processes.running(attempt)


def test_stopping_what_never_ran_or_has_ended_does_nothing(attempt) -> None:
    assert processes.stop(attempt)
    processes.launch(attempt, ["true"], ENVIRONMENT)
    ended(attempt)

    assert processes.stop(attempt)
    assert processes.exit_code(attempt) == 0


def test_a_stranger_with_the_same_number_is_neither_ours_nor_stopped(attempt) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True) as stranger:
        (attempt / "claim").write_text(f"{stranger.pid}\n")

        assert not processes.running(attempt)
        assert processes.stop(attempt)
        assert stranger.poll() is None
        stranger.terminate()


def test_a_zombie_that_nobody_takes_note_of_is_not_alive(attempt) -> None:
    marked = {**ENVIRONMENT, processes.MARK: str(attempt)}
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True, env=marked) as somebodys:
        (attempt / "claim").write_text(f"{somebodys.pid}\n")
        before = processes.running(attempt)

        stopped = processes.stop(attempt)

        assert (before, stopped) == (True, True)
        assert psutil.Process(somebodys.pid).status() == psutil.STATUS_ZOMBIE
        assert not processes.running(attempt)
