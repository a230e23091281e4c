"""Releases in a directory: what is there after deploying, repeating, cancelling, and being killed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.core.errors import NotThere, Rejected
from bot.core.ports.provider import Outcome
from bot.providers import local

SHA = "1a2b3c4" + "0" * 33
SHAS = [f"{number:07d}{'f' * 33}" for number in range(1, 8)]
LIVE = Outcome("succeeded", "current → releases/1a2b3c4")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "web"


@pytest.fixture
def deploy(run_with, root):
    def work(sha: str = SHA, keep: int = 5, **more):
        run = run_with(local.Settings(directory=str(root), keep=keep), sha=sha, **more)
        return run, local.follow(run, local.start(run))

    return work


def test_a_deployment_makes_the_commit_current(deploy, root) -> None:
    run, outcome = deploy()

    assert outcome == LIVE
    assert run.lines == [f"Checked out 1a2b3c4 into releases/{SHA}", f"current → releases/{SHA}"]
    assert (root / "current").readlink() == Path("releases") / SHA
    assert (root / "current" / "app.txt").read_text() == "hello\n"


def test_nothing_is_live_before_it_is_followed(run_with, root) -> None:
    run = run_with(local.Settings(directory=str(root)))

    handle = local.start(run)

    assert handle == str(root / "releases" / SHA)
    assert not (root / "current").is_symlink()


def test_a_release_that_is_there_is_used_again(deploy, root) -> None:
    deploy(SHAS[0])
    deploy(SHAS[1])

    run, outcome = deploy(SHAS[0])

    assert outcome.description == "current → releases/0000001"
    assert run.lines == [f"releases/{SHAS[0]} is there already", f"current → releases/{SHAS[0]}"]
    assert run.checkouts == 0
    assert (root / "previous").readlink() == Path("releases") / SHAS[1]


def test_a_repeat_changes_nothing_and_says_the_same(deploy, root) -> None:
    deploy(SHAS[0])
    _, first = deploy()

    run, second = deploy()

    assert first == second == LIVE
    assert run.lines == [f"releases/{SHA} is there already"]
    assert (root / "previous").readlink() == Path("releases") / SHAS[0]


def test_old_releases_go_but_never_the_current_and_the_previous(deploy, root) -> None:
    for sha in SHAS[:4]:
        deploy(sha)

    run, _ = deploy(SHAS[0], keep=1)

    assert names_in(root / "releases") == [SHAS[0], SHAS[3]]
    assert sorted(run.lines[2:]) == [f"Deleted releases/{SHAS[1]}", f"Deleted releases/{SHAS[2]}"]


def test_five_releases_stay_unless_the_settings_say_otherwise(deploy, root) -> None:
    for sha in SHAS:
        deploy(sha)

    assert names_in(root / "releases") == SHAS[2:]


def test_a_cancelled_deployment_leaves_the_current_release_alone(run_with, deploy, root) -> None:
    deploy(SHAS[0])
    run = run_with(local.Settings(directory=str(root)))
    handle = local.start(run)
    run.cancel()

    outcome = local.follow(run, handle)

    assert outcome == Outcome("cancelled", "Cancelled before current was moved")
    assert (root / "current").readlink() == Path("releases") / SHAS[0]


def test_a_deployment_out_of_time_leaves_the_current_release_alone(run_with, deploy, root) -> None:
    deploy(SHAS[0])
    run = run_with(local.Settings(directory=str(root)))
    handle = local.start(run)
    run.run_out_of_time()

    outcome = local.follow(run, handle)

    assert outcome == Outcome("timed_out", "Timed out before current was moved")
    assert (root / "current").readlink() == Path("releases") / SHAS[0]


def test_what_is_cancelled_before_it_began_asks_nobody_for_the_commit(run_with, root) -> None:
    run = run_with(local.Settings(directory=str(root)))
    run.cancel()

    assert local.follow(run, local.start(run)) == Outcome("cancelled", "Cancelled before current was moved")
    assert (run.checkouts, root.exists()) == (0, False)


def test_cancelling_after_the_move_is_too_late(run_with, root) -> None:
    settings = local.Settings(directory=str(root))
    run = run_with(settings)
    handle = local.start(run)
    local.follow(run, handle)
    late = run_with(settings)
    late.cancel()

    assert local.follow(late, handle) == LIVE


def test_a_directory_called_current_is_not_replaced(deploy, root) -> None:
    (root / "current").mkdir(parents=True)

    with pytest.raises(Rejected) as refused:
        deploy()

    assert str(refused.value) == f"{root / 'current'} is not a link: it is not Shipmate's to replace."


def test_only_the_full_id_of_a_commit_names_a_release(deploy) -> None:
    with pytest.raises(Rejected) as refused:
        deploy("../../etc")

    assert str(refused.value) == "../../etc is not the full id of a commit."


def test_a_failed_checkout_leaves_nothing_behind(run_with, root) -> None:
    run = run_with(local.Settings(directory=str(root)), files={"app.txt": "hello\n", "app.txt/never": ""})

    with pytest.raises(Rejected):
        local.start(run)

    assert names_in(root / "releases") == []


def test_the_commit_can_come_from_a_repository_of_this_machine(run_with, root, tmp_path) -> None:
    sha = _committed(tmp_path / "repository", "from git\n")
    run = run_with(local.Settings(directory=str(root), source=str(tmp_path / "repository")), sha=sha)

    outcome = local.follow(run, local.start(run))

    assert outcome.result == "succeeded"
    assert run.checkouts == 0
    assert (root / "current" / "app.txt").read_text() == "from git\n"
    assert not (root / "current" / ".git").exists()


def test_a_source_that_is_not_there_is_named(run_with, root, tmp_path) -> None:
    run = run_with(local.Settings(directory=str(root), source=str(tmp_path / "nowhere")))

    with pytest.raises(NotThere) as refused:
        local.start(run)

    assert str(refused.value) == f"There is no directory {tmp_path / 'nowhere'}."


def test_killed_at_any_step_a_repeat_ends_in_the_same_state(run_with, killed_at_step, deploy, root, tmp_path) -> None:
    step, killed = 0, True
    while killed and step < 200:
        directory = tmp_path / str(step)
        settings = local.Settings(directory=str(directory), keep=1)
        for sha in SHAS[:2]:
            before = run_with(settings, sha=sha)
            local.follow(before, local.start(before))

        doomed = run_with(settings)
        killed = killed_at_step(step, lambda run=doomed: local.follow(run, local.start(run)) and None)
        again = run_with(settings)
        outcome = local.follow(again, local.start(again))

        assert outcome == LIVE
        assert names_in(directory) == ["current", "previous", "releases"]
        assert (directory / "current" / "app.txt").read_text() == "hello\n"
        assert (directory / "previous").readlink() == Path("releases") / SHAS[1]
        assert names_in(directory / "releases") == sorted([SHAS[1], SHA])
        step += 1

    assert not killed
    assert step > 10


def names_in(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def _committed(repository: Path, text: str) -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(repository), "-c", "user.name=Ann", "-c", "user.email=ann@example.com", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    repository.mkdir()
    (repository / "app.txt").write_text(text)
    git("init", "--quiet")
    git("add", "app.txt")
    git("commit", "--quiet", "-m", "First")
    return git("rev-parse", "HEAD")


# --- previews -----------------------------------------------------------------------------------------------------


PREVIEW = {"environment": "preview-12", "pull_request": 12}


def test_a_preview_is_removed_with_all_that_was_made_for_it(deploy, root) -> None:
    deploy(SHAS[0], **PREVIEW)
    deploy(SHAS[1], **PREVIEW)

    run, outcome = deploy(SHAS[1], task="remove", **PREVIEW)
    _, again = deploy(SHAS[1], task="remove", **PREVIEW)

    assert outcome == again == Outcome("succeeded", "Removed")
    assert run.lines == ["Removed web"]
    assert not root.exists()


def test_what_is_not_ours_stays_where_a_preview_is_removed(deploy, root) -> None:
    deploy(SHAS[0], **PREVIEW)
    (root / "uploads").mkdir()

    deploy(SHAS[0], task="remove", **PREVIEW)

    assert [one.name for one in root.iterdir()] == ["uploads"]


@pytest.mark.parametrize("place", [{}, {"environment": "preview-12"}, {"pull_request": 12}])
def test_nothing_but_a_preview_is_ever_removed(deploy, root, place) -> None:
    deploy(SHAS[0])

    _, outcome = deploy(SHAS[0], task="remove", **place)

    assert outcome.result == "failed"
    assert outcome.description.startswith("Only the preview of a pull request can be removed")
    assert (root / "current").readlink() == Path("releases") / SHAS[0]
