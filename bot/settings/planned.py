"""The settings and variables that are read and checked although nothing acts on them yet."""

from __future__ import annotations

from collections.abc import Mapping

PLANNED: Mapping[str, str] = {}
"""Each field's name, with the feature that it waits for.

``check``, settings.toml, .env.example and docs/settings.md say so; a test finds what is read by nobody and not in here.
"""

MARK = "Still to come"


def described(name: str, description: str) -> str:
    """The description of a setting, with a word in front of it where nothing acts on it yet."""
    return f"*{MARK}:* {description}" if name in PLANNED else description
