"""The store as a whole: each delivery once, decisions whole or not at all, effects in order, an end to what is over."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from bot.adapters.storage import output, tables
from bot.adapters.storage.decisions import AlreadyDecided
from bot.adapters.storage.engine import connect
from bot.adapters.storage.outbox import PendingEffect
from bot.adapters.storage.store import Store
from bot.core.effects import CreateDeployment, PostStatus, RenderParent, StartRun
from bot.core.errors import Unavailable
from bot.core.events.internal import Due, Reconsider, RunBegan, RunWanted
from bot.core.ports.chat import Delivery, Finding
from tests.databases import migrate
from tests.patience import PATIENCE

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ME = "this process"


@dataclass
class HandClock:
    """Stands still until somebody moves it."""

    at: datetime = T0

    def now(self) -> datetime:
        return self.at

    def passes(self, **how_long: float) -> None:
        self.at += timedelta(**how_long)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def kept(tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'kept.db'}")
    migrate(engine)
    yield Store(engine, clock)
    engine.dispose()


def ping(number: int = 1) -> Delivery:
    return Delivery(f"github:{number}", "github", "ping", b'{"zen": "Keep it simple."}')


def decide(kept: Store, delivery: str, *effects: object, handler: str = "handler") -> None:
    with kept.decisions.open(delivery, handler) as decision:
        decision.begin(None, None).emit(*effects)  # type: ignore[arg-type] # any effect will do


def claimed(kept: Store, lane: str) -> PendingEffect:
    pending = kept.outbox.claim(lane, ME)
    assert pending is not None
    return pending


# --- deliveries -----------------------------------------------------------------------------------------------------


def test_a_delivery_is_stored_once_whatever_a_repeat_says(kept: Store) -> None:
    first = kept.inbox.put(ping())

    again = kept.inbox.put(Delivery("github:1", "github", "push", b"{}"))

    assert (first, again) == (True, False)
    assert kept.inbox.delivery("github:1") == (ping(), None, 0, 0)


def test_deliveries_are_taken_in_the_order_of_arrival_and_only_once(kept: Store, clock: HandClock) -> None:
    for number in (3, 1, 2):
        kept.inbox.put(ping(number))
        clock.passes(seconds=1)

    taken = (
        [one.id for one in kept.inbox.take(2)],
        [one.id for one in kept.inbox.take(2)],
        [one.id for one in kept.inbox.take(2)],
    )

    assert taken == (["github:3", "github:1"], ["github:2"], [])


def test_deliveries_of_one_moment_are_taken_in_the_order_in_which_they_were_stored(kept: Store) -> None:
    for number in (9, 7, 8):
        kept.inbox.put(ping(number))

    taken = kept.inbox.take(16)

    assert [one.id for one in taken] == ["github:9", "github:7", "github:8"]


def test_what_was_postponed_and_is_over_with_one_that_says_the_same_has_not_failed(
    kept: Store, clock: HandClock
) -> None:
    kept.inbox.put_event(Reconsider(7), "first")
    kept.inbox.take(1)
    kept.inbox.postpone("bot:first", timedelta(seconds=1), "GitHub does not answer.")
    kept.inbox.put_event(Reconsider(7), "second")
    clock.passes(seconds=1)

    taken = [one.id for one in kept.inbox.take(9)]

    rows = kept.database.select(sa.select(tables.deliveries.c.id, tables.deliveries.c.failure))
    assert len(taken) == 1
    assert {row.failure for row in rows if row.id not in taken} == {None}


def test_a_postponed_delivery_comes_again_at_its_moment_and_counts_its_tries(kept: Store, clock: HandClock) -> None:
    kept.inbox.put(ping())
    kept.inbox.take(1)
    kept.inbox.postpone("github:1", timedelta(seconds=30), "GitHub does not answer.")

    early = kept.inbox.take(1)
    clock.passes(seconds=30)
    late = kept.inbox.take(1)

    assert early == []
    assert [(one.id, one.tries) for one in late] == [("github:1", 1)]


def test_what_was_taken_and_never_handled_comes_again_after_a_restart(kept: Store) -> None:
    for number in (1, 2):
        kept.inbox.put(ping(number))
    kept.inbox.take(2)
    kept.inbox.handled("github:2")

    how_many = kept.inbox.retake()

    assert how_many == 1
    assert [(one.id, one.tries) for one in kept.inbox.take(16)] == [("github:1", 1)]


def test_a_postponed_delivery_is_not_hurried_by_a_restart(kept: Store) -> None:
    kept.inbox.put(ping())
    kept.inbox.take(1)
    kept.inbox.postpone("github:1", timedelta(minutes=5), "GitHub does not answer.")

    how_many = kept.inbox.retake()

    assert how_many == 0
    assert kept.inbox.take(16) == []
    assert kept.next_due() == T0 + timedelta(minutes=5)


@pytest.mark.parametrize("late", ["postponed", "set aside"])
def test_what_another_process_has_handled_meanwhile_stays_handled(kept: Store, late: str) -> None:
    kept.inbox.put(ping())
    kept.inbox.take(1, "paused")
    kept.inbox.retake("paused")
    kept.inbox.take(1, "another")
    kept.inbox.handled("github:1")

    if late == "postponed":
        kept.inbox.postpone("github:1", timedelta(seconds=1), "It has just gone on.")
    else:
        kept.inbox.set_aside("github:1", "a fault of ours")

    found = kept.inbox.delivery("github:1")
    assert found is not None
    assert found[1] == T0
    assert kept.next_due() is None
    assert kept.set_aside.count() == 0
    with kept.database.engine.connect() as connection:
        assert connection.execute(sa.select(tables.deliveries.c.failure)).scalar_one() is None


def test_the_backlog_counts_what_nobody_has_handled(kept: Store) -> None:
    for number in (1, 2, 3):
        kept.inbox.put(ping(number))
    kept.inbox.take(1)
    kept.inbox.handled("github:1", "It is no JSON.")

    backlog = kept.inbox.backlog()

    assert backlog == 2


def test_many_threads_that_store_the_same_delivery_make_one_of_it(kept: Store) -> None:
    ready, new = Barrier(8), []

    def put() -> None:
        ready.wait(PATIENCE)
        new.append(kept.inbox.put(ping()))

    threads = [Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(new) == [False] * 7 + [True]


def test_many_threads_that_take_never_get_the_same_delivery(kept: Store) -> None:
    for number in range(40):
        kept.inbox.put(ping(number))
    ready, taken = Barrier(4), []

    def take() -> None:
        ready.wait(PATIENCE)
        for _ in range(20):
            taken.extend(one.id for one in kept.inbox.take(3))

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(taken) == sorted(f"github:{number}" for number in range(40))


# --- decisions ------------------------------------------------------------------------------------------------------


def test_a_decision_is_kept_with_its_effects_and_events(kept: Store) -> None:
    with kept.decisions.open("github:1", "handler") as decision:
        records = decision.begin("web", "production")
        records.emit(RenderParent(1))
        records.put(Reconsider(1), "reconsider:1")

    assert kept.decisions.made("github:1") == {"handler"}
    assert kept.outbox.lanes_of("github:1") == ["parent:1"]
    assert [one.id for one in kept.inbox.take(16)] == ["bot:reconsider:1"]


def test_an_exception_rolls_back_the_whole_decision(kept: Store) -> None:
    with suppress(ZeroDivisionError), kept.decisions.open("github:1", "handler") as decision:
        records = decision.begin("web", "production")
        records.emit(RenderParent(1))
        records.put(Reconsider(1), "reconsider:1")
        records.set_timer("reminder", T0, Reconsider(1))
        raise ZeroDivisionError

    assert not kept.decisions.made("github:1")
    assert kept.outbox.lanes_of("github:1") == []
    assert kept.inbox.take(16) == []
    assert kept.timers.next_due() is None


def test_a_decision_that_begins_nothing_may_be_made_again_so_nothing_is_noted(kept: Store) -> None:
    with kept.decisions.open("github:1", "handler", ends=True):
        pass

    assert kept.decisions.made("github:1") == frozenset()


def test_with_the_last_decision_its_delivery_is_handled_or_neither(kept: Store) -> None:
    for number in (1, 2):
        kept.inbox.put(ping(number))

    with kept.decisions.open("github:1", "handler", ends=True) as decision:
        decision.begin(None, None)
    with suppress(ZeroDivisionError), kept.decisions.open("github:2", "handler", ends=True) as decision:
        decision.begin(None, None)
        raise ZeroDivisionError

    first, second = kept.inbox.delivery("github:1"), kept.inbox.delivery("github:2")
    assert first is not None
    assert second is not None
    assert (first[1] is None, second[1] is None) == (False, True)


def test_who_decides_second_keeps_nothing(kept: Store) -> None:
    decide(kept, "github:1", RenderParent(1))

    with pytest.raises(AlreadyDecided):
        decide(kept, "github:1", RenderParent(2))

    assert kept.outbox.lanes_of("github:1") == ["parent:1"]


def test_who_is_late_with_a_decision_that_changes_nothing_lets_go_of_the_database(kept: Store) -> None:
    with suppress(AlreadyDecided), kept.decisions.open("github:1", "handler") as late:
        decide(kept, "github:1", RenderParent(1))
    stored: list[bool] = []

    other = Thread(target=lambda: stored.append(kept.inbox.put(ping(2))), daemon=True)
    other.start()
    other.join(PATIENCE)

    assert stored == [True]
    assert late.records is None  # and is still held here, as a traceback would hold it


# --- effects --------------------------------------------------------------------------------------------------------


def test_effects_of_a_lane_come_one_after_another_in_the_order_of_their_decisions(kept: Store) -> None:
    decide(kept, "github:1", CreateDeployment(1), RenderParent(1))
    decide(kept, "github:2", PostStatus(1, "queued", "Queued by Shipmate"), StartRun(1))
    done = []

    pending = kept.outbox.claim("remote:1", ME)
    while pending is not None:
        done.append(pending.effect)
        pending = kept.outbox.done(pending, ME)

    assert done == [CreateDeployment(1), PostStatus(1, "queued", "Queued by Shipmate"), StartRun(1)]
    assert kept.outbox.forgotten_lanes() == ["parent:1"]


def test_lanes_of_a_delivery_come_in_the_order_of_its_effects(kept: Store) -> None:
    decide(kept, "github:1", RenderParent(2), CreateDeployment(1), RenderParent(1), StartRun(1))

    lanes = kept.outbox.lanes_of("github:1")

    assert lanes == ["parent:2", "remote:1", "parent:1"]


def test_a_lane_without_anything_to_do_is_let_go_of_at_once(kept: Store) -> None:
    first, second = kept.outbox.claim("remote:1", ME), kept.outbox.claim("remote:1", "another process")

    assert (first, second) == (None, None)
    assert kept.next_due() is None


def test_a_lane_is_in_the_hands_of_one_process_who_is_told_to_look_again(kept: Store) -> None:
    decide(kept, "github:1", CreateDeployment(1))
    mine = claimed(kept, "remote:1")
    decide(kept, "github:2", StartRun(1))

    theirs = kept.outbox.claim("remote:1", "another process")
    following = kept.outbox.done(mine, ME)

    assert theirs is None
    assert following is not None
    assert following.effect == StartRun(1)


def test_an_effect_that_comes_while_its_lane_is_let_go_of_is_not_left_behind(kept: Store) -> None:
    decide(kept, "github:1", CreateDeployment(1))
    kept.outbox.done(claimed(kept, "remote:1"), ME)
    decide(kept, "github:2", StartRun(1))

    theirs = kept.outbox.claim("remote:1", "another process")

    assert theirs is not None
    assert theirs.effect == StartRun(1)


def test_an_effect_that_was_claimed_before_says_that_it_may_have_got_through(kept: Store) -> None:
    decide(kept, "github:1", CreateDeployment(1))
    first = claimed(kept, "remote:1")

    again = claimed(kept, "remote:1")

    assert (first.attempted, again.attempted) == (False, True)


def test_an_attempt_that_surely_did_nothing_is_forgotten(kept: Store, clock: HandClock) -> None:
    decide(kept, "github:1", CreateDeployment(1))
    kept.outbox.later(claimed(kept, "remote:1"), ME, timedelta(seconds=1), "GitHub does not answer.", untouched=True)

    again = claimed(kept, "remote:1")

    assert not again.attempted


def test_a_doubt_about_an_earlier_attempt_is_not_forgotten(kept: Store) -> None:
    decide(kept, "github:1", CreateDeployment(1))
    kept.outbox.later(claimed(kept, "remote:1"), ME, timedelta(seconds=1), "No answer came.", untouched=False)
    kept.outbox.later(claimed(kept, "remote:1"), ME, timedelta(seconds=1), "GitHub does not answer.", untouched=True)

    again = claimed(kept, "remote:1")

    assert again.attempted


def test_what_follows_from_an_effect_is_stored_with_its_end(kept: Store) -> None:
    decide(kept, "github:1", StartRun(7))
    pending = claimed(kept, "remote:7")

    kept.outbox.done(pending, ME, [RunWanted(7), RunBegan(7)])

    assert [(one.id, one.name) for one in kept.inbox.take(16)] == [
        (f"bot:effect:{pending.id}:0", "RunWanted"),
        (f"bot:effect:{pending.id}:1", "RunBegan"),
    ]


def test_the_number_of_an_effect_is_never_given_out_again(kept: Store, clock: HandClock) -> None:
    decide(kept, "github:1", RenderParent(1))
    first = claimed(kept, "parent:1")
    kept.outbox.done(first, ME)
    clock.passes(days=20)
    kept.clear(clock.now())

    decide(kept, "github:2", RenderParent(1))
    second = claimed(kept, "parent:1")

    assert second.id > first.id


def test_a_lane_that_waits_comes_at_its_moment_and_again_a_minute_later(kept: Store, clock: HandClock) -> None:
    decide(kept, "github:1", RenderParent(1))
    kept.outbox.later(claimed(kept, "parent:1"), ME, timedelta(seconds=2), "Edited a moment ago.", untouched=True)

    early = kept.outbox.take_lanes()
    clock.passes(seconds=2)
    on_time, at_once = kept.outbox.take_lanes(), kept.outbox.take_lanes()
    clock.passes(minutes=1)
    once_more = kept.outbox.take_lanes()

    assert (early, on_time, at_once, once_more) == ([], ["parent:1"], [], ["parent:1"])


def test_a_lane_counts_its_tries_until_an_effect_is_done(kept: Store) -> None:
    decide(kept, "github:1", RenderParent(1), RenderParent(1))
    counted = []

    for _ in range(3):
        pending = claimed(kept, "parent:1")
        counted.append(pending.tries)
        kept.outbox.later(pending, ME, timedelta(seconds=2), "Slack does not answer.", untouched=True)
    following = kept.outbox.done(claimed(kept, "parent:1"), ME)

    assert counted == [0, 1, 2]
    assert following is not None
    assert following.tries == 0


def test_lanes_that_wait_or_are_worked_on_are_not_among_the_forgotten_ones(kept: Store) -> None:
    decide(kept, "github:1", RenderParent(1), RenderParent(2), RenderParent(3))
    kept.outbox.later(claimed(kept, "parent:1"), ME, timedelta(seconds=2), "Edited a moment ago.", untouched=True)
    claimed(kept, "parent:2")

    forgotten = kept.outbox.forgotten_lanes()

    assert forgotten == ["parent:3"]
    assert kept.outbox.has_pending()


# --- moments --------------------------------------------------------------------------------------------------------


def test_a_timer_rings_once_at_its_moment(kept: Store, clock: HandClock) -> None:
    with kept.decisions.open("github:1", "handler") as decision:
        decision.begin(None, None).set_timer("reminder", T0 + timedelta(hours=3), Reconsider(1))
    early = kept.timers.ring()
    clock.passes(hours=3)

    late = kept.timers.ring(), kept.timers.ring()

    assert (early, late) == (0, (1, 0))
    assert [one.name for one in kept.inbox.take(16)] == ["Reconsider"]


def test_a_timer_of_the_same_key_takes_the_place_of_the_old_one(kept: Store, clock: HandClock) -> None:
    with kept.decisions.open("github:1", "handler") as decision:
        records = decision.begin(None, None)
        records.set_timer("reminder", T0 + timedelta(hours=1), Reconsider(1))
        records.set_timer("reminder", T0 + timedelta(hours=3), Due(1, T0))
        records.set_timer("other", T0 + timedelta(hours=2), Reconsider(2))
        records.stop_timer("other")

    clock.passes(hours=4)
    kept.timers.ring()

    assert [one.id for one in kept.inbox.take(16)] == ["timer:reminder:2026-03-02T13:00:00+00:00"]


# --- output and retention -------------------------------------------------------------------------------------------


def test_output_is_kept_in_order_and_a_repeated_line_changes_nothing(kept: Store) -> None:
    kept.output.write(1, 0, ["one", "two"])
    kept.output.write(1, 1, ["two again", "three"])

    lines = kept.reads().output(1, 2)

    assert lines == ["two", "three"]
    assert kept.output.next_number(1) == 3


@pytest.mark.parametrize("batch", [1, 50, 700, 7_000])
def test_of_very_much_output_the_beginning_and_the_end_are_kept(kept: Store, batch: int) -> None:
    much = range(output.OUTPUT_LINES - 5, output.OUTPUT_LINES + 100) if batch == 1 else range(7_000)
    kept.output.write(1, 0, [str(n) for n in range(much.start)])
    for first in range(much.start, much.stop, batch):
        kept.output.write(1, first, [str(n) for n in much if first <= n < first + batch])

    lines = kept.reads().output_from(1, 0, 10_000)

    left_out = len(range(much.stop)) - output.OUTPUT_LINES
    assert len(lines) == output.OUTPUT_LINES
    assert [n for n, _ in lines] == [*range(output.FIRST_KEPT), *range(output.FIRST_KEPT + left_out, much.stop)]
    assert all(line == str(n) for n, line in lines)
    assert kept.reads().output(1, 2) == [str(much.stop - 2), str(much.stop - 1)]
    assert kept.output.next_number(1) == much.stop


def test_output_is_read_on_from_a_line(kept: Store) -> None:
    kept.output.write(1, 0, ["one", "two", "three"])
    kept.output.write(2, 0, ["of another"])

    assert kept.reads().output_from(1, 0, 2) == [(0, "one"), (1, "two")]
    assert kept.reads().output_from(1, 2, 2) == [(2, "three")]
    assert kept.reads().output_from(1, 3, 2) == []
    assert kept.output.next_number(3) == 0


def test_retention_deletes_what_is_over_and_nothing_else(kept: Store, clock: HandClock) -> None:
    for number in (1, 2):
        kept.inbox.put(ping(number))
        decide(kept, f"github:{number}", RenderParent(number))
    kept.inbox.handled("github:1")
    kept.outbox.done(claimed(kept, "parent:1"), ME)
    clock.passes(days=20)
    kept.inbox.put(ping(3))
    kept.inbox.handled("github:3")

    kept.clear(clock.now() - timedelta(days=14))

    assert kept.inbox.delivery("github:1") is None
    assert not kept.decisions.made("github:1")
    assert kept.inbox.delivery("github:2") is not None
    assert kept.decisions.made("github:2") == {"handler"}
    assert kept.outbox.forgotten_lanes() == ["parent:2"]
    assert kept.inbox.delivery("github:3") is not None


# --- when the database is out of order ------------------------------------------------------------------------------


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path, clock: HandClock) -> None:
    gone = Store(connect(f"sqlite:///{tmp_path / 'nowhere' / 'kept.db'}"), clock)

    with pytest.raises(Unavailable, match=r"^The database does not answer: unable to open database file\.$"):
        gone.inbox.put(ping())

    assert gone.database.obstacles() == ["the database does not answer"]
    assert gone.database.doctor() == [
        Finding(
            False,
            "The database does not answer: unable to open database file.",
            "compare DATABASE_URL",
        )
    ]


def test_check_tells_a_database_that_is_not_there_yet_from_one_that_is_up_to_date(
    tmp_path: Path, clock: HandClock, kept: Store
) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'empty.db'}")

    findings = Store(engine, clock).database.doctor() + kept.database.doctor()
    engine.dispose()

    assert findings == [
        Finding(True, "the database is made at the first start"),
        Finding(True, "the database answers and is up to date"),
    ]


def test_a_place_where_no_database_can_be_made_is_told_in_a_sentence(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "file").write_text("")
    engine = connect(f"sqlite:///{tmp_path / 'file' / 'shipmate.db'}")

    with pytest.raises(Unavailable) as caught:
        Store(engine, clock).database.demand_answer()
    engine.dispose()

    assert f"{tmp_path / 'file' / 'shipmate.db'} cannot be made: Not a directory" in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_check_tells_that_no_database_can_be_made_before_the_first_start(tmp_path: Path, clock: HandClock) -> None:
    tmp_path.chmod(0o500)
    engine = connect(f"sqlite:///{tmp_path / 'shipmate.db'}")

    findings = Store(engine, clock).database.doctor()
    engine.dispose()

    what = f"the database cannot be made: nothing may be written in {tmp_path}"
    assert findings == [Finding(False, what, "let the user who runs the bot write there, or set DATABASE_URL")]


def test_sqlite_is_opened_so_that_nothing_confirmed_is_lost(kept: Store) -> None:
    with kept.database.engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]

    assert pragmas == ["wal", 2, 30_000, 1]


def test_what_was_stored_is_there_for_another_process(kept: Store, tmp_path: Path) -> None:
    kept.inbox.put(ping())

    with sqlite3.connect(tmp_path / "kept.db") as other:
        found = other.execute("SELECT id, source, name, tries FROM deliveries").fetchall()
    other.close()

    assert found == [("github:1", "github", "ping", 0)]


def test_times_come_back_aware_and_in_utc(kept: Store) -> None:
    kept.inbox.put(ping())

    with kept.database.engine.connect() as connection:
        received = connection.execute(sa.select(tables.deliveries.c.received_at)).scalar_one()

    assert received.isoformat() == "2026-03-02T10:00:00+00:00"
