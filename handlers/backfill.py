"""What happened on GitHub while nobody listened, or whose webhook was lost: merges, and deployments of other tools."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import structlog

from bot.context import Context
from bot.core import watermarks
from bot.core.deployments.model import TELLING
from bot.core.errors import NotAccepted, NotAllowed, NotThere, Rejected, Unavailable
from bot.core.events.external import DeploymentCreated, DeploymentStatusReported, PullRequestMerged, Tick
from bot.core.events.internal import CatchUp
from bot.core.outages import model as outages
from bot.core.ports.backfill import created_event
from bot.core.ports.forge_types import RemoteDeployment
from bot.router import Router
from bot.services.remote_statuses import status_event
from bot.services.targets import Target, apps_at, target_named

router = Router()
Found: TypeAlias = tuple[DeploymentCreated, DeploymentStatusReported | None]
log = structlog.get_logger(__name__)


@router.on(Tick, name="catching_up.tick")
def tick(context: Context, tick: Tick) -> None:
    """One event for each repository, so that a broken one holds up no other."""
    if tick.name != "reconcile":
        return
    records = context.begin()
    for repository in dict.fromkeys(app.repository for app in context.settings.apps.values()):
        records.put(CatchUp(repository), f"catch-up:{repository}:{tick.at.isoformat()}")


@router.on(CatchUp, name="catching_up.catch_up")
def catch_up(context: Context, event: CatchUp) -> None:
    """Ask, and put what is new as if its webhook had come; the first time only remember that there was nothing before.

    Nothing is postponed: the next tick asks from the same moment on.
    """
    question = watermarks.catch_up(event.repository)
    since = watermarks.since(context.reads, question, context.now)
    merges: list[PullRequestMerged] = []
    deployments: list[Found] = []
    if since is not None:
        try:
            merges = _missed_merges(context, event.repository, since)
            deployments = _missed_deployments(context, event.repository, since)
        except (Unavailable, NotAllowed, NotThere, Rejected) as error:
            log.warning("not caught up", repository=event.repository, reason=str(error))
            records = context.begin()
            watermarks.in_vain(records, question, context.now)
            if isinstance(error, NotAccepted):
                outages.report(records, records.put, error)
            return
    records = context.begin()
    watermarks.answered(records, question, context.now)
    for merge in merges:
        # Found anew each time until it is taken up, which is what happens once: see ``handlers/merges.py``.
        records.put(merge, f"merged:{merge.merge_sha}:{records.cause}")
    for created, newest in deployments:
        # The key of a deployment whose status was the first that we heard of it.
        records.put(created, f"adopted:{created.remote_id}")
        if newest is not None:
            records.put(newest, f"status:{newest.remote_id}:{newest.status_id}")


def _missed_merges(context: Context, repository: str, since: datetime) -> list[PullRequestMerged]:
    """The last merge into each branch whose merges are deployed, unless it is known.

    Those before it go out with it and are listed as what ships: to deploy each of them would take all of them longer.
    """
    places = [
        Target(app, environment)
        for app in context.settings.apps_of_repository(repository)
        for environment in app.environments.values()
        if environment.deploy_on_merge
    ]
    bases = tuple(dict.fromkeys(base for one in places for base in one.environment.deploy_on_merge))
    unknown = [
        number
        for base, numbers in (context.forge.backfill.newest_merges(repository, bases, since) if bases else {}).items()
        for number in numbers
        if not all(
            context.reads.merge_known(*one.place, pull_request=number)
            for one in places
            if one.environment.deploys_merges_into(base)
        )
    ]
    found = [context.forge.backfill.merge(repository, number) for number in unknown]
    return [merge for merge in found if merge is not None]


def _missed_deployments(context: Context, repository: str, since: datetime) -> list[Found]:
    """Those that we have not heard of, for environments of ours, each with the newest that is reported of it.

    Whose they are is asked when they are taken in.
    """
    apps = apps_at(context, repository)
    found = [
        one
        for one in context.forge.backfill.deployments(repository, since)
        if target_named(context, repository, one.environment) is not None
        and context.reads.by_remote(repository, one.id, apps) is None
        and context.reads.twins.by_remote(repository, one.id, apps) is None
    ]
    return [_with_newest(context, repository, one) for one in found]


def _with_newest(context: Context, repository: str, one: RemoteDeployment) -> Found:
    statuses = context.forge.deployments.statuses(repository, one.id)
    told = [status_event(repository, one.id, status) for status in statuses if status.state in TELLING]
    return created_event(repository, one, taken=bool(statuses)), told[-1] if told else None
