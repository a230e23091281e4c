"""Webhooks of 25 kB, accepted: ours are stored for good before they are answered, Probot's are not stored at all."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from tests.bench import databases, peer
from tests.bench.limits import GROUPS
from tests.bench.replies import Harbour
from tests.bench.running import OTHER_CORES, SERVER_CORE, Measured, bot, listens, migrate, process
from tests.bench.tables import megabytes, milliseconds, show, times

CONNECTIONS = (1, 16, 64)
ROUNDS = 4
ROUNDS_ALONE, SECONDS_ALONE = 16, 0.6
"""Short and many: what one connection waits for differs by half from one minute to the next on many machines."""
WEBHOOK = "/github/webhook"
WHOLE = "Shipmate `run`, SQLite: with the engine"
PEER, MIDDLEWARE, BARE = "Probot", "Probot's middleware, no log", "uvicorn alone, nothing verified"


@dataclass(frozen=True)
class Server:
    measured: Measured
    path: str


@dataclass
class Run:
    """What one server did at one number of connections: the better of the rounds, as other work only makes it worse."""

    rate: float
    p50: float
    p99: float
    cpu: float
    generator: float


Runs = dict[tuple[str, int], Run]


def bench(given: argparse.Namespace) -> None:
    os.sched_setaffinity(0, OTHER_CORES)
    absent = peer.missing()
    runs: Runs = {}
    with ExitStack() as stack:
        urls = {kind: stack.enter_context(databases.address(kind)) for kind in databases.KINDS}
        for url in urls.values():
            migrate(url)
        servers = started(stack, urls, with_peer=absent is None)
        for _ in range(ROUNDS):
            for key, run in one_round(servers, given.seconds).items():
                runs[key] = better(runs[key], run) if key in runs else run
        alone = [shares(servers, urls) for _ in range(ROUNDS_ALONE)]
        limits = bare_limits(urls, given.seconds)
        memory = {name: server.measured.memory() for name, server in servers.items()}
    report(runs, list(servers), memory, [absent] if absent else [])
    report_limits(runs, limits, alone)


def one_round(servers: dict[str, Server], seconds: float) -> Runs:
    return {
        (name, connections): measured(server, connections, seconds)
        for connections in CONNECTIONS
        for name, server in servers.items()
    }


def shares(servers: dict[str, Server], urls: dict[str, str]) -> dict[str, float]:
    """Of what uvicorn's round trip and one commit, one after the other, allow one connection."""
    rates = {
        name: measured(server, 1, SECONDS_ALONE).rate
        for name, server in servers.items()
        if name not in {PEER, MIDDLEWARE}
    }
    limits = bare_limits(urls, SECONDS_ALONE, groups=(1,))
    allowed = {f"Shipmate, {kind}": 1 / (1 / rates[BARE] + 1 / found["1"]) for kind, found in limits["inserts"].items()}
    allowed[WHOLE] = allowed["Shipmate, SQLite"]
    return {name: rates[name] / most for name, most in allowed.items()}


def started(stack: ExitStack, urls: dict[str, str], *, with_peer: bool) -> dict[str, Server]:
    """All of them at once: those that are not measured do nothing meanwhile."""
    found = {f"Shipmate, {kind}": Server(stack.enter_context(bot("web", url)), WEBHOOK) for kind, url in urls.items()}
    harbour, own = Harbour(stack), stack.enter_context(databases.address("SQLite"))
    found[WHOLE] = Server(stack.enter_context(bot("run", own, harbour.environ)), WEBHOOK)
    if with_peer:
        found[PEER] = Server(stack.enter_context(peer.probot("server")), "/api/github/webhooks")
        found[MIDDLEWARE] = Server(stack.enter_context(peer.probot("middleware")), "/api/github/webhooks")
    alone = process([sys.executable, "-m", "tests.bench.bare"], listens)
    found[BARE] = Server(stack.enter_context(alone), "/")
    return found


