"""What is where: ``status`` and ``deploys``."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bot.context import Context
from bot.core import replies
from bot.core.audit import messages as audit_messages
from bot.core.board import status_messages
from bot.core.deployments import listings
from bot.core.deployments.model import DEPLOY, Deployment, State
from bot.core.errors import NotAllowed, NotThere, Refused, Rejected, ShipmateError
from bot.core.freezes.model import Freeze
from bot.core.grammar.commands import Deploys, Status
from bot.core.orphans import messages as orphan_messages
from bot.core.orphans.model import is_named
from bot.core.previews import messages
from bot.core.rich_text import Message
from bot.core.schedules.model import ScheduleEntry
from bot.router import Router
from bot.services import standings
from bot.services.orphans import all_looked_at, places_of
from bot.services.pages import page_of, page_of_app
from bot.services.targets import app_of, environment_of

router = Router()
log = structlog.get_logger(__name__)
LISTED = 8
LOOKED_THROUGH = 100
"""So many of the last ones are looked through for those that did not become part of later ones."""
SHOWN_OUTPUT = 20
SHOWN_DECISIONS = 40


@router.command(Status)
def status(context: Context, command: Status) -> Message:
    """Of one app each environment: what is live, since when, by whom, and what goes on there; of several a line."""
    targets, left = all_looked_at(context, command)
    apps = standings.apps(context, [*(one.place for one in targets), *places_of(left)])
    more = [orphan_messages.status_line(one) for one in left if isinstance(one.thing, Freeze | ScheduleEntry)]
    if command.environment is None:
        more += [messages.shown(one.previews, one.name) for one in apps if one.previews]
    if len(apps) == 1:
        page = page_of_app(context, apps[0].name)
        return status_messages.of_app(apps[0], standings.places(context, apps[0]), context.now, more, page)
    return status_messages.of_all(apps, more, places_of(left))


@router.command(Deploys)
def deploys(context: Context, command: Deploys) -> Message:
    """The last deployments, or everything about one."""
    if command.deployment is not None:
        one = context.reads.deployment(command.deployment)
        if one is None:
            raise Refused(replies.unknown_deployment(command.deployment))
        decided = audit_messages.history(context.reads.audit.of(one.id, SHOWN_DECISIONS))
        output = context.reads.output(one.id, SHOWN_OUTPUT)
        return listings.details(one, output, decided, page_of(context, one))
    app = _app_of(context, command)
    of = {"app": app, "environment": command.environment, "ref": command.ref}
    lately = context.reads.history(**of, limit=LOOKED_THROUGH, task=DEPLOY)
    found = [one for one in lately if one.state is not State.SUPERSEDED][:LISTED]
    parts = [one for one in lately if one.state is State.SUPERSEDED and (len(found) < LISTED or one.id > found[-1].id)]
    tasks = [one for one in context.reads.history(**of, limit=LISTED) if one.task != DEPLOY]
    places = context.settings.places
    gone = {one.id for one in found if not one.ended and not is_named(places, one.app, one.environment)}
    subject = f"{app or 'all apps'}{f' ({command.ref})' if command.ref else ''}"
    subject = f"{subject} in {command.environment}" if command.environment else subject
    seen = listings.Seen(_links(context, found), len(parts), tuple(tasks), frozenset(gone), page_of_app(context, app))
    return listings.history(found, subject, seen)


def _links(context: Context, found: Sequence[Deployment]) -> dict[int, str]:
    """To the cards of those that have one. Without them a list is as true, so nobody waits for a chat in trouble."""
    links: dict[int, str] = {}
    for one in found:
        try:
            link = context.chat.link_to(one.channel, one.parent) if one.channel and one.parent else None
        except (NotThere, NotAllowed, Rejected):
            continue
        except ShipmateError as error:
            log.info("cards not linked", reason=str(error))
            break
        if link is not None:
            links[one.id] = link
    return links


def _app_of(context: Context, command: Deploys) -> str | None:
    """The app that is asked about, also one that the settings have lost, or whose environment they have."""
    app, environment = command.app or context.here, command.environment
    if app is None or context.reads.history(app=app, environment=environment, ref=None, limit=1):
        return app
    known = app_of(context, command)
    if environment is not None:
        environment_of(context, known, command)
    return known.name
