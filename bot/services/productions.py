"""Where what was merged is meant to get to: for figures, reminders and digests."""

from __future__ import annotations

from bot.services.targets import Target
from bot.settings import AppSettings, EnvironmentSettings


def productions(app: AppSettings) -> list[Target]:
    """The environments that people outside use; where there are none, those in which promotions end, or the only one.

    None of those that will be gone one day.
    """
    lasting = [one for one in app.environments.values() if not one.transient]
    found = [one for one in lasting if one.production] or _ends(lasting) or (lasting if len(lasting) == 1 else [])
    return [Target(app, one) for one in found]


def _ends(lasting: list[EnvironmentSettings]) -> list[EnvironmentSettings]:
    reached = {one.promote_to for one in lasting}
    return [one for one in lasting if one.name in reached and one.promote_to is None]
