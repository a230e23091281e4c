"""Checkouts with their history, from a bare mirror of each repository that stays on the machine.

A checkout is a clone of its own: what a command does to it, its configuration and its hooks, never reaches the mirror,
which is for the bot alone. On one disk both share the files of git's objects, so that a clone costs next to nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.git.command import Broken, Git, Interrupted
from bot.adapters.system import directories
from bot.core.errors import Rejected, Unavailable
from bot.core.ports.forge_types import Remote
from bot.core.refs import is_full_id

KEPT = 20
"""Mirrors that stay on the disk: those used last."""
_ALL = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_LOCK_AGAIN = 0.1
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a checkout is to have. ``depth`` is how many commits of history, None for all of it and the tags.

    ``shared`` is whether its objects may be the mirror's own files: not where another user gets them.
    """

    sha: str
    depth: int | None = None
    submodules: bool = False
    shared: bool = True


def check_out(
    remote: Remote,
    wanted: Wanted,
    into: Path,
    *,
    mirrors: Path,
    environ: Mapping[str, str],
    goes_on: Callable[[], bool],
    write: Callable[[str], None],
) -> None:
    """Put the commit into the empty directory ``into``, as a repository of its own whose HEAD it is.

    ``mirrors`` is a private directory on the same disk. One process at a time works with a repository's mirror; a
    mirror that has broken is made anew, once. ``write`` takes a line of what is to be known. Raises NotThere,
    NotAllowed, Rejected, Unavailable, OSError, and Interrupted as soon as ``goes_on`` says no; then ``into`` may be
    half full.
    """
    if not is_full_id(wanted.sha):
        raise Rejected(f"{wanted.sha} is not the full id of a commit.")
    directories.make_private(mirrors)
    mirror = mirrors / _name(remote, wanted)
    git = Git(remote, mirrors, environ, goes_on)
    with _alone(mirror.with_suffix(".lock"), goes_on) as lock:
        try:
            _clone(git, remote, wanted, mirror, into, lock)
        except Broken:
            directories.remove(mirror)
            directories.empty(into)
            _clone(git, remote, wanted, mirror, into, lock)
        _forget_old(mirrors, mirror)
    _complete(git, wanted, into, write)


def _name(remote: Remote, wanted: Wanted) -> str:
    """Readable, and different for whatever must not be mixed: a shallow mirror is none of the whole."""
    readable = _UNSAFE.sub("-", remote.address.rpartition("://")[2])[-80:].strip(".-")
    digest = hashlib.sha256(remote.address.encode()).hexdigest()[:12]
    return f"{readable}-{digest}{'' if wanted.depth is None else '-shallow'}.git"


def _clone(git: Git, remote: Remote, wanted: Wanted, mirror: Path, into: Path, lock: int) -> None:
    directories.publish(mirror, lambda fresh: _begin_mirror(git, fresh), mode=0o700)
    os.utime(mirror)
    _unlock_refs(mirror)
    _fetch(git, remote, wanted, mirror, lock)
    if wanted.depth is None:
        shared = "--local" if wanted.shared else "--no-hardlinks"
        git("clone", "--quiet", shared, "--no-checkout", "--template=", "--", str(mirror), str(into), at=mirror.parent)
    else:
        git("init", "--quiet", "--template=", at=into)
        git("remote", "add", "origin", str(mirror), at=into)
        depth = (f"--depth={wanted.depth}", "--update-shallow", "--no-tags")
        git("fetch", "--quiet", *depth, mirror.as_uri(), wanted.sha, at=into, holds=lock)
    git("remote", "set-url", "origin", remote.address, at=into)


def _begin_mirror(git: Git, fresh: Path) -> None:
    git("init", "--quiet", "--bare", "--template=", at=fresh)
    # A shallow checkout asks the mirror for one commit by its id.
    git("config", "uploadpack.allowAnySHA1InWant", "true", at=fresh)


def _unlock_refs(mirror: Path) -> None:
    """What a git that was killed has left locked: whoever has come here is alone."""
    for stale in (*mirror.glob("*.lock"), *(mirror / "refs").rglob("*.lock")):
        stale.unlink(missing_ok=True)


def _fetch(git: Git, remote: Remote, wanted: Wanted, mirror: Path, lock: int) -> None:
    fetch = ("fetch", "--quiet", "--no-write-fetch-head", "--no-auto-maintenance")
    one = (*fetch, "--no-tags", *(() if wanted.depth is None else (f"--depth={wanted.depth}",)))
    if wanted.depth is None:
        try:
            git(*fetch, "--prune", "--", remote.address, *_ALL, at=mirror, holds=lock)
        except Unavailable:
            if not _has(git, wanted, mirror):
                raise
    # A commit that no branch and no tag has any more is still there by its id.
    if wanted.depth is not None or not _has(git, wanted, mirror):
        git(*one, "--", remote.address, wanted.sha, at=mirror, holds=lock)
    git("gc", "--quiet", "--auto", at=mirror, holds=lock)


def _has(git: Git, wanted: Wanted, mirror: Path) -> bool:
    return git("cat-file", "-e", f"{wanted.sha}^{{commit}}", at=mirror, good=(0, 1, 128)) == 0


def _complete(git: Git, wanted: Wanted, into: Path, write: Callable[[str], None]) -> None:
    """The files, and what lies elsewhere: submodules and large files."""
    large = git("grep", "-q", "filter=lfs", wanted.sha, "--", ":(glob)**/.gitattributes", at=into, good=(0, 1)) == 0
    loads = large and git.knows("lfs")
    if loads:
        git("lfs", "install", "--local", "--skip-repo", at=into)
    git("checkout", "--quiet", "--detach", wanted.sha, at=into)
    if loads:
        git("lfs", "pull", at=into)
    elif large:
        write("git-lfs is not installed on the worker's machine: this repository's large files are pointers only")
    if wanted.submodules:
        depth = () if wanted.depth is None else (f"--depth={wanted.depth}",)
        git("submodule", "--quiet", "update", "--init", "--recursive", *depth, at=into)


@contextmanager
def _alone(file: Path, goes_on: Callable[[], bool]) -> Iterator[int]:
    """The lock on a repository's mirror, as a file descriptor; whoever inherits it keeps the lock alive."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if not goes_on():
                raise Interrupted("Stopped while another deployment was fetching the repository.")
            time.sleep(_LOCK_AGAIN)
        yield descriptor
    finally:
        os.close(descriptor)


def _forget_old(mirrors: Path, used: Path) -> None:
    """Those that were not used for long, unless somebody is at work with one."""
    for old in directories.youngest_first(mirrors.glob("*.git"))[KEPT:]:
        if old == used:
            continue
        with suppress(Interrupted), _alone(old.with_suffix(".lock"), lambda: False):
            directories.remove(old)
