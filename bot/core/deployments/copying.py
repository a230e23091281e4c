"""A deployment as the command that asks for the same, for whoever wants to type it."""

from __future__ import annotations

from bot.core.deployments.model import Deployment
from bot.core.grammar.commands import Command, Deploy, Retry, Rollback, Ship
from bot.core.grammar.offers import hint, written
from bot.core.rich_text import CodeBlock, Line, Message, say


def to_copy(one: Deployment) -> Message:
    """In a block that can be copied; a force is its own person's, and left out."""
    command = wanted_again(one)
    text = written(command)
    if text is None:
        return say(f"What #{one.id} deployed has a name that no command can hold.", *hint(" Instead: ", Retry(one.id)))
    exact = Deploy(one.app, one.sha, one.environment, one.hosts, one.task, params=one.params)
    notes = [hint("Exactly this commit: ", exact)] if isinstance(command, Deploy) and one.ref != one.sha else []
    notes += [("It was forced; a force is left out here.",)] if one.force else []
    lines: tuple[Line, ...] = ((CodeBlock(text),),)
    return Message((f"This asks for the same as #{one.id}: {text}.",), lines, tuple(note for note in notes if note))


def wanted_again(one: Deployment) -> Command:
    """What it was asked for with, or what comes to the same."""
    if one.shipment is not None and one.pull_request is not None:
        return Ship(one.pull_request, one.environment, one.app)
    if one.rollback_of is not None:
        return Rollback(one.app, one.environment, one.sha)
    return Deploy(one.app, one.ref, one.environment, one.hosts, one.task, params=one.params)
