"""Directories that appear and disappear as a whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.adapters.system import directories
from bot.core.errors import Rejected, Unavailable


def fill(into: Path) -> None:
    (into / "file").write_text("complete")


def names_in(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def test_a_directory_appears_once_it_is_complete(tmp_path) -> None:
    target = tmp_path / "deep" / "target"

    def look_and_fill(into: Path) -> None:
        assert not target.exists()
        fill(into)

    assert directories.publish(target, look_and_fill) is True
    assert directories.publish(target, look_and_fill) is False
    assert (target / "file").read_text() == "complete"
    assert names_in(target.parent) == ["target"]


def test_of_two_who_fill_it_at_the_same_time_the_first_wins(tmp_path) -> None:
    target = tmp_path / "target"

    def too_slow(into: Path) -> None:
        directories.publish(target, fill)
        (into / "file").write_text("late")

    assert directories.publish(target, too_slow) is False
    assert (target / "file").read_text() == "complete"
    assert names_in(tmp_path) == ["target"]


def test_what_cannot_be_filled_does_not_appear(tmp_path) -> None:
    def fail(into: Path) -> None:
        fill(into)
        raise Unavailable("GitHub does not answer.")

    with pytest.raises(Unavailable):
        directories.publish(tmp_path / "target", fail)

    assert names_in(tmp_path) == []


def test_a_directory_goes_with_everything_but_not_what_its_links_point_to(tmp_path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    fill(outside)
    target = tmp_path / "target"
    (target / "locked").mkdir(parents=True)
    (target / "locked" / "link").symlink_to(outside)
    (target / "locked").chmod(0o500)

    directories.remove(target)
    directories.remove(target)

    assert names_in(tmp_path) == ["outside"]
    assert (outside / "file").exists()


def test_leftovers_of_killed_attempts_go(tmp_path) -> None:
    (tmp_path / f"{directories.UNFINISHED}1").mkdir()
    (tmp_path / f"{directories.UNFINISHED}2").symlink_to("nowhere")
    (tmp_path / "kept").mkdir()

    directories.remove_unfinished(tmp_path)

    assert names_in(tmp_path) == ["kept"]


def test_a_private_directory_is_closed_to_others(tmp_path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)

    directories.make_private(tmp_path / "open")
    directories.make_private(tmp_path / "new")

    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("open", "new")] == [0o700, 0o700]


def test_a_link_is_no_private_directory(tmp_path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(Rejected):
        directories.make_private(tmp_path / "link")


@pytest.mark.parametrize(
    ("complaint", "ours"),
    [
        (PermissionError(13, "Permission denied", "/srv"), Rejected("The worker's disk: Permission denied (/srv).")),
        (OSError(28, "No space left on device"), Unavailable("The worker's disk: No space left on device.")),
    ],
)
def test_the_disks_complaints_are_put_in_our_words(complaint, ours) -> None:
    with pytest.raises(type(ours)) as said, directories.disk_errors():
        raise complaint

    assert type(said.value) is type(ours)
    assert str(said.value) == str(ours)


@pytest.mark.parametrize("umask", [0, 0o077])
def test_what_is_private_is_private_whatever_the_umask(tmp_path, umask: int) -> None:
    before = os.umask(umask)

    directories.make_private(tmp_path / "directory")
    directories.make_private(tmp_path / "passable", passable=True)
    directories.make_private_file(tmp_path / "file")
    directories.write_whole(tmp_path / "whole", "text")
    os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"directory": 0o700, "passable": 0o711, "file": 0o600, "whole": 0o600}


def test_what_was_open_is_closed_and_keeps_its_content(tmp_path) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o755)
    for name, mode in (("file", 0o666), ("program", 0o755)):
        (place / name).write_text(name)
        (place / name).chmod(mode)
    (place / "link").symlink_to("file")

    directories.make_private_place(place)
    directories.make_private_file(place / "file")

    modes = {path.name: path.lstat().st_mode & 0o777 for path in (place, place / "file", place / "program")}
    assert modes == {"place": 0o700, "file": 0o600, "program": 0o700}
    assert (place / "file").read_text() == "file"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("make", [directories.make_private, directories.make_private_file])
def test_what_belongs_to_others_is_not_taken_for_private(tmp_path, make) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir() if make is directories.make_private else theirs.touch()
    os.chown(theirs, 1, 1)

    with pytest.raises(Rejected) as refused:
        make(theirs)

    kind = "directory" if theirs.is_dir() else "file"
    assert str(refused.value) == f"{theirs} must be a {kind} that belongs to the user who runs the bot."


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_nobody_else_may_write_where_a_directory_is_published(tmp_path, umask: int) -> None:
    before = os.umask(umask)

    directories.publish(tmp_path / "web" / "releases" / "1", fill)
    os.umask(before)

    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "web").rglob("*") if path.is_dir()}
    assert modes | {(tmp_path / "web").stat().st_mode & 0o777} == {0o755 & ~umask}
