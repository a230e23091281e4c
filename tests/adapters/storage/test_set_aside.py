"""What failed again and again: it stays aside, in nobody's way, until somebody says what is to become of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.leases import Lease
from bot.adapters.storage.outbox import PendingEffect
from bot.adapters.storage.set_aside import SHOWN
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.effects import RenderParent
from bot.core.errors import NotThere
from bot.core.ports.chat import Delivery
from tests.databases import migrate
from tests.postgres import new_database

LANE = "parent:1"


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    engine = connect(new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'aside.db'}")
    migrate(engine)
    yield Store(engine, SystemClock())
    engine.dispose()


def poison(kept: Store, name: str = "github:1", reason: str = "ZeroDivisionError") -> str:
    """A delivery that was set aside."""
    kept.inbox.put(Delivery(name, "github", "deployment", b"{}"))
    kept.inbox.take(100)
    kept.inbox.set_aside(name, reason)
    return name


def bad_effect(kept: Store) -> str:
    """The name of an effect that was set aside; another one in its lane was done after it."""
    with kept.decisions.open("github:0", "handler") as decision:
        decision.begin(None, None).emit(RenderParent(1), RenderParent(1))
    pending = claimed(kept)
    following = kept.outbox.set_aside(pending, "me", "KeyError: 'colour'")
    assert following is not None
    assert kept.outbox.done(following, "me") is None
    return f"effect:{pending.id}"


def claimed(kept: Store) -> PendingEffect:
    pending = kept.outbox.claim(LANE, "me")
    assert pending is not None
    return pending


def test_it_is_in_nobodys_way_and_not_taken_again_not_by_a_new_process_either(kept: Store) -> None:
    poison(kept)
    bad_effect(kept)

    kept.inbox.retake()
    Lease(kept.database).take_over()

    assert kept.inbox.take(16) == []
    assert kept.next_due() is None
    assert (kept.inbox.backlog(), kept.outbox.has_pending(), kept.outbox.forgotten_lanes()) == (0, False, [])
    assert kept.set_aside.count() == 2


def test_it_is_named_with_what_it_is_and_why(kept: Store) -> None:
    effect = bad_effect(kept)
    poison(kept)

    found = kept.set_aside.first()

    assert [(one.name, one.what, one.reason) for one in found] == [
        (effect, LANE, "KeyError: 'colour'"),
        ("github:1", "deployment", "ZeroDivisionError"),
    ]
    assert all(one.since <= kept.database.clock.now() for one in found)


def test_of_very_many_a_few_are_named_and_the_others_counted(kept: Store) -> None:
    for number in range(SHOWN + 3):
        poison(kept, f"github:{number}")

    assert kept.set_aside.count() == SHOWN + 3
    assert kept.set_aside.names() == [*(f"github:{number}" for number in range(SHOWN)), "3 more"]
    assert len(kept.doctor()) == 1 + SHOWN + 1


def test_the_examination_names_each_and_the_two_ways_out(kept: Store) -> None:
    poison(kept, "github:it's")

    [database, finding] = kept.doctor()

    assert database.good
    assert not finding.good
    assert finding.what.startswith("github:it's (deployment) is set aside since 20")
    assert finding.what.endswith("UTC: ZeroDivisionError")
    assert finding.mend == (
        """python -m bot retry 'github:it'"'"'s' when the cause is mended, """
        """or python -m bot drop 'github:it'"'"'s' to leave it undone"""
    )


def test_the_examination_of_a_database_that_is_still_to_be_made_makes_none(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'none.db'}")

    [finding] = Store(engine, SystemClock()).doctor()

    assert finding.good
    assert not (tmp_path / "none.db").exists()


def test_a_delivery_that_is_tried_again_comes_as_a_new_attempt_with_all_its_tries(kept: Store) -> None:
    kept.inbox.put(Delivery("github:1", "github", "deployment", b"{}"))
    before = kept.inbox.take(1)[0].tries
    kept.inbox.count_fault("github:1")
    kept.inbox.set_aside("github:1", "ZeroDivisionError")

    kept.set_aside.retry(["github:1"])

    assert [(one.id, one.tries > before) for one in kept.inbox.take(1)] == [("github:1", True)]
    assert kept.inbox.faults("github:1") == 0
    assert kept.set_aside.count() == 0


def test_an_effect_that_is_tried_again_is_found_by_whoever_looks_after_lanes(kept: Store) -> None:
    effect = bad_effect(kept)

    kept.set_aside.retry([effect])

    assert kept.outbox.forgotten_lanes() == [LANE]
    again = claimed(kept)
    assert (f"effect:{again.id}", again.attempted, again.faults) == (effect, True, 0)


def test_what_is_dropped_stays_undone_and_is_cleared_away_in_time(kept: Store) -> None:
    names = [poison(kept), bad_effect(kept)]
    later = kept.database.clock.now() + timedelta(days=1)
    kept.clear(later)
    kept_until_then = kept.set_aside.count()

    kept.set_aside.drop(names)
    kept.clear(later)

    assert kept_until_then == 2
    assert (kept.set_aside.count(), kept.inbox.take(1), kept.outbox.has_pending()) == (0, [], False)
    assert kept.inbox.delivery("github:1") is None


@pytest.mark.parametrize("name", ["github:2", "effect:7", "effect:²", "effect:" + "9" * 30, "effect:", "", "7", "a\0b"])
@pytest.mark.parametrize("what", ["retry", "drop"])
def test_a_name_that_is_not_set_aside_is_refused_and_the_others_stay_as_they_are(
    kept: Store, what: str, name: str
) -> None:
    poison(kept)

    with pytest.raises(NotThere, match="is set aside"):
        getattr(kept.set_aside, what)(["github:1", name])

    assert kept.set_aside.count() == 1


def test_an_attempt_that_was_cut_off_counts_as_one_that_failed(kept: Store) -> None:
    kept.inbox.put(Delivery("github:1", "github", "deployment", b"{}"))
    dead = Lease(kept.database)
    dead.take()
    kept.inbox.take(1, dead.id)
    with kept.decisions.open("github:0", "handler") as decision:
        decision.begin(None, None).emit(RenderParent(1), RenderParent(1))
    kept.outbox.claim(LANE, dead.id)
    dead.release()

    Lease(kept.database).take_over()

    assert kept.inbox.faults("github:1") == 1
    with kept.database.engine.connect() as connection:
        faults = connection.execute(sa.select(tables.effects.c.faults).order_by(tables.effects.c.id)).scalars().all()
    assert faults == [1, 0]


def bodies(kept: Store) -> tuple[dict[str, bytes], list[str]]:
    """What deliveries and effects have said, as far as it is still kept."""
    given, done = tables.deliveries.c, tables.effects.c
    deliveries = kept.database.select(sa.select(given.id, given.body))
    effects = kept.database.select(sa.select(done.body).order_by(done.id))
    return {row.id: bytes(row.body) for row in deliveries}, [row.body for row in effects]


def test_only_of_what_is_set_aside_is_kept_what_it_said(kept: Store) -> None:
    for name in ("github:done", "github:failed", "github:joined", "github:waits"):
        kept.inbox.put(Delivery(name, "github", "deployment", b'{"of": "somebody"}'))
    kept.inbox.handled("github:done", joined=["github:joined"])
    kept.inbox.handled("github:failed", "Not found.")
    poison(kept, "github:aside")
    bad_effect(kept)

    deliveries, effects = bodies(kept)

    assert {name for name, body in deliveries.items() if body} == {"github:waits", "github:aside"}
    assert [bool(body) for body in effects] == [True, False]
    assert not kept.inbox.put(Delivery("github:done", "github", "deployment", b"{}"))


def test_of_what_is_dropped_nothing_is_kept_that_it_said(kept: Store) -> None:
    kept.set_aside.drop([poison(kept), bad_effect(kept)])

    deliveries, effects = bodies(kept)

    assert [*deliveries.values(), *effects] == [b"", "", ""]
