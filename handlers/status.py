"""What is where: ``status``, ``deploys`` and ``where can I deploy``."""

from __future__ import annotations

from bot.context import Context
from bot.core import sentences
from bot.core.commands import Deploys, Status, WhereCanIDeploy
from bot.core.errors import Refused
from bot.core.messages import Line, Message
from bot.router import Router
from bot.settings import AppSettings
from bot.targets import app_meant, environment_meant

router = Router()
LISTED = 10


@router.command(Status)
def status(context: Context, command: Status) -> Message:
    """Each environment: what is deployed there, since when, by whom, and what is on its way."""
    apps = _apps(context, command.app)
    lines: list[Line] = []
    for app in apps:
        for environment in _environments(app, command.environment):
            lines += sentences.environment_status(
                app.name,
                environment,
                context.reads.last_success(app.name, environment),
                context.reads.busy(app.name, environment),
                context.reads.waiting(app.name, environment),
            )
    if not lines:
        app = apps[0]
        environment_meant(app, command.environment, complete="status")
    return sentences.status(lines)


def _apps(context: Context, name: str | None) -> list[AppSettings]:
    """The app that is named, else the channel's, else all."""
    if name is not None or context.here is not None:
        return [app_meant(context, name, complete="status {app}")]
    return list(context.settings.apps.values())


def _environments(app: AppSettings, name: str | None) -> list[str]:
    return [known for known in app.environments if name is None or known == name]


@router.command(Deploys)
def deploys(context: Context, command: Deploys) -> Message:
    """The last deployments, or everything about one."""
    if command.deployment is not None:
        one = context.reads.deployment(command.deployment)
        if one is None:
            raise Refused(sentences.unknown_deployment(command.deployment))
        return sentences.details(one)
    app = command.app or context.here
    if app is not None:
        known = app_meant(context, app, complete="deploys {app}")
        if command.environment is not None:
            environment_meant(known, command.environment, complete=f"deploys {app}")
    found = context.reads.history(app=app, environment=command.environment, ref=command.ref, limit=LISTED)
    subject = f"{app or 'all apps'}{f' ({command.ref})' if command.ref else ''}"
    return sentences.history(found, f"{subject} in {command.environment}" if command.environment else subject)


@router.command(WhereCanIDeploy)
def where_can_i_deploy(context: Context, command: WhereCanIDeploy) -> Message:
    """The apps that may be deployed from this channel, with their environments."""
    channel = context.chat.channel_names(context.where.channel)
    apps = _apps(context, command.app) if command.app else list(context.settings.apps.values())
    choices = [(app.name, list(app.environments), app.default_environment) for app in apps if app.allowed_in(channel)]
    if not choices:
        raise Refused(sentences.nowhere_from_here())
    app, environments, default = choices[0]
    return sentences.where(choices, f"deploy {app} to {default or environments[0]}")
