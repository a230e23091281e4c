"""Presses on buttons, at the decision: what one starts is started once, and only while things stand as it shows."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import Deployment, State
from bot.core.errors import Refused
from bot.core.grammar.commands import Command, Retry, Rollback
from bot.core.ports.transaction import Reads
from bot.core.presses import messages
from bot.core.presses.model import Press, Screen, same_stage, starts_one
from bot.core.rich_text import Message

LOOKED_BACK = 20
"""Deployments of one place among which it is looked for what has happened since a screen was shown."""


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
    if drawn is None and (late := _rolled_back_since(context, reads, screen, command, besides)):
        return late
    earlier = reads.presses.of(screen.key) if screen.key else None
    if earlier is None:
        return None
    started = reads.deployment(earlier.deployment_id) if earlier.deployment_id is not None else None
    return messages.pressed_already(earlier, command, context.asker.id, started)


def _drawn(reads: Reads, screen: Screen, command: Command) -> Deployment | None:
    """The deployment that the button was drawn for. A retry names it, whoever has drawn the button."""
    if isinstance(command, Retry) and command.deployment is not None:
        return reads.deployment(command.deployment)
    return _shown(reads, screen)


def _shown(reads: Reads, screen: Screen) -> Deployment | None:
    """The deployment that the screen shows. What an older version has drawn is known by the parent message it is in."""
    if screen.deployment is not None:
        return reads.deployment(screen.deployment)
    channel, _, message = (screen.message or "").partition(":")
    there = reads.in_thread(channel, message) if message else ()
    return next((one for one in there if one.parent == message), None)


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
        if _shown(reads, screen) is None:
            return None  # it was asked which one is meant, by somebody who knows what is live by now
    elif isinstance(command, Rollback):
        back = next((one for one in later if _takes_back(one, drawn)), None)
        if back is not None:
            return messages.done_already(back, command, reader)
    else:
        return None
    live = reads.last_success(drawn.app, drawn.environment)
    if live is not None and live.id not in (drawn.id, besides) and _started_after(live, drawn):
        return messages.gone_since(live, command, reader)
    return None


def _rolled_back_since(
    context: Context, reads: Reads, screen: Screen, command: Command, besides: int | None
) -> Message | None:
    """A way back that names no commit is another one after each deployment: the second press would undo the first."""
    if not isinstance(command, Rollback) or screen.shown_at is None or not command.app or not command.environment:
        return None
    lately = reads.history(app=command.app, environment=command.environment, ref=None, limit=LOOKED_BACK)
    # The chat tells the second only: what was in the same one may have been later.
    later = [one for one in lately if one.id != besides and one.created_at >= screen.shown_at]
    back = next((one for one in later if one.rollback_of is not None), None)
    if back is not None:
        return messages.done_already(back, command, context.asker.id)
    live = next((one for one in later if one.state is State.SUCCEEDED), None)
    return messages.gone_since(live, command, context.asker.id) if live is not None else None


def _takes_back(one: Deployment, drawn: Deployment) -> bool:
    """A rollback of it, or one that is on its way in its place."""
    return one.rollback_of is not None and (one.rollback_of == drawn.id or not one.ended)


def _started_after(live: Deployment, drawn: Deployment) -> bool:
    return live.started_at is not None and live.started_at > (drawn.started_at or drawn.created_at)
