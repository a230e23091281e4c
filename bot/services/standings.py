"""How places stand, for whoever asks: from the rows that the board is drawn from, and from GitHub what they lack."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import structlog

from bot.context import Context
from bot.core.board.model import AppStanding, Standing
from bot.core.board.status_messages import PlaceStatus
from bot.core.deployments.shipping import Between
from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError
from bot.core.ports.forge_types import Commit, Comparison
from bot.services import boards, comparing
from bot.services.gate_facts import what_closes
from bot.services.targets import Target, target_at

log = structlog.get_logger(__name__)
Place = tuple[str, str]
MOST_COMPARED = 6
"""So many places are compared with what would be deployed there: each may cost a request."""


def apps(context: Context, places: Collection[Place]) -> list[AppStanding]:
    """Each app with those of the places that are its own, in one read for each table."""
    found = boards.rows(context, places)
    of: dict[str, list[Standing]] = {}
    for app, environment in places:
        target = target_at(context, app, environment)
        production = bool(target and target.environment.production)
        of.setdefault(app, []).append(found.standing((app, environment), production=production))
    known = context.settings.apps
    default = {app: known[app].default_environment if app in known else None for app in of}
    return [
        AppStanding(app, tuple(those), default[app], previews=boards.previews_of(context, found, app))
        for app, those in of.items()
    ]


def places(context: Context, app: AppStanding) -> list[PlaceStatus]:
    """Its places with what is told of them in the channel of the app; how far they are behind is asked of GitHub."""
    asked = _Ahead(context)
    return [_place(context, one, asked) for one in app.places]


def _place(context: Context, one: Standing, asked: _Ahead) -> PlaceStatus:
    # What waits says in its own words for what; the board has no room for that.
    shown = replace(one, waiting=tuple(context.reads.waiting(one.app, one.environment)))
    target = target_at(context, one.app, one.environment)
    if target is None:
        return PlaceStatus(shown, gone=True)
    branch, ahead = asked.of(target, one.live.deployment.sha if one.live else None)
    told = comparing.is_told(context, target.app)
    return PlaceStatus(shown, what_closes(context.reads, context, target), branch, ahead, told)


class _Ahead:
    """How far what is deployed by default is ahead of places. After one failure GitHub is not asked again."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._left = MOST_COMPARED
        self._heads: dict[str, Commit | None] = {}

    def of(self, target: Target, live: str | None) -> tuple[str, int | None]:
        """The name of what is deployed there by default, and by how many commits or merges it is ahead of ``live``."""
        if live is None or target.environment.transient or self._left <= 0:
            return "", None
        self._left -= 1
        try:
            branch = comparing.default_ref(self._context, target)
            return branch, self._count(target.app.repository, live, branch)
        except (NotThere, NotAllowed, Rejected) as error:
            log.info("not compared", app=target.app.name, environment=target.environment.name, reason=str(error))
        except ShipmateError as error:
            log.warning("not compared", app=target.app.name, reason=str(error))
            self._left = 0
        return "", None

    def _count(self, repository: str, live: str, branch: str) -> int | None:
        if branch not in self._heads:
            self._heads[branch] = self._context.forge.resolve(repository, branch)
        head = self._heads[branch]
        if head is None or head.sha == live:
            return None if head is None else 0
        return _ahead(self._context.forge.compare(repository, live, head.sha), head.sha)


def _ahead(comparison: Comparison, head: str) -> int:
    """Along first parents, where a merge is one however many commits it brought; where not all are told, all count."""
    if len(comparison.commits) < comparison.ahead_by:
        return comparison.ahead_by
    return sum(1 for _ in Between.of(head, comparison.commits).chain(head))
