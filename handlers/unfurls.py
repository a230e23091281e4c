"""Unfurling: links to the bot's own pages show how things stand, to those who may see it anyway."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.context import Context
from bot.core.effects import ShowLinks
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events import Event
from bot.core.events.external import LinkShared
from bot.router import Router
from bot.services import authorization, unfurls

router = Router()
log = structlog.get_logger(__name__)


@router.on(LinkShared, name="unfurls.shared")
def shared(context: Context, event: LinkShared) -> None:
    """Once for each message: what it leads to is looked at when it is shown, and not followed from then on."""
    context.begin().emit(ShowLinks(event.person, event.place, event.links))


@router.performs(ShowLinks)
def show(context: Context, effect: ShowLinks) -> Iterable[Event]:
    """An ornament: where it cannot be shown, nobody is troubled with that."""
    try:
        context.person = authorization.person_of(context, effect.person)
        if context.person.outsider or effect.place.message is None:
            return []
        context.place = effect.place
        drawn = unfurls.shown(context, effect.links)
        if drawn:
            context.chat.unfurl(effect.place.channel, effect.place.message, drawn)
    except (NotThere, NotAllowed, Rejected) as error:
        log.info("links not shown", channel=effect.place.channel, reason=str(error))
    return []
