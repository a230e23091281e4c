"""Unpacking a commit's files from a tar archive, without trusting what is in it.

Python's own filter for this is not enough: before 3.11.13 links could lead it outside (CVE-2025-4517 and its
siblings). Here nothing is ever written through a link: a file is opened in its directory, never by a path that a link
could bend, and links are made last, when it is known where all of them lead.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol, TypeAlias, cast

from bot.adapters.system import directories
from bot.core.errors import Rejected

_Kind: TypeAlias = Literal["directory", "file", "link"]

_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_HEADERS = 1024 * 1024
"""The most bytes that may describe one member: tarfile holds them in memory."""
_LINKS_IN_A_ROW = 40
"""The most that Linux follows."""
_SHOWN = 80
_LAST_MOMENT = 2**33
"""In the year 2242; not every file system knows later ones."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is unpacked. ``size`` is that of all files together, ``length`` that of a path, both in bytes."""

    size: int = 4 * 1024**3
    members: int = 200_000
    links: int = 10_000
    length: int = 1024
    depth: int = 100


LIMITS = Limits()


class Stream(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes: ...


def unpack(archive: Stream, into: Path, *, top_folder: bool = False, limits: Limits = LIMITS) -> None:
    """Put the files of the tar stream ``archive`` into the empty directory ``into``, of a ``top_folder`` what is in it.

    Files keep whether they are executable and when they were changed, nothing else. ``archive`` is read to its end, as
    it arrives, and never held as a whole. Raises Rejected where it holds what has no place in a checkout, OSError, and
    what tarfile and ``archive`` raise; then ``into`` is empty again.
    """
    root = os.open(into, _DIRECTORY)
    try:
        _unpack(_Metered(archive, limits.size), root, top_folder, limits)
    except BaseException as error:
        directories.empty(into)
        if isinstance(error, FileExistsError):  # the disk takes two names for the same
            raise _twice(error.filename) from error
        raise
    finally:
        os.close(root)


def _unpack(stream: _Metered, root: int, top_folder: bool, limits: Limits) -> None:
    tree = _Tree(limits)
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
            if name := _name_of(member, top_folder, limits):
                _add(tree, name, member, tar, stream, root)
            stream.expect(_HEADERS)
    stream.drain()
    tree.demand_links_inside()
    for name, target in tree.links.items():
        with _parent_of(root, name) as (parent, last):
            os.symlink(target, last, dir_fd=parent)


def _add(tree: _Tree, name: str, member: tarfile.TarInfo, tar: tarfile.TarFile, stream: _Metered, root: int) -> None:
    if member.isdir():
        tree.add(name, "directory")
        with _parent_of(root, f"{name}/"):
            pass  # it is made
    elif member.issym():
        tree.add_link(name, member.linkname)
    elif member.type in _FILES and not member.issparse() and (content := tar.extractfile(member)) is not None:
        tree.add(name, "file")
        stream.expect(member.size + _HEADERS)
        with _parent_of(root, name) as (parent, last):
            _write(content, member, last, parent)
    else:
        raise Rejected(f"The commit holds {_quoted(name)}, which is neither a file, a directory nor a symbolic link.")


def _write(content: IO[bytes], member: tarfile.TarInfo, name: str, parent: int) -> None:
    mode = 0o755 if member.mode & 0o100 else 0o644
    with os.fdopen(os.open(name, _NEW_FILE, mode, dir_fd=parent), "wb") as file:
        shutil.copyfileobj(content, file)
        file.flush()
        if 0 <= member.mtime < _LAST_MOMENT:
            os.utime(file.fileno(), (member.mtime, member.mtime))


def _name_of(member: tarfile.TarInfo, top_folder: bool, limits: Limits) -> str:
    """The path in the checkout, in its plainest form; empty for what is no part of it. Raises Rejected."""
    name = member.name.partition("/")[2] if top_folder else member.name
    parts = [part for part in name.split("/") if part not in ("", ".")]
    for text in (member.name, member.linkname):
        if "\0" in text or len(os.fsencode(text)) > limits.length or text.count("/") > limits.depth:
            raise Rejected(f"The commit holds {_quoted(text)}, a path that is too long or too deep to be unpacked.")
    if member.name.startswith("/") or ".." in parts:
        raise _outside(name)
    return "/".join(parts)


class _Tree:
    """What was unpacked, and the links that are to be made, by their paths."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kinds: dict[str, _Kind] = {}
        self._members = 0
        self.links: dict[str, str] = {}

    def add(self, name: str, kind: _Kind) -> None:
        """Raises Rejected where something is there already, or where what it lies in is no directory."""
        self._members += 1
        if self._members > self._limits.members:
            raise Rejected(f"The commit holds more than {self._limits.members:,} files, the most that is unpacked.")
        end = name.find("/")
        while end >= 0:
            if self._kinds.setdefault(name[:end], "directory") != "directory":
                raise _twice(name[:end])
            end = name.find("/", end + 1)
        if name in self._kinds and not self._kinds[name] == kind == "directory":
            raise _twice(name)
        self._kinds[name] = kind

    def add_link(self, name: str, target: str) -> None:
        """Raises Rejected as above, and where the link cannot lead to anything inside."""
        self.add(name, "link")
        if not target or target.startswith("/"):
            raise _outside(name)
        self.links[name] = target
        if len(self.links) > self._limits.links:
            raise Rejected(f"The commit holds more than {self._limits.links:,} symbolic links, the most that is made.")

    def demand_links_inside(self) -> None:
        """Raises Rejected where a link leads out, by itself or by others."""
        # Some disks take Link and link for the same: what is one to them must not be two here.
        by_folded_name = {_folded(name): name for name in self.links}
        for name in self._kinds if self.links else ():
            if by_folded_name.get(_folded(name), name) != name:
                raise _twice(name)
        ways = _Ways({folded: (name, self.links[name]) for folded, name in by_folded_name.items()})
        for name in self.links:
            ways.end_of(_folded(name))


class _Ways:
    """Where links lead. ``links`` are their names and targets by their folded names."""

    def __init__(self, links: dict[str, tuple[str, str]]) -> None:
        self._links = links
        self._ends: dict[str, list[str]] = {}

    def end_of(self, link: str, on_the_way: tuple[str, ...] = ()) -> list[str]:
        """The parts of the path in the end, whether something is there or not. Raises Rejected where it is outside."""
        if link in self._ends:
            return self._ends[link]
        name, target = self._links[link]
        if link in on_the_way:  # a circle leads nowhere
            return name.split("/")
        if len(on_the_way) > _LINKS_IN_A_ROW:
            raise Rejected(f"The commit holds {_quoted(name)}, one of too many links that lead to each other.")
        here = name.split("/")[:-1]
        for part in target.split("/"):
            if part == "..":
                if not here:
                    raise _outside(name)
                here = here[:-1]
            elif part not in ("", "."):
                here = [*here, part]
                if (folded := _folded("/".join(here))) in self._links:
                    here = self.end_of(folded, (*on_the_way, link))
        self._ends[link] = here
        return here


class _Metered:
    """A stream that ends with a sentence where it is too long: as a whole, or where one member describes itself."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self._size = size
        self._left = size
        self._expected = _HEADERS

    def expect(self, size: int) -> None:
        """So much may come until the next call."""
        self._expected = size

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        self._expected -= len(data)
        if self._left < 0:
            raise Rejected(
                f"The commit's files are larger than {self._size:,} bytes together, the most that is unpacked."
            )
        if self._expected < 0:
            raise Rejected("The commit holds a path that is too long or too deep to be unpacked.")
        return data

    def drain(self) -> None:
        """What comes after the last member is nothing to us, but whether it arrives is: its check sum is at the end."""
        self._expected = self._left + 1
        while self.read(64 * 1024):
            pass


@contextmanager
def _parent_of(root: int, name: str) -> Iterator[tuple[int, str]]:
    """The directory that ``name`` lies in, opened, and the last part of the name. Missing directories are made."""
    *parts, last = name.split("/")
    opened = os.dup(root)
    try:
        for part in parts:
            with suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=opened)
            inner = os.open(part, _DIRECTORY, dir_fd=opened)
            os.close(opened)
            opened = inner
        yield opened, last
    finally:
        os.close(opened)


def _folded(name: str) -> str:
    """As a disk sees it that keeps capitals and small letters, or two ways to write ä, for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _outside(name: str) -> Rejected:
    return Rejected(f"The commit holds {_quoted(name)}, which would leave the checkout.")


def _twice(name: str) -> Rejected:
    return Rejected(f"The commit holds {_quoted(name)} twice, as different things.")


def _quoted(name: str) -> str:
    shown = "".join(letter if letter.isprintable() else "�" for letter in name)
    return f"“{shown}”" if len(shown) <= _SHOWN else f"“{shown[: _SHOWN - 1]}…”"
