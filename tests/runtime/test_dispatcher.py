"""Durable work on the real DBOS: nothing is forgotten, nothing is done twice, and it knows when it is quiet."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOS, _workflow_commands

from bot.adapters.storage import serialization
from bot.adapters.storage.engine import connect
from bot.adapters.storage.inbox import ClaimedDelivery, InboxRows
from bot.adapters.storage.leases import BEAT_EVERY, Lease
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.effects import ClearRecords, RenderParent, StartRun
from bot.core.errors import Unavailable
from bot.core.events.external import CommandGiven, Place
from bot.core.events.internal import Reconsider, RunFinished, RunWanted
from bot.core.ports.chat import Delivery
from bot.runtime import dispatcher
from bot.runtime.dispatcher import AT_ONCE, Engine
from tests.databases import migrate
from tests.patience import PATIENCE


class Ledger:
    """Who did what, in order; whoever waits for an entry is woken by it. ``hold`` makes workers wait at a word."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.entries: list[str] = []
        self._held: set[str] = set()

    def write(self, entry: str) -> None:
        with self.changed:
            self.entries.append(entry)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: entry not in self._held, PATIENCE)

    def hold(self, *entries: str) -> None:
        self._held.update(entries)

    def let_go(self) -> None:
        with self.changed:
            self._held.clear()
            self.changed.notify_all()

    def wait_for(self, entry: str, times: int = 1) -> None:
        with self.changed:
            found = self.changed.wait_for(lambda: self.entries.count(entry) >= times, PATIENCE)
            assert found, f"{entry} did not happen: {self.entries}"


class Desk:
    """In the pipeline's place: takes down what it decides and delivers. A delivery named ``deploy`` wants run 1; on
    one named ``poison`` it raises what no pipeline should.

    While the database is ``away`` every decision fails as it would then, so many times.
    """

    def __init__(self, kept: Store, ledger: Ledger) -> None:
        self.away = 0
        self.owner = ""
        self.archive: Callable[[datetime], None] = kept.clear
        self._kept = kept
        self._ledger = ledger

    def decide(self, delivery_id: str, joined: Sequence[str] = ()) -> list[str]:
        if self.away:
            self.away -= 1
            raise Unavailable("The database does not answer.")
        self._ledger.write(f"decide {delivery_id}")
        if delivery_id.startswith("poison"):
            raise ZeroDivisionError(delivery_id)
        if not self._kept.decisions.made(delivery_id):
            with self._kept.decisions.open(delivery_id, "desk") as decision:
                records = decision.begin(None, None)
                if delivery_id.startswith("deploy"):
                    records.emit(StartRun(int(delivery_id.rpartition(":")[2])))
                if delivery_id.startswith("draw"):
                    records.emit(RenderParent(1), RenderParent(2))
                if delivery_id.startswith("clear"):
                    records.emit(ClearRecords(datetime.now(UTC) + timedelta(minutes=1)))
        self._kept.inbox.handled(delivery_id)
        return self._kept.outbox.lanes_of(delivery_id)

    def deliver(self, lane: str) -> None:
        self._ledger.write(f"deliver {lane}")
        pending = self._kept.outbox.claim(lane, self.owner)
        while pending is not None:
            follow_ups = []
            match pending.effect:
                case StartRun(deployment_id=number):
                    follow_ups = [RunWanted(number)]
                case ClearRecords(before=before):
                    self.archive(before)
            pending = self._kept.outbox.done(pending, self.owner, follow_ups)


class Crew:
    """In the carrier's place. ``later`` is how often beginning is put off."""

    def __init__(self, kept: Store, ledger: Ledger) -> None:
        self.later = 0
        self._kept = kept
        self._ledger = ledger

    def begin(self, deployment_id: int) -> dict[str, str | int]:
        self._ledger.write(f"begin {deployment_id}")
        if self.later:
            self.later -= 1
            return {"later": 0}
        return {"handle": f"handle of {deployment_id}"}

    def follow(self, deployment_id: int, handle: str) -> None:
        self._ledger.write(f"follow {handle}")
        finished = RunFinished(deployment_id, "succeeded", "Done")
        self._kept.inbox.put_event(finished, f"finished:{deployment_id}")


