"""The clock's work: GitHub is looked at every few minutes, so that a lost webhook only costs time; old records go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog

from bot.context import Context
from bot.core.deployments.model import Deployment, Waiting
from bot.core.deployments.reconsideration import reconsider
from bot.core.effects import ClearRecords
from bot.core.errors import Unavailable
from bot.core.events import Event
from bot.core.events.external import Tick
from bot.router import Router
from bot.services.gate_facts import target_of
from bot.services.remote_statuses import unheard
from bot.services.runs import is_ours

router = Router()
log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=3)
"""How often the clock ticks for this."""
LOOKED_AT = 30
"""How many waiting deployments are decided on again at one tick: each may cost four requests, of 5,000 in an hour."""
STILL_ASKED = timedelta(days=1)
"""How long GitHub is asked for the end of what was given up; a webhook is believed at any time."""
ASKED_AGAIN = 10
"""How many of those are asked for at one tick."""


@router.on(Tick, name="reconciliation.reconcile")
def reconcile(context: Context, tick: Tick) -> None:
    """Statuses that were not heard of are taken in; what waits for checks is decided on again."""
    if tick.name != "reconcile":
        return
    unended = context.reads.unended()
    given_up = context.reads.given_up(tick.at - STILL_ASKED)
    try:
        heard = [
            news
            for one in [*(one for one in unended if one.busy), *_in_turn(given_up, tick, ASKED_AGAIN)]
            # What our own provider carries out nobody else can tell us of.
            if not is_ours(context, target_of(context, one), one)
            for news in unheard(context, one)
        ]
    except Unavailable as error:
        # Not postponed: the next tick asks the same, and what piled up would all be asked at once.
        log.warning("not reconciled", reason=str(error))
        return
    records = context.begin()
    for news in heard:
        # A status that was heard of and still not taken in is told again, so the key is this tick's own.
        records.put(news, f"status:{news.remote_id}:{news.status_id}:{records.cause}")
    reconsider(records, *_in_turn(_waiting(unended), tick, LOOKED_AT))


LOOKS_AGAIN = frozenset({Waiting.CHECKS, Waiting.REVIEW, Waiting.ORDER, Waiting.LOCK, Waiting.MERGE})


def _waiting(unended: Sequence[Deployment]) -> list[Deployment]:
    """Those that an event may have passed by; of a queue only the first can move."""
    first = {(one.app, one.environment): one.id for one in reversed(unended) if one.waits_for is Waiting.QUEUE}
    return [one for one in unended if one.waits_for in LOOKS_AGAIN or one.id == first.get((one.app, one.environment))]


def _in_turn(them: Sequence[Deployment], tick: Tick, at_once: int) -> Sequence[Deployment]:
    """All of them where they are few; of many so many at each tick that GitHub does not mind."""
    groups = max(1, -(-len(them) // at_once))
    turn = int(tick.at.timestamp() // EVERY.total_seconds())
    return them[turn % groups :: groups]


@router.on(Tick, name="reconciliation.retain")
def retain(context: Context, tick: Tick) -> None:
    if tick.name == "retain":
        context.begin().emit(ClearRecords(tick.at - context.settings.bot.kept_for))


@router.performs(ClearRecords)
def clear(context: Context, effect: ClearRecords) -> Iterable[Event]:
    context.archive.clear(effect.before)
    return []
