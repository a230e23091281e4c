"""Presses, channels and silences as rows, on both databases: of many at the same instant one is the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.ports.parents import AwayCard, Silence
from bot.core.presses.model import Press
from tests import postgres
from tests.databases import migrate
from tests.patience import PATIENCE

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PRESS = Press("C1:1.2:abc", "maria <!channel>", "U1", 2**40, T0)
CARD = AwayCard(7, "C1", "1.2", "The channel #web is archived.", 1)
SILENCE = Silence("C1", "The channel #web is archived.", visible=True)


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture(params=["sqlite", "postgres"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else postgres.new_database()
    with ExitStack() as stack:
        engine = connect(url)
        stack.callback(engine.dispose)
        migrate(engine)
        yield Store(engine, StoppedClock())


def at_once(*deeds: Callable[[], bool]) -> list[bool]:
    """All of them at one instant."""
    start, results = Barrier(len(deeds)), []

    def does(deed: Callable[[], bool]) -> None:
        start.wait(PATIENCE)
        results.append(deed())

    threads = [Thread(target=does, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return results


def keep(store: Store, press: Press) -> bool:
    with store.decisions.open(str(uuid4()), "a test") as decision:
        return decision.begin(None, None).presses.keep(press)


def test_a_press_comes_back_as_it_was_and_is_kept_once(store: Store) -> None:
    kept = [keep(store, PRESS), keep(store, PRESS)]

    assert kept == [True, False]
    assert store.reads().presses.of(PRESS.key) == PRESS
    assert store.reads().presses.of("C1:1.2") is None


def test_of_many_presses_at_one_instant_one_is_the_first(store: Store) -> None:
    assert sorted(at_once(*[lambda: keep(store, PRESS)] * 4)) == [False, False, False, True]


def test_a_press_whose_decision_fails_is_not_kept(store: Store) -> None:
    def fails() -> None:
        with store.decisions.open("one", "a test") as decision:
            decision.begin(None, None).presses.keep(PRESS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()

    assert store.reads().presses.of(PRESS.key) is None


def test_a_card_leaves_once_and_is_at_home_again(store: Store) -> None:
    others = [replace(CARD, effect_id=number) for number in (1, 2, 3, 4)]
    left = at_once(*[lambda card=card: store.parents.leaves(card) for card in others])  # type: ignore[misc]
    again = [store.parents.leaves(card) for card in others]

    taken = replace(CARD, effect_id=again.index(True) + 1)
    there = (store.parents.away(7), store.parents.all_away(), store.parents.away(8))
    store.parents.at_home(7)

    assert (sorted(left), sorted(again)) == ([False, False, False, True], [False, False, False, True])
    assert there == (taken, [taken], None)
    assert store.parents.all_away() == []


def test_a_silence_is_new_once_and_a_deleted_thread_stays_silent(store: Store) -> None:
    gone = Silence("C1", "That thread is gone.", visible=False)
    new = [store.parents.fell_silent(SILENCE, T0) for _ in range(2)]
    store.parents.fell_silent(gone, T0, "1.2")
    store.parents.fell_silent(SILENCE, T0, "1.3")
    store.parents.fell_silent(replace(SILENCE, channel="C2"), T0, "1.4")
    before = store.parents.silent_channels()

    store.parents.speaks_again("C1")

    assert new == [True, False]
    assert before == {"C1", "C2"}
    assert store.parents.silent_channels() == {"C2"}
    assert [store.parents.silence("C1", thread) for thread in ("", "1.2", "1.3")] == [None, gone, None]


def test_a_thread_in_which_something_was_said_is_not_silent(store: Store) -> None:
    gone = Silence("C1", "Only some people may post there.", visible=False)
    for thread in ("1.2", "1.3"):
        store.parents.fell_silent(gone, T0, thread)

    store.parents.speaks_again("C1", "1.2")

    assert [store.parents.silence("C1", thread) for thread in ("1.2", "1.3")] == [None, gone]


def test_what_is_old_is_cleared_but_not_what_still_holds(store: Store) -> None:
    keep(store, PRESS)
    store.parents.fell_silent(SILENCE, T0)
    store.parents.fell_silent(SILENCE, T0, "1.2")

    store.clear(T0 + timedelta(days=1))

    assert store.reads().presses.of(PRESS.key) is None
    assert store.parents.silence("C1", "1.2") is None
    assert store.parents.silence("C1") == SILENCE


def test_a_name_means_the_channel_that_was_learned_last(store: Store) -> None:
    store.channels.learned("web", "C1")
    store.channels.learned("site", "C1")
    store.channels.learned("web", "C2")

    assert [store.channels.meant(name) for name in ("web", "site", "api")] == ["C2", "C1", None]
    assert (store.channels.names("C1"), store.channels.names("C2")) == ({"site"}, {"web"})
