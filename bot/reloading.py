"""Settings that are read again while the bot runs: validated first, taken over as a whole, and told in the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Protocol
from uuid import uuid4

import structlog

from bot.core.errors import Unavailable
from bot.settings import Settings, SettingsProblems, load, process_environment, requirements_missing
from bot.settings.current import CurrentSettings
from bot.settings.environment import Process, Secrets

log = structlog.get_logger(__name__)

ASKED = "settings: reload asked"
"""The key in the notebook, with a value that is new each time."""
LOOKED_EVERY = 5.0
"""Seconds between two looks whether it was asked for."""
MOST_SHOWN = 20


class Notebook(Protocol):
    """What all processes of one database share. Raises Unavailable."""

    def read(self, key: str, /) -> str | None: ...

    def write(self, key: str, value: str, /) -> None: ...


def ask(notebook: Notebook) -> None:
    """Every process that works on this database reads its settings again, within LOOKED_EVERY. Raises Unavailable."""
    notebook.write(ASKED, uuid4().hex)


class Reloading:
    """``file`` is the settings file as it was named at the start, None for the usual one."""

    def __init__(self, current: CurrentSettings, file: Path | None, process: Process, notebook: Notebook) -> None:
        self._current = current
        self._file = file
        self._process: Process = process
        self._notebook = notebook
        self._asked: str | None = None
        self._looked = False
        self._lock = Lock()

    def look(self) -> None:
        """Reload where that was asked for since the look before."""
        try:
            asked = self._notebook.read(ASKED)
        except Unavailable:
            return  # the next look finds it
        new, self._asked = self._looked and asked != self._asked, asked
        self._looked = True
        if new:
            self.reload()

    def reload(self) -> None:
        """Read the file again, and take it over where nothing is wrong with it; else go on with what is in use."""
        with self._lock:
            try:
                read = load(self._file, process_environment())
                if missing := requirements_missing(read, self._process):
                    raise SettingsProblems(missing)
            except SettingsProblems as error:
                for problem in error.problems:
                    log.error("settings not reloaded", problem=problem, goes_on="with those that were in use")
                return
            self._take(read)

    def _take(self, read: Settings) -> None:
        before = self._current()
        kept = {"secrets": before.secrets, "bot": read.bot.model_copy(update={"name": before.bot.name})}
        after = read.model_copy(update=kept)
        changed = sorted(_changed(_table(before), _table(after)))
        self._current.replace(after)
        log.info("settings reloaded", process=self._process, changed=_shown(changed) or "nothing")
        waits = [name.upper() for name in Secrets.model_fields if _differ(before.secrets, read.secrets, name)]
        waits += ["bot.name"] if read.bot.name != before.bot.name else []
        if waits:
            log.warning("settings that take a restart", changed=_shown(waits))


def _differ(before: Secrets, read: Secrets, name: str) -> bool:
    return bool(getattr(before, name) != getattr(read, name))


def _table(settings: Settings) -> Mapping[str, object]:
    table: Mapping[str, object] = settings.model_dump(mode="json", exclude={"secrets", "path"})
    return table


def _changed(before: object, after: object, at: str = "") -> Iterator[str]:
    """The dotted names of what differs; a table that came or went is one."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from _changed(before.get(key), after.get(key), f"{at}.{key}" if at else str(key))
    else:
        yield at


def _shown(names: list[str]) -> str:
    more = len(names) - MOST_SHOWN
    return ", ".join([*names[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])])
