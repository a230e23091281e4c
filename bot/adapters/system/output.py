"""What a command prints, read from a growing file in bounded steps, each line once although the bot may restart."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from bot.adapters.system.directories import write_whole
from bot.core.ansi import coloured, colourless, cut
from bot.core.deployments.steps import MOST
from bot.core.masking import Masker
from bot.core.rich_text import one_line

LONGEST_LINE = 2_000
_STEP = 64 * 1024
_BACKLOG = 4 * 1024 * 1024
_KEPT_OF_BACKLOG = 1024 * 1024
_LOOKED_BACK = 16 * 1024
"""Bytes before the first new one in which a secret may have begun that goes on in it."""
_WORD = re.compile(r"SHIPMATE_(STEP|PROGRESS|ENVIRONMENT_URL|LOG_URL)=(.*)")
_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,1900}")
_PERCENT = re.compile(r"(\d{1,3}) ?%?")
_LONGEST_NAME = 60
STEP_MARK = "── "
"""Begins the line of output in the place of one that begins a step."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the file has been read, in bytes, and what it told until there.

    The links, the steps by their names and the moments (ISO 8601) at which they began, how far the last one is, in
    percent, and how many more lines may belong to a private key.
    """

    offset: int = 0
    environment_url: str | None = None
    log_url: str | None = None
    key_lines: int = 0
    steps: tuple[tuple[str, str], ...] = ()
    percent: int | None = None


class Output:
    """Copies the lines of ``file``; ``secrets``, and whatever has the form of one, are hidden in them.

    The progress is kept in a file beside it after the lines have been written: a line is copied twice at worst, where
    the bot was killed between the two, and never lost. A line ``SHIPMATE_ENVIRONMENT_URL=https://…`` or
    ``SHIPMATE_LOG_URL=https://…`` sets a link of the deployment; the last one counts. ``SHIPMATE_STEP=name`` begins a
    step, of fifty at most, at the moment that ``clock`` tells, and ``SHIPMATE_PROGRESS=40`` says how far that is. What
    is no such line in all of its parts is a line like others.
    """

    def __init__(self, file: Path, secrets: Iterable[str] = (), clock: Callable[[], datetime] | None = None) -> None:
        self._file = file
        self._clock = clock
        self._mark = file.with_name("progress.json")
        self.progress = _read(self._mark)
        self._masker = Masker(secrets, self.progress.key_lines)

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
        self._masker.key_lines = self.progress.key_lines
        if end - offset > _BACKLOG:
            write(f"… {(end - _KEPT_OF_BACKLOG - offset) // 1024:,} kB of output left out …")
            offset = end - _KEPT_OF_BACKLOG
            self._skip_to(file, offset)
        before = _begun_before(file, offset) if offset < end else b""
        while offset < end:
            file.seek(offset)
            chunk = file.read(min(_STEP, end - offset))
            read = len(chunk) if ended and offset + len(chunk) == end else _length_of_lines(chunk)
            if not read:
                break
            lines = chunk[:read].removesuffix(b"\n").split(b"\n")
            shown = [self._shown(line, b"" if n else before) for n, line in enumerate(lines)]
            told = self.progress
            for line in shown:
                told, kept = self._heard(told, line)
                if kept is not None:
                    write(kept)
            offset += read
            before = b"" if chunk[:read].endswith(b"\n") else (before + chunk[:read])[-_LOOKED_BACK:]
            self._keep(replace(told, offset=offset, key_lines=self._masker.key_lines))

    def _skip_to(self, file: BinaryIO, offset: int) -> None:
        """What is left out is looked at as far as a private key may go on behind it."""
        self._masker.key_lines = 0
        file.seek(max(0, offset - _LOOKED_BACK))
        for line in file.read(min(offset, _LOOKED_BACK)).split(b"\n"):
            self._masker.hide(coloured(_text(line)))

    def _shown(self, line: bytes, before: bytes) -> str:
        """The line, of which ``before`` was read already. A carriage return starts it anew: of a progress bar only
        what it ended with is worth keeping."""
        _, anew, text = _text(line).rstrip("\r").rpartition("\r")
        start = "" if anew else coloured(_text(before).rpartition("\r")[2])
        return cut(self._masker.hide(start + coloured(text), len(start)), LONGEST_LINE)

    def _heard(self, told: Progress, line: str) -> tuple[Progress, str | None]:
        """What is told with the line, and what of it is output; None where that is nothing."""
        found = _WORD.fullmatch(colourless(line).strip())
        if found is None:
            return told, line
        word, value = found[1], found[2].strip()
        if word == "STEP":
            name = cut(one_line(value).strip(), _LONGEST_NAME)
            if not name or self._clock is None or len(told.steps) >= MOST:
                return told, line
            steps = (*told.steps, (name, self._clock().isoformat()))
            return replace(told, steps=steps, percent=None), f"{STEP_MARK}{name}"
        if word == "PROGRESS":
            percent = _PERCENT.fullmatch(value)
            return (
                (replace(told, percent=int(percent[1])), None) if percent and int(percent[1]) <= 100 else (told, line)
            )
        if not _ADDRESS.fullmatch(value):
            return told, line
        return (replace(told, log_url=value) if word == "LOG_URL" else replace(told, environment_url=value)), line

    def _keep(self, told: Progress) -> None:
        self.progress = told
        write_whole(self._mark, json.dumps(asdict(told)))


def _read(mark: Path) -> Progress:
    """What another version of the bot has kept, so far as it is known here."""
    kept = json.loads(mark.read_text()) if mark.exists() else {}
    known = {one.name: kept[one.name] for one in fields(Progress) if one.name in kept}
    return replace(Progress(**known), steps=tuple((str(name), str(begun)) for name, begun in known.get("steps", ())))


def _begun_before(file: BinaryIO, offset: int) -> bytes:
    """The line that goes on at ``offset``, as far as it stands before it."""
    file.seek(max(0, offset - _LOOKED_BACK))
    return file.read(min(offset, _LOOKED_BACK)).rpartition(b"\n")[2]


def shown(line: str, secrets: Iterable[str] = ()) -> str:
    """A line that came from elsewhere as it is kept: its colours stay, secrets are hidden, and it is not too long.

    >>> shown("\x1b[2KBuild of abcdef", ["abcdef"]), shown(" 10 %\\r100 %\\r")
    ('Build of ••••', '100 %')
    """
    # A carriage return starts a line anew: of a progress bar only what it ended with is worth keeping.
    last = line.rstrip("\r").rpartition("\r")[2]
    return cut(Masker(secrets).hide(coloured(last)), LONGEST_LINE)


def _length_of_lines(chunk: bytes) -> int:
    """How many bytes are complete lines. A line that fills the whole chunk is cut there, between two characters."""
    whole = chunk.rfind(b"\n") + 1
    if whole or len(chunk) < _STEP:
        return whole
    return next((length for length in range(len(chunk) - 1, len(chunk) - 4, -1) if chunk[length] & 0xC0 != 0x80), _STEP)


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
