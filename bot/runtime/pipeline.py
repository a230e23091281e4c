"""A delivery's way through the bot: gather, decide, act. Nothing here knows how it is dispatched.

``decide`` turns a delivery into rows and effects, once. ``deliver`` does a lane's effects, in order. Both may be called
again at any time, by any thread, after any crash: what is done is not done again. What cannot be done now is postponed
in the database, and what fails by a fault of ours again and again is set aside there, so that nobody waits for it. They
raise Unavailable alone, where not even that can be written down: then they are to be called again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog
from structlog.contextvars import bound_contextvars

from bot.adapters.storage.decisions import AlreadyDecided, Decision, Outside
from bot.adapters.storage.outbox import PendingEffect
from bot.adapters.storage.serialization import Unreadable
from bot.adapters.storage.store import Store
from bot.context import Archive, Context, Transactions
from bot.core import replies
from bot.core.audit.model import ITSELF, Origin, origin_of
from bot.core.effects import Reply
from bot.core.errors import NotAccepted, NotYet, OurFault, Refused, Rejected, ShipmateError, Speechless, Unavailable
from bot.core.events import Event, Joinable
from bot.core.events.external import CommandGiven
from bot.core.freezes.windows import CronLines
from bot.core.modals.model import Option
from bot.core.outages import model as outages
from bot.core.ports.chat import Chat, Clock, Delivery, ReadsTimes
from bot.core.ports.forge import Forge
from bot.core.ports.measures import UNMEASURED, Measures
from bot.core.ports.pages import NO_PAGES, Pages
from bot.core.rich_text import Message
from bot.core.schedules import messages as schedule_messages
from bot.router import Handler, Router, Subscription
from bot.runtime import audit
from bot.runtime.commands import STALE_AFTER, Conversation, answered, unseen
from bot.runtime.decoder import Decode
from bot.runtime.faults import Fault, described
from bot.runtime.lanes import Lanes
from bot.runtime.naming import about
from bot.runtime.retries import COMMAND_TRIES, EVENT_TRIES, FAULT_TRIES, backoff, pause_before
from bot.services import authorization, forms
from bot.services.deploy_request import ANSWERED_AT_AN_ADDRESS
from bot.services.reading import as_read
from bot.settings.current import InUse

log = structlog.get_logger(__name__)

OUR_FAULT = OurFault("I failed at it by a fault of my own; whoever runs me finds it with python -m bot check.")


class Pipeline:
    """The parts that a delivery passes, put together.

    ``owner`` is the id of this process's lease; ``sooner`` lets a lane be delivered while more is being decided on.
    """

    def __init__(
        self,
        *,
        store: Store,
        router: Router,
        settings: InUse,
        forge: Forge,
        chat: Chat,
        clock: Clock,
        times: ReadsTimes,
        cron: CronLines,
        decode: Decode,
        archive: Archive,
        owner: str,
        measures: Measures = UNMEASURED,
        pages: Pages = NO_PAGES,
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
        self._measures = measures
        self._pages = pages
        conversation = Conversation(router)
        self._commands = Subscription("command", conversation.answer)
        self._seen = Subscription("seen", conversation.see)
        self.sooner: Callable[[str], None] = lambda _: None
        self._lanes = Lanes(store.outbox, router, owner, self._around, self._report, measures)

    # --- gather and decide --------------------------------------------------------------------------------------

    def decide(self, delivery_id: str, joined: Sequence[str] = ()) -> list[str]:
        """Decide on a delivery; returns the lanes that have something to do because of it.

        Others of its subject are ``joined`` with it: decided on together, or let go of, to be decided on one by one.
        """
        with bound_contextvars(delivery=delivery_id):
            return self._decided(delivery_id, joined)

    def _decided(self, delivery_id: str, joined: Sequence[str]) -> list[str]:
        lanes: list[str] | None = None
        try:
            lanes = self._attempt(delivery_id, joined)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not come back for ever, nor be forgotten
            self._failed(delivery_id, error)
        if lanes is None:
            self.store.inbox.let_go(joined)
            return self.store.outbox.lanes_of(delivery_id)
        return lanes

    def _attempt(self, delivery_id: str, joined: Sequence[str]) -> list[str] | None:
        """The lanes, where this attempt was the only one and went well."""
        found = self.store.inbox.delivery(delivery_id)
        if found is None or found[1] is not None:
            return None
        delivery, _, tries, attempts = found
        if tries > FAULT_TRIES and self.store.inbox.faults(delivery_id) > FAULT_TRIES:
            # Whoever tried to write down what came of it has died of it each time.
            self._set_aside(delivery_id, "no attempt came to an end")
            return None
        try:
            if attempts:
                self._decide_all(delivery, self._events_of(delivery), self.store.decisions.made(delivery_id))
            elif joined:
                return self._decide_together(delivery, joined)
            else:
                return self._decide_all(delivery, self._events_of(delivery))
        except Unavailable as error:
            self._postpone(delivery, tries, error, attempts)
        except Unreadable:
            raise
        except ShipmateError as error:
            log.warning("delivery refused", delivery=delivery_id, name=delivery.name, reason=str(error))
            self._measures.given_up("delivery")
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

    def _decide_together(self, delivery: Delivery, joined: Sequence[str]) -> list[str]:
        """What is of one subject is one event; what is not, or cannot be read, is let go of."""
        events, found = self._events_of(delivery), []
        for other in self.store.inbox.unhandled(joined):
            with suppress(ShipmateError):
                match events, self._events_of(other):
                    case [Joinable() as event], [Joinable() as more] if more.subject == event.subject:
                        events = [event.joined_by(more)]
                        found.append(other.id)
        lanes = self._decide_all(delivery, events, joined=found)
        self.store.inbox.let_go(joined)  # whichever is not handled with it
        return lanes

    def _decide_all(
        self,
        delivery: Delivery,
        events: Sequence[Event],
        made: frozenset[str] = frozenset(),
        joined: Sequence[str] = (),
    ) -> list[str]:
        """All decisions that are not made yet; with the last one the delivery is handled, as is what is joined."""
        open_ = [one for one in self._decisions_on(events) if one[0] not in made]
        failures: list[Exception] = []
        lanes: dict[str, None] = {}
        ended = False
        for n, (name, event, listener) in enumerate(open_, 1):
            try:
                last = n == len(open_) and not failures
                with bound_contextvars(**about(event)):
                    decision = self._decide(delivery, name, event, listener.handle, ends=last, joined=joined)
                if decision is None:
                    joined = ()  # somebody else was faster, and has decided on this one alone
                elif decision.records is not None:
                    lanes |= decision.records.lanes
                    ended = decision.ends
                    for lane in decision.records.lanes if not last else ():
                        self.sooner(lane)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one feature's failure is no other feature's business
                if isinstance(error, ShipmateError):
                    self._given_up(delivery.id, name, event, listener, error)
                if not (isinstance(error, Refused) and listener.given_up):  # else that is the answer
                    failures.append(error)
        if failures:
            # A fault first: what the world refuses for good is over, a fault is tried again.
            raise min(failures, key=lambda one: isinstance(one, ShipmateError))
        if not ended:
            self.store.inbox.handled(delivery.id, joined=joined)
        return list(lanes)

    def _decisions_on(self, events: Sequence[Event]) -> Iterator[tuple[str, Event, Subscription]]:
        for n, event in enumerate(events):
            if isinstance(event, CommandGiven):
                if event.place.message is not None and event.via not in ANSWERED_AT_AN_ADDRESS:
                    yield f"{n}:seen", event, self._seen
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

    def _decide(
        self, delivery: Delivery, name: str, event: Event, handler: Handler, *, ends: bool, joined: Sequence[str]
    ) -> Decision | None:
        """The decision, where it was made here and now; a command that is refused is told so by one of its own."""
        asked: Context | None = None
        try:
            with self.store.decisions.open(delivery.id, name, ends=ends, joined=joined) as decision:
                context = asked = self._context(delivery.id, decision, origin=origin_of(event))
                answer = handler(context, event)
                if isinstance(event, CommandGiven):
                    audit.done(context)
                    if answer is not None:
                        context.begin().emit(answered(delivery.id, event, context, answer))
                    if context.command is not None and (over := unseen(event, context)) is not None:
                        context.begin().emit(over)
            return decision
        except AlreadyDecided:
            return None
        except ShipmateError as error:
            if not isinstance(event, CommandGiven) or isinstance(error, Unavailable):
                raise
            refusal = replies.refusal(error)
            told = as_read(asked, refusal) if asked is not None else refusal
            return self._tell(delivery.id, name, event, told, asked, ends=ends)
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
                if name.endswith(":command") and not records.audit.rows:
                    log.info("refused", by=event.person, via=event.via, channel=event.place.channel)
                if name.endswith((":command", "given up", "set aside")) and (over := unseen(event, asked)) is not None:
                    records.emit(over)
        except AlreadyDecided:
            return None
        return decision

    def _postpone(self, delivery: Delivery, tries: int, error: Unavailable, attempts: int) -> None:
        """Whoever asked is told once that the other side does not answer, and again when it is given up.

        Of the ``attempts`` before only ``tries`` count: not those that met refused credentials.
        """
        events = self._events_of(delivery)
        commands = [event for event in events if isinstance(event, CommandGiven)]
        command = next(iter(commands), None)
        delay = pause_before(attempts if isinstance(error, NotAccepted) else tries, error, delivery.id)
        # What is scheduled has no moment from which on it is too late, so its tries count all the same.
        refused = isinstance(error, NotAccepted) and (command is None or command.said_at is not None)
        gives_up = not refused and tries >= (COMMAND_TRIES if command else EVENT_TRIES)
        self._report(error)
        if gives_up or self._too_late(command, delay):
            if command:
                log.error("command given up", delivery=delivery.id, reason=str(error))
                self._measures.given_up("delivery")
                self._tell(delivery.id, "given up", command, replies.given_up(error, one_of_several=len(commands) > 1))
                self.store.inbox.handled(delivery.id, str(error))
            else:
                self._set_aside(delivery.id, str(error), error)
            return
        if command and not isinstance(error, Speechless | NotYet):
            self._tell(delivery.id, "postponed", command, replies.postponed(error))
        self._tell_of_wait(delivery, events, delay, error, first=attempts == 0)
        self.store.inbox.postpone(delivery.id, delay, str(error), refused=refused)

    def _tell_of_wait(
        self, delivery: Delivery, events: Sequence[Event], delay: timedelta, error: Unavailable, *, first: bool
    ) -> None:
        """That a command or a deployment waits for a service is a part of its story; all else is the outage's."""
        number = next((found for event in events if (found := about(event))), {})
        story = first and (number or any(isinstance(event, CommandGiven) for event in events))
        told = {"delivery": delivery.id, "seconds": delay.total_seconds(), "reason": str(error), **number}
        log.warning("delivery postponed", **told, **({} if story else {"during": error.service}))

    def _report(self, error: Unavailable) -> None:
        """Admins hear of refused credentials, by way of an event."""
        if isinstance(error, NotAccepted):
            outages.report(self.store.reads(), self.store.inbox.put_event, error)

    def _too_late(self, command: CommandGiven | None, delay: timedelta) -> bool:
        return bool(command and command.said_at and self._clock.now() + delay > command.said_at + STALE_AFTER)

    def suggestions(self, person: str, app: str, typed: str) -> Sequence[Option]:
        """What somebody may mean who has typed the beginning of a ref of the app; asked outside of any decision."""
        context = self._context(f"suggestions:{person}")
        context.person = authorization.person_of(context, person)
        return () if context.person.outsider else forms.suggestions(context, app, typed)

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
            settings=self._settings().as_called(self.store.repositories.all()),
            transactions=decision or Outside(self.store.database),
            parents=self.store.parents,
            identities=self.store.people,
            notices=self.store.notices,
            publications=self.store.publications,
            boards=self.store.boards,
            archive=self._archive,
            times=self._times,
            cron=self._cron,
            _forge=self._forge,
            _chat=self._chat,
            effect_id=effect_id,
            origin=origin,
            repeated=repeated,
            pages=self._pages,
        )

    # --- act ----------------------------------------------------------------------------------------------------

    def deliver(self, lane: str) -> None:
        """Do the lane's effects in order, until it is empty or has to wait. Raises Unavailable: call it again then."""
        self._lanes.deliver(lane)

    def _around(self, pending: PendingEffect) -> Context:
        return self._context(f"effect:{pending.id}", effect_id=pending.id, repeated=pending.attempted)
