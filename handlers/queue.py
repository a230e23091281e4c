"""Show what runs and who waits for what."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments import queue_messages
from bot.core.deployments.queue import line
from bot.core.grammar.commands import Queue
from bot.core.rich_text import Message
from bot.router import Router
from bot.services.orphans import all_looked_at, places_of

router = Router()


@router.command(Queue)
def queue(context: Context, command: Queue) -> Message:
    """Of the app that is named, else the channel's, else of all; of one environment or of all of them."""
    targets, left = all_looked_at(context, command)
    gone = places_of(left)
    queues = [
        line(app, environment, context.reads.busy(app, environment), context.reads.waiting(app, environment))
        for app, environment in (*(one.place for one in targets), *gone)
    ]
    return queue_messages.queue(queues, _subject(context, command), context.now, gone)


def _subject(context: Context, command: Queue) -> str | None:
    app = command.app or context.here or _only(context)
    return f"{app} → {command.environment}" if app and command.environment else app or command.environment


def _only(context: Context) -> str | None:
    """The only app, where there is one."""
    names = list(context.settings.apps)
    return names[0] if len(names) == 1 else None
