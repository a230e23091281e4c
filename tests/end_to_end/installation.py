"""The bot as a process of its own between a GitHub and a Slack: started, killed, started again, and watched."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from tests.patience import PATIENCE
from tests.servers.github.http import Cut, Request
from tests.servers.github.routes import Answer
from tests.servers.github.server import GitHubServer
from tests.servers.github.state import Deployment
from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import Message

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "acme/web"

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"

[apps.web.environments.staging]
deploy_on_merge = ["main"]
provider = { type = "local", directory = "{directory}/staging" }

[apps.web.environments.production]
provider = { type = "shell", command = "{command}", directory = "{directory}/work" }

[apps.web.environments.preview]
provider = { type = "external" }

[people]
"""


class TrappedGitHub(GitHubServer):
    """A GitHub in which something may happen to the bot at the very moment of a request.

    ``trap`` is called before and after a request is carried out; where it returns True no answer goes out.
    """

    trap: Callable[[str, str, str], bool] = staticmethod(lambda when, method, path: False)

    def answer(self, request: Request, raw: bytes) -> Answer:
        if self.trap("before", request.method, request.path):
            raise Cut
        answer = super().answer(request, raw)
        if self.trap("after", request.method, request.path):
            raise Cut
        return answer


class BotProcess:
    """``python -m bot <process>`` (or another ``program``); what it prints is kept line by line.

    ``typed`` is all that it reads; where that is None more is typed later, until ``ends``.
    """

    def __init__(
        self,
        arguments: list[str],
        directory: Path,
        environ: dict[str, str],
        typed: str | None = "",
        program: str = "bot",
    ) -> None:
        self.lines: list[str] = []
        self._changed = Condition()
        self._popen = subprocess.Popen(
            [sys.executable, "-m", *program.split(), *arguments],
            cwd=directory,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(directory), **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        if typed is not None:
            self.types(typed)
            self.ends()

    def types(self, text: str) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.write(text)
        self._popen.stdin.flush()

    def ends(self) -> None:
        """Nothing more is typed."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()

    def said(self, wanted: Callable[[str], bool]) -> str:
        """The first line of which this is true, as soon as there is one."""
        with self._changed:
            self._changed.wait_for(lambda: not self._reader.is_alive() or any(map(wanted, self.lines)), PATIENCE)
            found = next(filter(wanted, self.lines), None)
        assert found is not None, self.printed
        return found

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def printed(self) -> str:
        with self._changed:
            return "\n".join(self.lines)

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_until_ready(self) -> None:
        """Return when it says that it is. Raises AssertionError with what it says instead."""
        with self._changed:
            ready = self._changed.wait_for(
                lambda: not self._reader.is_alive() or any("event=ready" in line for line in self.lines), PATIENCE
            )
        assert ready, f"not ready:\n{self.printed}"
        assert self.alive, f"it ended with {self._popen.returncode}:\n{self.printed}"

    def end_at_once(self) -> None:
        """SIGKILL, without waiting for what becomes of it."""
        self._popen.kill()

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and gone."""
        self._popen.kill()
        self._popen.wait(PATIENCE)
        self._close()

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        self._popen.send_signal(signal.SIGTERM)
        return self.wait(PATIENCE)

    def wait(self, patience: float = PATIENCE) -> int:
        """The exit code when it ends by itself."""
        try:
            code = self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end within {patience:g} s:\n{self.printed}") from None
        self._close()
        return code

    def _close(self) -> None:
        self._reader.join(PATIENCE)
        if self._popen.stdout is not None and not self._reader.is_alive():
            self._popen.stdout.close()


class Installation:
    """Both servers, one directory with settings and database, and the bot's processes there.

    ``command`` is what the provider ``shell`` runs for production; ``{directory}`` in it is the directory.
    """

    def __init__(self, directory: Path, github: TrappedGitHub, slack: SlackServer, command: str) -> None:
        self.directory = directory
        self.github = github
        self.slack = slack
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: list[BotProcess] = []
        self.environ = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "GITHUB_TOKEN": github.token,
            "GITHUB_WEBHOOK_SECRET": github.webhook_secret,
            "GITHUB_API_URL": github.url,
            "GITHUB_WEB_URL": github.url,
            "PORT": str(self.port),
        }
        self.maria = slack.add_user("maria").id
        self.settings(SETTINGS.replace("{command}", command).replace("{directory}", str(directory)))

    def settings(self, text: str) -> None:
        """What settings.toml says from now on. Maria is known on GitHub as she is in Slack."""
        if "[people]" in text:
            text += f'{self.maria} = "maria"\n'
        (self.directory / "settings.toml").write_text(text, encoding="utf-8")

    def starts(self, *arguments: str, typed: str | None = "", program: str = "bot") -> BotProcess:
        process = BotProcess(list(arguments), self.directory, self.environ, typed, program)
        self.processes.append(process)
        return process

    def runs(self, process: str = "run") -> BotProcess:
        """Start it, and wait until it is ready and hears Slack."""
        started = self.starts(process)
        started.wait_until_ready()
        if "SLACK_APP_TOKEN" in self.environ:
            self.wait_for(lambda: self.slack.sockets.open, "a connection to Slack")
            # What the process before did not acknowledge comes again, as Slack does it.
            self.slack.redeliver_unacked()
        return started

    def subscribe(self) -> None:
        """GitHub's webhooks go to the listener from now on."""
        self.github.subscribe(f"{self.url}/github/webhook")

    def wait_for(self, predicate: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """The first truthy value. Raises AssertionError with everything that the processes printed."""
        try:
            return self.slack.wait_for(predicate, patience)
        except TimeoutError:
            printed = "\n--- the next process ---\n".join(one.printed for one in self.processes)
            raise AssertionError(f"waited in vain for {what}; the bot said:\n{printed}\n{self.scene()}") from None

    def scene(self) -> str:
        """What people and GitHub see now, for the message of a failed test."""
        said = [f"{one.thread_ts or one.ts}: {' / '.join(one.lines)}" for one in self.slack.workspace.everything_said()]
        done = [f"{one.id} {one.environment}: {self.statuses(one.id)}" for one in self.deployments()]
        return "\n".join([*said, *done])

    # --- what people do -------------------------------------------------------------------------------------------

    def deploys(self, command: str = "deploy topic to production") -> Message:
        """Maria asks for it in #web, where a branch ``topic`` is there to be deployed."""
        if "topic" not in self.github.repository(REPOSITORY).branches:
            self.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"})
        return self.slack.says("maria", "#web", f"@shipmate {command}")

    # --- what there is to see -------------------------------------------------------------------------------------

    def deployments(self) -> list[Deployment]:
        return self.github.deployments(REPOSITORY)

    def statuses(self, remote_id: int) -> list[str]:
        """The states of a deployment on GitHub, oldest first."""
        return [one.state for one in self.github.deployment_statuses(REPOSITORY, remote_id)]

    def parents(self, channel: str = "#web") -> list[Message]:
        """What the bot says at top level of a channel, broadcasts of replies apart."""
        return [one for one in self.slack.messages(channel) if one.bot_id is not None and not one.is_reply]

    def thread(self, message: Message) -> list[str]:
        """What is said under a message: one text for each reply."""
        return [shown(one) for one in self.slack.thread(message.channel, message.ts)]

    def told(self, card: Message) -> list[str]:
        """What is told of the card's deployment in its thread, wherever that is: gates, run and end."""
        return [text for kind, text in self._replies(card) if kind in {"gates", "run", "end"}]

    def _replies(self, card: Message) -> list[tuple[str, str]]:
        def payload(message: Message) -> dict[str, Any]:
            found: dict[str, Any] = (message.metadata or {}).get("event_payload", {})
            return found

        number, every = payload(card).get("deployment"), self.slack.workspace.everything_said()
        own = [one for one in every if one.is_reply and number is not None and payload(one).get("deployment") == number]
        return [(payload(one)["kind"], shown(one)) for one in own]

    def ended(self, word: str) -> Message:
        """The first card, once its first line says the word and its thread tells the end."""

        def found() -> Message | None:
            card = next(iter(self.parents()), None)
            if card is None or word not in card.lines[0]:
                return None
            return card if any(kind == "end" for kind, _ in self._replies(card)) else None

        parent: Message = self.wait_for(found, f"a deployment of which is said: {word}")
        return parent


def shown(message: Any) -> str:
    """What a person reads, with words for what differs each time."""
    text = re.sub(r"<[^|>]+\|([^>]+)>", r"\1", "\n".join(message.lines))
    text = re.sub(r"<@U[0-9]+>", "@(person)", text)
    text = re.sub(r"\b[0-9a-f]{7}([0-9a-f]{33})?\b", "(sha)", text)
    return re.sub(r"\b\d+ s\b", "(n) s", re.sub(r"\b\d\d:\d\d UTC\b", "(time)", text))


STORY = ["🚀 Started (time)", "✅ @(person) live in (n) s"]
"""What is told of one that succeeds."""


def is_story(told: list[str]) -> bool:
    """Each thing once and in order; that one has started is not told of one that has ended by then."""
    return told in (STORY, STORY[1:])


def free_port() -> int:
    """A port that no connection is given by the system: those come from above 32,768."""
    while True:
        port = random.randint(10_000, 32_000)
        with suppress(OSError), socket.create_server(("0.0.0.0", port)):
            return port


@contextmanager
def site(directory: Path, command: str) -> Iterator[Installation]:
    """With the repository acme/web, the channels #web and #deploys, and maria. Whatever still runs is killed."""
    with ExitStack() as stack:
        github = stack.enter_context(TrappedGitHub())
        slack = stack.enter_context(SlackServer())
        github.add_repository(REPOSITORY)
        place = Installation(directory, github, slack, command)
        for channel in ("web", "deploys"):
            slack.add_channel(channel, members=["maria"])
        github.set_permission(REPOSITORY, "maria", "write")
        try:
            yield place
        finally:
            for process in place.processes:
                if process.alive:
                    process.kill()
            (directory / "go").touch()  # a command outlives its bot, and some wait for this
