"""Tokens of the API: those that only read ask for nothing that is decided on, so the clock asks who has left."""

from __future__ import annotations

import structlog

from bot.context import Context
from bot.core.errors import NotThere, ShipmateError
from bot.core.events.external import Tick
from bot.router import Router
from bot.services.tokens import revoke_of

router = Router()
log = structlog.get_logger(__name__)


@router.on(Tick, name="tokens.look")
def look(context: Context, tick: Tick) -> None:
    """People are remembered as for every permission, so that who has left is noticed as soon."""
    if tick.name != "reconcile":
        return
    try:
        gone = [one for one in context.reads.api.answer_for_tokens(tick.at) if _has_left(context, one)]
    except ShipmateError as error:
        log.warning("tokens not looked at", reason=str(error))  # the next tick looks at the same
        return
    records = context.begin()
    for person in gone:
        revoke_of(records, person, context.now)


def _has_left(context: Context, person: str) -> bool:
    try:
        return context.chat.person(person).outsider
    except NotThere:
        return True
