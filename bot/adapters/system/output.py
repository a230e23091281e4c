"""What a command prints, read from a growing file in bounded steps, each line once although the bot may restart."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from bot.adapters.system.directories import write_whole

LONGEST_LINE = 2_000
_STEP = 64 * 1024
_BACKLOG = 4 * 1024 * 1024
_KEPT_OF_BACKLOG = 1024 * 1024
_SHORTEST_SECRET = 6
_HIDDEN = "••••"
_NO_TEXT = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")
_LINK = re.compile(r"(SHIPMATE_ENVIRONMENT_URL|SHIPMATE_LOG_URL)=(https?://[^\s<>\"]{1,1900})")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the file has been read, in bytes, and the links that were in it."""

    offset: int = 0
    environment_url: str | None = None
    log_url: str | None = None


class Output:
    """Copies the lines of ``file``; ``secrets`` of six characters or more are replaced in them.

    The progress is kept in a file beside it after the lines have been written: a line is copied twice at worst, where
    the bot was killed between the two, and never lost. A line ``SHIPMATE_ENVIRONMENT_URL=https://…`` or
    ``SHIPMATE_LOG_URL=https://…`` sets a link of the deployment; the last one counts.
    """

    def __init__(self, file: Path, secrets: Iterable[str] = ()) -> None:
        self._file = file
        self._mark = file.with_name("progress.json")
        self._secrets = sorted((text for text in secrets if len(text) >= _SHORTEST_SECRET), key=len, reverse=True)
        self.progress = Progress(**json.loads(self._mark.read_text())) if self._mark.exists() else Progress()

    def size(self) -> int:
        return self._file.stat().st_size if self._file.exists() else 0

    def copy(self, write: Callable[[str], None], *, ended: bool) -> None:
        """Pass on the lines that are new, and with ``ended`` the last one although no line feed follows it.

        Reads four megabytes at most; of a longer backlog the last megabyte, and a line says what was left out.
        """
        try:
            with self._file.open("rb") as file:
                self._copy(file, write, ended)
        except FileNotFoundError:
            return

    def _copy(self, file: BinaryIO, write: Callable[[str], None], ended: bool) -> None:
        offset, end = self.progress.offset, file.seek(0, os.SEEK_END)
        if end - offset > _BACKLOG:
            write(f"… {(end - _KEPT_OF_BACKLOG - offset) // 1024:,} kB of output left out …")
            offset = end - _KEPT_OF_BACKLOG
        while offset < end:
            file.seek(offset)
            chunk = file.read(min(_STEP, end - offset))
            read = len(chunk) if ended and offset + len(chunk) == end else _length_of_lines(chunk)
            if not read:
                break
            lines = [self._shown(line) for line in _lines(chunk[:read])]
            for line in lines:
                write(line)
            offset += read
            self._keep(offset, lines)

    def _shown(self, line: str) -> str:
        return shown(line, self._secrets)

    def _keep(self, offset: int, lines: Iterable[str]) -> None:
        links = {found[1]: found[2] for line in lines if (found := _LINK.fullmatch(line.strip()))}
        self.progress = Progress(
            offset,
            links.get("SHIPMATE_ENVIRONMENT_URL", self.progress.environment_url),
            links.get("SHIPMATE_LOG_URL", self.progress.log_url),
        )
        write_whole(self._mark, json.dumps(asdict(self.progress)))


def shown(line: str, secrets: Iterable[str] = ()) -> str:
    """A line as people are to read it: without colours and the like, without secrets, and not too long.

    >>> shown("\x1b[1mBuild\x1b[0m of abc", ["abc"]), shown(" 10 %\\r100 %\\r")
    ('Build of ••••', '100 %')
    """
    # A carriage return starts a line anew: of a progress bar only what it ended with is worth keeping.
    line = _NO_TEXT.sub("", line.rstrip("\r").rpartition("\r")[2])
    for secret in secrets:
        line = line.replace(secret, _HIDDEN)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _length_of_lines(chunk: bytes) -> int:
    """How many bytes are complete lines. A line that fills the whole chunk is cut there."""
    whole = chunk.rfind(b"\n") + 1
    return whole or (len(chunk) if len(chunk) == _STEP else 0)


def _lines(chunk: bytes) -> list[str]:
    return chunk.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
