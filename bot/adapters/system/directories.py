"""Directories that are there as a whole or not at all, although the bot may be killed at any instant."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.core.errors import Rejected, Unavailable

UNFINISHED = ".unfinished-"
_PASS = 0o011
_FOR_GOOD = (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError)


def publish(target: Path, fill: Callable[[Path], None], *, mode: int = 0o755) -> bool:
    """Let ``fill`` put files into a new directory beside ``target``, then rename it to ``target``.

    ``mode`` is the most that others may do there, and in the directories above it that are made. Returns False where
    ``target`` was there already, complete; several may try at the same time. What a killed attempt leaves behind has a
    name that starts with ``UNFINISHED``.
    """
    if target.is_dir():
        return False
    _make_parents(target, mode)
    fresh = target.parent / f"{UNFINISHED}{secrets.token_hex(8)}"
    fresh.mkdir(mode=mode)
    try:
        fill(fresh)
        return _rename(fresh, target)
    finally:
        remove(fresh)


def remove(directory: Path) -> None:
    """Delete a directory with everything in it: out of sight at once, then file by file. Links are not followed."""
    if not directory.is_dir() or directory.is_symlink():
        return
    doomed = directory
    if not directory.name.startswith(UNFINISHED):
        # Half a directory under its own name would pass for a complete one.
        doomed = directory.parent / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            directory.rename(doomed)
        except FileNotFoundError:
            return
    shutil.rmtree(doomed, ignore_errors=True)
    # Root needs no right, and must not be led to give one where a command has put a link meanwhile.
    if doomed.is_dir() and os.geteuid() != 0:
        _make_deletable(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def empty(directory: Path) -> None:
    """Delete everything in it; links are not followed."""
    for child in directory.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


def remove_unfinished(parent: Path) -> None:
    """Delete what killed attempts have left in ``parent``."""
    for leftover in parent.glob(f"{UNFINISHED}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            remove(leftover)
        else:
            leftover.unlink(missing_ok=True)


def youngest_first(paths: Iterable[Path]) -> list[Path]:
    """By when they were changed; what has disappeared meanwhile is left out."""
    dated = []
    for path in paths:
        with suppress(FileNotFoundError):
            dated.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(dated, reverse=True)]


def make_private(directory: Path, *, passable: bool = False) -> None:
    """See to it that the directory exists and this user alone can open it, whatever the umask and its mode were.

    Of a ``passable`` one others may reach what they know the name of; one that is passable already stays so, as
    somebody may be in it. Raises Rejected where it is another's.
    """
    _make_parents(directory, 0o755)
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Rejected(f"{directory} must be a directory that belongs to the user who runs the bot.")
    others = found.st_mode & 0o077
    if others != _PASS and (others or passable):
        directory.chmod(0o700 | (_PASS if passable else 0))


def make_private_file(file: Path) -> None:
    """See to it that the file exists and this user alone can open it. Raises Rejected where it is another's."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(file, flags, 0o600), "rb+", buffering=0) as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise Rejected(f"{file} must be a file that belongs to the user who runs the bot.")
        if found.st_mode & 0o077:
            os.fchmod(opened.fileno(), 0o600)


def make_private_place(directory: Path) -> None:
    """A private directory in which the files and directories that are there already are closed to others too."""
    make_private(directory)
    for entry in directory.iterdir():
        found = entry.lstat()
        if not stat.S_ISLNK(found.st_mode) and found.st_mode & 0o077:
            entry.chmod(found.st_mode & 0o700)


def linked(file: Path) -> Path:
    """Where the links lead that ``file`` may be: what is written there stays what the links lead to."""
    return Path(os.path.realpath(file))


def write_whole(file: Path, text: str) -> None:
    """Replace a small file, for this user's eyes: a reader sees the old text or the new, never a part."""
    fresh = file.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        make_private_file(fresh)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def write_once(file: Path, text: str) -> None:
    """Write a small file that is not there yet, for this user's eyes: whole or not at all. Raises FileExistsError."""
    fresh = file.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        make_private_file(fresh)
        fresh.write_text(text, encoding="utf-8")
        os.link(fresh, file)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def disk_errors(writing: Path | None = None) -> Iterator[None]:
    """What the disk complains about, in our own words: Rejected where a person must mend it, else Unavailable.

    ``writing`` is what somebody at this machine wants to have written; without it, the worker's own doings.
    """
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        sentence = f"The worker's disk: {error.strerror or error}{where}."
        if writing is not None:
            folder = writing.absolute().parent
            sentence = f"{writing} cannot be written in {folder}: {error.strerror or error}. Use a folder of your own."
        raise (Rejected if isinstance(error, _FOR_GOOD) else Unavailable)(sentence) from error


def _make_parents(target: Path, mode: int) -> None:
    """The directories above ``target`` that are missing, each with at most this mode."""
    for missing in [one for one in target.parents if not one.is_dir()][::-1]:
        missing.mkdir(mode=mode, exist_ok=True)


def _rename(fresh: Path, target: Path) -> bool:
    try:
        fresh.rename(target)
    except OSError:
        # Somebody else was faster: a rename replaces an empty directory at most.
        if target.is_dir():
            return False
        raise
    return True


def _make_deletable(directory: Path) -> None:
    """Tools that fill caches (Go's is one) take the right to write away from their directories."""
    with suppress(OSError):
        directory.chmod(0o700)
    for parent, names, _ in os.walk(directory):
        for name in names:
            with suppress(OSError):
                (Path(parent) / name).chmod(0o700, follow_symlinks=False)
