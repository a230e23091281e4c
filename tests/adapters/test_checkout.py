"""Archives of commits, most of them malicious: what is unpacked lies inside, and the rest is refused."""

from __future__ import annotations

import errno
import io
import os
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.checkout import Limits, unpack
from bot.core.errors import Rejected

FILE, DIRECTORY, LINK, HARD_LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
DEEP = "d/" * 90


@dataclass(frozen=True)
class Member:
    name: str
    kind: bytes = FILE
    target: str = ""
    content: bytes = b"evil"
    mode: int = 0o644

    def __repr__(self) -> str:
        return f"{self.name[:30]!r}{self.kind.decode()}{self.target[:30]}"


def link(name: str, target: str) -> Member:
    return Member(name, LINK, target)


def directory(name: str) -> Member:
    return Member(name, DIRECTORY)


def archive(members: Sequence[Member]) -> io.BytesIO:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type, info.linkname, info.mode, info.mtime = member.kind, member.target, member.mode, 1_000_000_000
            # Python would turn them into plain members; a header of its own takes any bytes.
            info.pax_headers = (
                {"path": member.name, "linkpath": member.target} if "\0" in member.name + member.target else {}
            )
            info.size = len(member.content) if member.kind == FILE else 0
            tar.addfile(info, io.BytesIO(member.content))
    held.seek(0)
    return held


def everything_in(place: Path) -> dict[str, str]:
    """What is there, links not followed: kind, mode, and content or target."""
    found = {}
    for parent, directories, files in os.walk(place):
        for name in (*directories, *files):
            path = Path(parent) / name
            what = str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else "/"
            found[str(path.relative_to(place))] = f"{path.lstat().st_mode:o} {what}"
    return found


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """An empty directory, deep enough for ``..`` to reach something of ours outside."""
    place = tmp_path / "outside" / "into"
    place.mkdir(parents=True)
    (tmp_path / "outside" / "precious").write_text("mine")
    (tmp_path / "outside" / "store").mkdir()
    return place


OUTSIDE = "which would leave the checkout"
TWICE = "twice, as different things"
NO_FILE = "which is neither a file, a directory nor a symbolic link"
TOO_LONG = "a path that is too long or too deep to be unpacked"


@pytest.mark.parametrize(
    ("members", "name", "reason"),
    [
        # names
        ([Member("../precious")], "../precious", OUTSIDE),
        ([Member("a/../../precious")], "a/../../precious", OUTSIDE),
        ([Member("/tmp/precious")], "/tmp/precious", OUTSIDE),
        ([directory("../store/new")], "../store/new", OUTSIDE),
        ([link("../link", "into")], "../link", OUTSIDE),
        ([Member("a\0b")], "a�b", TOO_LONG),
        ([Member("x" * 1025)], "x" * 79 + "…", TOO_LONG),
        ([Member("d/" * 101 + "f")], ("d/" * 40)[:79] + "…", TOO_LONG),
        # where links lead
        ([link("out", "../precious")], "out", OUTSIDE),
        ([link("out", "/etc")], "out", OUTSIDE),
        ([link("out", "a\0b")], "a�b", TOO_LONG),
        ([link("a/out", "../../precious")], "a/out", OUTSIDE),
        ([link("out", "a/../../precious")], "out", OUTSIDE),
        ([link("out", "missing/../..")], "out", OUTSIDE),
        ([link("out", "x/" * 513)], ("x/" * 40)[:79] + "…", TOO_LONG),
        # one link by another
        ([link("a/b/up", "../.."), link("out", "a/b/up/../precious")], "out", OUTSIDE),
        ([link("out", "a/b/up/../precious"), link("a/b/up", "../..")], "out", OUTSIDE),
        ([link("d/here", "."), link("d/e/f", "../here/../.."), link("d/e/g", "f/precious")], "d/e/f", OUTSIDE),
        ([link("a/one", "."), link("a/two", "one/.."), link("a/three", "two/../precious")], "a/three", OUTSIDE),
        ([link("loop", "loop/../../precious")], "loop", OUTSIDE),
        ([link("ping", "pong"), link("pong", "ping/../../precious")], "pong", OUTSIDE),
        ([link(f"{DEEP}up", "../" * 90), link("out", f"{DEEP}up/../precious")], "out", OUTSIDE),
        ([directory("x/y"), link("x/y/Up", "../.."), link("out", "x/y/up/../precious")], "out", OUTSIDE),
        ([directory("x/y"), link("x/y/ä", "../.."), link("out", "x/y/a\u0308/../precious")], "out", OUTSIDE),
        # through a link
        ([link("store", "in"), Member("store/new")], "store", TWICE),
        ([Member("store/new"), link("store", "in")], "store", TWICE),
        ([directory("store"), link("store", "in"), Member("store/new")], "store", TWICE),
        ([link("store", "in"), directory("store"), Member("store/new")], "store", TWICE),
        ([link("store", "in"), directory("store/new")], "store", TWICE),
        ([link("store", "in"), link("store/new", "x")], "store", TWICE),
        ([link("file", "in"), Member("file")], "file", TWICE),
        ([link("file", "in"), link("file", "in")], "file", TWICE),
        ([Member("file"), Member("file")], "file", TWICE),
        ([Member("file"), Member("./file")], "file", TWICE),
        ([Member("file"), Member("file/below")], "file", TWICE),
        ([link("Store", "in"), Member("store/new")], "store", TWICE),
        ([link("ä", "in"), Member("a\u0308/new")], "a\u0308", TWICE),
        ([link("one", "a"), link("ONE", "b")], "one", TWICE),
        # what is no file
        ([Member("file"), Member("hard", HARD_LINK, "file")], "hard", NO_FILE),
        ([Member("hard", HARD_LINK, "../precious")], "hard", NO_FILE),
        ([link("soft", "../precious"), Member("hard", HARD_LINK, "soft")], "hard", NO_FILE),
        ([Member("device", tarfile.CHRTYPE)], "device", NO_FILE),
        ([Member("device", tarfile.BLKTYPE)], "device", NO_FILE),
        ([Member("pipe", tarfile.FIFOTYPE)], "pipe", NO_FILE),
        ([Member("strange", b"Z")], "strange", NO_FILE),
    ],
    ids=str,
)  # fmt: skip
def test_what_has_no_place_in_a_checkout_is_refused(into: Path, members: list[Member], name: str, reason: str) -> None:
    before = everything_in(into.parent)

    with pytest.raises(Rejected) as refused:
        unpack(archive([Member("good/file"), *members]), into)

    assert str(refused.value) in (f"The commit holds “{name}”, {reason}.", f"The commit holds “{name}” {reason}.")
    assert everything_in(into.parent) == before


