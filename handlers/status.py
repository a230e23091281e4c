"""What is where: ``status`` and ``deploys``."""

from __future__ import annotations

from bot.context import Context
from bot.core import replies
from bot.core.audit import messages as audit_messages
from bot.core.deployments import listings
from bot.core.deployments.model import DEPLOY
from bot.core.errors import Refused
from bot.core.grammar.commands import Deploys, Status
from bot.core.locks import messages as lock_messages
from bot.core.rich_text import Line, Message
from bot.router import Router
from bot.services.targets import app_of, environment_of, looked_at

router = Router()
LISTED = 10
SHOWN_OUTPUT = 20
SHOWN_DECISIONS = 40


@router.command(Status)
def status(context: Context, command: Status) -> Message:
    """Each environment: what is deployed there, since when, by whom, and what is on its way."""
    lines: list[Line] = []
    for place in (one.place for one in looked_at(context, command)):
        last, busy = context.reads.last_success(*place), context.reads.busy(*place)
        lines += listings.environment_status(*place, last, busy, context.reads.waiting(*place))
        held = context.reads.locks.of(*place)
        if held is not None and not held.ended(context.now):
            lines.append(lock_messages.status_line(held))
    return listings.status(lines)


@router.command(Deploys)
def deploys(context: Context, command: Deploys) -> Message:
    """The last deployments, or everything about one."""
    if command.deployment is not None:
        one = context.reads.deployment(command.deployment)
        if one is None:
            raise Refused(replies.unknown_deployment(command.deployment))
        decided = audit_messages.history(context.reads.audit.of(one.id, SHOWN_DECISIONS))
        return listings.details(one, context.reads.output(one.id, SHOWN_OUTPUT), decided)
    app = None
    if command.app is not None or context.here is not None:
        known = app_of(context, command)
        app = known.name
        if command.environment is not None:
            environment_of(known, command)
    of = {"app": app, "environment": command.environment, "ref": command.ref}
    found = context.reads.history(**of, limit=LISTED, task=DEPLOY)
    others = [one for one in context.reads.history(**of, limit=LISTED) if one.task != DEPLOY]
    subject = f"{app or 'all apps'}{f' ({command.ref})' if command.ref else ''}"
    return listings.history(found, f"{subject} in {command.environment}" if command.environment else subject, others)
