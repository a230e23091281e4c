"""Webhooks that did not reach the bot are asked for again, where GitHub shows them to us: it repeats none by itself."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.context import Context
from bot.core import watermarks
from bot.core.effects import AskForRedelivery
from bot.core.errors import NotThere, Rejected, ShipmateError
from bot.core.events import Event
from bot.core.events.external import Tick
from bot.core.events.internal import CatchUp, DeliveryFailed
from bot.core.ports.backfill import FailedDelivery
from bot.router import Router

router = Router()
log = structlog.get_logger(__name__)

AT_ONCE = 100
"""How many are asked for at one look, the newest: what else was missed is found by asking for the things themselves."""


@router.on(Tick, name="redeliveries.of_the_app")
def of_the_app(context: Context, tick: Tick) -> None:
    """A GitHub App has one webhook for all repositories."""
    if tick.name == "reconcile":
        _look(context, None)


@router.on(CatchUp, name="redeliveries.of_a_repository")
def of_a_repository(context: Context, event: CatchUp) -> None:
    _look(context, event.repository)


def _look(context: Context, repository: str | None) -> None:
    question = watermarks.redeliveries(repository or "of the app")
    since = watermarks.since(context.reads, question, context.now)
    try:
        failed = context.forge.backfill.failed_deliveries(repository, since) if since else ()
    except ShipmateError as error:
        log.warning("failed webhooks not seen", repository=repository, reason=str(error))
        return
    records = context.begin()
    watermarks.answered(records, question, context.now)
    for one in failed[-AT_ONCE:]:
        # Once each: the key is that of all its attempts.
        records.put(DeliveryFailed(one.id, one.guid, one.repository, one.hook), f"redelivery:{one.guid}")


@router.on(DeliveryFailed, name="redeliveries.failed")
def failed(context: Context, event: DeliveryFailed) -> None:
    context.begin().emit(AskForRedelivery(event.id, event.guid, event.repository, event.hook))


@router.performs(AskForRedelivery)
def ask(context: Context, effect: AskForRedelivery) -> Iterable[Event]:
    """Asking twice does no harm: what comes again is known by its id."""
    try:
        context.forge.backfill.redeliver(FailedDelivery(effect.delivery, effect.guid, effect.repository, effect.hook))
    except (NotThere, Rejected) as error:
        log.info("webhook not sent again", guid=effect.guid, reason=str(error))
    return []
