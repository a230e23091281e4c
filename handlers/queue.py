"""Show what runs and who waits for what."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments import queue_messages
from bot.core.deployments.queue import line
from bot.core.grammar.commands import Queue
from bot.core.rich_text import Message
from bot.router import Router
from bot.services.targets import app_meant, environment_meant
from bot.settings import AppSettings

router = Router()


@router.command(Queue)
def queue(context: Context, command: Queue) -> Message:
    """Of the app that is named, else the channel's, else of all; of one environment or of all of them."""
    apps = _apps(context, command.app)
    lines = [
        line(
            app.name,
            environment,
            context.reads.busy(app.name, environment),
            context.reads.waiting(app.name, environment),
        )
        for app in apps
        for environment in app.environments
        if command.environment in {None, environment}
    ]
    if not lines:
        environment_meant(apps[0], command.environment, complete=f"queue {apps[0].name} {{environment}}")
    return queue_messages.queue(lines, _subject(command, apps), context.now)


def _apps(context: Context, name: str | None) -> list[AppSettings]:
    if name is not None or context.here is not None:
        return [app_meant(context, name, complete="queue {app}")]
    return list(context.settings.apps.values())


def _subject(command: Queue, apps: list[AppSettings]) -> str | None:
    if len(apps) > 1:
        return command.environment
    return f"{apps[0].name} → {command.environment}" if command.environment else apps[0].name
