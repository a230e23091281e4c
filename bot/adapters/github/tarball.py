"""Unpacking the tarball of a commit, as GitHub makes it, without trusting what is in it."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from pathlib import Path
from typing import IO

from urllib3.exceptions import HTTPError

from bot.core.errors import Rejected, Unavailable


def unpack(archive: IO[bytes], into: Path) -> None:
    """Put the files of a gzipped tarball into the empty directory ``into``, without its single top folder.

    ``archive`` is read as it arrives and never held as a whole. Where it ends early (Unavailable) or holds what would
    leave the directory (Rejected), ``into`` is empty again, ready for another try.
    """
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as tar:
            tar.extractall(into, filter=_without_top_folder)  # noqa: S202 - each member passes the data filter
    except tarfile.FilterError as unsafe:
        _empty(into)
        raise Rejected(f"The commit holds “{unsafe.tarinfo.name}”, which would leave the checkout.") from unsafe
    except (tarfile.TarError, EOFError, zlib.error, HTTPError) as broken:
        _empty(into)
        raise Unavailable("The commit's tarball did not arrive whole.") from broken
    except OSError as full:
        _empty(into)
        raise Unavailable(f"The checkout cannot be written: {full.strerror or full}.") from full


def _without_top_folder(member: tarfile.TarInfo, into: str) -> tarfile.TarInfo | None:
    """``acme-web-1a2b3c4/app.py`` becomes ``app.py``; the data filter refuses whatever points out of ``into``."""
    _, _, rest = member.name.partition("/")
    if not rest:
        return None
    changed = member.replace(name=rest, deep=False)
    if member.islnk():
        changed = changed.replace(linkname=member.linkname.partition("/")[2], deep=False)
    return tarfile.data_filter(changed, into)


def _empty(directory: Path) -> None:
    for child in directory.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()
