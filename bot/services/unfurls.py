"""What a link to a page of ours shows, and where: nothing to anybody who could not see the app's own channel."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.context import Context
from bot.core.rich_text import Message
from bot.core.unfurls import messages
from bot.core.unfurls.model import Page, page
from bot.services import boards
from bot.services.surroundings import around
from bot.services.targets import target_at
from bot.settings import AppSettings
from bot.settings.models import same_channel


def shown(context: Context, links: Sequence[str]) -> dict[str, Message]:
    """What is to be seen below a message, by its links: ``context.place`` is where, and all who read there see it."""
    base = context.settings.secrets.base_url
    found = {link: about for link in links if base is not None and (about := page(link, base)) is not None}
    drawn = {link: _drawn(context, about) for link, about in found.items()}
    return {link: message for link, message in drawn.items() if message is not None}


def _drawn(context: Context, about: Page) -> Message | None:
    if about.deployment is not None:
        return _deployment(context, about.deployment)
    app = context.settings.apps.get(about.app or "")
    if app is None or not _may_be_shown(context, app, (app.channel,)):
        return None
    return messages.app(boards.standings(context, [app])[0], context.now)


def _deployment(context: Context, request_id: str) -> Message | None:
    one = context.reads.by_request(request_id)
    app = context.settings.apps.get(one.app) if one is not None else None
    if one is None or app is None:
        return None
    target = target_at(context, one.app, one.environment)
    own = (app.channel, *(target.environment.channels if target is not None else ()))
    return messages.deployment(one, around(context, one), context.now) if _may_be_shown(context, app, own) else None


def _may_be_shown(context: Context, app: AppSettings, own: Collection[str]) -> bool:
    """Where its cards are anyway; else where commands for it are taken, as far as its channel is open to all there."""
    chat, here = context.chat, context.where
    names = chat.channel_names(here.channel)
    if not here.direct and any(same_channel(one, names) for one in own):
        return True
    if app.allowed_channels:
        return not here.direct and app.allowed_in(names)
    if here.direct:
        return chat.sees(context.asker, app.channel)
    return chat.all_see(here.channel, app.channel)
