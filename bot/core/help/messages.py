"""What the bot says about itself: what may be typed, by what people want to do, and one command with its examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.core.deployments import wording
from bot.core.grammar.commands import (
    Cancel,
    Command,
    DeclareFreeze,
    Deploy,
    Deploys,
    Help,
    Rollback,
    Status,
    TakeLock,
)
from bot.core.grammar.offers import offer, written
from bot.core.names import listed
from bot.core.rich_text import Bold, Button, Code, Line, Message, say

ALL = "all"
"""The topic of ``help all``, which shows every command."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What examples are made of: an app, the branch that is deployed there by default, and its environments.

    ``named`` is whether a command has to name the app, ``branch`` None where it cannot be told. ``to`` is where is
    deployed by default, ``production`` where people outside are, ``quiet`` where nobody minds a lock; two of these, or
    all of them, may be the same.
    """

    app: str
    named: bool
    branch: str | None
    to: str
    production: str
    quiet: str


def start(around: Surroundings) -> Message:
    """Four groups, with one or two sentences to copy in each."""
    app = around.app if around.named else None
    deploy = Deploy(app, around.branch, around.to)
    groups: tuple[tuple[str, tuple[Command, ...]], ...] = (
        ("Deploy", (deploy, _later(around, app))),
        ("Undo", (Rollback(app, around.production), Cancel())),
        ("Look", (Status(app), Deploys(app))),
        (
            "Keep",
            (
                TakeLock(around.quiet, app, duration="2h", reason="load test"),
                DeclareFreeze(around.production, "mon 9:00", "of the holidays"),
            ),
        ),
    )
    return Message(
        sentence=(f"Say for example: {written(deploy) or 'status'}. Type help deploy, and I tell more of it.",),
        lines=tuple((Bold(name), "  ", *_codes(commands)) for name, commands in groups),
        context=((*_meant(around), Code("help deploy"), " shows its forms, with more examples"),),
        buttons=(*_form(around), *offer("All commands", Help(ALL))),
    )


def _later(around: Surroundings, app: str | None) -> Deploy:
    """A second deployment that is not the first once more."""
    other = around.production if around.production != around.to else around.quiet
    if other != around.to:
        return Deploy(app, around.branch, other, when_green=True)
    return Deploy(app, around.branch, around.to, at="17:00")


def _codes(commands: Iterable[Command]) -> Line:
    texts = [text for command in commands if (text := written(command)) is not None]
    return tuple(span for text in texts for span in (" · ", Code(text)))[1:]


def _meant(around: Surroundings) -> Line:
    if around.named:
        return ("There are several apps here: a command names its own · ",)
    return ("Where no app is named, ", Bold(around.app), " is meant · ")


def _form(around: Surroundings) -> tuple[Button, ...]:
    """Opens the form in which all of it is chosen."""
    return tuple(replace(one, asks=True) for one in offer("Deploy…", Deploy(around.app, None, around.to)))


def all_commands(commands: Sequence[tuple[str, str]], example: str) -> Message:
    """``commands`` are (usage, what it does)."""
    lines: list[Line] = [(Code(usage), f"  {does}") for usage, does in commands]
    lines.append(("For example: ", Code(example), ". More about one: ", Code("help deploy")))
    heard = f"I understand {len(commands)} commands, for example: {example}."
    return Message((heard,), (("This is what I understand:",), *lines))


def one_command(usage: str, does: str, examples: Sequence[str], *, there: bool) -> Message:
    """Its form, and examples of it."""
    lines: list[Line] = [(does,), ("For example:",), *(("• ", Code(example)) for example in examples)]
    if not there:
        lines.append(("It is not there yet.",))
    heard = f"{wording.full(does)} For example: {examples[0]}."
    return Message((heard,), ((Code(usage),), *lines))


def no_such_command(topic: str, near: Sequence[str]) -> Message:
    hint = f" Did you mean {listed(near, 'or')}?" if near else ""
    return say(f"There is no command called {topic}.{hint} ", Code("help"), " shows what there is.")


def version(number: str) -> Message:
    return say(f"Shipmate {number}")
