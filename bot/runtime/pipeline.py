"""A delivery's way through the bot: gather, decide, act. Nothing here knows how it is dispatched.

``decide`` turns a delivery into rows and effects, once. ``deliver`` does a lane's effects, in order. Both may be called
again at any time, by any thread, after any crash: what is done is not done again. What cannot be done now is postponed
in the database, and what fails by a fault of ours again and again is set aside there, so that nobody waits for it. They
raise Unavailable alone, where not even that can be written down: then they are to be called again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from bot.adapters.storage.decisions import AlreadyDecided, Decision, Outside
from bot.adapters.storage.outbox import LaneGuard, PendingEffect
from bot.adapters.storage.serialization import Unreadable
from bot.adapters.storage.store import Store
from bot.context import Archive, Context, Transactions
from bot.core import replies
from bot.core.audit.model import ITSELF, Origin, origin_of
from bot.core.effects import Reply
from bot.core.errors import NotAccepted, NotYet, Rejected, ShipmateError, Speechless, Unavailable
from bot.core.events import Event
from bot.core.events.external import CommandGiven
from bot.core.freezes.windows import CronLines
from bot.core.outages import model as outages
from bot.core.ports.chat import Chat, Clock, Delivery, ReadsTimes
from bot.core.ports.forge import Forge
from bot.core.rich_text import Message
from bot.core.schedules import messages as schedule_messages
from bot.router import Handler, Router, Subscription
from bot.runtime import audit
from bot.runtime.commands import STALE_AFTER, Conversation, answered
from bot.runtime.decoder import Decode
from bot.runtime.retries import COMMAND_TRIES, EVENT_TRIES, FAULT_TRIES, FAULTY_LANE, backoff, pause_before
from bot.settings import Settings

log = structlog.get_logger(__name__)

OUR_FAULT = Rejected("I failed at it by a fault of my own; whoever runs me finds it with python -m bot check.")


class Pipeline:
    """The parts that a delivery passes, put together. ``owner`` is the id of this process's lease."""

    def __init__(
        self,
        *,
        store: Store,
        router: Router,
        settings: Settings,
        forge: Forge,
        chat: Chat,
        clock: Clock,
        times: ReadsTimes,
        cron: CronLines,
        decode: Decode,
        archive: Archive,
        owner: str,
    ) -> None:
        self.store = store
        self.owner = owner
        self._router = router
        self._settings = settings
        self._forge = forge
        self._chat = chat
        self._clock = clock
        self._times = times
        self._cron = cron
        self._decode = decode
        self._archive = archive
        self._commands = Subscription("command", Conversation(router, settings).answer)
        self._lane_guard = LaneGuard()

    # --- gather and decide --------------------------------------------------------------------------------------

    def decide(self, delivery_id: str) -> list[str]:
        """Decide on a delivery; returns the lanes that have something to do because of it."""
        lanes: list[str] | None = None
        try:
            lanes = self._attempt(delivery_id)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not come back for ever, nor be forgotten
            self._failed(delivery_id, error)
        return self.store.outbox.lanes_of(delivery_id) if lanes is None else lanes

    def _attempt(self, delivery_id: str) -> list[str] | None:
        """The lanes, where this attempt was the only one and went well."""
        found = self.store.inbox.delivery(delivery_id)
        if found is None or found[1] is not None:
            return None
        delivery, _, tries, first = found
        if tries > FAULT_TRIES and self.store.inbox.faults(delivery_id) > FAULT_TRIES:
            # Whoever tried to write down what came of it has died of it each time.
            self._set_aside(delivery_id, "no attempt came to an end")
            return None
        try:
            lanes = self._decide_all(delivery, frozenset() if first else self.store.decisions.made(delivery_id))
            return lanes if first else None
        except Unavailable as error:
            self._postpone(delivery, tries, error)
        except Unreadable:
            raise
        except ShipmateError as error:
            log.warning("delivery refused", delivery=delivery_id, name=delivery.name, reason=str(error))
            self.store.inbox.handled(delivery_id, str(error))
        return None

    def _failed(self, delivery_id: str, error: Exception) -> None:
        """A fault of ours, or what another version has stored: tried again, and set aside in the end."""
        faults = self.store.inbox.count_fault(delivery_id)
        trace = None if isinstance(error, Fault | Unreadable) else error
        log.error("delivery failed", delivery=delivery_id, faults=faults, reason=described(error), exc_info=trace)
        if faults > FAULT_TRIES:
            self._set_aside(delivery_id, described(error))
        else:
            self.store.inbox.postpone(delivery_id, backoff(faults), described(error))

    def _set_aside(self, delivery_id: str, reason: str, error: ShipmateError = OUR_FAULT) -> None:
        """Whoever it concerns is told, if that can be told."""
        log.error("delivery set aside", delivery=delivery_id, reason=reason)
        try:
            found = self.store.inbox.delivery(delivery_id)
            made = self.store.decisions.made(delivery_id)
            for n, event in enumerate(self._events_of(found[0]) if found else ()):
                if isinstance(event, CommandGiven):
                    self._tell(delivery_id, "set aside", event, replies.fault(delivery_id))
                for listener in self._router.events.get(type(event), ()):
                    if f"{n}:handlers.{listener.name}" not in made:
                        # Under a name of its own, so that it is decided on all the same when it is tried again.
                        self._given_up(delivery_id, f"{n}:given up:{listener.name}", event, listener, error)
        except Unavailable:
            raise
        except Exception:
            log.exception("nobody can be told of it", delivery=delivery_id)
        self.store.inbox.set_aside(delivery_id, reason)

    def _decide_all(self, delivery: Delivery, made: frozenset[str]) -> list[str]:
        """All decisions on the delivery that are not made yet; with the last one it is handled."""
        open_ = [one for one in self._decisions_on(delivery) if one[0] not in made]
        failures: list[Exception] = []
        lanes: dict[str, None] = {}
        ended = False
        for n, (name, event, listener) in enumerate(open_, 1):
            try:
                decision = self._decide(delivery, name, event, listener.handle, ends=n == len(open_) and not failures)
                if decision is not None and decision.records is not None:
                    lanes |= decision.records.lanes
                    ended = decision.ends
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one feature's failure is no other feature's business
                failures.append(error)
                if isinstance(error, ShipmateError):
                    self._given_up(delivery.id, name, event, listener, error)
        if failures:
            # A fault first: what the world refuses for good is over, a fault is tried again.
            raise min(failures, key=lambda one: isinstance(one, ShipmateError))
        if not ended:
            self.store.inbox.handled(delivery.id)
        return list(lanes)

    def _decisions_on(self, delivery: Delivery) -> Iterator[tuple[str, Event, Subscription]]:
        for n, event in enumerate(self._events_of(delivery)):
            if isinstance(event, CommandGiven):
                yield f"{n}:command", event, self._commands
            for listener in self._router.events.get(type(event), ()):
                yield f"{n}:handlers.{listener.name}", event, listener

    def _given_up(
        self, delivery_id: str, name: str, event: Event, listener: Subscription, error: ShipmateError
    ) -> None:
        """What becomes of an event that one feature could not decide on is that feature's decision."""
        if listener.given_up is None:
            return
        with suppress(AlreadyDecided), self.store.decisions.open(delivery_id, name) as decision:
            listener.given_up(self._context(delivery_id, decision, origin=origin_of(event)), event, error)

    def _events_of(self, delivery: Delivery) -> Sequence[Event]:
        """What the delivery means. Raises Rejected where it cannot be read: nobody can do better at another time.

        What strangers may write into a payload must not come back for ever, so whatever goes wrong here ends it. What
        the bot has stored itself is another matter, Unreadable: the version that wrote it knows it.
        """
        try:
            return self._decode(delivery)
        except ShipmateError:
            raise
        except Exception as error:
            kind = Rejected if delivery.source == "github" else Unreadable
            raise kind(f"The {delivery.name} cannot be read: {type(error).__name__}.") from error

    def _decide(self, delivery: Delivery, name: str, event: Event, handler: Handler, *, ends: bool) -> Decision | None:
        """The decision, where it was made here and now; a command that is refused is told so by one of its own."""
        asked: Context | None = None
        try:
            with self.store.decisions.open(delivery.id, name, ends=ends) as decision:
                context = asked = self._context(delivery.id, decision, origin=origin_of(event))
                answer = handler(context, event)
                if isinstance(event, CommandGiven):
                    audit.done(context)
                    if answer is not None:
                        context.begin().emit(answered(delivery.id, event, context, answer))
            return decision
        except AlreadyDecided:
            return None
        except ShipmateError as error:
            if not isinstance(event, CommandGiven) or isinstance(error, Unavailable):
                raise
            return self._tell(delivery.id, name, event, replies.refusal(error), asked, ends=ends)
        except Exception as error:  # a fault of ours must neither stop the bot nor stay unseen
            log.exception("handler failed", delivery=delivery.id, handler=name)
            if not isinstance(event, CommandGiven):
                raise Fault(f"{name} failed: {described(error)}") from error
            return self._tell(delivery.id, name, event, replies.fault(delivery.id), asked, ends=ends)

    def _tell(
        self,
        delivery_id: str,
        name: str,
        event: CommandGiven,
        message: Message,
        asked: Context | None = None,
        *,
        ends: bool = False,
    ) -> Decision | None:
        """The decision is a refusal: only the asker reads it. Who is not looking, as it was scheduled, is mentioned."""
        # Nobody can whisper to a machine, and who looks after it may be reading.
        reply = Reply(delivery_id, event.place, message, only_to=None if event.machine else event.person)
        if event.via == "schedule":
            told = schedule_messages.at_its_moment(event.person, event.text, message)
            reply = Reply(delivery_id, event.place, told, else_to=event.person)
        try:
            with self.store.decisions.open(delivery_id, name, ends=ends) as decision:
                records = decision.begin(None, None)
                if asked is not None:
                    audit.refused(records, asked, message)
                records.emit(reply)
        except AlreadyDecided:
            return None
        return decision

    def _postpone(self, delivery: Delivery, tries: int, error: Unavailable) -> None:
        """Whoever asked is told once that the other side does not answer, and again when it is given up."""
        command = _command_in(self._events_of(delivery))
        delay = pause_before(tries, error, delivery.id)
        # What is scheduled has no moment from which on it is too late, so its tries count all the same.
        refused = isinstance(error, NotAccepted) and (command is None or command.said_at is not None)
        gives_up = not refused and tries >= (COMMAND_TRIES if command else EVENT_TRIES)
        self._report(error)
        if gives_up or self._too_late(command, delay):
            if command:
                log.error("command given up", delivery=delivery.id, reason=str(error))
                self._tell(delivery.id, "given up", command, replies.given_up(error))
                self.store.inbox.handled(delivery.id, str(error))
            else:
                self._set_aside(delivery.id, str(error), error)
            return
        if command and not isinstance(error, Speechless | NotYet):
            self._tell(delivery.id, "postponed", command, replies.postponed(error))
        log.warning("delivery postponed", delivery=delivery.id, seconds=delay.total_seconds(), reason=str(error))
        self.store.inbox.postpone(delivery.id, delay, str(error), refused=refused)

    def _report(self, error: Unavailable) -> None:
        """Admins hear of refused credentials, by way of an event."""
        if isinstance(error, NotAccepted):
            outages.report(self.store.reads(), self.store.inbox.put_event, error)

    def _too_late(self, command: CommandGiven | None, delay: timedelta) -> bool:
        return bool(command and command.said_at and self._clock.now() + delay > command.said_at + STALE_AFTER)

    def _context(
        self,
        event_id: str,
        decision: Transactions | None = None,
        *,
        effect_id: int = 0,
        repeated: bool = False,
        origin: Origin = ITSELF,
    ) -> Context:
        return Context(
            event_id=event_id,
            now=self._clock.now(),
            settings=self._settings.as_called(self.store.repositories.all()),
            transactions=decision or Outside(self.store.database),
            parents=self.store.parents,
            identities=self.store.people,
            archive=self._archive,
            times=self._times,
            cron=self._cron,
            _forge=self._forge,
            _chat=self._chat,
            effect_id=effect_id,
            origin=origin,
            repeated=repeated,
        )

    # --- act ----------------------------------------------------------------------------------------------------

    def deliver(self, lane: str) -> None:
        """Do the lane's effects one after another, until it is empty or has to wait. One process at a time has it.

        Raises Unavailable where the database fails in the middle; then it is to be called again.
        """
        if not self._lane_guard.take(lane):
            return
        try:
            going = True
            while going:
                pending = self.store.outbox.claim(lane, self.owner)
                while pending is not None:
                    pending = self._act(pending)
                going = self._lane_guard.look_again(lane)
        except Exception as error:
            self._lane_guard.drop(lane)
            if isinstance(error, Unavailable):
                raise
            log.exception("lane failed", lane=lane)
            self.store.outbox.put_off(lane, self.owner, FAULTY_LANE, described(error))
        except BaseException:
            self._lane_guard.drop(lane)
            raise

    def _act(self, pending: PendingEffect) -> PendingEffect | None:
        """Do one effect; the lane's next one, None where there is none or the lane has to wait."""
        if pending.faults > FAULT_TRIES:  # whoever tried it has died of it each time
            return self._set_effect_aside(pending, "no attempt came to an end")
        try:
            follow_ups = self._performed(pending)
        except Unavailable as error:
            self._retry_later(pending, error)
            return None
        except Unreadable as error:
            return self._effect_failed(pending, error)
        except ShipmateError as error:
            log.warning("effect given up", effect=pending.id, lane=pending.lane, reason=str(error))
            return self.store.outbox.done(pending, self.owner, failure=str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours must neither stop the lane nor stay unseen
            return self._effect_failed(pending, error)
        try:
            return self.store.outbox.done(pending, self.owner, follow_ups)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - what follows from it may be what cannot be stored
            return self._effect_failed(pending, error)

    def _performed(self, pending: PendingEffect) -> Sequence[Event]:
        effect = pending.effect
        context = self._context(f"effect:{pending.id}", effect_id=pending.id, repeated=pending.attempted)
        return list(self._router.effects[type(effect)](context, effect))

    def _effect_failed(self, pending: PendingEffect, error: Exception) -> PendingEffect | None:
        """As with deliveries: the lane waits for another try, and goes on without the effect in the end."""
        log.error("effect failed", effect=pending.id, lane=pending.lane, faults=pending.faults + 1, exc_info=error)
        if pending.faults >= FAULT_TRIES:
            return self._set_effect_aside(pending, described(error))
        self.store.outbox.failed(pending, self.owner, backoff(pending.faults + 1), described(error))
        return None

    def _set_effect_aside(self, pending: PendingEffect, reason: str) -> PendingEffect | None:
        log.error("effect set aside", effect=pending.id, lane=pending.lane, reason=reason)
        return self.store.outbox.set_aside(pending, self.owner, reason)

    def _retry_later(self, pending: PendingEffect, error: Unavailable) -> None:
        delay = pause_before(pending.tries, error, pending.lane)
        if not isinstance(error, NotYet):
            log.warning("effect postponed", lane=pending.lane, seconds=delay.total_seconds(), reason=str(error))
        self._report(error)
        self.store.outbox.later(pending, self.owner, delay, str(error), untouched=not error.uncertain)


class Fault(Exception):
    """A handler failed in a way that it should not."""


def described(error: Exception) -> str:
    """What went wrong, in one line, for whoever runs the bot."""
    said = str(error).strip().partition("\n")[0][:300]
    if isinstance(error, ShipmateError | Fault):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _command_in(events: Sequence[Event]) -> CommandGiven | None:
    return next((event for event in events if isinstance(event, CommandGiven)), None)
