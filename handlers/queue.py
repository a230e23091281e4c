"""Show what runs and who waits for what."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments import queue_messages
from bot.core.deployments.queue import line
from bot.core.grammar.commands import Queue
from bot.core.rich_text import Message
from bot.router import Router
from bot.services.targets import apps_looked_at, looked_at
from bot.settings import AppSettings

router = Router()


@router.command(Queue)
def queue(context: Context, command: Queue) -> Message:
    """Of the app that is named, else the channel's, else of all; of one environment or of all of them."""
    queues = [
        line(app, environment, context.reads.busy(app, environment), context.reads.waiting(app, environment))
        for app, environment in (one.place for one in looked_at(context, command))
    ]
    return queue_messages.queue(queues, _subject(command, apps_looked_at(context, command)), context.now)


def _subject(command: Queue, apps: list[AppSettings]) -> str | None:
    if len(apps) > 1:
        return command.environment
    return f"{apps[0].name} → {command.environment}" if command.environment else apps[0].name
