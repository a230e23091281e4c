"""Show what a place lacks: ``diff`` with a ref or another place, ``undeployed`` with what was merged."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.core.comparisons import messages
from bot.core.errors import Refused
from bot.core.grammar.commands import Deploy, Diff, Undeployed
from bot.core.ports.forge_types import Commit
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import comparing
from bot.services.targets import Target, app_of, apps_looked_at, commit_of, environment_of
from bot.settings import AppSettings

router = Router()
MOST_PLACES = 12
"""So many places are looked at for one command: each costs a comparison."""


@router.command(Diff)
def diff(context: Context, command: Diff) -> Message:
    """Between what is live in a place and a ref, what is live elsewhere, or what is deployed there by default."""
    app = app_of(context, command)
    _demand_told(context, app)
    target = Target(app, environment_of(context, app, command))
    other = app.environments.get(command.target) if command.target is not None else None
    if other is not None:
        commit, name = _live(context, Target(app, other)), other.name
    else:
        name = command.target or comparing.default_ref(context, target)
        commit = commit_of(context, target, Deploy(app.name, name, target.environment.name))
    try:
        found = comparing.gap(context, target, commit, name)
    except comparing.INCOMPARABLE as error:
        raise Refused(messages.not_comparable(*target.place, name, str(error))) from error
    if other is not None:
        found = replace(found, ref=commit.sha)
    return messages.difference(found, context.now)


def _demand_told(context: Context, app: AppSettings) -> None:
    if not comparing.is_told(context, app):
        raise Refused(messages.not_for_you(app.name))


def _live(context: Context, target: Target) -> Commit:
    """What is live there. Raises Refused where that is nothing."""
    live = context.reads.last_success(*target.place)
    if live is None:
        raise Refused(messages.nothing_there(*target.place))
    return Commit(live.sha, live.ref, live.title, "", live.url or "")


@router.command(Undeployed)
def undeployed(context: Context, command: Undeployed) -> Message:
    """What is in the branch that each place gets by default, and not live there."""
    apps = apps_looked_at(context, command)
    if len(apps) == 1:
        _demand_told(context, apps[0])
    apps = [app for app in apps if comparing.is_told(context, app)]
    targets = [Target(app, one) for app in apps for one in app.environments.values() if not one.transient]
    gaps, refused = [], []
    for target in targets[:MOST_PLACES]:
        name = comparing.default_ref(context, target)
        try:
            commit = commit_of(context, target, Deploy(target.app.name, name, target.environment.name))
            gaps.append(comparing.gap(context, target, commit, name))
        except comparing.INCOMPARABLE as error:
            refused.append(messages.not_comparable(*target.place, name, str(error)))
    if not gaps:
        raise Refused(refused[0] if refused else messages.no_places())
    return messages.undeployed(gaps, context.now, left=len(targets) - MOST_PLACES)