def test_what_real_repositories_hold_is_unpacked(into: Path) -> None:
    members = [
        directory("docs"),
        Member("docs/index.md", content=b"index"),
        link("README.md", "docs/index.md"),
        link("docs/back", "../lib/code.py"),
        Member("lib/code.py", content=b"code"),
        link("lib/itself", "itself"),
        link("lib/docs", "../docs"),
        link("lib/deep", "docs/./../lib//code.py"),
        link("dangling", "not/there/yet"),
        link("top", "."),
        Member("Makefile", content=b"make"),
        Member("makefile", content=b"MAKE"),
        Member("bin/run", mode=0o775),
        Member(f"{DEEP}leaf", content=b"leaf"),
        directory("docs"),
    ]

    unpack(archive(members), into)

    assert (into / "README.md").read_text() == (into / "lib/docs/index.md").read_text() == "index"
    assert (into / "docs/back").read_text() == (into / "lib/deep").read_text() == "code"
    assert {name: str((into / name).readlink()) for name in ("dangling", "top", "lib/itself")} == {
        "dangling": "not/there/yet", "top": ".", "lib/itself": "itself",
    }  # fmt: skip
    assert ((into / "Makefile").read_text(), (into / "makefile").read_text()) == ("make", "MAKE")
    assert (into / f"{DEEP}leaf").stat().st_mtime == 1_000_000_000


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
@pytest.mark.parametrize("mode", [0o777, 0o4755, 0o2775, 0o1666, 0o644, 0o600, 0o000, 0o111])
def test_of_a_files_mode_only_whether_it_is_executable_counts(into: Path, mode: int, umask: int) -> None:
    before = os.umask(umask)

    unpack(archive([Member("in/file", mode=mode), Member("in", DIRECTORY, mode=0o7777)]), into)
    os.umask(before)

    expected = (0o755 if mode & 0o100 else 0o644) & ~umask
    assert (into / "in/file").stat().st_mode & 0o7777 == expected
    assert (into / "in").stat().st_mode & 0o7777 == 0o755 & ~umask


SMALL = Limits(size=200_000, members=20, links=5)
TOO_MANY = "The commit holds more than 20 files, the most that is unpacked."
TOO_MANY_LINKS = "The commit holds more than 5 symbolic links, the most that is made."
TOO_LARGE = "The commit's files are larger than 200,000 bytes together, the most that is unpacked."


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([Member(f"f{number}") for number in range(21)], TOO_MANY),
        ([directory(f"d{number}") for number in range(21)], TOO_MANY),
        ([link(f"l{number}", "x") for number in range(6)], TOO_MANY_LINKS),
        ([Member(f"f{number}", content=b"\0" * 50_000) for number in range(5)], TOO_LARGE),
        ([Member("f", content=b"\0" * 300_000)], TOO_LARGE),
    ],
    ids=["files", "directories", "links", "size of many", "size of one"],
)
def test_too_much_is_refused(into: Path, members: list[Member], sentence: str) -> None:
    with pytest.raises(Rejected) as refused:
        unpack(archive(members), into, limits=SMALL)

    assert str(refused.value) == sentence
    assert list(into.iterdir()) == []


