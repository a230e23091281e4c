"""Deliveries that come together are stored together, and each is answered only when it is stored."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from threading import enumerate as enumerate_threads

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.batching_inbox import TOGETHER, TOGETHER_BYTES, BatchingInbox, Waiter, first_of
from bot.adapters.storage.bulk_insert import Arrival, Stored, Writer, portions
from bot.adapters.storage.compression import MAGIC, Packer, unpacked
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.errors import Rejected, Unavailable
from bot.core.ports.chat import Delivery
from tests import doorstep
from tests.databases import migrate
from tests.patience import PATIENCE
from tests.postgres import new_database

LONG = b'{"zen": "' + b"Keep it logically awesome. " * 400 + b'"}'


@pytest.fixture(params=["SQLite", "Postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = new_database() if request.param == "Postgres" else f"sqlite:///{tmp_path / 'intake.db'}"
    store = Store(connect(url, pool_size=2), SystemClock())
    migrate(store.database.engine)
    yield store
    store.database.engine.dispose()


def delivery(name: str, body: bytes = b"{}") -> Delivery:
    return Delivery(f"github:{name}", "github", "ping", body)


def arrival(store: Store, name: str, body: bytes = b"{}") -> Arrival:
    return doorstep.arrival(store, delivery(name, body))


def put(store: Store, *deliveries: Delivery, waiting: int = 1_000) -> list[Stored | BaseException]:
    """What each was answered, when all of them came in the same round of the event loop."""
    intake = BatchingInbox(store.database, waiting=waiting)

    async def come() -> list[Stored | BaseException]:
        try:
            return await asyncio.gather(*[intake.put(one) for one in deliveries], return_exceptions=True)
        finally:
            await intake.stop()

    return asyncio.run(come())


def stored(store: Store) -> list[str]:
    query = sa.select(tables.deliveries.c.id).order_by(tables.deliveries.c.seq)
    return [row.id for row in store.database.select(query)]


def test_deliveries_that_come_together_are_all_stored_in_their_order(kept: Store) -> None:
    answers = put(kept, *[delivery(f"d{number:03}") for number in range(150)])

    assert answers == ["waits"] * 150
    assert stored(kept) == [f"github:d{number:03}" for number in range(150)]


def test_what_is_answered_is_there_for_everybody_else(tmp_path: Path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'shared.db'}"), SystemClock())
    migrate(store.database.engine)

    outcomes = doorstep.written(store, [[arrival(store, "d1"), arrival(store, "d2")]])
    with sqlite3.connect(tmp_path / "shared.db") as other:
        seen = other.execute("SELECT count(*) FROM deliveries").fetchone()
    other.close()

    assert outcomes == ["waits", "waits"]
    assert seen == (2,)
    store.database.engine.dispose()


def test_a_known_delivery_is_told_from_a_new_one_in_the_same_group(kept: Store) -> None:
    put(kept, delivery("known"))

    answers = put(kept, delivery("known"), delivery("new"), delivery("twice"), delivery("twice"))

    assert answers == ["known", "waits", "waits", "known"]
    assert stored(kept) == ["github:known", "github:new", "github:twice"]


def test_a_stored_delivery_is_taken_up_like_any_other(kept: Store) -> None:
    put(kept, delivery("d1", LONG))

    taken = kept.inbox.take(10)
    found = kept.inbox.delivery("github:d1")

    assert [one.id for one in taken] == ["github:d1"]
    assert found is not None
    assert found[0] == delivery("d1", LONG)


def test_a_body_is_kept_compressed_where_that_is_smaller() -> None:
    packer = Packer()

    long, short = packer.packed(LONG), packer.packed(b"{}")

    assert long.startswith(MAGIC)
    assert len(long) < len(LONG) // 10
    assert short == b"{}"
    assert (unpacked(long), unpacked(short)) == (LONG, b"{}")


def test_on_postgres_bodies_are_stored_as_they_come() -> None:
    engine = connect(new_database())
    migrate(engine)

    with engine.connect() as connection:
        storage = connection.exec_driver_sql(
            "SELECT attstorage::text FROM pg_attribute WHERE attrelid = 'deliveries'::regclass AND attname = 'body'"
        ).scalar()

    assert storage == "e"
    engine.dispose()


def test_a_delivery_that_the_database_refuses_does_not_fail_the_others(kept: Store) -> None:
    refused = delivery("nul\0") if not kept.database.is_sqlite else Delivery("github:x", "github", None, b"{}")  # type: ignore[arg-type]

    answers = put(kept, delivery("d1"), refused, delivery("d2"))

    assert answers[0] == "waits"
    assert isinstance(answers[1], Rejected)
    assert str(answers[1]).startswith("The database refuses the delivery: ")
    assert answers[2] == "waits"
    assert stored(kept) == ["github:d1", "github:d2"]


def test_a_database_that_cannot_store_fails_every_one_of_them(tmp_path: Path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'without_tables.db'}"), SystemClock())

    answers = put(store, delivery("d1"), delivery("d2"))

    assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
    assert str(answers[0]) == "The database does not answer: no such table: deliveries."
    store.database.engine.dispose()


def test_a_connection_that_died_meanwhile_is_replaced_without_anybody_noticing() -> None:
    store = Store(connect(new_database(), pool_size=2), SystemClock())
    migrate(store.database.engine)
    ended = []

    def groups() -> Iterator[Sequence[Arrival]]:
        yield [arrival(store, "before")]
        with store.database.engine.connect() as other:
            kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
            of_others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ended.append(other.exec_driver_sql(f"{kill} AND {of_others}").scalar())
        yield [arrival(store, "after")]

    outcomes = doorstep.written(store, groups())

    assert ended == [1]
    assert outcomes == ["waits", "waits"]
    assert stored(store) == ["github:before", "github:after"]
    store.database.engine.dispose()


def test_the_writer_needs_one_connection_however_much_it_stores() -> None:
    store = Store(connect(new_database(), pool_size=2), SystemClock())
    migrate(store.database.engine)

    def connections() -> int:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        with store.database.engine.connect() as other:
            found: int = other.exec_driver_sql(f"{count} AND backend_type = 'client backend'").scalar()
        return found

    async def store_much() -> tuple[int, int]:
        writer = Writer(store.database)
        before = connections()
        for number in range(30):
            await writer.store([arrival(store, f"d{number}")])
        after = connections()
        await writer.close()
        return before, after

    assert asyncio.run(store_much()) == (1, 2)
    store.database.engine.dispose()


def test_who_comes_when_too_many_wait_is_told_to_come_again(kept: Store) -> None:
    answers = put(kept, *[delivery(f"d{number}") for number in range(5)], waiting=3)

    assert answers[:3] == ["waits", "waits", "waits"]
    assert [str(answer) for answer in answers[3:]] == ["Too many deliveries wait to be stored."] * 2
    assert len(stored(kept)) == 3


def test_an_intake_that_has_stopped_stored_what_had_come_and_takes_no_more(kept: Store) -> None:
    intake = BatchingInbox(kept.database)

    async def come() -> bool | BaseException:
        first = asyncio.ensure_future(intake.put(delivery("before")))
        await asyncio.sleep(0)
        await intake.stop()
        late = await asyncio.gather(intake.put(delivery("after")), return_exceptions=True)
        await first
        return late[0]

    late = asyncio.run(asyncio.wait_for(come(), PATIENCE))

    assert isinstance(late, Unavailable)
    assert str(late) == "The listener is stopping."
    assert stored(kept) == ["github:before"]


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Store]:
    store = Store(connect(f"sqlite:///{tmp_path / 'alone.db'}"), SystemClock())
    migrate(store.database.engine)
    yield store
    store.database.engine.dispose()


def puts(intake: BatchingInbox, *names: str, held: Callable[[], None] = lambda: None) -> list[bool]:
    """Whether each was stored by the loop itself, when they came one after the other, and not by a thread.

    ``held`` is called when the loop has gone on behind the last of them.
    """

    async def come() -> list[bool]:
        at_once = []
        waiting = []
        for name in names:
            waiting.append(asyncio.ensure_future(intake.put(delivery(name))))
            before = threads()
            for _ in range(5):
                await asyncio.sleep(0)
            at_once.append(threads() <= before and waiting[-1].done())
            if name == names[-1]:
                held()
            assert await waiting[-1] == "waits"
        await intake.stop()
        return at_once

    return asyncio.run(asyncio.wait_for(come(), PATIENCE))


def threads() -> int:
    return sum(thread.name.startswith("intake") for thread in enumerate_threads())


def test_on_sqlite_a_delivery_that_comes_alone_needs_no_thread(on_sqlite: Store) -> None:
    assert puts(BatchingInbox(on_sqlite.database), "d1", "d2") == [True, True]
    assert stored(on_sqlite) == ["github:d1", "github:d2"]


def test_after_a_slow_disk_deliveries_keep_nobody_else_waiting(on_sqlite: Store) -> None:
    assert puts(BatchingInbox(on_sqlite.database, quick=-1.0), "d1", "d2") == [True, False]
    assert stored(on_sqlite) == ["github:d1", "github:d2"]


def test_the_loop_does_not_wait_for_another_thread_that_writes(on_sqlite: Store) -> None:
    writes, done = Event(), Event()

    def write() -> None:
        with on_sqlite.database.turn():
            writes.set()
            done.wait(PATIENCE)

    other = Thread(target=write)
    other.start()
    assert writes.wait(PATIENCE)

    assert puts(BatchingInbox(on_sqlite.database), "d1", held=done.set) == [False]
    other.join(PATIENCE)
    assert stored(on_sqlite) == ["github:d1"]


def test_the_loop_does_not_wait_for_another_process_that_writes(on_sqlite: Store) -> None:
    other = sqlite3.connect(str(on_sqlite.database.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    assert puts(BatchingInbox(on_sqlite.database), "d1", held=other.close) == [False]
    assert stored(on_sqlite) == ["github:d1"]


def test_a_group_is_cut_where_its_number_or_its_bytes_are_too_many() -> None:
    async def waiters(bodies: list[bytes]) -> list[Waiter]:
        loop = asyncio.get_running_loop()
        now = SystemClock().now()
        labels = (None, None, None)
        return [Waiter("d", "github", "ping", body, now, *labels, loop.create_future()) for body in bodies]

    def cut(bodies: list[bytes]) -> list[int]:
        left, found = asyncio.run(waiters(bodies)), []
        while left:
            found.append(len(first_of(left)))
            left = left[found[-1] :]
        return found

    assert cut([b""] * (TOGETHER * 2 + 1)) == [TOGETHER, TOGETHER, 1]
    assert cut([b"x" * (TOGETHER_BYTES // 2 + 1)] * 3) == [1, 1, 1]
    assert cut([b"x" * (TOGETHER_BYTES + 1), b"", b""]) == [1, 2]
    assert cut([b"x" * (TOGETHER_BYTES // 2)] * 3) == [2, 1]


def test_statements_on_sqlite_come_in_a_few_sizes_only() -> None:
    row = ("d", "github", "ping", b"", None, None)

    assert [len(some) for some in portions([row] * 64)] == [16, 16, 16, 16]
    assert [len(some) for some in portions([row] * 23)] == [16, 4, 1, 1, 1]
    assert portions([]) == []
