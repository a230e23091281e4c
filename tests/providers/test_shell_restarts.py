"""Commands whose bot, or machine, does not live as long as they do: each runs once, and ends once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from bot.core.ports.provider import Outcome
from bot.providers import shell
from tests.patience import PATIENCE

BEGUN = "Running the command of web in production on 1a2b3c4"
AGAIN = "The worker's machine was restarted while this was running: running the command again"
SUCCEEDED = Outcome("succeeded", "The command succeeded")
VANISHED = Outcome("error", "The worker's machine was restarted while this was running")


class BotKilled(Exception):
    """Stands for kill -9: nothing after this line of the bot is carried out."""


def leader(handle: str, attempt: int = 1) -> int:
    return int((Path(handle) / str(attempt) / "claim").read_text())


def crash() -> None:
    raise BotKilled


def machine_down(handle: str) -> None:
    os.killpg(leader(handle), signal.SIGKILL)
    raise BotKilled


def test_a_repeated_start_runs_the_command_once(run_with, pipe, tmp_path) -> None:
    settings = shell.Settings(command=f"echo ran >> {tmp_path}/ran; read go < {pipe.path}", directory=str(tmp_path))
    handles = {shell.start(run_with(settings)) for _ in range(3)}
    run = run_with(settings)
    run.on_pause = pipe.let_go

    outcome = shell.follow(run, handles.pop())

    assert handles == set()
    assert outcome == SUCCEEDED
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_starts_at_the_same_time_run_the_command_once(run_with, tmp_path) -> None:
    settings = shell.Settings(command=f"echo ran >> {tmp_path}/ran", directory=str(tmp_path))
    runs = [run_with(settings) for _ in range(8)]
    at_once = threading.Barrier(len(runs), timeout=PATIENCE)
    outcomes: list[Outcome] = []

    def work(run) -> None:
        at_once.wait()
        outcomes.append(shell.follow(run, shell.start(run)))

    threads = [threading.Thread(target=work, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert outcomes == [SUCCEEDED] * 8
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert sum(line == BEGUN for run in runs for line in run.lines) == 1


def test_a_restarted_bot_finds_the_running_command_and_repeats_no_line(run_with, pipe, tmp_path) -> None:
    command = f"echo ran >> {tmp_path}/ran; echo one; read go < {pipe.path}; echo two; exit 3"
    settings = shell.Settings(command=command, directory=str(tmp_path))
    before = run_with(settings)
    handle = shell.start(before)
    before.on_pause = lambda: crash() if "one" in before.lines else None
    with pytest.raises(BotKilled):
        shell.follow(before, handle)

    after = run_with(settings)
    pipe.let_go()
    outcome = shell.follow(after, shell.start(after))

    assert outcome == Outcome("failed", "exit code 3")
    assert (before.lines, after.lines) == ([BEGUN, "one"], ["two"])
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_command_whose_bot_is_really_dead_is_found_by_another(run_with, pipe, tmp_path) -> None:
    settings = shell.Settings(command=f"read go < {pipe.path}; echo survived", directory=str(tmp_path))
    child = os.fork()
    if child == 0:
        shell.start(run_with(settings))
        os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    run = run_with(settings)
    run.on_pause = pipe.let_go

    outcome = shell.follow(run, str(tmp_path / "runs" / run.job.request_id))

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert outcome == SUCCEEDED
    assert run.lines == ["survived"]


def test_killed_at_any_step_the_command_still_runs_once(run_with, killed_at_step, tmp_path) -> None:
    step, killed = 0, True
    while killed and step < 400:
        directory = tmp_path / str(step)
        directory.mkdir()
        settings = shell.Settings(command=f"echo ran >> {directory}/ran; exit 3", directory=str(directory))
        doomed, again = run_with(settings), run_with(settings)

        killed = killed_at_step(step, lambda run=doomed: shell.follow(run, shell.start(run)) and None)
        outcome = shell.follow(again, shell.start(again))

        assert (step, outcome) == (step, Outcome("failed", "exit code 3"))
        assert (step, (directory / "ran").read_text()) == (step, "ran\n")
        step += 1

    assert not killed
    assert step > 30


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
def test_everything_the_command_has_started_ends_with_it(run_with, pipe, tmp_path, how) -> None:
    command = f"exec 3> {pipe.path}; (sh -c 'sleep 60; true' & sleep 60; true) & echo ready; sleep 60"
    run = run_with(shell.Settings(command=command, directory=str(tmp_path)))
    run.on_line["ready"] = run.cancel if how == "cancelled" else run.run_out_of_time
    handle = shell.start(run)
    all_ended = pipe.watch()

    outcome = shell.follow(run, handle)

    assert all_ended()
    assert (
        outcome
        == {
            "cancelled": Outcome("cancelled", "Cancelled"),
            "timed out": Outcome("timed_out", "Stopped at the timeout of 15 min"),
        }[how]
    )


def test_a_command_may_clean_up_and_say_so_when_it_is_stopped(run_with, tmp_path) -> None:
    command = "trap 'echo cleaned up; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    run = run_with(shell.Settings(command=command, directory=str(tmp_path)))
    run.on_line["ready"] = run.cancel

    outcome = shell.follow(run, shell.start(run))

    assert outcome == Outcome("cancelled", "Cancelled")
    assert run.lines[:2] == [BEGUN, "ready"]
    assert run.lines[-1] == "cleaned up"


def test_a_bot_killed_while_it_stops_the_command_still_says_cancelled(run_with, tmp_path) -> None:
    command = "trap 'echo cleaned up; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    settings = shell.Settings(command=command, directory=str(tmp_path))
    before = run_with(settings)
    before.on_line |= {"ready": before.cancel, "cleaned up": crash}
    handle = shell.start(before)
    with pytest.raises(BotKilled):
        shell.follow(before, handle)

    outcome = shell.follow(run_with(settings), handle)

    assert outcome == Outcome("cancelled", "Cancelled")


def test_a_service_that_the_command_leaves_behind_lives_on(run_with, pipe, tmp_path) -> None:
    run = run_with(
        shell.Settings(command=f"(read go < {pipe.path}; echo > {tmp_path}/lived) &", directory=str(tmp_path))
    )
    handle = shell.start(run)
    group = leader(handle)

    outcome = shell.follow(run, handle)
    os.killpg(group, 0)
    os.killpg(group, signal.SIGKILL)

    assert outcome == SUCCEEDED


def test_a_vanished_command_ends_as_an_error(run_with, pipe, tmp_path) -> None:
    settings = shell.Settings(command=f"read go < {pipe.path}", directory=str(tmp_path))
    handle = shell.start(run_with(settings))
    os.killpg(leader(handle), signal.SIGKILL)
    run = run_with(settings)

    assert shell.follow(run, handle) == VANISHED
    assert run.lines == []


def test_a_vanished_command_runs_again_where_the_settings_say_so(run_with, pipe, tmp_path) -> None:
    command = f"echo ran >> {tmp_path}/ran; read go < {pipe.path}"
    settings = shell.Settings(command=command, directory=str(tmp_path), resume="rerun")
    before = run_with(settings)
    handle = shell.start(before)
    before.on_pause = lambda: machine_down(handle) if (tmp_path / "ran").exists() else None
    with pytest.raises(BotKilled):
        shell.follow(before, handle)
    again = run_with(settings)
    again.on_pause = pipe.let_go

    outcome = shell.follow(again, handle)

    assert outcome == SUCCEEDED
    assert again.lines == [AGAIN, BEGUN]
    assert (tmp_path / "ran").read_text() == "ran\nran\n"


def test_a_machine_that_goes_down_each_time_is_given_up_on(run_with, tmp_path) -> None:
    settings = shell.Settings(command="kill -KILL 0", directory=str(tmp_path), resume="rerun")
    run = run_with(settings)

    outcome = shell.follow(run, shell.start(run))

    assert outcome == VANISHED
    assert run.lines.count(BEGUN) == 5


def test_a_cancelled_deployment_is_not_run_again(run_with, pipe, tmp_path) -> None:
    settings = shell.Settings(command=f"read go < {pipe.path}", directory=str(tmp_path), resume="rerun")
    handle = shell.start(run_with(settings))
    os.killpg(leader(handle), signal.SIGKILL)
    run = run_with(settings)
    run.cancel()

    assert shell.follow(run, handle) == Outcome("cancelled", "Cancelled")
    assert run.checkouts == 0


def test_a_new_machine_knows_nothing_and_says_so(run_with, tmp_path) -> None:
    run = run_with(shell.Settings(command="true", directory=str(tmp_path)))

    assert shell.follow(run, str(tmp_path / "runs" / run.job.request_id)) == VANISHED


def test_a_new_machine_runs_the_command_again_where_the_settings_say_so(run_with, tmp_path) -> None:
    settings = shell.Settings(command="cat app.txt", directory=str(tmp_path), resume="rerun")
    before = run_with(settings)
    handle = shell.start(before)
    shell.follow(before, handle)
    shutil.rmtree(tmp_path / "runs")
    run = run_with(settings)

    outcome = shell.follow(run, handle)

    assert outcome == SUCCEEDED
    assert run.lines == [AGAIN, BEGUN, "hello"]


def test_a_stranger_with_the_same_process_id_is_left_alone(run_with, pipe, tmp_path) -> None:
    settings = shell.Settings(command=f"read go < {pipe.path}", directory=str(tmp_path))
    handle = shell.start(run_with(settings))
    os.killpg(leader(handle), signal.SIGKILL)
    run = run_with(settings)
    run.cancel()

    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True) as stranger:
        (Path(handle) / "1" / "claim").write_text(f"{stranger.pid}\n")
        outcome = shell.follow(run, handle)
        alive = stranger.poll() is None
        stranger.terminate()

    assert outcome == VANISHED
    assert alive


@pytest.mark.parametrize("resume", ["error", "rerun"])
@pytest.mark.parametrize("stop", ["cancel", "run_out_of_time"])
def test_what_another_machine_has_begun_is_not_said_to_have_stopped(run_with, tmp_path, stop, resume) -> None:
    here = shell.Settings(command=f"echo ran >> {tmp_path}/ran", directory=str(tmp_path), resume=resume)
    run = run_with(here)
    run.notes["machine"] = "dyno-2 0123456789abcdef"
    getattr(run, stop)()

    outcome = shell.follow(run, shell.start(run))

    assert "on another machine, dyno-2, and" in outcome.description
    assert outcome.description.endswith("may still be running there")
    assert run.checkouts == 0
    assert not (tmp_path / "ran").exists()


def test_what_is_cancelled_before_it_began_checks_nothing_out(run_with, tmp_path) -> None:
    run = run_with(shell.Settings(command="true", directory=str(tmp_path)))
    run.cancel()

    assert shell.follow(run, shell.start(run)) == Outcome("cancelled", "Cancelled")
    assert (run.checkouts, run.lines) == (0, [])
