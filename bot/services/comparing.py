"""How far a place is behind a commit: for whoever asks, and for reminders and digests."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.context import Context
from bot.core.comparisons.messages import Gap
from bot.core.deployments.model import Changes
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.ports.forge_types import Commit
from bot.services import authorization, shipping
from bot.services.targets import Target
from bot.settings import AppSettings

log = structlog.get_logger(__name__)

INCOMPARABLE = (NotThere, NotAllowed, Rejected)


def is_told(context: Context, app: AppSettings) -> bool:
    """Titles and names are no business of those who may not read the repository, but where cards show them anyway."""
    return context.here == app.name or authorization.may_read(context, app.repository)


def default_ref(context: Context, target: Target) -> str:
    """What is deployed there where nobody names anything."""
    named = target.environment.ref or target.app.default_ref
    return named or context.forge.repository(target.app.repository, fresh=False).default_branch


def gap(context: Context, target: Target, commit: Commit, name: str) -> Gap:
    """What the place lacks of the commit, which goes by that name.

    Raises NotThere, NotAllowed or Rejected where they cannot be compared.
    """
    live = context.reads.last_success(*target.place)
    changes = Changes(first=True) if live is None else shipping.between(context, target, live.sha, commit)
    return Gap(*target.place, name, name, live, changes, target.environment.production)


def waiting(context: Context, targets: Iterable[Target]) -> list[Gap]:
    """What the places lack that were deployed to before; those are left out that cannot be compared.

    Raises Unavailable: of what GitHub does not tell now nothing is said.
    """
    found = []
    for target in targets:
        if context.reads.last_success(*target.place) is None:
            continue
        try:
            name = default_ref(context, target)
            commit = context.forge.resolve(target.app.repository, name)
            if commit is not None:
                found.append(gap(context, target, commit, name))
        except INCOMPARABLE as error:
            log.warning("not compared", app=target.app.name, environment=target.environment.name, reason=str(error))
    return [one for one in found if one.behind]
