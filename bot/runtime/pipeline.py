"""A delivery's way through the bot: gather, decide, act. Nothing here knows how it is dispatched.

``decide`` turns a delivery into rows and effects, once. ``deliver`` does a lane's effects, in order. Both may be called
again at any time, by any thread, after any crash: what is done is not done again. Neither raises; what cannot be done
now is postponed in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from zlib import crc32

import structlog

from bot.adapters.storage.decisions import AlreadyDecided
from bot.adapters.storage.outbox import LaneGuard, PendingEffect
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
from bot.core.ports.transaction import Reads, Records
from bot.core.rich_text import Message
from bot.core.schedules import messages as schedule_messages
from bot.core.stored import stored_name
from bot.router import Handler, Router, Subscription
from bot.runtime import audit
from bot.runtime.commands import STALE_AFTER, Conversation
from bot.settings import Settings

log = structlog.get_logger(__name__)

Decode = Callable[[Delivery], Sequence[Event]]

COMMAND_TRIES = 8
"""A command that could not be decided after this many tries (about five minutes) is given up, and its person told; so
is one whose next try would come too late for it."""
EVENT_TRIES = 300
"""Webhooks are tried for about a day: reconciliation makes up for the rest. Tries that met refused credentials of the
bot's own do not count."""
REFUSED_PAUSE = timedelta(seconds=30)
"""The longest pause where those are refused: with what is added, and another's try that may be waited for, it goes on
within a minute of being accepted again."""


FAULT = "a fault of the bot's own"
FAULT_TRIES = 5
"""An effect that fails by a fault of ours is tried this often: another version may do better, a loop would not."""


def backoff(tries: int) -> timedelta:
    """1, 2, 4 … seconds, five minutes at most."""
    return timedelta(seconds=min(2 ** min(tries, 10), 300))


