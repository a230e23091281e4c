"""The shell provider with a repository that git fetches: history, restarts at each instant, and other machines."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.core.errors import NotThere, Unavailable
from bot.core.ports.forge_types import Remote
from bot.core.ports.provider import Outcome
from bot.providers import shell
from tests.providers.conftest import ModelRun
from tests.servers.git.server import GitServer, Upstream, git

DONE = Outcome("succeeded", "The command succeeded")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "server") as server:
        yield server


@pytest.fixture
def web(server: GitServer) -> Upstream:
    return server.repository("acme/web")


@pytest.fixture
def on(run_with: Callable[..., ModelRun], server: GitServer, tmp_path: Path) -> Callable[..., ModelRun]:
    def make(sha: str, command: str, machine: str = "one", **settings: object) -> ModelRun:
        given = shell.Settings(command=command, directory=str(tmp_path / machine), **settings)  # type: ignore[arg-type]
        run = run_with(given, sha=sha)
        run.repository = Remote(f"{server.url}/acme/web.git", server.token)
        return run

    return make


def carried_out(run: ModelRun) -> Outcome:
    return shell.follow(run, shell.start(run))


def test_the_command_finds_the_history(web: Upstream, on: Callable[..., ModelRun]) -> None:
    web.commit({"app.txt": "one"})
    web.tag("v1.0")
    sha = web.commit({"app.txt": "two"})

    run = on(sha, "git describe; git log --format=%h | wc -l; git branch --remotes; env | grep -c git-token")

    assert carried_out(run) == Outcome("failed", "exit code 1")  # grep has found no credentials
    assert [line.strip() for line in run.lines[1:]] == [f"v1.0-1-g{sha[:7]}", "2", "origin/main", "0"]
    assert run.checkouts == 0
    assert run.without_history == []


def test_without_git_the_files_come_alone_and_that_is_said(
    server: GitServer, web: Upstream, on: Callable[..., ModelRun]
) -> None:
    sha = web.commit({"app.txt": "one"})
    server.answer = 403

    run = on(sha, "ls -A")

    assert carried_out(run) == DONE
    assert run.lines[1:] == ["app.txt"]
    [told] = run.without_history
    assert told.startswith("Without git's history, from the commit's files alone: git fetch failed: ")
    assert server.token not in told


def test_where_there_is_no_way_to_git_the_files_come_alone(web: Upstream, on: Callable[..., ModelRun]) -> None:
    sha = web.commit({"app.txt": "one"})
    run, strict = on(sha, "ls -A"), on(sha, "ls -A", machine="two", submodules=True)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and listens to none
        run.repository = strict.repository = Remote(f"http://127.0.0.1:{nobody.getsockname()[1]}/acme/web.git", "t")

        assert carried_out(run) == DONE
        assert len(run.without_history) == 1
        with pytest.raises(Unavailable):
            shell.start(strict)


def test_submodules_are_never_left_out_in_silence(
    server: GitServer, web: Upstream, on: Callable[..., ModelRun]
) -> None:
    sha = web.commit({"app.txt": "one"})
    server.answer = 404

    with pytest.raises(NotThere):
        shell.start(on(sha, "ls", submodules=True))


def test_a_server_that_is_away_is_waited_for(server: GitServer, web: Upstream, on: Callable[..., ModelRun]) -> None:
    sha = web.commit({"app.txt": "one"})
    server.answer = 503
    with pytest.raises(Unavailable):
        shell.start(on(sha, "ls"))
    server.answer = None

    assert carried_out(on(sha, "ls")) == DONE


def test_cancelled_while_it_is_fetched_it_never_begins(
    server: GitServer, web: Upstream, on: Callable[..., ModelRun], tmp_path: Path
) -> None:
    sha = web.commit({"app.txt": "one"})
    run = on(sha, f"touch {tmp_path}/begun")
    server.on_request = lambda path: run.cancel()

    assert carried_out(run) == Outcome("cancelled", "Cancelled")
    assert carried_out(on(sha, "true")) == Outcome("cancelled", "Cancelled")
    assert not (tmp_path / "begun").exists()


def test_killed_at_any_step_it_runs_once_and_in_a_whole_checkout(
    web: Upstream,
    on: Callable[..., ModelRun],
    tmp_path: Path,
    killed_at_step: Callable[[int, Callable[[], None]], bool],
) -> None:
    sha = web.commit({"app.txt": "two"})
    command = "git fsck --no-progress && git rev-parse HEAD >>../../../../begun"
    first = on(sha, command)
    shell.follow(first, shell.start(first))  # the mirror is there
    steps = 0
    for step in range(0, 10_000, 7):
        shutil.rmtree(tmp_path / "one" / "runs")
        (tmp_path / "one" / "begun").unlink()
        killed = killed_at_step(step, lambda: carried_out(on(sha, command)))
        assert carried_out(on(sha, command)) == DONE
        assert (tmp_path / "one" / "begun").read_text() == f"{sha}\n"
        if not killed:
            break
        steps += 1

    assert steps > 3


def test_what_was_begun_on_another_machine_is_lost_to_this_one_and_never_begun_again(
    web: Upstream, on: Callable[..., ModelRun]
) -> None:
    sha = web.commit({"app.txt": "one"})
    there = on(sha, "true", machine="there")
    shell.start(there)

    here = on(sha, "touch ../../../begun", machine="here")
    here.notes = there.notes
    outcome = carried_out(here)

    assert outcome.result == "error"
    assert "begun on another machine" in outcome.description
    assert "may still be running there" in outcome.description
    assert here.lines == []


def test_it_is_begun_again_on_another_machine_where_the_settings_say_so(
    web: Upstream, on: Callable[..., ModelRun]
) -> None:
    sha = web.commit({"app.txt": "one"})
    there = on(sha, "true", machine="there")
    shell.start(there)

    here = on(sha, "cat app.txt", machine="here", resume="rerun")
    here.notes = there.notes

    assert carried_out(here) == DONE
    assert here.lines[-1] == "one"
    assert "another machine" in here.lines[0]
    assert here.lines[0].endswith(": running the command again")


def test_of_two_workers_that_begin_at_one_instant_one_does(web: Upstream, on: Callable[..., ModelRun]) -> None:
    sha = web.commit({"app.txt": "one"})
    slow, fast = on(sha, "true", machine="slow"), on(sha, "true", machine="fast")
    fast.notes = slow.notes
    slow.on_line = {}
    claim = slow.claim

    def overtaken(name: str, value: str) -> str:
        shell.start(fast)
        return claim(name, value)

    slow.claim = overtaken  # type: ignore[method-assign]
    shell.start(slow)

    assert len(fast.lines) == 1
    assert slow.lines == []


def test_large_files_come_along_where_git_lfs_is_installed(
    web: Upstream, run_with: Callable[..., ModelRun], tmp_path: Path
) -> None:
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed")
    git("lfs", "install", "--local", at=web.work)
    git("lfs", "track", "*.bin", at=web.work)
    sha = web.commit({"a.bin": "large"})
    run = run_with(shell.Settings(command="cat a.bin", directory=str(tmp_path / "runs")), sha=sha)
    run.repository = Remote(str(web.bare))

    assert carried_out(run) == DONE
    assert run.lines[-1] == "large"
