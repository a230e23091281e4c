"""The conversation of ``python -m bot talk``: greeting, and lines from a keyboard or a pipe."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bot.adapters.local.forge import LocalGit
from bot.adapters.system.directories import make_private, make_private_file
from bot.core.grammar.commands import Deploy
from bot.core.grammar.offers import written
from bot.core.grammar.parser import COMMANDS, show
from bot.core.rich_text import Code, Line, Message, say
from bot.talk.keyboard import Keyboard, above_the_line, without_password
from bot.talk.simulation import SIMULATION_COMMANDS, Simulator, play

PATIENCE = 900.0
"""Seconds to wait for what one line of a pipe sets going, before the next is read."""

VERBS: tuple[str, ...] = tuple(name for spec in COMMANDS for name in spec.names)
"""What the bot's commands begin with."""

LEAVING = ("exit", "quit")
"""What people type to leave a terminal; nothing that the bot understands."""

_MOST_LOOKED_AT = 10


@dataclass(frozen=True, slots=True)
class Talk:
    """Takes lines to the bot or to the world around it.

    ``verbs`` are the first words of the bot's commands, ``name`` is what people may call it.
    """

    world: Simulator
    verbs: Collection[str] = VERBS
    name: str = "shipmate"

    def hear(self, line: str) -> bool:
        """Do what the line says; False if it ends the conversation."""
        text = line.strip()
        if not text:
            return True
        if text.lower() in LEAVING:
            return False
        word = re.split(r"[\s:!]", text.removeprefix("/"), maxsplit=1)[0].lower()
        if text.startswith("/") and (word in SIMULATION_COMMANDS or word not in self.verbs):
            if word == "quit":
                return False
            play(self.world, text, self.verbs)
            return True
        # A verb with a slash is a slash command, as in Slack.
        self.world.bot.say(self.world.terminal.speaker, self._without_name(text.removeprefix("/")))
        return True

    def _without_name(self, text: str) -> str:
        return re.sub(rf"^@?{re.escape(self.name)}\s*[:,]?\s+(?=\S)", "", text, flags=re.IGNORECASE)


def run(talk: Talk, home: Path) -> int:
    """Hold the conversation on this process's own input and output; returns the exit code when it is over.

    At a terminal lines are typed, with a history in ``home``; anything else is read like a file.
    """
    if sys.stdin.isatty() and sys.stdout.isatty():
        words = {*talk.verbs, *(f"/{name}" for name in SIMULATION_COMMANDS)}
        make_private(home)
        make_private_file(home / "history")
        with above_the_line():
            typed(talk, Keyboard(home / "history", words).lines())
        return 0
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    return piped(talk, sys.stdin)


def typed(talk: Talk, lines: Iterable[str]) -> None:
    """Hear lines as they come, while earlier ones are still being worked on."""
    for line in lines:
        if not talk.hear(line):
            break
    if not talk.world.bot.quiet():
        talk.world.terminal.note("What is still running goes on when you come back.")


def piped(talk: Talk, stream: TextIO, *, patience: float = PATIENCE) -> int:
    """Echo and hear each line when everything before it is done; 0, or 1 where something did not end in time.

    ``patience`` is in seconds, for each line.
    """
    in_time = True
    for line in iter(stream.readline, ""):
        if not line.strip():
            continue
        talk.world.terminal.echo(without_password(line.strip()))
        if not talk.hear(line):
            break
        if not talk.world.bot.wait_until_quiet(patience):
            talk.world.terminal.note(f"This is still not done after {patience / 60:.0f} minutes; going on.")
            in_time = False
    return 0 if in_time else 1


def greeting(forge: LocalGit, repository: str, environment: str) -> Message:
    """Who is here, and three things worth typing in a repository whose app deploys to ``environment``."""
    default = forge.repository(repository).default_branch
    topic = _unmerged(forge, repository, default)
    ref = topic or default
    world = (f"/merge {topic}", f"merges it into {default}") if topic else (f"/ci fail {ref}", "lets its checks fail")
    deploy = written(Deploy(ref=ref, environment=environment)) or show(Deploy(environment=environment))
    worth = (
        (deploy, "deploys it: really, on this machine"),
        world,
        ("help", "shows what to type; /help is about the lines with a slash"),
    )
    width = max(len(line) for line, _ in worth)
    lines: list[Line] = [(Code(line.ljust(width)), f"   {meaning}") for line, meaning in worth]
    return say("Shipmate is here. Three things worth typing:", lines=lines)


def _unmerged(forge: LocalGit, repository: str, default: str) -> str | None:
    """The newest branch or tag that has something for the default branch."""
    others = [ref for ref in forge.refs(repository) if ref != default][:_MOST_LOOKED_AT]
    return next((ref for ref in others if forge.compare(repository, default, ref).ahead_by), None)