def pause_before(tries: int, error: Unavailable, key: str) -> timedelta:
    """How long to wait before the next try: at least as long as the other side asks, and ever longer.

    ``key`` spreads those who wait for the same over a quarter of the time: they must not all come at once.
    """
    asked = timedelta(seconds=error.retry_after or 0)
    if isinstance(error, NotYet):
        return max(asked, backoff(tries) / 5)
    if isinstance(error, NotAccepted):
        pause = asked or min(backoff(tries), REFUSED_PAUSE)
    else:
        pause = max(asked, backoff(tries))
    return pause * (1 + crc32(key.encode()) % 1000 / 4000) if pause > backoff(0) else pause


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
        self._conversation = Conversation(router, settings)
        self._lane_guard = LaneGuard()

    # --- gather and decide --------------------------------------------------------------------------------------

    def decide(self, delivery_id: str) -> list[str]:
        """Decide on a delivery; returns the lanes that have something to do because of it."""
        found = self.store.inbox.delivery(delivery_id)
        if found is None:
            return []
        delivery, handled_at, tries = found
        if handled_at is None:
            try:
                self._decide_all(delivery)
                self.store.inbox.handled(delivery_id)
            except Unavailable as error:
                self._postpone(delivery, tries, error)
            except ShipmateError as error:
                log.warning("delivery refused", delivery=delivery_id, name=delivery.name, reason=str(error))
                self.store.inbox.handled(delivery_id, str(error))
        return self.store.outbox.lanes_of(delivery_id)

    def _decide_all(self, delivery: Delivery) -> None:
        failures: list[ShipmateError] = []
        for n, event in enumerate(self._events_of(delivery)):
            if isinstance(event, CommandGiven):
                self._decide(delivery, f"{n}:command", event, self._conversation.answer)
                continue
            for listener in self._router.events.get(type(event), ()):
                try:
                    self._decide(delivery, f"{n}:handlers.{listener.name}", event, listener.handle)
                except Unavailable:
                    raise
                except ShipmateError as error:  # one feature's failure is no other feature's business
                    failures.append(error)
                    self._given_up(delivery, n, event, listener, error)
        if failures:
            raise failures[0]

    def _given_up(self, delivery: Delivery, n: int, event: Event, listener: Subscription, error: ShipmateError) -> None:
        """What becomes of an event that one feature could not decide on is that feature's decision."""
        if listener.given_up is None:
            return
        with suppress(AlreadyDecided), self.store.decisions.open(delivery.id, f"{n}:handlers.{listener.name}") as made:
            listener.given_up(self._context(delivery.id, made, origin=origin_of(event)), event, error)

    def _events_of(self, delivery: Delivery) -> Sequence[Event]:
        """What the delivery means. Raises Rejected where it cannot be read: nobody can do better at another time.

        What strangers may write into a payload must not come back for ever, so whatever goes wrong here ends it.
        """
        try:
            return self._decode(delivery)
        except ShipmateError:
            raise
        except Exception as error:
            raise Rejected(f"The {delivery.name} cannot be read: {type(error).__name__}.") from error

    def _decide(self, delivery: Delivery, name: str, event: Event, handler: Handler) -> None:
        if self.store.decisions.made(delivery.id, name):
            return
        asked: Context | None = None
        try:
            with self.store.decisions.open(delivery.id, name) as decision:
                context = asked = self._context(delivery.id, decision, origin=origin_of(event))
                answer = handler(context, event)
                if isinstance(event, CommandGiven):
                    audit.done(context)
                    if answer is not None:
                        context.begin().emit(Reply(delivery.id, event.place, answer))
        except AlreadyDecided:
            return
        except ShipmateError as error:
            if not isinstance(event, CommandGiven) or isinstance(error, Unavailable):
                raise
            self._tell(delivery.id, name, event, replies.refusal(error), asked)
        except Exception as error:  # a fault of ours must neither stop the bot nor stay unseen
            log.exception("handler failed", delivery=delivery.id, handler=name)
            if isinstance(event, CommandGiven):
                self._tell(delivery.id, name, event, replies.fault(delivery.id), asked)
                return
            raise Rejected(f"{name} failed: {type(error).__name__}") from error

    def _tell(
        self, delivery_id: str, name: str, event: CommandGiven, message: Message, asked: Context | None = None
    ) -> None:
        """The decision is a refusal: only the asker reads it. Who is not looking, as it was scheduled, is mentioned."""
        reply = Reply(delivery_id, event.place, message, only_to=event.person)
        if event.via == "schedule":
            told = schedule_messages.at_its_moment(event.person, event.text, message)
            reply = Reply(delivery_id, event.place, told, else_to=event.person)
        try:
            with self.store.decisions.open(delivery_id, name) as decision:
                records = decision.begin(None, None)
                if asked is not None:
                    audit.refused(records, asked, message)
                records.emit(reply)
        except AlreadyDecided:
            return

    def _postpone(self, delivery: Delivery, tries: int, error: Unavailable) -> None:
        """Whoever asked is told once that the other side does not answer, and again when it is given up."""
        command = next((event for event in self._events_of(delivery) if isinstance(event, CommandGiven)), None)
        delay = pause_before(tries, error, delivery.id)
        # What is scheduled has no moment from which on it is too late, so its tries count all the same.
        refused = isinstance(error, NotAccepted) and (command is None or command.said_at is not None)
        gives_up = not refused and tries >= (COMMAND_TRIES if command else EVENT_TRIES)
        self._report(error)
        if gives_up or self._too_late(command, delay):
            if command:
                self._tell(delivery.id, "given up", command, replies.given_up(error))
            log.error("delivery given up", delivery=delivery.id, name=delivery.name, reason=str(error))
            for n, event in enumerate(self._events_of(delivery)):
                for listener in self._router.events.get(type(event), ()):
                    self._given_up(delivery, n, event, listener, error)
            self.store.inbox.handled(delivery.id, str(error))
            return
        if command and not isinstance(error, Speechless):
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
            settings=self._settings,
            transactions=decision or Outside(self.store),
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
        except BaseException:
            self._lane_guard.drop(lane)
            raise

    def _act(self, pending: PendingEffect) -> PendingEffect | None:
        """Do one effect; the lane's next one, None where there is none or the lane has to wait."""
        kind = type(pending.effect)
        context = self._context(f"effect:{pending.id}", effect_id=pending.id, repeated=pending.attempted)
        try:
            follow_ups = list(self._router.effects[kind](context, pending.effect))
        except Unavailable as error:
            self._retry_later(pending, error)
            return None
        except ShipmateError as error:
            log.warning("effect given up", effect=stored_name(kind), lane=pending.lane, reason=str(error))
            return self.store.outbox.done(pending, self.owner, failure=str(error))
        except Exception:
            log.exception("effect failed", effect=stored_name(kind), lane=pending.lane)
            if pending.tries < FAULT_TRIES:
                self.store.outbox.later(pending, self.owner, backoff(pending.tries), FAULT, untouched=False)
                return None
            return self.store.outbox.done(pending, self.owner, failure=FAULT)
        return self.store.outbox.done(pending, self.owner, follow_ups)

    def _retry_later(self, pending: PendingEffect, error: Unavailable) -> None:
        delay = pause_before(pending.tries, error, pending.lane)
        if not isinstance(error, NotYet):
            log.warning("effect postponed", lane=pending.lane, seconds=delay.total_seconds(), reason=str(error))
        self._report(error)
        self.store.outbox.later(pending, self.owner, delay, str(error), untouched=not error.uncertain)


class Outside:
    """For performers: rows may be read, and written in small transactions of their own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, app: str | None, environment: str | None) -> Records:
        del app, environment
        raise RuntimeError("An effect does not decide; it returns the events that follow from it.")

    def reads(self) -> Reads:
        return self._store.reads()
