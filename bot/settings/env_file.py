"""The file ``.env`` in the folder in which the bot is started: variables beneath those of the environment itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

ENV_FILE = Path(".env")


class Unreadable(Exception):
    """The file is there, and cannot be read; says why, a sentence."""


def variables_in(file: Path) -> Mapping[str, str]:
    """What is set there, as a shell would read it but for ``$``, which means nothing. Raises Unreadable."""
    try:
        values = dotenv_values(file, interpolate=False, encoding="utf-8")
    except OSError as error:
        raise Unreadable(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{file} is not UTF-8 text.") from error
    return {name: value for name, value in values.items() if value}
