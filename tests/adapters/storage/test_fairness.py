"""Whose delivery is next: a person's commands stay in their order and delay nobody's, by any number of workers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Barrier, Lock, Thread

import pytest

from bot.adapters.storage import serialization
from bot.adapters.storage.engine import connect
from bot.adapters.storage.inbox import ClaimedDelivery
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.events.external import CommandGiven, Place
from bot.core.ports.chat import Delivery
from tests.databases import migrate
from tests.patience import PATIENCE
from tests.postgres import new_database

FLOOD = 60


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    engine = connect(new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'fair.db'}")
    migrate(engine)
    yield Store(engine, SystemClock())
    engine.dispose()


def says(kept: Store, person: str, number: int = 1) -> str:
    given = CommandGiven(f"deploy {number}", person, Place("#web"), "mention")
    delivery = f"slack:{person}:{number}"
    kept.inbox.put(Delivery(delivery, "chat", "CommandGiven", serialization.event_to_bytes(given)))
    return delivery


def webhooks(kept: Store, how_many: int) -> list[str]:
    ids = [f"github:{number}" for number in range(how_many)]
    for delivery in ids:
        kept.inbox.put(Delivery(delivery, "github", "ping", b"{}"))
    return ids


def work_off(kept: Store, limit: int = 16) -> list[str]:
    """What one worker decides, in its order."""
    decided: list[str] = []
    while taken := kept.inbox.take(limit, "worker"):
        for one in taken:
            decided.append(one.id)
            kept.inbox.handled(one.id)
    return decided


def test_who_comes_after_sixty_commands_of_another_is_decided_among_the_first(kept: Store) -> None:
    of_a = [says(kept, "a", number) for number in range(FLOOD)]
    of_b = says(kept, "b")

    decided = work_off(kept)

    assert decided.index(of_b) < 3
    assert [one for one in decided if one != of_b] == of_a


def test_of_three_floods_each_person_has_a_turn_in_every_round(kept: Store) -> None:
    for person in "abc":
        for number in range(5):
            says(kept, person, number)

    decided = [one.split(":")[1] for one in work_off(kept)]

    assert ["".join(sorted(decided[n : n + 3])) for n in range(0, 15, 3)] == ["abc"] * 5


def test_people_do_not_wait_for_a_flood_of_webhooks_nor_webhooks_for_people(kept: Store) -> None:
    webhooks(kept, 200)
    of_a = [says(kept, "a", number) for number in range(3)]

    first = [one.id for one in kept.inbox.take(16, "worker")]

    assert first[0] == of_a[0]
    assert len(first) == 16
    assert not set(first) & set(of_a[1:])


def test_a_command_is_taken_though_no_slot_is_free_for_webhooks(kept: Store) -> None:
    webhooks(kept, 2)
    of_a = says(kept, "a")

    taken = [one.id for one in kept.inbox.take(0, "worker", commands=16)]

    assert taken == [of_a]


def test_while_one_is_in_hand_the_persons_next_one_waits_wherever_it_is(kept: Store) -> None:
    first, second = says(kept, "a", 1), says(kept, "a", 2)
    taken = [one.id for one in kept.inbox.take(16, "one worker")]

    meanwhile = kept.inbox.take(16, "another worker")
    due_meanwhile = kept.inbox.next_due()
    kept.inbox.handled(first)
    then = [one.id for one in kept.inbox.take(16, "another worker")]

    assert (taken, meanwhile, due_meanwhile, then) == ([first], [], None, [second])


def test_one_that_waits_for_github_does_not_hold_up_the_persons_next_one(kept: Store) -> None:
    first, second = says(kept, "a", 1), says(kept, "a", 2)
    kept.inbox.take(16, "worker")

    kept.inbox.postpone(first, timedelta(minutes=5), "GitHub does not answer.")

    assert [one.id for one in kept.inbox.take(16, "worker")] == [second]


def test_a_scheduled_command_waits_its_turn_like_one_that_was_typed(kept: Store) -> None:
    typed = says(kept, "a")
    with kept.decisions.open("clock:1", "schedules") as decision:
        given = CommandGiven("deploy web", "a", Place("#web"), "schedule")
        decision.begin(None, None).put(given, "schedule:1")

    taken = [one.id for one in kept.inbox.take(16, "worker")]

    assert taken == [typed]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"person": 7}', b"\xff", b"[" * 5_000])
def test_a_command_that_nobody_can_read_has_no_person_and_is_taken_like_anything_else(kept: Store, body: bytes) -> None:
    kept.inbox.put(Delivery("slack:odd", "chat", "CommandGiven", body))

    assert [(one.id, one.person) for one in kept.inbox.take(16)] == [("slack:odd", None)]


def test_several_workers_keep_each_persons_order_and_never_hold_two_of_one_person(kept: Store) -> None:
    people = [f"p{number}" for number in range(6)]
    stored = {person: [says(kept, person, number) for number in range(15)] for person in people}
    guard, together = Lock(), Barrier(4)
    story: list[tuple[str, str]] = []

    def tell(what: str, taken: list[ClaimedDelivery]) -> None:
        with guard:
            story.extend((what, one.id) for one in taken)

    def work(name: str) -> None:
        together.wait(PATIENCE)
        while kept.inbox.backlog():
            taken = kept.inbox.take(2, name)
            tell("begins", taken)
            tell("ends", taken)
            for one in taken:
                kept.inbox.handled(one.id)

    threads = [Thread(target=work, args=(f"worker {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    for person in people:
        mine = [(what, one) for what, one in story if f":{person}:" in one]
        assert [one for what, one in mine if what == "begins"] == stored[person]
        assert all(before != after for (before, _), (after, _) in pairwise(mine))