class House:
    """One database, and one engine at a time on it: ``opens`` starts one, ``dies`` ends it amidst its work."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        engine = connect(f"sqlite:///{directory / 'house.db'}")
        migrate(engine, dispatched=True)
        stack.callback(engine.dispose)
        self.kept = Store(engine, SystemClock())
        self._numbers = itertools.count(1)
        self.ledger = Ledger()
        self.desk = Desk(self.kept, self.ledger)
        self.crew = Crew(self.kept, self.ledger)
        self.engine: Engine | None = None

    def opens(self, beat_every: float = BEAT_EVERY) -> Engine:
        lease = Lease(self.kept.database)
        self.engine = Engine(self.kept, lease, beat_every)
        self.desk.archive, self.desk.owner = self.engine.clear, lease.id
        self.engine.launch(self.desk, self.crew)  # type: ignore[arg-type] # both do what is asked of them here
        return self.engine

    def dies(self) -> None:
        """The threads that are held stay where they are, as if the process were gone."""
        if self.engine is not None:
            self.engine.close(0)
            self.engine = None

    def puts(self, *names: str) -> None:
        for name in names:
            # Each something else: of those that say the same one would do.
            self.kept.inbox.put(Delivery(name, "bot", "Reconsider", b'{"deployment_id": %d}' % next(self._numbers)))
        if self.engine is not None:
            self.engine.nudge()

    def workflows(self) -> dict[str, str]:
        """The engine's own record: what became of each workflow."""
        with self.kept.database.engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT workflow_uuid, status FROM workflow_status"))
            return {row.workflow_uuid: row.status for row in rows}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        house = House(tmp_path, stack)
        yield house
        house.ledger.let_go()
        house.dies()


def test_a_delivery_is_handled_once_though_it_comes_twice(house: House) -> None:
    engine = house.opens()
    house.puts("hello:1")
    assert engine.wait_until_quiet(PATIENCE)

    house.puts("hello:1")
    quiet = engine.wait_until_quiet(PATIENCE)

    assert quiet
    assert house.ledger.entries == ["decide hello:1"]


def test_what_was_put_before_the_start_is_handled(house: House) -> None:
    house.puts("hello:1", "hello:2")

    quiet = house.opens().wait_until_quiet(PATIENCE)

    assert quiet
    assert sorted(house.ledger.entries) == ["decide hello:1", "decide hello:2"]


def test_what_was_taken_and_never_handled_is_handled_after_a_restart(house: House) -> None:
    house.puts("hello:1")
    dead = Lease(house.kept.database)
    dead.take()
    house.kept.inbox.take(1, dead.id)
    dead.release()

    quiet = house.opens().wait_until_quiet(PATIENCE)

    assert quiet
    assert house.ledger.entries == ["decide hello:1"]


def test_a_decision_that_was_cut_off_is_made_after_a_restart(house: House) -> None:
    house.ledger.hold("decide draw:1")
    house.opens()
    house.puts("draw:1")
    house.ledger.wait_for("decide draw:1")
    house.dies()

    engine = house.opens()
    house.ledger.wait_for("decide draw:1", times=2)
    house.ledger.let_go()

    assert engine.wait_until_quiet(PATIENCE)
    assert house.kept.inbox.delivery("draw:1") is not None
    assert not house.kept.outbox.has_pending()


def test_effects_that_were_cut_off_are_done_after_a_restart(house: House) -> None:
    house.ledger.hold("deliver parent:1")
    house.opens()
    house.puts("draw:1")
    house.ledger.wait_for("deliver parent:1")
    house.dies()
    house.ledger.let_go()

    quiet = house.opens().wait_until_quiet(PATIENCE)

    assert quiet
    assert house.ledger.entries.count("decide draw:1") == 1
    assert "deliver parent:2" in house.ledger.entries
    assert not house.kept.outbox.has_pending()


