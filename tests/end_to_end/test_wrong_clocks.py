"""Processes on one Postgres whose machines' clocks are wrong, or are set while they run: nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.cluster import Cluster, cluster
from tests.end_to_end.installation import REPOSITORY, BotProcess
from tests.servers.slack.state import Message

WAITS = "echo $SHIPMATE_REQUEST_ID >>{directory}/begun; until test -e {directory}/go; do sleep 0.02; done; echo over"
HOUR = 3_600
RING = """
    INSERT INTO timers (key, due_at, name, body)
    VALUES ('ring', clock_timestamp(), 'Due', '{"deployment_id": 0, "due_at": "2026-03-02T10:00:00Z"}')
"""


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield stack.enter_context(cluster(tmp_path, WAITS))


def sets_clock(there: Cluster, seconds: int) -> None:
    """All processes with a wrong clock that are there, or will be."""
    file = there.directory / "ahead.new"
    file.write_text(str(seconds), encoding="ascii")
    file.rename(there.directory / "ahead")


def worker_with_wrong_clock(there: Cluster, seconds: int) -> BotProcess:
    sets_clock(there, seconds)
    there.environ["CLOCK_AHEAD"] = str(there.directory / "ahead")
    connected = len(there.slack.sockets.open)
    started = there.starts("worker", program="tests.end_to_end.wrong_clock")
    started.wait_until_ready()
    there.wait_for(lambda: len(there.slack.sockets.open) > connected, "a connection to Slack")
    return started


def has_looked(there: Cluster) -> None:
    """The only process alive has looked at all that is due: at each look timers ring first."""
    for _ in range(2):
        with there.database.begin() as connection:
            connection.exec_driver_sql(RING)
        there.wait_for(lambda: there.ask("SELECT count(*) FROM timers WHERE key = 'ring'") == [(0,)], "a look")


def scene(there: Cluster) -> list[tuple[object, ...]]:
    """What an hour would end, begin or make expire."""
    return [
        *there.ask("SELECT environment, state, finished_at FROM deployments ORDER BY id"),
        *there.ask("SELECT environment, until FROM locks"),
        *there.ask("SELECT app, at FROM schedules"),
        *there.ask("SELECT key, due_at FROM timers ORDER BY key"),
    ]


def answered(there: Cluster, said: Message) -> list[str]:
    there.wait_for(lambda: there.thread(said), "an answer")
    return there.thread(said)


def prepares(there: Cluster) -> None:
    """A deployment runs in production, preview is waited for, staging is locked, and something is scheduled."""
    there.deploys()
    there.wait_for(there.begun, "the command")
    there.deploys("deploy topic to preview")
    there.wait_for(lambda: len(there.deployments()) == 2, "the deployment to preview")
    there.deploys("lock staging for 30m because I look at it")
    there.wait_for(lambda: there.ask("SELECT count(*) FROM locks") == [(1,)], "the lock")
    answered(there, there.deploys("deploy topic to staging in 30 minutes"))
    there.wait_for(lambda: there.ask("SELECT count(*) FROM deliveries WHERE handled_at IS NULL") == [(0,)], "quiet")


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_worker_whose_clock_is_wrong_ends_begins_and_unlocks_nothing_of_others(there: Cluster, seconds: int) -> None:
    first = there.worker()
    prepares(there)
    before = scene(there)
    [owner] = there.leases()
    wrong = worker_with_wrong_clock(there, seconds)

    first.kill()
    there.silence(owner)
    there.wait_for(lambda: "taking over" in wrong.printed, "the other to take over")
    has_looked(there)

    assert scene(there) == before
    assert f"1 h {'ahead of' if seconds > 0 else 'behind'} the database's, whose time decides" in wrong.printed
    # Commands are neither too old for it, nor from a time to come.
    [locks] = answered(there, there.deploys("locks"))
    assert "because I look at it" in locks
    (there.directory / "go").touch()
    there.wait_for(lambda: there.statuses(there.deployments()[0].id)[-1] == "success", "the end of the command")
    assert there.begun() == [there.deployments()[0].payload["request_id"]]


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_clock_that_is_set_while_a_worker_runs_changes_nothing(there: Cluster, seconds: int) -> None:
    worker_with_wrong_clock(there, 0)
    prepares(there)
    before = scene(there)

    sets_clock(there, seconds)
    has_looked(there)

    assert scene(there) == before
    [locks] = answered(there, there.deploys("locks"))
    assert "because I look at it" in locks


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_what_a_listener_stores_whose_clock_is_wrong_is_handled_at_once_by_others(there: Cluster, seconds: int) -> None:
    sets_clock(there, seconds)
    there.environ["CLOCK_AHEAD"] = str(there.directory / "ahead")
    listener = there.starts("web", program="tests.end_to_end.wrong_clock")
    listener.wait_until_ready()
    there.github.subscribe(f"http://127.0.0.1:{there.environ['PORT']}/github/webhook")
    there.worker()

    remote = there.github.create_deployment(REPOSITORY, "main", environment="preview", by="jenkins")
    there.github.report_deployment_status(REPOSITORY, remote, "success", description="Is live")

    there.ended("is live")
