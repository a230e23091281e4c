"""What is where: ``status`` and ``deploys``."""

from __future__ import annotations

from bot.context import Context
from bot.core import replies
from bot.core.audit import messages as audit_messages
from bot.core.deployments import listings
from bot.core.deployments.model import DEPLOY
from bot.core.errors import Refused
from bot.core.freezes.model import Freeze
from bot.core.grammar.commands import Deploys, Status
from bot.core.locks import messages as lock_messages
from bot.core.orphans import messages as orphan_messages
from bot.core.orphans.model import is_named
from bot.core.rich_text import Line, Message
from bot.core.schedules.model import ScheduleEntry
from bot.router import Router
from bot.services.orphans import all_looked_at, places_of
from bot.services.targets import app_of, environment_of

router = Router()
LISTED = 10
SHOWN_OUTPUT = 20
SHOWN_DECISIONS = 40


@router.command(Status)
def status(context: Context, command: Status) -> Message:
    """Each environment: what is deployed there, since when, by whom, and what is on its way."""
    targets, left = all_looked_at(context, command)
    lines = [line for one in targets for line in _status(context, one.place)]
    for place in places_of(left):
        lines += _status(context, place, gone=True)
    lines += [orphan_messages.status_line(one) for one in left if isinstance(one.thing, Freeze | ScheduleEntry)]
    return listings.status(lines)


def _status(context: Context, place: tuple[str, str], *, gone: bool = False) -> list[Line]:
    last, busy = context.reads.last_success(*place), context.reads.busy(*place)
    lines = listings.environment_status(*place, last, busy, context.reads.waiting(*place), gone=gone, now=context.now)
    held = context.reads.locks.of(*place)
    if held is not None and not held.ended(context.now):
        lines.append(lock_messages.status_line(held))
    return lines


@router.command(Deploys)
def deploys(context: Context, command: Deploys) -> Message:
    """The last deployments, or everything about one."""
    if command.deployment is not None:
        one = context.reads.deployment(command.deployment)
        if one is None:
            raise Refused(replies.unknown_deployment(command.deployment))
        decided = audit_messages.history(context.reads.audit.of(one.id, SHOWN_DECISIONS))
        return listings.details(one, context.reads.output(one.id, SHOWN_OUTPUT), decided)
    app = _app_of(context, command)
    of = {"app": app, "environment": command.environment, "ref": command.ref}
    found = context.reads.history(**of, limit=LISTED, task=DEPLOY)
    others = [one for one in context.reads.history(**of, limit=LISTED) if one.task != DEPLOY]
    places = context.settings.places
    gone = {one.id for one in found if not one.ended and not is_named(places, one.app, one.environment)}
    subject = f"{app or 'all apps'}{f' ({command.ref})' if command.ref else ''}"
    subject = f"{subject} in {command.environment}" if command.environment else subject
    return listings.history(found, subject, others, gone)


def _app_of(context: Context, command: Deploys) -> str | None:
    """The app that is asked about, also one that the settings have lost, or whose environment they have."""
    app, environment = command.app or context.here, command.environment
    if app is None or context.reads.history(app=app, environment=environment, ref=None, limit=1):
        return app
    known = app_of(context, command)
    if environment is not None:
        environment_of(context, known, command)
    return known.name
