"""The board of one person: of the apps that they may see, how each place stands, and what wants them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.context import Context
from bot.core.approvals.model import is_same
from bot.core.board.model import AppStanding, Board, Found, InUse, Look, Standing, Viewer, standing
from bot.core.deployments.model import Actor, Deployment
from bot.core.errors import ShipmateError
from bot.core.freezes.model import Freeze
from bot.core.locks.model import Lock, same_person
from bot.core.ports.chat import Person
from bot.core.previews import model
from bot.core.previews.model import Preview
from bot.services import authorization
from bot.services.approvals import requester_of
from bot.services.targets import Target, target_at
from bot.settings import AppSettings

log = structlog.get_logger(__name__)
Place = tuple[str, str]


def board(context: Context, viewer: Viewer) -> Board:
    """Drawn from one read for each table; ``context.person`` is whoever looks."""
    apps = [app for app in context.settings.apps.values() if may_see(context, app)]
    return Board(standings(context, apps), Look.of(viewer.look), viewer.new)


def standings(context: Context, apps: Sequence[AppSettings]) -> tuple[AppStanding, ...]:
    """How the apps stand, for whoever asks."""
    found = rows(context, [app.name for app in apps])
    return tuple(_app(context, app, found) for app in apps)


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of places, by their names."""

    deployments: Mapping[Place, Sequence[Found]]
    locks: Mapping[Place, Lock]
    freezes: Mapping[Place, Freeze]
    previews: Mapping[str, Sequence[Preview]]

    def previews_of(self, context: Context, app: str) -> tuple[InUse, ...]:
        """Those that are there now."""
        return tuple(InUse(one.number, self._address(context, one)) for one in self.previews.get(app, ()))

    def _address(self, context: Context, preview: Preview) -> str | None:
        live = next((one for one in self.deployments.get((preview.app, preview.environment), ()) if one.live), None)
        target = target_at(context, preview.app, preview.environment)
        if live is None or target is None:
            return None
        return live.deployment.environment_url or target.environment.url


def rows(context: Context, apps: Collection[str]) -> Rows:
    """Of these apps, in one read for each table."""
    found: dict[Place, list[Found]] = defaultdict(list)
    for one in context.reads.board.found(apps):
        found[one.deployment.app, one.deployment.environment].append(one)
    locks = {one.place: one for one in context.reads.locks.all() if not one.ended(context.now)}
    freezes = {(one.app, one.environment): one for one in context.reads.freezes.all() if not one.ended(context.now)}
    return Rows(found, locks, freezes, model.in_use(context.reads))


def place_standing(found: Rows, place: Place, *, production: bool) -> Standing:
    bare = Standing(*place, production, lock=found.locks.get(place), freeze=found.freezes.get(place))
    return standing(bare, found.deployments.get(place, ()))


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
    places = [
        place_standing(found, (app.name, one.name), production=one.production) for one in app.environments.values()
    ]
    reader, previews = context.actor, found.previews_of(context, app.name)
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
