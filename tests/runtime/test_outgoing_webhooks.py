"""The threads that send webhooks: one for each receiver, none for what waits, and nobody waits for anybody else's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.errors import Unavailable
from bot.core.outgoing_webhooks.model import Answer, PendingEvent, Receiver
from bot.runtime.outgoing_webhooks import WebhookSender, WebhookThreads
from tests.databases import migrate
from tests.patience import PATIENCE

FAST = Receiver("fast", "fast.example", "https://fast.example", key="k")
SLOW = Receiver("slow", "slow.example", "https://slow.example", key="k")
UNSIGNED = Receiver("unsigned", "unsigned.example", "https://unsigned.example", key=None)


@dataclass
class Post:
    """Receivers in memory: each event is answered by ``answer``, and noted."""

    answer: Callable[[Receiver, PendingEvent], Answer] = lambda receiver, event: Answer(taken=True)
    posted: list[tuple[str, int]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def post(self, receiver: Receiver, event: PendingEvent, now: datetime) -> Answer:
        with self.changed:
            self.posted.append((receiver.id, event.deployment_id))
            self.changed.notify_all()
        return self.answer(receiver, event)

    def wait_for(self, predicate: Callable[[], bool]) -> bool:
        with self.changed:
            return self.changed.wait_for(predicate, PATIENCE)

    def to(self, receiver: Receiver) -> list[int]:
        return [number for name, number in self.posted if name == receiver.id]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'events.db'}")
    migrate(engine)
    yield Store(engine, SystemClock())
    engine.dispose()


def waits(store: Store, receiver: Receiver, *deployments: int) -> None:
    """Events of these deployments wait, in this order."""
    now = store.database.clock.now()
    store.events.has([receiver])
    rows = [
        {
            "receiver": receiver.id,
            "delivery": f"{receiver.id}-{n}",
            "deployment_id": number,
            "name": "deployment.running",
            "deployment": "{}",
            "created_at": now,
            "due_at": now,
            "tries": 0,
            "reason": "",
        }
        for n, number in enumerate(deployments)
    ]
    with store.database.writing() as connection:
        connection.execute(sa.insert(tables.webhook_events), rows)


@contextmanager
def sending(store: Store, post: Post, receivers: Sequence[Receiver]) -> Iterator[WebhookThreads]:
    sender = WebhookSender(store, lambda: receivers, post, store.database.clock, "me")
    threads = WebhookThreads(sender)
    threads.start()
    try:
        yield threads
    finally:
        threads.stop(PATIENCE)


def names() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("webhooks")]


def test_a_slow_receiver_keeps_no_other_waiting(store: Store) -> None:
    released = threading.Event()
    post = Post(lambda receiver, _: Answer(taken=released.wait(PATIENCE) if receiver is SLOW else True))
    waits(store, SLOW, 1, 2, 3)
    waits(store, FAST, 1, 2, 3)

    with sending(store, post, [SLOW, FAST]):
        fast = post.wait_for(lambda: post.to(FAST) == [1, 2, 3])
        slow = post.to(SLOW)
        released.set()
        rest = post.wait_for(lambda: post.to(SLOW) == [1, 2, 3])

    assert (fast, rest) == (True, True)
    assert len(slow) <= 1
    assert names() == []


def test_ten_thousand_events_for_a_dead_receiver_take_one_thread_and_a_few_tries(store: Store) -> None:
    post = Post(lambda receiver, event: Answer(taken=False, reason="does not answer", away=True))
    waits(store, SLOW, *(n // 4 for n in range(10_000)))

    with sending(store, post, [SLOW, FAST]) as threads:
        down = post.wait_for(lambda: len(post.posted) >= 5)
        for _ in range(100):
            threads.nudge()
        waits(store, FAST, 7)
        threads.nudge()
        still = post.wait_for(lambda: post.to(FAST) == [7])
        at_work = names()

    assert (down, still) == (True, True)
    assert sorted(at_work) == ["webhooks", "webhooks to fast.example", "webhooks to slow.example"]
    assert post.to(SLOW)[:5] == [0, 1, 2, 3, 4]
    assert len(post.to(SLOW)) < 12
    [standing] = [one for one in store.events.standings() if one.receiver == SLOW.id]
    assert standing.waiting == 10_000


def test_a_new_event_is_sent_as_soon_as_it_is_told_of(store: Store) -> None:
    post = Post()
    with sending(store, post, [FAST]) as threads:
        for number in range(5):
            waits(store, FAST, number)
            threads.nudge()
            assert post.wait_for(lambda sent=number: post.to(FAST)[-1:] == [sent])  # type: ignore[misc]


def test_what_cannot_be_signed_waits(store: Store) -> None:
    post = Post()
    waits(store, UNSIGNED, 1)
    waits(store, FAST, 1)

    with sending(store, post, [UNSIGNED, FAST]):
        assert post.wait_for(lambda: post.to(FAST) == [1])

    assert post.to(UNSIGNED) == []


def test_a_receiver_that_another_process_has_is_left_to_it(store: Store) -> None:
    waits(store, FAST, 1)
    with store.database.writing() as connection:
        connection.execute(sa.insert(tables.executors).values(id="another", seen_at=sa.func.now()))
    store.events.claim(FAST.id, "another")
    post = Post()
    sender = WebhookSender(store, lambda: [FAST], post, store.database.clock, "me")

    meanwhile = sender.send_due(FAST)
    store.events.release(FAST.id, "another")

    assert (meanwhile, sender.send_due(FAST)) == (False, True)
    assert post.to(FAST) == [1]


def test_a_process_that_others_may_have_taken_over_from_sends_nothing(store: Store) -> None:
    def asleep() -> None:
        raise Unavailable("This process has not been heard of for too long; others may have taken over.")

    waits(store, FAST, 1)
    post = Post()
    sender = WebhookSender(store, lambda: [FAST], post, store.database.clock, "me", before_send=asleep)

    with pytest.raises(Unavailable, match="others may have taken over"):
        sender.send_due(FAST)

    assert post.posted == []
    assert store.events.claim(FAST.id, "another")


def test_a_fault_of_the_bots_own_holds_up_one_deployment_and_is_told(store: Store) -> None:
    def stumbles(receiver: Receiver, event: PendingEvent) -> Answer:
        if event.deployment_id == 1:
            raise RuntimeError(receiver.url)
        return Answer(taken=True)

    post = Post(stumbles)
    waits(store, FAST, 1, 1, 2)

    with sending(store, post, [FAST]):
        assert post.wait_for(lambda: post.to(FAST) == [1, 2])

    [standing] = store.events.standings()
    assert standing.waiting == 2
    assert standing.reason == "It could not be sent by a fault of the bot's own: RuntimeError."


def test_it_ends_at_once_while_a_receiver_rests(store: Store) -> None:
    post = Post(lambda receiver, event: Answer(taken=False, reason="busy", away=True, wait=3600))
    waits(store, FAST, 1)

    with sending(store, post, [FAST]):
        assert post.wait_for(lambda: post.to(FAST) == [1])

    assert names() == []
    due = store.events.next_due(FAST.id)
    assert due is not None
    assert due > store.database.clock.now() + timedelta(minutes=50)