def test_effects_without_anybody_to_deliver_them_are_found_at_the_start(house: House) -> None:
    with house.kept.decisions.open("draw:1", "desk") as decision:
        decision.begin(None, None).emit(RenderParent(5))

    quiet = house.opens().wait_until_quiet(PATIENCE)

    assert quiet
    assert house.ledger.entries == ["deliver parent:5"]


def test_a_run_is_begun_and_followed_to_its_end(house: House) -> None:
    engine = house.opens()

    house.puts("deploy:7")

    house.ledger.wait_for("decide bot:finished:7")
    assert engine.wait_until_quiet(PATIENCE)
    assert house.ledger.entries == [
        "decide deploy:7",
        "deliver remote:7",
        "begin 7",
        "follow handle of 7",
        "decide bot:finished:7",
    ]


def test_a_run_that_cannot_begin_yet_is_tried_again(house: House) -> None:
    house.crew.later = 2
    engine = house.opens()

    house.puts("deploy:7")

    house.ledger.wait_for("follow handle of 7")
    assert engine.wait_until_quiet(PATIENCE)
    assert house.ledger.entries.count("begin 7") == 3


def test_a_run_is_carried_out_once_though_it_is_wanted_again_meanwhile(house: House) -> None:
    house.ledger.hold("follow handle of 7")
    engine = house.opens()
    house.puts("deploy:7")
    house.ledger.wait_for("follow handle of 7")

    house.kept.inbox.put_event(RunWanted(7), "wanted once more")
    engine.nudge()
    house.puts("hello:1")
    house.ledger.wait_for("decide hello:1")
    house.ledger.let_go()

    assert engine.wait_until_quiet(PATIENCE)
    assert house.ledger.entries.count("begin 7") == 1
    assert house.ledger.entries.count("follow handle of 7") == 1


def test_a_run_that_is_over_is_not_carried_out_again_and_leaves_the_engine_quiet(house: House) -> None:
    engine = house.opens()
    house.puts("deploy:7")
    house.ledger.wait_for("decide bot:finished:7")
    assert engine.wait_until_quiet(PATIENCE)

    house.kept.inbox.put_event(RunWanted(7), "wanted once more")
    engine.nudge()

    assert engine.wait_until_quiet(PATIENCE)
    assert house.ledger.entries.count("begin 7") == 1
    assert house.ledger.entries.count("follow handle of 7") == 1


def test_a_run_that_was_cut_off_is_followed_again_and_not_begun_again(house: House) -> None:
    house.ledger.hold("follow handle of 7")
    house.opens()
    house.puts("deploy:7")
    house.ledger.wait_for("follow handle of 7")
    house.dies()

    engine = house.opens()
    house.ledger.wait_for("follow handle of 7", times=2)
    house.ledger.let_go()
    house.ledger.wait_for("decide bot:finished:7")

    assert engine.wait_until_quiet(PATIENCE)
    assert house.ledger.entries.count("begin 7") == 1
    assert house.ledger.entries.count("decide bot:finished:7") == 1


def test_it_is_not_quiet_while_something_is_decided_or_carried_out(house: House) -> None:
    house.ledger.hold("decide hello:1", "follow handle of 7")
    engine = house.opens()
    before = engine.quiet()
    house.puts("hello:1")
    house.ledger.wait_for("decide hello:1")
    deciding = engine.quiet()
    house.puts("deploy:7")
    house.ledger.wait_for("follow handle of 7")

    running = engine.wait_until_quiet(0.2)
    house.ledger.let_go()

    assert (before, deciding, running) == (True, False, False)
    assert engine.wait_until_quiet(PATIENCE)


def test_no_more_than_the_slots_are_handled_at_once_and_all_in_the_end(house: House) -> None:
    names = [f"hello:{number}" for number in range(3 * AT_ONCE)]
    house.ledger.hold(*(f"decide {name}" for name in names))
    house.puts(*names)
    engine = house.opens()
    for name in names[:AT_ONCE]:
        house.ledger.wait_for(f"decide {name}")

    at_once = len(house.ledger.entries)
    house.ledger.let_go()

    assert at_once == AT_ONCE
    assert engine.wait_until_quiet(PATIENCE)
    assert sorted(house.ledger.entries) == sorted(f"decide {name}" for name in names)


