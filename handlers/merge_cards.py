"""A merge that nothing deploys by itself is announced by a card, from which it can be deployed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog

from bot.context import Context
from bot.core.comparisons.messages import Gap
from bot.core.deployments.model import DEPLOY, State
from bot.core.effects import DrawMerge
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected, ShipmateError
from bot.core.events import Event
from bot.core.events.external import PullRequestMerged
from bot.core.events.internal import DeploymentEnded, MergeCardOver
from bot.core.merge_cards import messages
from bot.core.merge_cards.model import MergeCard
from bot.core.ports.forge_types import Commit
from bot.core.ports.parents import Posted
from bot.core.rich_text import fingerprint
from bot.router import Router
from bot.services import announcing, comparing, shipments
from bot.services.pull_requests import confirmed_merge
from bot.services.targets import Target
from bot.settings import AppSettings, EnvironmentSettings

router = Router()
log = structlog.get_logger(__name__)


@router.on(PullRequestMerged, name="merge_cards.merged")
def merged(context: Context, event: PullRequestMerged) -> None:
    """Only what goes to an app's default branch is news there, where no environment asks for it."""
    apps = [app for app in context.settings.apps_of_repository(event.repository) if _is_by_hand(context, app, event)]
    merge = confirmed_merge(context, event) if apps else None
    if merge is None:
        return
    records = context.begin()
    for app in apps:
        before = records.merge_cards.of(app.name)
        if before is not None and before.merged_at >= merge.merged_at:
            continue  # found again, or told late
        first = before.first_sha if before else merge.merge_sha
        about = (merge.number, merge.title, merge.url, merge.merged_by, merge.base, merge.merge_sha)
        records.merge_cards.save(MergeCard(app.name, *about, first_sha=first, merged_at=merge.merged_at))
        records.emit(DrawMerge(app.name))


def _is_by_hand(context: Context, app: AppSettings, event: PullRequestMerged) -> bool:
    if any(one.deploys_merges_into(event.base) for one in app.environments.values()):
        return False
    if shipments.is_shipped(context, app, event.number):
        return False  # its card is that of the deployment
    default = app.default_ref or context.forge.repository(app.repository, fresh=False).default_branch
    return event.base == default and bool(_places(app))


def _places(app: AppSettings) -> list[EnvironmentSettings]:
    """Where it may go, what comes first in the settings first."""
    return [one for one in app.environments.values() if not one.transient]


def _waited_for(app: AppSettings) -> Target:
    """The place that counts: where people outside use it, else the last one."""
    places = _places(app)
    return Target(app, next((one for one in places if one.production), places[-1]))


@router.performs(DrawMerge)
def draw_merge(context: Context, effect: DrawMerge) -> Iterable[Event]:
    """From what is so now; the channel may be closed, and then it is not announced."""
    card, app = context.reads.merge_cards.of(effect.app), context.settings.apps.get(effect.app)
    if card is None or app is None or not _places(app):
        return []
    if not context.repeated and context.parents.drawn_again(effect.lane, context.effect_id):
        return []
    gap = _gap(context, _waited_for(app), card)
    message = messages.card(card, [(one.name, one.production) for one in _places(app)], gap)
    known, drawn = context.parents.merge_drawn(card.app), fingerprint(message)
    key = f"merged:{card.app}:{card.first_sha}"
    try:
        if known is None:
            channel, posted = announcing.post_at_home(context, app.channel, message, key=key, repeated=context.repeated)
            context.parents.merge_posted(card.app, Posted(channel, posted, context.now, drawn))
        elif drawn != known.drawn:
            pause = timedelta(seconds=context.chat.between_edits)
            if (since := context.now - known.edited_at) < pause:
                raise NotYet("Edited a moment ago.", retry_after=(pause - since).total_seconds())
            context.chat.edit(known.channel, known.message_id, message, key=key)
            context.parents.merge_posted(card.app, Posted(known.channel, known.message_id, context.now, drawn))
    except (Rejected, NotAllowed, NotThere) as error:
        log.warning("merge not announced", app=card.app, reason=str(error))
        return [MergeCardOver(card.app, card.sha)]
    over = gap is not None and gap.live is not None and not gap.behind
    return [MergeCardOver(card.app, card.sha)] if over else []


def _gap(context: Context, target: Target, card: MergeCard) -> Gap | None:
    try:
        commit = Commit(card.sha, card.base, card.title, "", card.url)
        return comparing.gap(context, target, commit, card.base)
    except ShipmateError as error:
        log.info("merge not compared", app=card.app, reason=str(error))
        return None


@router.on(DeploymentEnded, name="merge_cards.deployed")
def deployed(context: Context, event: DeploymentEnded) -> None:
    """What it says waits may be live by now."""
    ended = context.reads.deployment(event.deployment_id)
    if ended is None or ended.state is not State.SUCCEEDED or ended.task != DEPLOY:
        return
    if context.reads.merge_cards.of(ended.app) is not None:
        context.begin().emit(DrawMerge(ended.app))


@router.on(MergeCardOver, name="merge_cards.over")
def over(context: Context, event: MergeCardOver) -> None:
    """Unless a newer merge has come in meanwhile."""
    records = context.begin()
    card = records.merge_cards.of(event.app)
    if card is not None and card.sha == event.sha:
        records.merge_cards.remove(event.app)
