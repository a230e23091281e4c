"""Leases on both databases: who is alive, who stands in for whom, and who must not act any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from bot.adapters.github.auth import TokenAuth
from bot.adapters.github.forge import GitHub
from bot.adapters.slack.chat import Slack
from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.leases import Lease
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.effects import RenderParent
from bot.core.errors import Rejected, Unavailable
from bot.core.events.external import Place
from bot.core.ports.chat import Delivery
from bot.core.ports.forge_types import NewRemoteStatus
from bot.core.rich_text import Message
from tests.databases import migrate
from tests.patience import PATIENCE
from tests.postgres import new_database
from tests.servers.github.server import GitHubServer
from tests.servers.slack.server import SlackServer


def opened(url: str) -> Store:
    engine = connect(url)
    migrate(engine)
    return Store(engine, SystemClock())


@pytest.fixture
def shared() -> Iterator[Store]:
    kept = opened(new_database())
    yield kept
    kept.database.engine.dispose()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Store]:
    kept = opened(f"sqlite:///{tmp_path / 'bot.db'}")
    yield kept
    kept.database.engine.dispose()


def taken(kept: Store, **how: float) -> Lease:
    lease = Lease(kept.database, **how)
    lease.take()
    return lease


def silence(kept: Store, lease: Lease) -> None:
    """As if nothing had been heard of it for two minutes."""
    with kept.database.writing() as connection:
        mine = sa.update(tables.executors).where(tables.executors.c.id == lease.id)
        connection.execute(mine.values(seen_at=sa.func.now() - timedelta(minutes=2)))


def in_hand(kept: Store, lease: Lease) -> None:
    """It takes a delivery, and a lane with one effect."""
    kept.inbox.put(Delivery("github:1", "github", "ping", b"{}"))
    kept.inbox.take(1, lease.id)
    with kept.decisions.open("github:0", "handler") as decision:
        decision.begin(None, None).emit(RenderParent(1))
    assert kept.outbox.claim("parent:1", lease.id) is not None


def test_each_boot_has_a_lease_of_its_own(shared: Store) -> None:
    first, second = taken(shared), taken(shared)

    assert first.id != second.id
    assert (first.beat(), second.beat()) == (True, True)


def test_a_silent_process_is_taken_over_with_all_that_it_had_in_hand(shared: Store) -> None:
    mine, dead = taken(shared), taken(shared)
    in_hand(shared, dead)
    silence(shared, dead)

    found = mine.take_over()

    assert found == [dead.id]
    assert [(one.id, one.tries) for one in shared.inbox.take(5, mine.id)] == [("github:1", 1)]
    assert shared.outbox.take_lanes() == ["parent:1"]
    pending = shared.outbox.claim("parent:1", mine.id)
    assert pending is not None
    assert pending.attempted
    assert not dead.beat()


def test_one_of_many_takes_over(shared: Store) -> None:
    heirs = [taken(shared) for _ in range(4)]
    dead = [taken(shared) for _ in range(6)]
    for lease in dead:
        silence(shared, lease)
    together = Barrier(len(heirs))
    found: list[str] = []

    def take_over(heir: Lease) -> None:
        together.wait(PATIENCE)
        found.extend(heir.take_over())

    threads = [Thread(target=take_over, args=(heir,)) for heir in heirs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(found) == sorted(lease.id for lease in dead)


def test_a_process_that_left_is_taken_over_at_once_and_the_living_keep_what_they_have(shared: Store) -> None:
    mine, left, alive = taken(shared), taken(shared), taken(shared)
    in_hand(shared, alive)
    left.release()

    found = mine.take_over(silent=False)

    assert found == [left.id]
    assert shared.inbox.take(5, mine.id) == []
    assert shared.outbox.claim("parent:1", mine.id) is None
    assert alive.beat()


def test_what_a_process_takes_after_its_lease_is_gone_is_free_again_at_the_next_look(shared: Store) -> None:
    mine, paused = taken(shared), taken(shared)
    silence(shared, paused)
    mine.take_over()
    in_hand(shared, paused)

    found = mine.take_over()

    assert found == []
    assert [one.id for one in shared.inbox.take(5, mine.id)] == ["github:1"]
    assert shared.outbox.claim("parent:1", mine.id) is not None


def test_those_without_a_lease_are_told_from_those_with_one(shared: Store) -> None:
    mine = taken(shared)

    dead = mine.without_one({mine.id, "somebody long gone"})

    assert dead == ["somebody long gone"]


def test_a_process_that_has_not_been_heard_of_for_too_long_must_not_act_until_it_is(shared: Store) -> None:
    lease = taken(shared, expires_after=0.0)
    with pytest.raises(Unavailable) as refused:
        lease.check()
    waits_for_checks = taken(shared)

    waits_for_checks.check()

    assert str(refused.value) == "This process has not been heard of for too long; others may have taken over."


def test_without_a_word_of_its_own_a_process_changes_nothing_on_github_and_says_nothing_in_slack(shared: Store) -> None:
    lease = taken(shared, expires_after=0.0)
    with GitHubServer() as server, SlackServer() as slack:
        server.add_repository("acme/web")
        remote = server.create_deployment("acme/web", "main", environment="production", by=server.bot_login)
        auth = TokenAuth(server.token)
        forge = GitHub(server.url, auth, clock=SystemClock(), web_url="", before_change=lease.check)
        chat = Slack(slack.bot_token, api_url=slack.api_url, clock=SystemClock(), before_call=lease.check)

        with pytest.raises(Unavailable) as unchanged:
            forge.deployments.post_status("acme/web", remote, NewRemoteStatus("success", "Done", "production"))
        with pytest.raises(Unavailable) as unsaid:
            chat.post(Place("C1"), Message(("Done.",)), key="1")
        forge.close()

    assert not unchanged.value.uncertain
    assert not unsaid.value.uncertain
    assert [request.method for request in server.requests] == []
    assert slack.requests == []


def test_a_sqlite_file_is_for_one_process_and_whatever_was_there_before_is_dead(alone: Store) -> None:
    first = taken(alone)
    second = Lease(alone.database)

    with pytest.raises(Rejected) as refused:
        second.take()
    in_hand(alone, first)
    first.release()
    second.take()

    assert str(refused.value).startswith(
        f"Another process uses {alone.database.engine.url.database} already, and SQLite is for"
    )
    assert second.take_over(silent=False) == [first.id]
    assert [one.id for one in alone.inbox.take(5, second.id)] == ["github:1"]


def test_on_sqlite_nobody_can_have_taken_over_however_long_it_takes(alone: Store) -> None:
    lease = taken(alone, expires_after=0.0)

    lease.check()

    assert lease.beat()


def test_a_database_without_a_place_is_told_in_a_sentence(tmp_path: Path) -> None:
    nowhere = Store(connect(f"sqlite:///{tmp_path / 'nowhere' / 'bot.db'}"), SystemClock())

    with pytest.raises(Unavailable) as refused:
        Lease(nowhere.database).reserve()

    file = tmp_path / "nowhere" / "bot.db"
    assert str(refused.value) == f"The database does not answer: {file}: No such file or directory."


def test_moments_are_the_databases_own(shared: Store) -> None:
    taken(shared)

    [row] = shared.database.select(sa.select(tables.executors.c.seen_at))

    assert abs((row.seen_at - datetime.now(UTC)).total_seconds()) < 60
