"""A harbour with several processes on one Postgres; leases can be aged, connections counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from tests.end_to_end.installation import BotProcess, Installation, free_port, is_story, site
from tests.postgres import new_database

ENDED = ["queued", "in_progress", "success"]
QUICK_HEARTBEAT = "tests.end_to_end.quick_heartbeat"


class Cluster(Installation):
    """A harbour on a Postgres database: any number of processes, each with a listener of its own where it has one."""

    database: sa.Engine

    def web(self) -> BotProcess:
        """A listener that gets GitHub's webhooks from now on."""
        self.environ["PORT"] = str(free_port())
        started = self.starts("web")
        started.wait_until_ready()
        self.github.subscribe(f"http://127.0.0.1:{self.environ['PORT']}/github/webhook")
        return started

    def worker(self) -> BotProcess:
        connected = len(self.slack.sockets.open)
        started = self.starts("worker", program=QUICK_HEARTBEAT)
        started.wait_until_ready()
        self.wait_for(lambda: len(self.slack.sockets.open) > connected, "a connection to Slack")
        return started

    def as_user(self, name: str) -> None:
        """Processes that are started from now on connect as this user, by whom their connections are told apart."""
        with self.database.begin() as connection:
            connection.exec_driver_sql(f'CREATE ROLE "{name}" SUPERUSER LOGIN')
        self.environ["DATABASE_URL"] = self.database.url.set(username=name).render_as_string(hide_password=False)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def leases(self) -> list[str]:
        return [row[0] for row in self.ask("SELECT id FROM executors ORDER BY id")]

    def silence(self, lease: str) -> None:
        """As if nothing had been heard of that process for longer than a lease lasts."""
        with self.database.begin() as connection:
            long_ago = sa.func.now() - timedelta(minutes=2)
            mine = sa.update(tables.executors).where(tables.executors.c.id == lease)
            connection.execute(mine.values(seen_at=long_ago))

    def begun(self) -> list[str]:
        """The request ids for which the command was begun, in order."""
        file = self.directory / "begun"
        return file.read_text().splitlines() if file.exists() else []

    def assert_once(self) -> None:
        """One deployment, one run, one message each, however many had a hand in it."""
        parent = self.ended("is live")
        [deployment] = self.deployments()
        self.wait_for(lambda: self.statuses(deployment.id) == ENDED, "the statuses")
        assert self.begun() == [deployment.payload["request_id"]]
        assert self.parents() == [parent]
        assert is_story(self.told(parent)), self.told(parent)
        for said in self.slack.messages("#web"):
            answers = self.thread(said)
            assert len(answers) == len(set(answers))


@contextmanager
def cluster(directory: Path, command: str, *, migrated: bool = True) -> Iterator[Cluster]:
    with site(directory, command) as there:
        there.__class__ = Cluster
        assert isinstance(there, Cluster)
        there.environ["DATABASE_URL"] = new_database()
        there.database = connect(there.environ["DATABASE_URL"], pool_size=1)
        if migrated:
            assert there.starts("migrate").wait() == 0
        yield there
        there.database.dispose()