def test_a_database_that_does_not_answer_for_a_moment_costs_only_time(house: House) -> None:
    house.desk.away = 2
    engine = house.opens()

    house.puts("hello:1")

    assert engine.wait_until_quiet(PATIENCE)
    assert house.ledger.entries == ["decide hello:1"]


def test_what_should_never_be_raised_holds_no_slot_and_nobody_else_up_not_after_a_restart_either(house: House) -> None:
    house.puts(*(f"poison:{number}" for number in range(2 * AT_ONCE)))
    house.opens()
    house.ledger.wait_for(f"decide poison:{2 * AT_ONCE - 1}")
    house.puts("hello:1")
    house.ledger.wait_for("decide hello:1")
    house.dies()

    house.opens()
    house.puts("hello:2")

    house.ledger.wait_for("decide hello:2")


class Interrupted(InboxRows):
    """``meanwhile`` happens when deliveries were taken, and whoever takes them does not know of them yet."""

    def __init__(self, kept: Store, meanwhile: Callable[[], None]) -> None:
        super().__init__(kept.database)
        self._meanwhile = meanwhile

    def take(self, *given: Any, **more: Any) -> list[ClaimedDelivery]:
        taken = super().take(*given, **more)
        if taken:
            self._meanwhile()
        return taken


def test_what_was_just_taken_is_not_found_forgotten_by_a_heartbeat(house: House) -> None:
    names = ["chat:1", "hello:1"]
    house.ledger.hold(*(f"decide {name}" for name in names))
    engine = house.opens()
    house.kept.inbox = Interrupted(house.kept, engine._look_after_ours)
    given = CommandGiven("version", "maria", Place("#web"), "mention")
    house.kept.inbox.put(Delivery("chat:1", "chat", "CommandGiven", serialization.event_to_bytes(given)))
    house.puts("hello:1")
    for name in names:
        house.ledger.wait_for(f"decide {name}")
    house.ledger.let_go()

    assert engine.wait_until_quiet(PATIENCE)
    assert sorted(house.ledger.entries) == [f"decide {name}" for name in names]
    assert [house.kept.inbox.faults(name) for name in names] == [0, 0]


def test_what_should_never_be_raised_is_counted_and_comes_again_at_a_heartbeat(house: House) -> None:
    house.opens(beat_every=0.1)

    house.puts("poison:1")

    house.ledger.wait_for("decide poison:1", times=3)
    assert house.kept.inbox.faults("poison:1") >= 2


def test_a_run_that_another_version_has_asked_for_holds_nothing_up(house: House) -> None:
    house.kept.inbox.put(Delivery("run:odd", "bot", "RunWanted", b'{"deployment": "seven"}'))
    engine = house.opens()

    house.puts("hello:1")

    house.ledger.wait_for("decide run:odd")
    assert engine.wait_until_quiet(PATIENCE)
    assert "decide hello:1" in house.ledger.entries


def test_commands_are_decided_though_all_slots_are_taken(house: House) -> None:
    names = [f"hello:{number}" for number in range(AT_ONCE + 4)]
    house.ledger.hold(*(f"decide {name}" for name in names))
    engine = house.opens()
    house.puts(*names)
    for name in names[:AT_ONCE]:
        house.ledger.wait_for(f"decide {name}")

    given = CommandGiven("version", "maria", Place("#web"), "mention")
    house.kept.inbox.put(Delivery("chat:1", "chat", "CommandGiven", serialization.event_to_bytes(given)))
    engine.nudge()
    house.ledger.wait_for("decide chat:1")

    assert len(house.ledger.entries) == AT_ONCE + 1
    house.ledger.let_go()
    assert engine.wait_until_quiet(PATIENCE)


def test_a_postponed_delivery_is_taken_up_at_its_moment(house: House) -> None:
    house.puts("hello:1")
    house.kept.inbox.take(1)
    house.kept.inbox.postpone("hello:1", timedelta(seconds=0.3), "GitHub does not answer.")

    engine = house.opens()

    assert engine.wait_until_quiet(PATIENCE)
    assert house.ledger.entries == ["decide hello:1"]


