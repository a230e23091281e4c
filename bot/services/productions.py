"""Where what was merged is meant to get to: for figures, reminders and digests."""

from __future__ import annotations

from bot.services.targets import Target
from bot.settings import AppSettings


def productions(app: AppSettings) -> list[Target]:
    return [Target(app, one) for one in app.productions]
