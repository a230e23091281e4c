"""The first app: asks for it, and writes it into the settings in the place of the example."""

from __future__ import annotations

import difflib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapters.system.directories import disk_errors, linked, write_whole
from bot.core.errors import Rejected
from bot.settings import SettingsProblems, read
from bot.setup.dialogue import Dialogue
from bot.setup.env_file import EnvFile

EXAMPLE = 'repository = "acme/web"'
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_ADDRESS = re.compile(r"(?:https?://[^/]+/|(?:ssh://)?git@[^/:]+[:/])([\w.-]+/[\w.-]+)")
_HOOK = re.compile(r"https?://[^\s/]+\S*")
_COMMENT = re.compile(r"[ ]{2,}#.*$")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(slots=True)
class FirstApp:
    """What the settings are to say. ``providers``: the text of a provider by where it stands, "" being the app."""

    name: str
    repository: str
    channel: str
    providers: dict[str, str] = field(default_factory=dict)

    def written_into(self, example: str) -> str:
        """The example's text with this app in the place of its own; comments stay."""
        changed = [
            (r'^repository = "acme/web"', f"repository = {json.dumps(self.repository)}"),
            (r'^channel = "#deploys"', f"channel = {json.dumps(self.channel)}"),
        ]
        text = example.replace("[apps.web", f"[apps.{self.name}")
        for pattern, line in changed:
            text = _line(text, pattern, line)
        for place, provider in self.providers.items():
            text = self._with_provider(text, place, provider)
        return text

    def _with_provider(self, text: str, place: str, provider: str) -> str:
        heading = f"[apps.{self.name}{f'.environments.{place}' if place else ''}]\n"
        before, found, after = text.partition(heading)
        if not found:
            raise Rejected(f"The example has no {heading.strip()} any more: write the app into settings.toml yourself.")
        return before + found + _line(after, r"^#?provider = \{[^}]*\}", f"provider = {provider}")


def _line(text: str, pattern: str, line: str) -> str:
    """``text`` with the first line that begins like ``pattern`` changed; a comment behind it stays in its column."""

    def changed(found: re.Match[str]) -> str:
        comment = found[1] or ""
        return f"{line.ljust(len(found[0]) - len(comment) - 2)}  {comment}" if comment else line

    return re.sub(rf"{pattern}[ ]*(#.*)?$", changed, text, count=1, flags=re.MULTILINE)


def is_example(text: str) -> bool:
    """Whether nobody has changed it yet."""
    return EXAMPLE in text


def ask(dialogue: Dialogue, env: EnvFile) -> FirstApp:
    """What to deploy, where it is announced, and who carries it out."""
    while not _REPOSITORY.fullmatch(repository := _named(dialogue.ask("Repository on GitHub, as owner/name"))):
        dialogue.say("  It is written like acme/web.")
    suggested = re.sub(r"[^A-Za-z0-9_-]+", "-", repository.partition("/")[2]).strip("-") or "app"
    while not _NAME.fullmatch(name := dialogue.ask("What people call it in commands", suggested)):
        dialogue.say("  Letters, digits, - and _.")
    channel = dialogue.ask("Channel in Slack that it is announced in", "#deploys")
    channel = channel if channel.startswith("#") else f"#{channel}"
    return FirstApp(name, repository, channel, dict(_providers(dialogue, env)))


def _named(given: str) -> str:
    """The name, where its address was pasted.

    >>> [_named(one) for one in ("acme/web", "https://github.com/acme/web/tree/main", "git@github.com:acme/web.git")]
    ['acme/web', 'acme/web', 'acme/web']
    """
    address = _ADDRESS.match(given)
    return address[1].removesuffix(".git") if address else given


def _providers(dialogue: Dialogue, env: EnvFile) -> Iterator[tuple[str, str]]:
    dialogue.say("  How is it deployed?")
    for number, line in enumerate(WAYS, 1):
        dialogue.say(f"    {number}  {line}")
    while (chosen := dialogue.ask("One of these", "1")) not in {str(number) for number in range(1, len(WAYS) + 1)}:
        dialogue.say(f"  A number from 1 to {len(WAYS)}.")
    if chosen == "2":
        workflow = dialogue.ask("Workflow that deploys, in .github/workflows", "deploy.yml")
        yield "", f'{{ type = "github_actions", workflow = {json.dumps(workflow)} }}'
    if chosen == "3":
        for environment in ("staging", "production"):
            app = dialogue.ask(f"Heroku app of {environment} (Enter: none)")
            if app:
                yield environment, f'{{ type = "heroku", app = {json.dumps(app)} }}'
        _need(dialogue, env, "HEROKU_API_KEY", "Heroku key (heroku authorizations:create)")
    if chosen == "4":
        while not _HOOK.fullmatch(hook := dialogue.ask("Address of the deploy hook")):
            dialogue.say("  It begins with https://.")
        yield "", f'{{ type = "http", url = {json.dumps(hook)} }}'
        if not env.variables().get("HTTP_PROVIDER_SECRET"):
            env.set(HTTP_PROVIDER_SECRET=secrets.token_hex(32))
            dialogue.say(f"  HTTP_PROVIDER_SECRET is made up, and in {env.file}: the hook verifies with it.")
    if chosen == "5":
        command = dialogue.ask("Command that deploys, in a checkout of the commit", "bin/deploy")
        yield "", f'{{ type = "shell", command = {json.dumps(command)} }}'


WAYS = (
    "another tool does it: it listens to GitHub's deployment event",
    "a GitHub Actions workflow",
    "Heroku",
    "a deploy hook: Render, Fly, Vercel, Netlify, Coolify …",
    "a command on the bot's machine",
)


def _need(dialogue: Dialogue, env: EnvFile, name: str, question: str) -> None:
    if env.variables().get(name):
        return
    if value := dialogue.secret(f"{question} (Enter: later)"):
        env.set(**{name: value})


def write(dialogue: Dialogue, env: EnvFile, file: Path, example: str, app: FirstApp) -> bool:
    """Show what would change, and write it where the person agrees. Returns whether it was written."""
    text = app.written_into(example)
    try:
        read(text, env.variables(), file)
    except SettingsProblems as error:
        for problem in error.problems:
            dialogue.say(f"  ✗ {problem}")
        return False
    for line in difflib.unified_diff(example.splitlines(), text.splitlines(), lineterm="", n=0):
        if line[:1] in "+-" and line[:3] not in {"+++", "---"} and line[1:2] != "#":
            dialogue.say(f"    {_COMMENT.sub('', line)}")
    if not dialogue.confirm(f"Write this to {file}?"):
        dialogue.say(f"  Then once more, from the first question; Ctrl-C leaves {file} as it is.")
        return False
    replace(file, text)
    return True


def replace(file: Path, text: str) -> None:
    """Write the settings as a whole. They hold no secrets, and are checked in. Raises Rejected where they cannot be."""
    with disk_errors(writing=file):
        write_whole(linked(file), text)
        file.chmod(0o644)
