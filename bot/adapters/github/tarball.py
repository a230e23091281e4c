"""The tarball of a commit, as GitHub makes it."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path
from typing import IO

from urllib3.exceptions import HTTPError

from bot.adapters import checkout
from bot.core.errors import Unavailable


def unpack(archive: IO[bytes], into: Path) -> None:
    """Put the files of a gzipped tarball into the empty directory ``into``, without its single top folder.

    Where it ends early (Unavailable) or holds what has no place in a checkout (Rejected), ``into`` is empty again,
    ready for another try.
    """
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as unzipped:
            checkout.unpack(unzipped, into, top_folder=True)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, HTTPError) as broken:
        raise Unavailable("The commit's tarball did not arrive whole.") from broken
    except OSError as full:
        raise Unavailable(f"The checkout cannot be written: {full.strerror or full}.") from full
