"""Lines that begin with a slash in ``talk``: they play the world around the bot."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.adapters.local.forge import LocalGit
from bot.adapters.local.record import CheckState
from bot.core.api.model import API
from bot.core.durations import duration
from bot.core.errors import NotThere, ShipmateError
from bot.core.events import Event
from bot.core.names import nearest
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import Commit
from bot.core.rich_text import Bold, Code, Line, Message, Moment, say
from bot.talk.console import Terminal

_USUAL_CHECK = "ci"
_USUAL_NAME = "talk"
_CHECK_STATES: dict[str, tuple[CheckState, str]] = {
    "pass": ("success", "green"),
    "fail": ("failure", "red"),
    "pending": ("pending", "pending"),
}
_RESET = Code("git reset --merge")
_NAME = re.compile(r"\w[\w.-]{0,38}")


class TalkingBot(Protocol):
    """The running bot, as far as a conversation needs it."""

    def say(self, person: str, text: str) -> None:
        """Somebody says something to the bot."""

    def deliver(self, event: Event) -> None:
        """Something happened in the world."""

    def quiet(self) -> bool:
        """Whether nothing is undecided and nothing runs; what waits for people, checks or a moment does not count."""

    def wait_until_quiet(self, timeout: float) -> bool:
        """``timeout`` is in seconds; False where it was not enough."""

    def skip(self, delta: timedelta) -> None:
        """Move the clock forward and let happen what is due by then."""

    def make_token(self, name: str, person: str) -> str:
        """The secret of a new token of the API, in the place of one that was called so. Raises Rejected."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """What the lines play with. ``repositories`` are those of the apps, by ``owner/name``.

    ``address`` is where pages and API are, without a slash at the end.
    """

    bot: TalkingBot
    terminal: Terminal
    forge: LocalGit
    clock: Clock
    repositories: Sequence[str]
    address: str

    def find(self, ref: str) -> tuple[str, Commit]:
        """The first repository that has the ref, and the commit. Raises NotThere with the nearest name."""
        for repository in self.repositories:
            commit = self.forge.resolve(repository, ref)
            if commit is not None:
                return repository, commit
        known = [name for repository in self.repositories for name in self.forge.refs(repository)]
        near = nearest(ref, known)
        meant = f" Did you mean {near}?" if near else ""
        raise NotThere(f"There is no branch, tag or commit {ref}.{meant}")


Play = Callable[[Simulator, Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class SimulationCommand:
    """``example`` shows how it is written, ``help`` says what it does."""

    example: str
    help: str
    play: Play


SIMULATION_COMMANDS: dict[str, SimulationCommand] = {}
"""By the word after the slash."""


def play(world: Simulator, line: str, verbs: Collection[str] = ()) -> None:
    """Do what a line that begins with a slash says; ``verbs`` are offered too where it is not understood."""
    name, *words = line.removeprefix("/").split() or [""]
    known = SIMULATION_COMMANDS.get(name.lower())
    try:
        if known is None:
            world.terminal.note(*_unknown(name, verbs))
        else:
            known.play(world, words)
    except _Misused:
        world.terminal.note("Write it like this: ", Code(SIMULATION_COMMANDS[name.lower()].example))
    except ShipmateError as error:
        world.terminal.note(str(error))


class _Misused(Exception):
    """The words after the name are not what the line takes."""


def _plays(example: str, help: str) -> Callable[[Play], Play]:
    def register(function: Play) -> Play:
        SIMULATION_COMMANDS[example.removeprefix("/").partition(" ")[0]] = SimulationCommand(example, help, function)
        return function

    return register


@_plays("/merge topic", "merges a pull request of the branch topic")
def _merge(world: Simulator, words: Sequence[str]) -> None:
    (ref,) = _exactly(words, 1)
    repository, _ = world.find(ref)
    merged = world.forge.merge(repository, ref, by=world.terminal.speaker)
    world.terminal.note(f"Merged {ref} into {merged.base} as #{merged.number} ({merged.merge_sha[:7]}).")
    if world.forge.checked_out(repository) == merged.base:
        world.terminal.note(f"Your files of {merged.base} are as they were. To have the merge in them: ", _RESET)
    world.bot.deliver(merged)


@_plays("/ci fail topic", "lets the checks of topic fail; also pass and pending")
def _ci(world: Simulator, words: Sequence[str]) -> None:
    result, ref, *more = words if 2 <= len(words) <= 3 else _exactly(words, 2)
    if result.lower() not in _CHECK_STATES:
        raise _Misused
    state, shown = _CHECK_STATES[result.lower()]
    name = more[0] if more else _USUAL_CHECK
    repository, commit = world.find(ref)
    changed = world.forge.set_check(repository, commit.sha, name, state)
    world.terminal.note(f"{name} is {shown} on {ref} ({commit.sha[:7]}).")
    world.bot.deliver(changed)


@_plays("/as bob", "lets bob speak from now on")
def _as(world: Simulator, words: Sequence[str]) -> None:
    (name,) = _exactly(words, 1)
    if not _NAME.fullmatch(name.removeprefix("@")):
        raise _Misused
    world.terminal.speaker = name.removeprefix("@")
    world.terminal.note(f"You speak as {world.terminal.speaker} now.")


@_plays("/wait 3h", "lets three hours pass at once")
def _wait(world: Simulator, words: Sequence[str]) -> None:
    delta = duration(" ".join(words))
    if delta is None or delta <= timedelta(0):
        raise _Misused
    world.terminal.note("It is ", Moment(world.clock.now() + delta), " now.")
    world.bot.skip(delta)


@_plays("/token ci", "makes a token of the API for you, called ci")
def _token(world: Simulator, words: Sequence[str]) -> None:
    (name,) = _exactly(words or [_USUAL_NAME], 1)
    secret = world.bot.make_token(name, world.terminal.speaker)
    world.terminal.note(f"This is the token {name}, of {world.terminal.speaker}. It is shown once.")
    # A line each, so that whatever is as wide as a terminal can be copied from it.
    lines: list[Line] = [
        (Code(f"curl -s {world.address}/{API}/board \\"),),
        (Code(f'-H "Authorization: Bearer {secret}"'),),
    ]
    world.terminal.greet(say(Code(secret), lines=lines))


@_plays("/help", "shows these lines")
def _help(world: Simulator, _: Sequence[str]) -> None:
    world.terminal.greet(overview())


@_plays("/quit", "leaves; so does Ctrl-D")
def _quit(world: Simulator, _: Sequence[str]) -> None:
    """Whoever reads the lines leaves before it comes to this."""


def overview() -> Message:
    """All lines with their help."""
    width = max(len(line.example) for line in SIMULATION_COMMANDS.values())
    lines: list[Line] = [(Code(line.example.ljust(width)), f"   {line.help}") for line in SIMULATION_COMMANDS.values()]
    return say(
        "These lines play the world. Everything else is said to the bot: ",
        Code("help"),
        " shows what it understands.",
        lines=lines,
    )


def _exactly(words: Sequence[str], number: int) -> Sequence[str]:
    if len(words) != number:
        raise _Misused
    return words


def _unknown(name: str, verbs: Collection[str]) -> tuple[str | Code | Bold, ...]:
    near = nearest(name, [*SIMULATION_COMMANDS, *verbs])
    if near is None:
        return (f"There is no /{name} here. ", Code("/help"), " shows what there is.")
    known = SIMULATION_COMMANDS.get(near)
    return (f"There is no /{name} here. Did you mean ", Code(known.example if known else near), "?")
