"""Presses on buttons, at the decision: what one starts is started once, and only while things stand as it shows."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import Deployment
from bot.core.errors import Refused
from bot.core.grammar.commands import Command, Retry, Rollback
from bot.core.ports.transaction import Reads
from bot.core.presses import messages
from bot.core.presses.model import Press, Screen, same_stage, starts_one
from bot.core.rich_text import Message


def demand_fresh(context: Context, command: Command) -> None:
    """Raises Refused where it has happened already, before anything else is said about it."""
    if context.screen is not None and starts_one(command) and (late := _late(context, context.reads, command)):
        raise Refused(late)


def keep(context: Context, command: Command) -> None:
    """Note what the press has started, in the transaction that starts it.

    Raises Refused, so that nothing of it is kept, where another press was faster since somebody looked.
    """
    if context.screen is None or not starts_one(command):
        return
    records = context.begin()
    started = records.audit.written
    if late := _late(context, records, command, besides=started):
        raise Refused(late)
    key, who = context.screen.key, context.asker
    if key is None or records.presses.keep(Press(key, who.name, who.id, started, context.now)):
        return
    raise Refused(_late(context, records, command) or messages.at_the_same_time())


def demand_as_drawn(context: Context, deployment: Deployment) -> None:
    """Raises Refused where ending the deployment would be another deed by now than the one that the button showed."""
    screen = context.screen
    if screen is None or context.command is None:
        return
    if deployment.ended:
        raise Refused(messages.ended_meanwhile(deployment))
    if screen.deployment == deployment.id and screen.state and not same_stage(screen.state, deployment.state):
        raise Refused(messages.stands_otherwise(deployment, context.command))


def _late(context: Context, reads: Reads, command: Command, besides: int | None = None) -> Message | None:
    """What has happened since the button was drawn, where that leaves nothing to be done; not ``besides``."""
    screen = context.screen
    assert screen is not None
    drawn = _drawn(reads, screen, command)
    if drawn is not None and (late := _overtaken(context, reads, screen, command, drawn, besides)):
        return late
    earlier = reads.presses.of(screen.key) if screen.key else None
    if earlier is None:
        return None
    started = reads.deployment(earlier.deployment_id) if earlier.deployment_id is not None else None
    return messages.pressed_already(earlier, command, context.asker.id, started)


def _drawn(reads: Reads, screen: Screen, command: Command) -> Deployment | None:
    """The deployment that the button was drawn for. A retry names it, whoever has drawn the button."""
    number = command.deployment if isinstance(command, Retry) else screen.deployment
    return reads.deployment(number) if number is not None else None


def _overtaken(
    context: Context, reads: Reads, screen: Screen, command: Command, drawn: Deployment, besides: int | None
) -> Message | None:
    reader = context.asker.id
    later = [one for one in reads.later_than(drawn) if one.id != besides]
    if isinstance(command, Retry):
        retried = next((one for one in later if one.retry_of == drawn.id), None)
        if retried is not None:
            return messages.done_already(retried, command, reader)
        if screen.state is not None and screen.state is not drawn.state:
            return messages.stands_otherwise(drawn, command)
    if isinstance(command, Rollback):
        back = next((one for one in later if _takes_back(one, drawn)), None)
        if back is not None:
            return messages.done_already(back, command, reader)
    live = reads.deployment(drawn.replaced_by) if drawn.replaced_by is not None else None
    if live is not None and live.id != besides and isinstance(command, Retry | Rollback):
        return messages.gone_since(live, command, reader)
    return None


def _takes_back(one: Deployment, drawn: Deployment) -> bool:
    """A rollback of it, or one that is on its way in its place."""
    return one.rollback_of is not None and (one.rollback_of == drawn.id or not one.ended)