def measured(server: Server, connections: int, seconds: float) -> Run:
    command = [sys.executable, "-m", "tests.bench.load", str(server.measured.port), server.path]
    options = ["--connections", str(connections), "--seconds", str(seconds), "--warm-up", "0.3"]
    before = server.measured.cpu()
    done = subprocess.run([*command, *options], check=True, capture_output=True, preexec_fn=on_other_cores)
    after = server.measured.cpu()
    said = json.loads(done.stdout)
    refused = {status: count for status, count in said["statuses"].items() if status[0] != "2"}
    if refused:
        raise RuntimeError(f"not accepted: {refused}")
    return Run(said["rate"], said["p50"], said["p99"], (after - before) / said["answered"], said["own_cpu"])


def on_other_cores() -> None:
    os.sched_setaffinity(0, OTHER_CORES)


def better(one: Run, other: Run) -> Run:
    return Run(
        max(one.rate, other.rate),
        min(one.p50, other.p50),
        min(one.p99, other.p99),
        min(one.cpu, other.cpu),
        max(one.generator, other.generator),
    )


def bare_limits(urls: dict[str, str], seconds: float, groups: Sequence[int] = GROUPS) -> Any:
    places = [part for kind, url in urls.items() for part in (kind, url)]
    command = [sys.executable, "-m", "tests.bench.limits", str(seconds / 2), ",".join(map(str, groups)), *places]
    on_server_core = lambda: os.sched_setaffinity(0, SERVER_CORE)  # noqa: E731
    return json.loads(subprocess.run(command, check=True, capture_output=True, preexec_fn=on_server_core).stdout)


def report(runs: Runs, names: list[str], memory: dict[str, int], notes: list[str]) -> None:
    rows = []
    for connections in CONNECTIONS:
        for name in names:
            run = runs[name, connections]
            ratios = [
                times(run.rate / runs[other, connections].rate) if other in names else "–"
                for other in (PEER, MIDDLEWARE)
            ]
            latencies = [milliseconds(run.p50), milliseconds(run.p99)]
            rows.append([str(connections), name, f"{run.rate:,.0f}", *ratios, *latencies, f"{run.cpu * 1e6:.0f} µs"])
    heads = ["connections", "server", "per second", "of Probot's", "of the middleware's", "p50", "p99", "CPU each"]
    fastest = max(runs[BARE, connections].rate for connections in CONNECTIONS)
    busiest = max(run.generator for run in runs.values())
    notes.append(
        f"The generator is not what is measured: it drove uvicorn alone to {fastest:,.0f} per second, and was never "
        f"more than {busiest:.0%} busy, on a core of its own."
    )
    show("Webhooks of 25 kB accepted, one core", heads, rows, notes)
    show("Resident memory after that", ["server", "memory"], [[name, megabytes(memory[name])] for name in names])


def report_limits(runs: Runs, limits: Any, alone: list[dict[str, float]]) -> None:
    rows = []
    for kind, inserts in limits["inserts"].items():
        for group in GROUPS:
            limit = inserts[str(group)]
            best = runs[f"Shipmate, {kind}", group].rate if group in CONNECTIONS else 0.0
            rows.append([kind, str(group), f"{limit:,.0f}", f"{best:,.0f}", times(best / limit)])
    heads = ["database", "in a transaction", "inserts per second", "accepted at as many connections", "of the limit"]
    notes = [f"The disk alone: {limits['disk']:,.0f} forced writes of 4 kB per second."]
    show("Bare limits of storing, without HTTP", heads, rows, notes)
    found = {name: [one[name] for one in alone] for name in alone[0]}
    show(
        "One connection, of what uvicorn's round trip and then one commit allow it",
        ["server", "median", "middle half"],
        [[name, times(median(of)), middle_half(of)] for name, of in found.items()],
        [f"Rate, round trip and commit are measured one after the other, in each of {len(alone)} short rounds."],
    )


def middle_half(values: Sequence[float]) -> str:
    low, _, high = quantiles(values, n=4)
    return f"{low:.2f} to {high:.2f}"
