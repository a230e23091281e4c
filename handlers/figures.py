"""The delivery figures, whenever somebody asks: ``figures``."""

from __future__ import annotations

from datetime import timedelta

from bot.context import Context
from bot.core.errors import Refused
from bot.core.figures import messages
from bot.core.figures.calendar import WEEK, day_of
from bot.core.grammar.commands import Figures
from bot.core.rich_text import Message
from bot.router import Router
from bot.services.pages import page_of_app
from bot.services.productions import productions
from bot.services.targets import apps_looked_at
from bot.services.weeks import week_of

router = Router()
MOST_PLACES = 12
"""So many places are looked at for one command."""


@router.command(Figures)
def figures(context: Context, command: Figures) -> Message:
    """Today and the six days before it, of the app that is named, else the channel's, else all."""
    apps = apps_looked_at(context, command)
    targets = [target for app in apps for target in productions(app)]
    if not targets:
        raise Refused(messages.no_production(apps[0].name))
    first = day_of(context.now, context.settings.bot.timezone) - timedelta(days=WEEK - 1)
    weeks = [week_of(context, target, first) for target in targets[:MOST_PLACES]]
    page = page_of_app(context, apps[0].name) if len(apps) == 1 else None
    return messages.listing(weeks, left=len(targets) - MOST_PLACES, page=page)
