"""Sends the events of outgoing webhooks: at least once, one after another for each receiver, a thread each.

They go past the lanes on purpose: a receiver that is slow or down must hold up nobody, neither Slack nor GitHub nor
other receivers; and of however many events wait for it only the next one is ever in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from traceback import extract_tb

import structlog

from bot.adapters.storage.clock import seconds_passed
from bot.adapters.storage.store import Store
from bot.core.errors import Unavailable
from bot.core.outgoing_webhooks import retries
from bot.core.outgoing_webhooks.model import Answer, PendingEvent, PostsEvents, Receiver
from bot.core.ports.chat import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY = 5.0
"""Seconds until a receiver's events are looked at without being told to: other processes decide too."""
SETTLE_EVERY = 60.0
"""Seconds between two looks at which receivers there are by the settings."""
AGAIN = 2.0
"""Seconds between two tries while the database does not answer."""


class WebhookSender:
    """``owner`` is the id of this process's lease; ``before_send`` raises Unavailable where others may have taken over.

    ``receivers`` are those in the settings as they are now.
    """

    def __init__(
        self,
        store: Store,
        receivers: Callable[[], Sequence[Receiver]],
        client: PostsEvents,
        clock: Clock,
        owner: str,
        before_send: Callable[[], None] = lambda: None,
    ) -> None:
        self.receivers = receivers
        self._events = store.events
        self._client = client
        self._clock = clock
        self._owner = owner
        self._before_send = before_send

    def now(self) -> datetime:
        return self._clock.now()

    def settle(self) -> None:
        """Say who there is by the settings, and drop what waits for all others. Raises Unavailable."""
        there = self.receivers()
        if there:
            self._events.has(there)
        for name, count in self._events.forget([one.id for one in there], self._owner):
            log.warning("webhook dropped, as the settings have it no more", receiver=name, events=count)

    def next_due(self, receiver: Receiver) -> datetime | None:
        """When the next of its events may be sent, None where there is none. Raises Unavailable."""
        return self._events.next_due(receiver.id) if receiver.key is not None else None

    def send_due(self, receiver: Receiver, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Send what is due, until nothing is or the receiver is to be left in peace; whether anything was sent.

        Nothing where another process is at it. Raises Unavailable.
        """
        due = self.next_due(receiver)
        if due is None or due > self._clock.now() or not self._events.claim(receiver.id, self._owner):
            return False
        sent = False
        try:
            while not stopping() and (event := self._events.first(receiver.id)) is not None:
                self._before_send()
                self._send(receiver, event)
                sent = True
        finally:
            self._events.release(receiver.id, self._owner)
        return sent

    def _send(self, receiver: Receiver, event: PendingEvent) -> None:
        answer = self._answer(receiver, event)
        about: dict[str, object] = {"receiver": receiver.name, "told": event.name, "delivery": event.delivery}
        about["deployment"] = event.deployment_id
        if answer.taken:
            self._events.sent(event)
            if event.failing_since is not None:
                log.info("webhook taken again", **about)
            return
        failure = retries.failed(event, answer, self._clock.now())
        given_up = self._events.failed(event, receiver.name, answer, failure)
        log.warning("webhook not taken", tries=event.tries + 1, reason=answer.reason, **about)
        if given_up:
            log.error("webhooks given up", receiver=receiver.name, events=given_up, reason=answer.reason)

    def _answer(self, receiver: Receiver, event: PendingEvent) -> Answer:
        try:
            return self._client.post(receiver, event, self._clock.now())
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours must neither stop the others nor stay unseen
            # Not with all that it says: there may be an address in it, which may be secret.
            frame, fault = extract_tb(error.__traceback__)[-1], type(error).__name__
            where = f"{frame.filename}:{frame.lineno}"
            log.error("webhook failed", receiver=receiver.name, delivery=event.delivery, fault=fault, where=where)
            return Answer(taken=False, reason=f"It could not be sent by a fault of the bot's own: {fault}.")


class WebhookThreads:
    """A thread for each receiver of the settings, and one that sees to it that there is. ``stop`` ends them."""

    def __init__(self, sender: WebhookSender) -> None:
        self._sender = sender
        self._changed = threading.Condition()
        self._news = 0
        self._stopping = False
        self._threads: dict[str, threading.Thread] = {}
        self._settling = threading.Thread(target=self._settle_for_ever, name="webhooks", daemon=True)

    def start(self) -> None:
        self._settling.start()

    def nudge(self) -> None:
        """There are new events."""
        with self._changed:
            self._news += 1
            self._changed.notify_all()

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and wait so long for what is on its way. What is cut off is sent again by whoever comes
        after."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        until = seconds_passed() + seconds
        for thread in (self._settling, *tuple(self._threads.values())):
            if thread.is_alive():
                thread.join(max(0.0, until - seconds_passed()))

    def _settle_for_ever(self) -> None:
        while not self._stopping:
            try:
                self._sender.settle()
                for receiver in self._sender.receivers():
                    self._look_after(receiver)
                self._wait(SETTLE_EVERY, None)
            except Unavailable:
                self._wait(AGAIN, None)
            except Exception:
                log.exception("the receivers of webhooks cannot be looked at")
                self._wait(SETTLE_EVERY, None)

    def _look_after(self, receiver: Receiver) -> None:
        thread = self._threads.get(receiver.id)
        if thread is None or not thread.is_alive():
            name = f"webhooks to {receiver.name}"
            self._threads[receiver.id] = thread = threading.Thread(
                target=self._send_for_ever, args=(receiver.id,), name=name, daemon=True
            )
            thread.start()

    def _send_for_ever(self, receiver_id: str) -> None:
        """Until the settings have it no more."""
        while not self._stopping:
            seen = self._news
            receiver = next((one for one in self._sender.receivers() if one.id == receiver_id), None)
            if receiver is None:
                return
            try:
                self._sender.send_due(receiver, lambda: self._stopping)
                self._wait(self._until_due(receiver), seen)
            except Unavailable:
                self._wait(AGAIN, None)
            except Exception:
                log.exception("webhooks cannot be sent", receiver=receiver.name)
                self._wait(SETTLE_EVERY, None)

    def _until_due(self, receiver: Receiver) -> float:
        due = self._sender.next_due(receiver)
        if due is None:
            return LOOK_EVERY
        return min(max((due - self._sender.now()).total_seconds(), 0.05), LOOK_EVERY)

    def _wait(self, seconds: float, seen: int | None) -> None:
        """So long, or until this ends; with ``seen`` also until there is more than was seen."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or (seen is not None and self._news != seen), timeout=seconds)