class Endless:
    """An archive that begins as one and never ends; ``given`` is how much of it was taken."""

    def __init__(self, beginning: bytes) -> None:
        self._beginning = io.BytesIO(beginning)
        self.given = 0

    def read(self, size: int, /) -> bytes:
        self.given += size
        return self._beginning.read(size).ljust(size, b"x")


def header(name: str, kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    ("kind", "most"),
    [(FILE, 11_000_000), (tarfile.XHDTYPE, 2_000_000), (tarfile.GNUTYPE_LONGNAME, 2_000_000)],
    ids=["a file", "a description", "a name"],
)
def test_a_bomb_is_stopped_while_it_goes_off(into: Path, kind: bytes, most: int) -> None:
    bomb = Endless(header("bomb", kind, 2**40))

    with pytest.raises(Rejected):
        unpack(bomb, into, limits=Limits(size=10_000_000))

    assert bomb.given <= most
    assert list(into.iterdir()) == []


def test_a_chain_of_links_is_followed_to_its_end_and_a_very_long_one_refused(tmp_path: Path) -> None:
    def chain(length: int) -> list[Member]:
        return [*(link(f"l{number}", f"l{number + 1}") for number in range(length)), link(f"l{length}", "..")]

    said = []
    for length in (30, 3000):
        (into := tmp_path / str(length)).mkdir()
        with pytest.raises(Rejected) as refused:
            unpack(archive(chain(length)), into)
        said.append(str(refused.value))

    assert said == [
        "The commit holds “l30”, which would leave the checkout.",
        "The commit holds “l41”, one of too many links that lead to each other.",
    ]


# --- whatever the archive ----------------------------------------------------------------------------------------

PARTS = st.sampled_from(["a", "b", "c", "A", "..", ".", ""])
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
TARGETS = st.one_of(PATHS, PATHS.map("../".__add__), st.just("/tmp"))
KINDS = st.sampled_from([FILE, FILE, DIRECTORY, LINK, LINK, LINK, HARD_LINK])
MEMBERS = st.builds(Member, PATHS.filter(lambda name: name.strip("/")), KINDS, TARGETS)


def unpacked(members: list[Member], into: Path) -> bool:
    try:
        unpack(archive(members), into)
    except Rejected:
        return False
    return True


@settings(deadline=None)
@given(st.lists(MEMBERS, min_size=1, max_size=8))
def test_nothing_outside_is_touched_and_no_link_leads_there(members: list[Member]) -> None:
    with tempfile.TemporaryDirectory() as outer:
        into = Path(outer).resolve() / "outside" / "into"
        into.mkdir(parents=True)
        (into.parent / "a").mkdir()
        (into.parent / "b").write_text("mine")

        done = unpacked(members, into)
        left = everything_in(into)
        (into.parent / "inside").mkdir()
        into.rename(into.parent / "inside" / "into")

        assert everything_in(into.parent).keys() - {f"inside/into/{name}" for name in left} == {
            "a", "b", "inside", "inside/into",
        }  # fmt: skip
        assert (into.parent / "b").read_text() == "mine"
        assert done or not left
        for name in left:
            end = end_of(into.parent / "inside" / "into" / name, into.parent / "inside" / "into")
            assert end is None or end.is_relative_to(into.parent / "inside" / "into")


# Links only, and of few names: chains and circles.
LINKS = st.builds(
    link,
    st.sampled_from(["a", "b", "c", "d/a", "d/b", "d/e/a", "d/e/b"]),
    st.lists(st.sampled_from(["a", "b", "c", "d", "e", "..", ".."]), min_size=1, max_size=6).map("/".join),
)


def end_of(path: Path, inside: Path) -> Path | None:
    """Where the system is led by it, also once what it passes has come to be there; None where it goes in circles.

    Not ``realpath`` as it is: it counts on from the middle of a circle, as no system does.
    """
    while True:
        try:
            return Path(os.path.realpath(path, strict=True))
        except FileNotFoundError as missing:
            if not Path(missing.filename).is_relative_to(inside):
                return Path(missing.filename)
            Path(missing.filename).mkdir()
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                return None
            raise


@settings(deadline=None)
@given(st.lists(LINKS, min_size=1, max_size=6, unique_by=lambda one: one.name))
def test_where_links_lead_by_each_other_is_known_before_they_are_made(links: list[Member]) -> None:
    with tempfile.TemporaryDirectory() as outer:
        into = Path(outer).resolve() / "x" / "y" / "into"
        into.mkdir(parents=True)

        unpacked(links, into)

        for found in list(into.rglob("*")):
            end = end_of(found, into)
            assert end is None or end.is_relative_to(into)
