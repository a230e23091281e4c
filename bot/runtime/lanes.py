"""Effects are done lane by lane: in each lane in order, by one thread at a time, again after a failure."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars

from bot.adapters.storage.outbox import LaneGuard, Outbox, PendingEffect
from bot.adapters.storage.serialization import Unreadable
from bot.context import Context
from bot.core.effects import Effect
from bot.core.errors import NotYet, ShipmateError, Unavailable
from bot.core.ports.measures import UNMEASURED, Measures
from bot.router import Router
from bot.runtime.faults import described
from bot.runtime.naming import about
from bot.runtime.retries import FAULT_TRIES, FAULTY_LANE, backoff, pause_before

log = structlog.get_logger(__name__)

Surroundings = Callable[[PendingEffect], Context]


class Lanes:
    """At least once: what may have been done already is looked for by whoever performs it.

    ``owner`` is the id of this process's lease; ``report`` tells admins of refused credentials.
    """

    def __init__(
        self,
        outbox: Outbox,
        router: Router,
        owner: str,
        surroundings: Surroundings,
        report: Callable[[Unavailable], None],
        measures: Measures = UNMEASURED,
    ) -> None:
        self._outbox = outbox
        self._router = router
        self._owner = owner
        self._surroundings = surroundings
        self._report = report
        self._measures = measures
        self._guard = LaneGuard()

    def deliver(self, lane: str) -> None:
        """Do the lane's effects one after another, until it is empty or has to wait. One process at a time has it.

        Raises Unavailable where the database fails in the middle; then it is to be called again.
        """
        if not self._guard.take(lane):
            return
        try:
            going = True
            while going:
                pending = self._outbox.claim(lane, self._owner)
                while pending is not None:
                    pending = self._act(pending)
                going = self._guard.look_again(lane)
        except Exception as error:
            self._guard.drop(lane)
            if isinstance(error, Unavailable):
                raise
            log.exception("lane failed", lane=lane)
            self._outbox.put_off(lane, self._owner, FAULTY_LANE, described(error))
        except BaseException:
            self._guard.drop(lane)
            raise

    def _act(self, pending: PendingEffect) -> PendingEffect | None:
        """Do one effect; the lane's next one, None where there is none or the lane has to wait."""
        with bound_contextvars(delivery=pending.cause):
            return self._acted(pending)

    def _acted(self, pending: PendingEffect) -> PendingEffect | None:
        if pending.faults > FAULT_TRIES:  # whoever tried it has died of it each time
            return self._set_effect_aside(pending, "no attempt came to an end")
        try:
            effect = pending.effect
        except Unreadable as error:
            return self._effect_failed(pending, error)
        with bound_contextvars(**about(effect)):
            return self._tried(pending, effect)

    def _tried(self, pending: PendingEffect, effect: Effect) -> PendingEffect | None:
        try:
            follow_ups = list(self._router.effects[type(effect)](self._surroundings(pending), effect))
        except Unavailable as error:
            self._retry_later(pending, error)
            return None
        except Unreadable as error:
            return self._effect_failed(pending, error)
        except ShipmateError as error:
            log.warning("effect given up", effect=pending.id, lane=pending.lane, reason=str(error))
            self._measures.given_up("effect")
            return self._outbox.done(pending, self._owner, failure=str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours must neither stop the lane nor stay unseen
            return self._effect_failed(pending, error)
        try:
            return self._outbox.done(pending, self._owner, follow_ups)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - what follows from it may be what cannot be stored
            return self._effect_failed(pending, error)

    def _effect_failed(self, pending: PendingEffect, error: Exception) -> PendingEffect | None:
        """As with deliveries: the lane waits for another try, and goes on without the effect in the end."""
        log.error("effect failed", effect=pending.id, lane=pending.lane, faults=pending.faults + 1, exc_info=error)
        if pending.faults >= FAULT_TRIES:
            return self._set_effect_aside(pending, described(error))
        self._outbox.failed(pending, self._owner, backoff(pending.faults + 1), described(error))
        return None

    def _set_effect_aside(self, pending: PendingEffect, reason: str) -> PendingEffect | None:
        log.error("effect set aside", effect=pending.id, lane=pending.lane, reason=reason)
        return self._outbox.set_aside(pending, self._owner, reason)

    def _retry_later(self, pending: PendingEffect, error: Unavailable) -> None:
        delay = pause_before(pending.tries, error, pending.lane)
        if not isinstance(error, NotYet):
            told = {"lane": pending.lane, "seconds": delay.total_seconds(), "reason": str(error)}
            # That a deployment waits for a service is a part of its story; each further try is one of the outage's.
            begins = pending.tries == 0 and "deployment" in get_contextvars()
            log.warning("effect postponed", **told, **({} if begins else {"during": error.service}))
        self._report(error)
        self._outbox.later(pending, self._owner, delay, str(error), untouched=not error.uncertain)
