"""Modals: what is asked for a command, with what it would do, and the one from which something is deployed."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.context import Context
from bot.core.effects import FillModal
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events import Event
from bot.core.events.external import ModalTurned
from bot.core.modals.model import Modal
from bot.router import Router
from bot.services import authorization, forms, shortcuts

router = Router()
log = structlog.get_logger(__name__)


@router.on(ModalTurned, name="modals.turned")
def turned(context: Context, event: ModalTurned) -> None:
    """It is open; what it shows follows from what is chosen in it."""
    view = (event.view, event.person, event.command, event.metadata, event.place)
    context.begin().emit(FillModal(*view, event.filled, event.version, event.about))


@router.performs(FillModal)
def fill(context: Context, effect: FillModal) -> Iterable[Event]:
    """Of several choices the last one is drawn. Whoever has closed it meanwhile is shown nothing."""
    if context.parents.drawn_again(effect.lane, context.effect_id):
        return []
    try:
        context.person = authorization.person_of(context, effect.person)
        if context.person.outsider:
            return []
        context.place, context.via = effect.place, "modal"
        context.here = context.settings.app_of_channel(context.chat.channel_names(effect.place.channel))
        shown = _form(context, effect)
        if shown is not None:
            asked = forms.is_asked(effect.command)
            context.chat.fill_modal(effect.view, shown, effect.metadata, asked=asked, version=effect.version)
    except (NotThere, NotAllowed, Rejected) as error:
        log.info("modal not filled", view=effect.view, reason=str(error))
    return []


def _form(context: Context, effect: FillModal) -> Modal | None:
    if effect.about is not None:
        return shortcuts.form(context, effect.about)
    return forms.form(context, effect.command, effect.filled)
