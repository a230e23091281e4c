"""Several processes on one Postgres: they share the work, stand in for each other, and do nothing twice."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.cluster import Cluster, cluster
from tests.end_to_end.installation import REPOSITORY, BotProcess, free_port

WAITS = "echo $SHIPMATE_REQUEST_ID >>{directory}/begun; until test -e {directory}/go; do sleep 0.02; done; echo over"
QUICK = "echo $SHIPMATE_REQUEST_ID >>{directory}/begun"
CONNECTIONS = "SELECT usename, count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY usename"


@pytest.fixture
def cluster_with(tmp_path: Path) -> Iterator[Callable[[str], Cluster]]:
    with ExitStack() as stack:
        yield lambda command: stack.enter_context(cluster(tmp_path, command))


# --- sharing the work -------------------------------------------------------------------------------------------


def test_two_web_and_two_worker_processes_do_everything_once_within_their_connections(
    cluster_with: Callable[[str], Cluster],
) -> None:
    there = cluster_with(QUICK)
    for name in ("web_1", "web_2", "worker_1", "worker_2"):
        there.as_user(f"{name}_{os.getpid()}")
        there.web() if name.startswith("web") else there.worker()
    most: dict[str, int] = {}

    there.deploys()
    elsewhere = there.github.commit(REPOSITORY, "elsewhere", "What this commit has is not expected of others")
    for number in range(15):
        there.github.set_status(REPOSITORY, elsewhere, f"ci/{number}", "success")
        there.slack.says("maria", "#web", "@shipmate status")
        for user, count in there.ask(CONNECTIONS):
            most[user] = max(most.get(user, 0), count)

    there.assert_once()
    asked = [one for one in there.slack.messages("#web") if one.text.endswith("status")]
    there.wait_for(lambda: all(len(there.thread(one)) == 1 for one in asked), "the answers")
    there.wait_for(lambda: there.ask("SELECT count(*) FROM deliveries WHERE handled_at IS NULL") == [(0,)], "quiet")
    assert [attempt.status for attempt in there.github.attempts] == [202] * len(there.github.attempts)
    assert all(most[f"web_{number}_{os.getpid()}"] <= 2 for number in (1, 2)), most
    assert all(1 <= most[f"worker_{number}_{os.getpid()}"] <= 5 for number in (1, 2)), most
    assert all(len(there.thread(one)) == 1 for one in asked)
    assert [one.terminate() for one in there.processes[1:]] == [0, 0, 0, 0]


def test_the_same_webhook_at_two_listeners_is_handled_once(cluster_with: Callable[[str], Cluster]) -> None:
    there = cluster_with(QUICK)
    for _ in range(2):
        there.web()
        there.worker()

    remote = there.github.create_deployment(REPOSITORY, "main", environment="preview", by="jenkins")
    there.github.report_deployment_status(REPOSITORY, remote, "success", description="Is live")
    parent = there.ended("is live")
    there.wait_for(lambda: there.ask("SELECT count(*) FROM deliveries WHERE handled_at IS NULL") == [(0,)], "quiet")

    assert [one.status for one in there.github.attempts] == [202] * 4
    assert there.parents() == [parent]
    # That it has started is told while that is news.
    assert there.thread(parent) in (["✅ live in (n) s"], ["🚀 Started (time)", "✅ live in (n) s"])


# --- standing in for each other ---------------------------------------------------------------------------------


def test_a_killed_workers_command_is_followed_to_its_end_by_another(cluster_with: Callable[[str], Cluster]) -> None:
    there = cluster_with(WAITS)
    first = there.worker()
    there.deploys()
    there.wait_for(there.begun, "the command")
    there.worker()
    [lease] = [one for one in there.leases() if owner_of_run(there) == one]

    first.kill()
    there.silence(lease)
    there.wait_for(lambda: lease not in there.leases(), "the other to take over")
    (there.directory / "go").touch()

    there.assert_once()
    assert len(there.leases()) == 1


def owner_of_run(there: Cluster) -> str:
    """The process that carries the only deployment out."""
    [(executor,)] = there.ask("SELECT executor_id FROM dbos.workflow_status WHERE workflow_uuid LIKE 'run:%%'")
    return str(executor)


def test_a_worker_that_is_told_to_end_leaves_in_time_and_another_goes_on_at_once(
    cluster_with: Callable[[str], Cluster],
) -> None:
    there = cluster_with(WAITS)
    first = there.worker()
    there.deploys()
    there.wait_for(there.begun, "the command")
    second = there.worker()

    code = first.terminate()
    there.wait_for(lambda: "taking over" in second.printed, "the other to take over")
    (there.directory / "go").touch()

    assert code == 0
    assert "Traceback" not in first.printed
    there.assert_once()


def test_a_worker_that_is_paused_for_longer_than_its_lease_leaves_without_doing_anything_twice(
    cluster_with: Callable[[str], Cluster],
) -> None:
    there = cluster_with(WAITS)
    first = there.worker()
    there.deploys()
    there.wait_for(there.begun, "the command")
    lease = owner_of_run(there)
    there.worker()

    pause(first)
    there.silence(lease)
    there.wait_for(lambda: lease not in there.leases(), "the other to take over")
    (there.directory / "go").touch()
    there.ended("is live")
    go_on(first)

    assert first.wait() == 75
    assert "the lease of this process is gone; it leaves" in first.printed
    there.assert_once()


@pytest.mark.parametrize("path", ["/deployments", "/statuses"])
def test_a_worker_that_is_paused_in_the_middle_of_a_request_leaves_the_rest_to_the_other(
    cluster_with: Callable[[str], Cluster], path: str
) -> None:
    there = cluster_with(QUICK)
    first = there.worker()
    [lease] = there.leases()
    paused = pause_at(there, first, "POST", path)

    there.deploys()
    there.wait_for(lambda: paused, "the request")
    there.silence(lease)
    there.worker()
    there.ended("is live")
    go_on(first)

    assert first.wait() == 75
    there.assert_once()


def pause(process: BotProcess) -> None:
    process.send(signal.SIGSTOP)


def go_on(process: BotProcess) -> None:
    process.send(signal.SIGCONT)


def pause_at(there: Cluster, process: BotProcess, method: str, path: str) -> list[str]:
    """Pause the process when its first such request has been carried out, before it has the answer.

    What it has to say by then is said before: half a message that is sent when it goes on again nobody could take back.
    """
    paused: list[str] = []

    def has_said_it() -> bool:
        said = [one for one in there.slack.messages("#web") if one.bot_id is None]
        return bool(there.parents()) and all(one.reactions for one in said)

    def trap(when: str, its_method: str, its_path: str) -> bool:
        if not paused and (when, its_method) == ("after", method) and its_path.endswith(path):
            there.wait_for(has_said_it, "the card, and the mark on the command")
            paused.append(its_path)
            pause(process)
        return False

    there.github.trap = trap
    return paused


@pytest.mark.parametrize(
    ("when", "path"), [("before", "/deployments"), ("after", "/deployments"), ("before", "/statuses")]
)
def test_what_a_worker_had_in_hand_when_it_was_killed_is_finished_by_another(
    cluster_with: Callable[[str], Cluster], when: str, path: str
) -> None:
    there = cluster_with(QUICK)
    first = there.worker()
    [lease] = there.leases()
    killed: list[str] = []

    def trap(moment: str, method: str, asked: str) -> bool:
        if killed or (moment, method) != (when, "POST") or not asked.endswith(path):
            return False
        killed.append(asked)
        first.end_at_once()
        return True

    there.github.trap = trap
    there.deploys()
    first.wait()
    there.worker()
    there.silence(lease)

    there.assert_once()
    assert len(killed) == 1


# --- who may change the database --------------------------------------------------------------------------------


@pytest.mark.parametrize("process", ["web", "worker"])
def test_a_process_that_finds_an_empty_database_says_what_to_do_and_ends(tmp_path: Path, process: str) -> None:
    with cluster(tmp_path, QUICK, migrated=False) as there:
        bot = there.starts(process)

        code = bot.wait()

        assert code == 1
        assert bot.lines == ["✗ The database is not up to date: run `python -m bot migrate` first."]
        assert there.ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'") == [(0,)]


@pytest.mark.parametrize("process", ["web", "worker", "run"])
def test_a_process_that_finds_an_old_database_says_what_to_do_and_ends(
    cluster_with: Callable[[str], Cluster], process: str
) -> None:
    there = cluster_with(QUICK)
    with there.database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")

    bot = there.starts(process)

    assert bot.wait() == 1
    assert bot.lines == ["✗ The database is not up to date: run `python -m bot migrate` first."]


NEWER = "it is newer than this version of the bot, which runs on it all the same"
# As the next version's migration may leave it: more tables, more columns that need not be written.
NEXT_VERSION = """
ALTER TABLE deployments ADD COLUMN mood TEXT;
ALTER TABLE effects ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;
CREATE TABLE moods (name TEXT PRIMARY KEY);
UPDATE alembic_version SET version_num = '9999';
UPDATE dbos.dbos_migrations SET version = version + 1;
"""


def test_a_bot_that_was_rolled_back_works_on_the_newer_database_and_migrate_leaves_it_alone(
    cluster_with: Callable[[str], Cluster],
) -> None:
    there = cluster_with(QUICK)
    with there.database.begin() as connection:
        connection.exec_driver_sql(NEXT_VERSION)

    migrating = there.starts("migrate")
    code = migrating.wait()
    web, worker = there.web(), there.worker()
    there.deploys()

    assert (code, migrating.printed) == (0, f"There is nothing to migrate: {NEWER}.")
    there.assert_once()
    assert [one.printed.count(NEWER) for one in (web, worker)] == [1, 1]
    assert there.ask("SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize("process", ["web", "worker", "run", "migrate"])
def test_a_process_that_misses_a_table_says_which_and_ends(
    cluster_with: Callable[[str], Cluster], process: str
) -> None:
    there = cluster_with(QUICK)
    with there.database.begin() as connection:
        connection.exec_driver_sql("DROP TABLE locks; ALTER TABLE audit DROP COLUMN login")

    bot = there.starts(process)

    assert bot.wait() == 1
    assert bot.lines == [
        "✗ The database lacks the column login of audit and 1 more: no migration brings back what was removed by hand, "
        "so restore the database from a backup."
    ]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"database": "nowhere"}, 'FATAL:  database "nowhere" does not exist'),
        ({"username": "nobody"}, 'FATAL:  role "nobody" does not exist'),
        ({"host": "127.0.0.1", "port": 9, "query": {}}, "Connection refused"),
        ({"host": "name.invalid", "query": {}}, "Name or service not known"),
    ],
)
def test_what_is_wrong_with_the_database_is_told_in_the_servers_own_words(
    cluster_with: Callable[[str], Cluster], wrong: dict[str, Any], reason: str
) -> None:
    there = cluster_with(QUICK)
    url = there.database.url.set(password="a-password").set(**wrong)
    there.environ["DATABASE_URL"] = url.render_as_string(hide_password=False)

    bot = there.starts("migrate")

    assert bot.wait() == 1
    [line] = bot.lines
    assert line.startswith("✗ The database does not answer: ")
    assert line.endswith(f"{reason}. Compare DATABASE_URL.")
    assert "a-password" not in line


def test_two_processes_that_find_an_empty_database_bring_it_up_to_date_together(tmp_path: Path) -> None:
    with cluster(tmp_path, QUICK, migrated=False) as there:
        for _ in range(2):
            there.environ["PORT"] = str(free_port())
            there.starts("run")

        for bot in there.processes:
            bot.wait_until_ready()
        there.wait_for(lambda: len(there.slack.sockets.open) == 2, "two connections to Slack")
        there.deploys()

        there.assert_once()
        assert [bot.terminate() for bot in there.processes] == [0, 0]
        assert not any(re.search("Traceback|level=error", bot.printed) for bot in there.processes)
