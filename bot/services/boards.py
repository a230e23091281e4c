"""The board of one person: of the apps that they may see, how each place stands, and what wants them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from bot.context import Context
from bot.core.approvals.model import is_same
from bot.core.board import reading
from bot.core.board.model import AppStanding, Board, InUse, Look, Viewer
from bot.core.board.reading import Rows
from bot.core.deployments.model import Actor, Deployment
from bot.core.errors import ShipmateError
from bot.core.locks.model import same_person
from bot.core.ports.chat import Person
from bot.core.previews.model import Preview
from bot.services import authorization
from bot.services.approvals import requester_of
from bot.services.targets import Target, target_at
from bot.settings import AppSettings

log = structlog.get_logger(__name__)


def board(context: Context, viewer: Viewer) -> Board:
    """Drawn from one read for each table; ``context.person`` is whoever looks."""
    apps = [app for app in context.settings.apps.values() if may_see(context, app)]
    page = _page(context) if len(apps) == len(context.settings.apps) else None
    return Board(standings(context, apps), Look.of(viewer.look), viewer.new, page)


def _page(context: Context) -> str | None:
    """The page shows every app, so it is for those who may see every app; where people sign in, that is looked at
    there."""
    return context.pages.board(context.now)


def standings(context: Context, apps: Sequence[AppSettings]) -> tuple[AppStanding, ...]:
    """How the apps stand, for whoever asks."""
    found = rows(context, [place for app in apps for place in app.places])
    return tuple(_app(context, app, found) for app in apps)


def rows(context: Context, places: Collection[tuple[str, str]]) -> Rows:
    """Of these, and of what their apps have of pull requests, in one read for each table."""
    return reading.rows(context.reads, places, context.now)


def previews_of(context: Context, found: Rows, app: str) -> tuple[InUse, ...]:
    """Those that are there now."""
    return tuple(InUse(one.number, _address(context, found, one)) for one in found.previews.get(app, ()))


def _address(context: Context, found: Rows, preview: Preview) -> str | None:
    places = found.deployments.get((preview.app, preview.environment), ())
    live = next((one for one in places if one.live), None)
    target = target_at(context, preview.app, preview.environment)
    if live is None or target is None:
        return None
    return live.deployment.environment_url or target.environment.url


def may_see(context: Context, app: AppSettings) -> bool:
    """Whether its channel shows the asker its cards anyway, or they may read its repository. An outage says no."""
    return _sees(context, context.asker, app.channel) or authorization.may_read(context, app.repository)


def _sees(context: Context, person: Person, channel: str) -> bool:
    try:
        return context.chat.sees(person, channel)
    except ShipmateError as error:
        log.warning("members not told", channel=channel, reason=str(error))
        return False


def _app(context: Context, app: AppSettings, found: Rows) -> AppStanding:
    places = [found.standing((app.name, one.name), production=one.production) for one in app.environments.values()]
    reader, previews = context.actor, previews_of(context, found, app.name)
    mine = [one.environment for one in places if one.lock is not None and same_person(one.lock.by, reader)]
    asks = (one for place in places for one in place.waiting if one.approvals_missing)
    wanted = next((one for one in asks if is_wanted(context, one)), None)
    return AppStanding(app.name, tuple(places), app.default_environment, wanted, tuple(mine), previews)


def is_wanted(context: Context, deployment: Deployment) -> bool:
    """Whether the asker may approve it and has not yet. An outage says no: the card asks them all the same."""
    target = target_at(context, deployment.app, deployment.environment)
    if target is None or _has_said(context, target, deployment, context.actor):
        return False
    try:
        return bool(authorization.may_approve(context, target))
    except ShipmateError as error:
        log.warning("approver not told", deployment=deployment.id, reason=str(error))
        return False


def _has_said(context: Context, target: Target, deployment: Deployment, reader: Actor) -> bool:
    """Whether their yes was given, or would not count."""
    own = is_same(reader, requester_of(context, deployment)) and not target.environment.self_approval
    return own or any(is_same(reader, one) for one in deployment.approved_by)
