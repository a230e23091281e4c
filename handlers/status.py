"""What is where: ``status`` and ``deploys``."""

from __future__ import annotations

from bot.context import Context
from bot.core import replies
from bot.core.audit import messages as audit_messages
from bot.core.deployments import listings
from bot.core.errors import Refused
from bot.core.grammar.commands import Deploys, Status
from bot.core.locks import messages as lock_messages
from bot.core.rich_text import Line, Message
from bot.router import Router
from bot.services.targets import app_meant, environment_meant
from bot.settings import AppSettings

router = Router()
LISTED = 10
SHOWN_OUTPUT = 20
SHOWN_DECISIONS = 40


@router.command(Status)
def status(context: Context, command: Status) -> Message:
    """Each environment: what is deployed there, since when, by whom, and what is on its way."""
    apps = _apps(context, command.app)
    lines: list[Line] = []
    for app in apps:
        for environment in _environments(app, command.environment):
            lines += listings.environment_status(
                app.name,
                environment,
                context.reads.last_success(app.name, environment),
                context.reads.busy(app.name, environment),
                context.reads.waiting(app.name, environment),
            )
            held = context.reads.locks.of(app.name, environment)
            if held is not None and not held.ended(context.now):
                lines.append(lock_messages.status_line(held))
    if not lines:
        app = apps[0]
        environment_meant(app, command.environment, complete=f"status {app.name} {{environment}}")
    return listings.status(lines)


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
            raise Refused(replies.unknown_deployment(command.deployment))
        decided = audit_messages.history(context.reads.audit.of(one.id, SHOWN_DECISIONS))
        return listings.details(one, context.reads.output(one.id, SHOWN_OUTPUT), decided)
    app = command.app or context.here
    if app is not None:
        known = app_meant(context, app, complete="deploys {app}")
        if command.environment is not None:
            environment_meant(known, command.environment, complete=f"deploys {known.name} in {{environment}}")
    found = context.reads.history(app=app, environment=command.environment, ref=command.ref, limit=LISTED)
    subject = f"{app or 'all apps'}{f' ({command.ref})' if command.ref else ''}"
    return listings.history(found, f"{subject} in {command.environment}" if command.environment else subject)
