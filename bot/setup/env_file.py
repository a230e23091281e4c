"""Writes ``.env``: for the bot and for a shell, for its owner's eyes only, and never half."""

from __future__ import annotations

import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv import set_key

from bot.adapters.system.directories import disk_errors, linked, write_whole
from bot.core.errors import Rejected
from bot.settings.env_file import ENV_FILE, Unreadable, variables_in

# What a shell and python-dotenv read alike between single quotes.
_PLAIN = re.compile(r"[^'\\\0]*")


class EnvFile:
    """The variables of the environment, and beneath them those of the file, which is made when something is set.

    Other lines of the file, and comments, stay as they are.
    """

    def __init__(self, environ: Mapping[str, str], file: Path = ENV_FILE) -> None:
        self._environ = environ
        self.file = file

    def variables(self) -> dict[str, str]:
        """Everything that the bot would be given. Raises Rejected where the file cannot be read."""
        try:
            beneath = variables_in(self.file) if self.file.exists() else {}
        except Unreadable as error:
            raise Rejected(str(error)) from error
        return {**beneath, **self._environ}

    def set(self, **variables: str) -> None:
        """Write them all at once. Raises Rejected where one cannot be written so that a shell would read it."""
        for name, value in variables.items():
            if not _PLAIN.fullmatch(value):
                raise Rejected(f"{name} holds a quote or a backslash, which no such value has: copy it again.")
        file = linked(self.file)
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o600
        with disk_errors(writing=file), tempfile.TemporaryDirectory() as scratch:
            draft = Path(scratch) / "env"
            draft.write_text(before, encoding="utf-8")
            for name, value in variables.items():
                set_key(draft, name, value, quote_mode="always", encoding="utf-8")
            write_whole(file, draft.read_text(encoding="utf-8"))
            if not mode & 0o007:  # its group may be meant to read it, everybody is not
                file.chmod(mode)
