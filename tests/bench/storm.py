"""A storm of webhooks: how fast it is taken in and worked off, and how long people wait for an answer meanwhile."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import to_row
from bot.adapters.storage.engine import connect
from bot.core.deployments.model import State, Waiting
from tests.bench import databases
from tests.bench.accept import WEBHOOK, on_other_cores
from tests.bench.history import finished
from tests.bench.replies import REPOSITORY, Harbour
from tests.bench.running import OTHER_CORES, Measured, bot, migrate
from tests.bench.tables import milliseconds, show

COUNT, CONNECTIONS = 1_000, 16
STORMS = 3
"""Of each kind, so that there are answers enough to tell which is slower than nineteen of twenty."""
PLACES = 20
PEOPLE = ("maria", "omar", "ines", "li", "sam")
PATIENCE = 120.0
CALM = 20
"""How many commands are answered before and after, at least."""
APPS = "".join(
    f'[apps.app{app}]\nrepository = "{REPOSITORY}"\nchannel = "#deploys"\nprovider = {{ type = "external" }}\n'
    + "".join(f"[apps.app{app}.environments.{place}]\n" for place in ("waits", "runs"))
    for app in range(PLACES)
)
Webhooks = Sequence[tuple[str, str]]
_ids = itertools.count(900_000)


@dataclass
class Weather:
    """What one storm came to, in seconds; ``cpu`` is of all processes of the bot, ``grown`` bytes of the database."""

    accepted: float
    p99: float
    settled: float
    cpu: float
    answers: list[float]
    grown: int


@dataclass
class Harbours:
    """The bot that is measured, and what stands around it."""

    harbour: Harbour
    url: str
    listener: Measured
    processes: list[Measured]
    engine: sa.Engine

    def cpu(self) -> float:
        return sum(one.cpu() for one in self.processes)

    def backlog(self) -> int:
        waiting = sa.select(sa.func.count()).where(tables.deliveries.c.handled_at.is_(None))
        with self.engine.connect() as connection:
            return int(connection.execute(waiting).scalar() or 0)

    def size(self) -> int:
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                pages, free, size = (
                    int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
                    for name in ("page_count", "freelist_count", "page_size")
                )
                return (pages - free) * size
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar() or 0)


def bench(given: argparse.Namespace) -> None:
    os.sched_setaffinity(0, OTHER_CORES)
    rows = []
    for kind, name in (("SQLite", "`run`, SQLite"), ("Postgres", "`web` + `worker`, Postgres")):
        with opened(kind) as found:
            calm = asked_while(found, lambda: False)
            rows.append([name, "none", "–", "–", "–", "–", f"{milliseconds(p95(calm))}", "–"])
            storms = [storms_of(found.harbour) for _ in range(STORMS)]
            for title in storms[0]:
                rows.append([name, title, *figures([storm(found, one[title]) for one in storms])])
    heads = ["process", "storm", "accepted /s", "p99", "worked off /s", "per core /s", "command p95", "grown each"]
    notes = [
        f"{STORMS} storms of {COUNT:,} webhooks over {CONNECTIONS} connections; {len(PEOPLE)} people type commands, "
        "one after the other, until all is worked off. *Per core* is by the CPU seconds of the bot's processes."
    ]
    show("A storm of webhooks", heads, rows, notes)


def figures(storms: Sequence[Weather]) -> list[str]:
    count = COUNT * len(storms)
    return [
        f"{count / sum(one.accepted for one in storms):,.0f}",
        milliseconds(max(one.p99 for one in storms)),
        f"{count / sum(one.settled for one in storms):,.0f}",
        f"{count / sum(one.cpu for one in storms):,.0f}",
        milliseconds(p95([answer for one in storms for answer in one.answers])),
        f"{sum(one.grown for one in storms) / count:,.0f} B",
    ]


def p95(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


# --- what stands there -----------------------------------------------------------------------------------------------


@contextmanager
def opened(kind: str, workers: int = 1) -> Iterator[Harbours]:
    with ExitStack() as stack:
        harbour = Harbour(stack)
        for person in PEOPLE:
            harbour.slack.add_user(person)
        harbour.slack.add_channel("storm", members=list(PEOPLE))
        url = stack.enter_context(databases.address(kind))
        migrate(url)
        fill(url, harbour)
        if kind == "SQLite":
            processes = [stack.enter_context(bot("run", url, harbour.environ, APPS))]
        else:
            processes = [
                stack.enter_context(bot(one, url, harbour.environ, APPS)) for one in ("web", *["worker"] * workers)
            ]
        harbour.connected()
        engine = connect(url)
        stack.callback(engine.dispose)
        found = Harbours(harbour, url, processes[0], processes, engine)
        until(lambda: found.backlog() == 0)
        yield found


def fill(url: str, harbour: Harbour) -> None:
    """Twenty deployments that wait for a check that has only begun, and twenty that another tool carries out."""
    now = datetime.now(UTC)
    rows = []
    for number in range(PLACES):
        sha = harbour.github.commit(REPOSITORY, f"waits-{number}", f"Add search {number}")
        harbour.github.set_check_run(REPOSITORY, sha, "ci/test", None)
        remote = harbour.github.create_deployment(REPOSITORY, "main", environment="runs", by="hubot")
        same = replace(finished(number), app=f"app{number}", repository=REPOSITORY, finished_at=None)
        waits = replace(same, environment="waits", sha=sha, state=State.WAITING, remote_id=None)
        waits = replace(waits, waits_for=Waiting.CHECKS, waits_since=now, due_at=now + timedelta(hours=1))
        runs = replace(same, environment="runs", request_id=f"runs-{number}", remote_id=remote, state=State.RUNNING)
        runs = replace(runs, started_at=now, due_at=now + timedelta(hours=1))
        rows += [to_row(waits), to_row(runs)]
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.deployments), rows)
    engine.dispose()


def storms_of(harbour: Harbour) -> dict[str, Webhooks]:
    [check] = [one for one in harbour.github.webhooks_of("check_run") if "waits" not in one.repository][-1:]
    runs = [one for one in harbour.github.deployments(REPOSITORY) if one.environment == "runs"]
    waiting = [one.json["check_run"]["head_sha"] for one in harbour.github.webhooks_of("check_run")]
    for one in runs:
        harbour.github.report_deployment_status(REPOSITORY, one.id, "in_progress", description="Going on")
    statuses = [one.json for one in harbour.github.webhooks_of("deployment_status")][-len(runs) :]
    text = check.body.decode()
    sha = check.json["check_run"]["head_sha"]
    elsewhere = {**check.json["repository"], "full_name": "acme/elsewhere", "id": 4711}
    return {
        "another repository's checks": [("check_run", json.dumps({**check.json, "repository": elsewhere}))],
        "checks of a commit that nobody waits for": [("check_run", text.replace(sha, "9" * 40))],
        "checks of commits that wait": [("check_run", text.replace(sha, one)) for one in waiting],
        "statuses of deployments that run": [
            (
                "deployment_status",
                json.dumps({**one, "deployment_status": {**one["deployment_status"], "id": next(_ids)}}),
            )
            for one, _ in zip(itertools.cycle(statuses), range(COUNT), strict=False)
        ],
    }


# --- the storm -------------------------------------------------------------------------------------------------------


def storm(found: Harbours, webhooks: Webhooks) -> Weather:
    size, cpu = found.size(), found.cpu()
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(one) + "\n" for one in webhooks)
        file.flush()
        over = threading.Event()
        told: list[Weather] = []

        def blow() -> None:
            told.append(blown(found, Path(file.name)))
            over.set()

        thread = threading.Thread(target=blow)
        thread.start()
        answers = asked_while(found, lambda: not over.is_set())
        thread.join()
    # What the commands cost is in it as well.
    return replace(told[0], answers=answers, cpu=found.cpu() - cpu, grown=max(0, found.size() - size))


def blown(found: Harbours, file: Path) -> Weather:
    command = [sys.executable, "-m", "tests.bench.load", str(found.listener.port), WEBHOOK, "--webhooks", str(file)]
    options = ["--connections", str(CONNECTIONS), "--seconds", "60", "--warm-up", "0", "--most", str(COUNT)]
    done = subprocess.run([*command, *options], check=True, capture_output=True, preexec_fn=on_other_cores)
    said = json.loads(done.stdout)
    began = time.perf_counter() - said["answered"] / said["rate"]
    until(lambda: found.backlog() == 0)
    settled = time.perf_counter() - began
    return Weather(said["answered"] / said["rate"], said["p99"], settled, 0.0, [], 0)


def asked_while(found: Harbours, going: object) -> list[float]:
    """How long each answer took; people take turns, each when the one before has been answered."""
    slack = found.harbour.slack
    took: list[float] = []
    for person in itertools.cycle(PEOPLE):
        if len(took) >= CALM and not going():  # type: ignore[operator]
            return took
        began = time.perf_counter()
        before = found.harbour.posted()
        slack.says(person, "#storm", "@shipmate status app3/waits")
        until(lambda before=before: found.harbour.posted() > before)  # type: ignore[misc]
        took.append(time.perf_counter() - began)
        time.sleep(0.05)
    return took


def until(true: object) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not true():  # type: ignore[operator]
        if time.perf_counter() > deadline:
            raise TimeoutError("the storm does not end")
        time.sleep(0.002)