def test_the_engine_lets_its_looks_be_set(house: House) -> None:
    """They are private, so a release of the engine may call them otherwise."""
    house.opens()

    queue = DBOS(config={"name": "shipmate"})._registry.get_internal_queue()

    assert queue._polling_interval_sec == dispatcher.TAKEN_OVER_WITHIN
    assert inspect.getsource(_workflow_commands.background_jobs_thread).count("_BACKGROUND_JOBS_INTERVAL_SEC") == 1
    assert _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC == dispatcher.TAKEN_OVER_WITHIN


def test_a_timer_rings_at_its_moment_without_being_told(house: House) -> None:
    engine = house.opens()
    at = datetime.now(UTC) + timedelta(seconds=0.3)
    with house.kept.decisions.open("hello:1", "desk") as decision:
        decision.begin(None, None).set_timer("egg", at, Reconsider(1))

    house.ledger.wait_for(f"decide timer:egg:{at.isoformat()}")

    assert engine.wait_until_quiet(PATIENCE)


def test_stopping_takes_nothing_more_and_lets_the_work_at_hand_finish(house: House) -> None:
    house.ledger.hold("deliver parent:1")
    engine = house.opens()
    house.puts("draw:1")
    house.ledger.wait_for("deliver parent:1")

    stopping = Thread(target=engine.stop, args=(PATIENCE,))
    stopping.start()
    assert engine._stopping.wait(PATIENCE)
    house.puts("hello:2")
    house.ledger.let_go()
    stopping.join(PATIENCE)

    assert not house.kept.outbox.has_pending()
    assert "decide hello:2" not in house.ledger.entries
    assert house.kept.inbox.backlog() == 1


def test_clearing_deletes_the_record_of_workflows_that_have_ended(house: House) -> None:
    house.ledger.hold("follow handle of 7")
    engine = house.opens()
    house.puts("deploy:6", "deploy:7")
    house.ledger.wait_for("follow handle of 7")
    house.ledger.wait_for("decide bot:finished:6")
    wait_for_workflows(house, {"run:6": "SUCCESS", "run:7": "PENDING"})

    house.puts("clear:1")
    wait_for_workflows(house, {"run:7": "PENDING"})

    assert house.kept.inbox.delivery("deploy:6") is None
    house.ledger.let_go()
    assert engine.wait_until_quiet(PATIENCE)


@pytest.mark.parametrize("name", ["handle", "deliver"])
def test_a_workflow_that_only_an_earlier_version_began_ends(house: House, name: str) -> None:
    house.ledger.hold("follow handle of 7")
    house.opens()
    house.puts("deploy:7")
    house.ledger.wait_for("follow handle of 7")
    house.dies()
    with house.kept.database.writing() as connection:
        connection.execute(sa.text("UPDATE workflow_status SET name = :name"), {"name": name})

    house.opens()

    wait_for_workflows(house, {"run:7": "SUCCESS"})
    assert house.ledger.entries.count("follow handle of 7") == 1


def wait_for_workflows(house: House, wanted: dict[str, str]) -> None:
    """The engine writes a workflow's end down after its last step."""
    with house.ledger.changed:
        for _ in range(200):
            if house.workflows() == wanted:
                return
            house.ledger.changed.wait(0.1)
    raise AssertionError(f"there are {house.workflows()}")


def test_migrating_the_engine_twice_leaves_its_tables_ready(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'fresh.db'}")
    dispatcher.migrate(database)
    dispatcher.migrate(database)
    dispatcher.migrate(database)

    with database.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM workflow_status")).scalar_one()
    database.dispose()

    assert count == 0


def test_events_of_our_own_wake_the_engine_without_being_told(house: House) -> None:
    engine = house.opens()
    house.kept.inbox.put_event(Reconsider(1), "quietly")

    house.ledger.wait_for("decide bot:quietly")

    assert engine.wait_until_quiet(PATIENCE)
