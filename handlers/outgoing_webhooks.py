"""Tells admins of events that a receiver of outgoing webhooks did not take within a day, or wants no more.

Events are kept wherever a deployment changes (``bot.adapters.storage.outgoing_webhooks``), and sent by
``bot.runtime.outgoing_webhooks``.
"""

from __future__ import annotations

from bot.context import Context
from bot.core.events.internal import WebhookGivenUp
from bot.core.outgoing_webhooks import messages
from bot.router import Router
from bot.services import admins

router = Router()


@router.on(WebhookGivenUp, name="outgoing_webhooks.given_up")
def given_up(context: Context, event: WebhookGivenUp) -> None:
    """Once until the receiver takes events again: see ``bot.core.outgoing_webhooks.retries``."""
    hearers = admins.hearers(context)
    told = messages.given_up(event.name, event.count, event.reason, gone=event.gone)
    admins.tell(context.begin(), hearers, told)
