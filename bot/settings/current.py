"""The settings that are in use: whoever decides something reads them once, at its beginning."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from bot.settings import Settings

InUse: TypeAlias = Callable[[], Settings]
"""Which settings are in use now. Settings that never change are their own: see ``Settings.__call__``."""


class CurrentSettings:
    """Replaced as a whole when they are reloaded; any thread may ask for them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self) -> Settings:
        return self._settings

    def replace(self, settings: Settings) -> None:
        self._settings = settings
