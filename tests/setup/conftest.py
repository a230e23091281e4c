"""A person who sets the bot up, with the Slack and the GitHub servers in the place of the real ones."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bot.setup.dialogue import Stopped
from bot.setup.env_file import EnvFile
from bot.setup.guide import Guide
from tests.servers.github.server import GitHubServer
from tests.servers.slack.server import SlackServer

ROOT = Path(__file__).parents[2]


@dataclass
class Person:
    """Answers questions by what is in them; stops at the first that they have no answer to, and after ``patience``.

    ``answers``: parts of questions, each with what is answered: once each where it is a list.
    """

    answers: dict[str, str | list[str]]
    on_open: Callable[[str], None] = lambda url: None
    patience: int = 100
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def say(self, text: str = "") -> None:
        self.said.append(text)

    def ask(self, question: str, default: str = "") -> str:
        self.asked.append(question)
        if len(self.asked) > self.patience:
            raise Stopped("They had enough.")
        for part, answer in self.answers.items():
            if part in question:
                if isinstance(answer, str):
                    return answer or default
                if answer:
                    return answer.pop(0) or default
        raise Stopped(f"No answer to: {question}")

    def secret(self, question: str) -> str:
        return self.ask(question)

    def confirm(self, question: str, *, default: bool = True) -> bool:
        return {"y": True, "n": False, "": default}[self.ask(question)]

    def open(self, url: str) -> None:
        self.say(f"  {url}")
        self.opened.append(url)
        self.on_open(url)

    @property
    def text(self) -> str:
        return "\n".join(self.said)


class Browser:
    """What the person does with the pages that are opened for them."""

    def __init__(self, github: GitHubServer, repository: str) -> None:
        self._github = github
        self._repository = repository
        self.shown: list[str] = []

    def open(self, url: str) -> None:
        if urlsplit(url).hostname == "127.0.0.1" and "/apps?" not in url:
            self.press(url)
        elif url.endswith("/installations/new"):
            self._github.registrations.made[-1].installations[7001] = {self._repository}

    def press(self, url: str) -> None:
        """Press the button of the local page, and GitHub's, which leads back."""
        self.shown.append(requests.get(self.led_to(url), timeout=10).text)

    def led_to(self, url: str) -> str:
        """Where GitHub leads to after its button was pressed."""
        page = requests.get(url, timeout=10).text
        action = html.unescape(re.findall(r'action="([^"]*)"', page)[0])
        manifest = html.unescape(re.findall(r'name="manifest" value="([^"]*)"', page)[0])
        answered = requests.post(action, data={"manifest": manifest}, allow_redirects=False, timeout=10)
        assert answered.status_code == 302, answered.text
        return answered.headers["Location"]


@dataclass
class Office:
    """The folder, the two services, and the person's usual answers."""

    folder: Path
    slack: SlackServer
    github: GitHubServer
    answers: dict[str, str | list[str]]
    examined: list[Path] = field(default_factory=list)
    exit_code: int = 0

    @property
    def environ(self) -> dict[str, str]:
        addresses = {"SLACK_API_URL": self.slack.api_url, "GITHUB_API_URL": self.github.url}
        return {**addresses, "GITHUB_WEB_URL": self.github.url}

    @property
    def env(self) -> EnvFile:
        return EnvFile(self.environ, self.folder / ".env")

    @property
    def settings(self) -> Path:
        return self.folder / "settings.toml"

    def person(self, **more: object) -> Person:
        browser = Browser(self.github, "acme/shop")
        answers = {name: [*one] if isinstance(one, list) else one for name, one in self.answers.items()}
        return Person(answers, on_open=browser.open, **more)  # type: ignore[arg-type]

    def set_up(self, person: Person) -> int:
        def examine() -> int:
            self.examined.append(self.settings)
            return self.exit_code

        return Guide(person, self.env, Clock(self.github), settings_file=self.settings, examine=examine).run()


class Clock:
    """GitHub's server's own: Apps sign their tokens by it."""

    def __init__(self, github: GitHubServer) -> None:
        self._github = github

    def now(self) -> datetime:
        return self._github.now()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "settings.toml").write_text((ROOT / "settings.toml").read_text("utf-8"), encoding="utf-8")
    with SlackServer() as slack, GitHubServer() as github:
        slack.add_channel("shop")
        slack.add_user("maria", email="maria@acme.example")
        github.add_repository("acme/shop")
        usual: dict[str, str | list[str]] = {
            "Repository on GitHub": "acme/shop",
            "What people call it": "",
            "Channel in Slack": "shop",
            "One of these": "1",
            "Write this": "y",
            "Address, such as": "https://ship.acme.example",
            "Socket Mode": "y",
            "Bot User OAuth Token": slack.bot_token,
            "App-level token": slack.app_token,
            "an organisation": "y",
            "Enter when it says Done": "",
            "Is that done?": "y",
            "e-mail address in Slack": "maria@acme.example",
            "login on GitHub": "maria",
        }
        yield Office(tmp_path, slack, github, usual)


def links_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)
