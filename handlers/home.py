"""The home tab: the board, drawn for whoever opens it and kept up to date while they may be looking."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog

from bot.context import Context
from bot.core.board import messages
from bot.core.board.model import BETWEEN_DRAWINGS, LOOKED_AT_FOR, Look, Viewer
from bot.core.effects import PublishHome
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected
from bot.core.events import Event
from bot.core.events.external import HomeOpened, Tick
from bot.core.events.internal import BoardChanged
from bot.core.rich_text import fingerprint
from bot.router import Router
from bot.services import authorization, boards

router = Router()
log = structlog.get_logger(__name__)


@router.on(HomeOpened, name="home.opened")
def opened(context: Context, event: HomeOpened) -> None:
    """Somebody looks. Whoever does not belong to the workspace is shown nothing, and nothing is kept of them."""
    if not _belongs(context, event.person):
        return
    records = context.begin()
    if event.look is not None and records.board.viewer(event.person) is not None:
        records.board.turned(event.person, Look.of(event.look), context.now)
    else:
        records.board.opened(event.person, context.now)
    records.emit(PublishHome(event.person))


def _belongs(context: Context, person: str) -> bool:
    try:
        return not authorization.in_the_chat(context, person).outsider
    except NotThere:
        return False


@router.on(BoardChanged, name="home.changed")
def changed(context: Context, _event: BoardChanged) -> None:
    """It is drawn anew for everybody who may be looking."""
    _publish_to_all(context)


@router.on(Tick, name="home.look")
def look(context: Context, tick: Tick) -> None:
    """Settings, names and who may see what change without a word to us."""
    if tick.name == "reconcile":
        _publish_to_all(context)


def _publish_to_all(context: Context) -> None:
    if viewers := context.reads.board.viewers(context.now - LOOKED_AT_FOR):
        context.begin().emit(*(PublishHome(person) for person in viewers))


@router.performs(PublishHome)
def publish(context: Context, effect: PublishHome) -> Iterable[Event]:
    """One at a time for each person: the lane is theirs. Several changes are drawn once, and none is drawn twice."""
    viewer = context.reads.board.viewer(effect.person)
    if viewer is None or context.parents.drawn_again(effect.lane, context.effect_id):
        return []
    _wait(viewer, context)
    if not _belongs(context, effect.person):
        return []
    context.person = authorization.person_of(context, effect.person)
    view = messages.board(boards.board(context, viewer))
    drawn = fingerprint(view)
    if drawn == viewer.drawn and not viewer.waits and not context.repeated:
        return []
    try:
        context.chat.publish_home(effect.person, view)
    except (NotThere, NotAllowed, Rejected) as error:
        log.warning("home tab not published", person=effect.person, reason=str(error))
        return []
    context.boards.published(viewer, context.now, drawn)
    return []


def _wait(viewer: Viewer, context: Context) -> None:
    """Raises NotYet where it was drawn a moment ago, and nobody has just asked for it."""
    if viewer.published_at is None or viewer.waits:
        return
    left = BETWEEN_DRAWINGS - (context.now - viewer.published_at)
    if left > timedelta(0):
        raise NotYet("Drawn a moment ago.", retry_after=left.total_seconds())
