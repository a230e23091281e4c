"""How long people wait: from a command to its reply, and from GitHub's webhook to what it causes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from tests.bench import databases
from tests.bench.running import OTHER_CORES, bot, migrate, process
from tests.bench.tables import median, milliseconds, show, times
from tests.servers.github.server import GitHubServer
from tests.servers.slack.server import SlackServer

REPOSITORY = "acme/web"
TIMES = 12
PATIENCE = 15.0


class Harbour:
    """A Slack and a GitHub of our own, and what the processes between them need to know."""

    def __init__(self, stack: ExitStack) -> None:
        self.github = stack.enter_context(GitHubServer(webhook_secret="bench-webhook-secret"))
        self.slack = stack.enter_context(SlackServer())
        self.slack.add_user("maria")
        for channel in ("web", "deploys"):
            self.slack.add_channel(channel, members=["maria"])
        self.github.add_repository(REPOSITORY)
        self.environ = {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "GITHUB_TOKEN": self.github.token,
            "GITHUB_API_URL": self.github.url,
        }

    def connected(self) -> None:
        """Return when a process has opened Socket Mode."""
        self.slack.wait_for(lambda: self.slack.sockets.open, PATIENCE)

    def until(self, asked: Callable[[], int], do: Callable[[], object]) -> float:
        """Seconds from ``do`` until there is one more of what ``asked`` counts."""
        before = asked()
        began = time.perf_counter()
        do()
        wait(lambda: asked() > before)
        return time.perf_counter() - began

    def posted(self) -> int:
        return len(self.slack.calls("chat.postMessage")) + len(self.slack.calls("chat.postEphemeral"))

    def quiet(self) -> None:
        """Return when Slack has heard nothing for a third of a second: the last one's work is done."""
        deadline = time.perf_counter() + PATIENCE
        heard, since = -1, 0.0
        while time.perf_counter() < deadline and (
            heard != len(self.slack.requests) or time.perf_counter() < since + 0.3
        ):
            if heard != len(self.slack.requests):
                heard, since = len(self.slack.requests), time.perf_counter()
            time.sleep(0.02)


def wait(true: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not true():
        if time.perf_counter() > deadline:
            raise TimeoutError("nothing came of it")
        time.sleep(0.0005)


def bench(given: argparse.Namespace) -> None:
    os.sched_setaffinity(0, OTHER_CORES)
    found: dict[str, list[float]] = {}
    with ExitStack() as stack:
        harbour = Harbour(stack)
        alone = [sys.executable, "-m", "tests.bench.bolt"]
        with process(alone, lambda *_: bool(harbour.slack.sockets.open), environ=harbour.environ):
            found["Bolt alone"] = commands(harbour)
    for kind in databases.KINDS:
        with ExitStack() as stack:
            harbour = Harbour(stack)
            url = stack.enter_context(databases.address(kind))
            migrate(url)
            started = stack.enter_context(bot("run", url, harbour.environ))
            harbour.connected()
            harbour.github.subscribe(f"http://127.0.0.1:{started.port}/github/webhook")
            found[f"{kind}, command"] = commands(harbour)
            found[f"{kind}, announced"] = announcements(harbour)
            found[f"{kind}, deployed"] = deployments(harbour)
    report(found)


def commands(harbour: Harbour) -> list[float]:
    """From a mention to its reply."""

    def ask() -> object:
        return harbour.slack.says("maria", "#web", "@shipmate status production")

    took = []
    for _ in range(TIMES):
        took.append(harbour.until(harbour.posted, ask))
        harbour.quiet()
    return took


def announcements(harbour: Harbour) -> list[float]:
    """From GitHub's word that another tool deploys, to the message in the channel."""

    def create() -> object:
        return harbour.github.create_deployment(REPOSITORY, "main", environment="preview", by="jenkins")

    took = []
    for _ in range(TIMES):
        took.append(harbour.until(harbour.posted, create))
        harbour.quiet()
    return took


def deployments(harbour: Harbour) -> list[float]:
    """From the merge of a pull request to its deployment on GitHub: announced, checked, decided, created."""
    took = []
    for number in range(TIMES // 2):
        branch = f"topic-{number}"
        harbour.github.commit(REPOSITORY, branch, f"Add search {number}", files={f"{number}.txt": "found"})
        pull = harbour.github.open_pull_request(REPOSITORY, branch)
        harbour.quiet()

        def merge(pull: int = pull) -> object:
            return harbour.github.merge_pull_request(REPOSITORY, pull)

        took.append(harbour.until(lambda: len(harbour.github.deployments(REPOSITORY)), merge))
        harbour.github.report_deployment_status(REPOSITORY, harbour.github.deployments(REPOSITORY)[-1].id, "success")
        harbour.quiet()
    return took


def report(found: dict[str, list[float]]) -> None:
    rows = []
    limit = median(found["Bolt alone"])

    def row(what: str, name: str, took: Sequence[float]) -> None:
        slowest = sorted(took)[int(len(took) * 0.95)]
        ratio = times(median(took) / limit)
        rows.append([what, name, milliseconds(median(took)), milliseconds(slowest), ratio])

    row("command to reply", "Bolt alone, nothing kept", found["Bolt alone"])
    for kind in databases.KINDS:
        row("command to reply", f"Shipmate, {kind}", found[f"{kind}, command"])
    for kind in databases.KINDS:
        row("webhook to message", f"Shipmate, {kind}", found[f"{kind}, announced"])
    for kind in databases.KINDS:
        row("merge to deployment on GitHub", f"Shipmate, {kind}", found[f"{kind}, deployed"])
    heads = ["from … to …", "process", "median", "p95", "of Bolt alone's"]
    show("What people wait for", heads, rows, ["Slack and GitHub are servers on this machine that answer at once."])
